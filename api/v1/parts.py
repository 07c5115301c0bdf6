"""Parts and storerooms: lists, one with its stock and ledger, changes, import from CSV."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Response

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.page import Page, cut, decode_cursor
from api.bodies.stock import (
    CsvBody,
    ImportBody,
    ImportedPartBody,
    LedgerBody,
    LedgerQuery,
    PartBody,
    PartDetail,
    PartQuery,
    ReservationBody,
    StockBody,
    StoreroomBody,
)
from api.entity_tag import etag, version_of
from api.errors import CursorInvalid, PreconditionInvalid
from api.guard import Reader, require
from api.problems import documented
from api.services import ConnectionOf, ServicesOf
from config.clock import from_us
from config.database import Connection
from maintenance.errors import KeptInFiles, NotFound, StaleVersion
from maintenance.materials.definitions import put_part, put_storeroom, retire_part
from maintenance.materials.file import PartShape, StoreroomShape
from maintenance.materials.importing import import_parts
from maintenance.materials.ledger import Said
from maintenance.materials.queries import (
    PartFilter,
    find_parts,
    get_part,
    ledger_of,
    list_storerooms,
    reservations_of_part,
    stocks_of,
)

router = APIRouter(prefix="/api/v1", tags=["Parts"])

Keeper = Annotated[Caller, Depends(require(Permission.KEEP_STOCK))]
Code = Annotated[str, Path(max_length=64, examples=["BRG-6309"])]
IfMatch = Annotated[
    str | None,
    Header(description="The ETag as it was read; left out: there is none yet.", examples=['"3"']),
]


@dataclass(frozen=True, slots=True)
class Held:
    """A part as a caller read it: its code, and its ETag then."""

    code: Code
    if_match: IfMatch = None


@router.get("/parts", summary="List parts", responses=documented(CursorInvalid))
async def get_parts(
    connection: ConnectionOf, _: Reader, query: Annotated[PartQuery, Query()]
) -> Page[PartBody]:
    """By code, each with what lies of it."""
    after = decode_cursor(query.cursor, str)
    wanted = PartFilter(query.q, query.asset_class, query.asset, query.storeroom, query.low)
    found = await find_parts(
        connection, wanted, after=after[0] if after else "", limit=query.limit + 1
    )
    page, following = cut(found, query.limit, lambda part: [part.code])
    return Page(items=[PartBody.model_validate(part) for part in page], next=following)


@router.post("/parts/import", summary="Load parts from CSV", responses=documented(NotFound))
async def post_import(
    connection: ConnectionOf, services: ServicesOf, caller: Keeper, sent: CsvBody
) -> ImportBody:
    """All of them or none. A dry run says what would happen to each."""
    said = Said(caller.name, from_us(services.clock()), "imported")
    found = await import_parts(connection, sent.csv, dry_run=sent.dry_run, said=said)
    applied = not sent.dry_run and not any(one.problem for one in found)
    return ImportBody(
        applied=applied, parts=[ImportedPartBody.model_validate(one) for one in found]
    )


@router.get("/parts/{code}", summary="One part", responses=documented(NotFound))
async def get_one_part(
    connection: ConnectionOf, _: Reader, code: Code, response: Response
) -> PartDetail:
    """With its storerooms and bins, and who waits for it."""
    return await _detail(connection, code, response)


@router.put(
    "/parts/{code}",
    summary="Make or change a part",
    responses=documented(KeptInFiles, StaleVersion, NotFound, PreconditionInvalid),
)
async def put_one_part(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Keeper,
    held: Annotated[Held, Depends()],
    sent: PartShape,
    response: Response,
) -> PartDetail:
    """The code in the address holds. Opening stock is booked once."""
    part = sent.model_copy(update={"code": held.code}).definition()
    said = Said(caller.name, from_us(services.clock()), "opening stock")
    expected = None if held.if_match is None else version_of(held.if_match)
    await put_part(connection, part, expected_version=expected, said=said)
    return await _detail(connection, held.code, response)


@router.post(
    "/parts/{code}/retire",
    summary="Take a part out of use",
    responses=documented(KeptInFiles, StaleVersion, NotFound, PreconditionInvalid),
)
async def post_retire(
    connection: ConnectionOf, _: Keeper, code: Code, if_match: IfMatch = None
) -> PartBody:
    """What lies there stays in the books."""
    await retire_part(connection, code, expected_version=version_of(if_match))
    return PartBody.model_validate(await get_part(connection, code))


@router.get(
    "/parts/{code}/ledger",
    summary="Ledger of a part",
    responses=documented(NotFound, CursorInvalid),
)
async def get_ledger(
    connection: ConnectionOf, _: Reader, code: Code, query: Annotated[LedgerQuery, Query()]
) -> Page[LedgerBody]:
    """Every movement, newest first; what is on hand is their sum."""
    await get_part(connection, code)
    before = decode_cursor(query.cursor, int)
    found = await ledger_of(
        connection,
        code,
        storeroom=query.storeroom,
        before=before[0] if before else None,
        limit=query.limit + 1,
    )
    page, following = cut(found, query.limit, lambda entry: [entry.id])
    return Page(items=[LedgerBody.model_validate(entry) for entry in page], next=following)


@router.get("/storerooms", summary="List storerooms")
async def get_storerooms(connection: ConnectionOf, _: Reader) -> Page[StoreroomBody]:
    """With their bins."""
    found = await list_storerooms(connection)
    return Page(items=[StoreroomBody.model_validate(room) for room in found])


@router.put(
    "/storerooms/{code}",
    summary="Make or change a storeroom",
    responses=documented(KeptInFiles, StaleVersion, NotFound, PreconditionInvalid),
)
async def put_one_storeroom(
    connection: ConnectionOf, _: Keeper, code: Code, sent: StoreroomShape, if_match: IfMatch = None
) -> StoreroomBody:
    """The code in the address holds."""
    room = sent.model_copy(update={"code": code}).definition()
    expected = None if if_match is None else version_of(if_match)
    await put_storeroom(connection, room, expected_version=expected)
    found = await list_storerooms(connection)
    return StoreroomBody.model_validate(next(one for one in found if one.code == code))


async def _detail(connection: Connection, code: str, response: Response) -> PartDetail:
    part = await get_part(connection, code)
    response.headers["ETag"] = etag(part.version)
    stock = [StockBody.model_validate(one) for one in await stocks_of(connection, code)]
    waiting = await reservations_of_part(connection, code)
    return PartDetail(
        **PartBody.model_validate(part).model_dump(),
        stock=stock,
        reservations=[ReservationBody.model_validate(one) for one in waiting],
    )
