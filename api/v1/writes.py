"""Write commands: a value for a device, asked for, carried out or refused, and kept."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Response

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.page import Page, cut, decode_cursor
from api.bodies.write import NewWriteBody, WriteBody, WriteQuery
from api.errors import (
    CursorInvalid,
    IdempotencyKeyInFlight,
    IdempotencyKeyReused,
    ResourceMissing,
)
from api.guard import Reader, require_and_let_go
from api.problems import documented
from api.services import ConnectionOf, Services, ServicesOf
from api.v1.points import Tag, existing_point
from api.writes.queries import find_writes, get_write
from api.writes.service import write_value
from api.writes.write import Write
from config.clock import from_us

router = APIRouter(prefix="/api/v1", tags=["Writes"])

_LIST = "/writes"


@router.post(
    "/points/{tag}/writes",
    status_code=201,
    summary="Write a value to a device",
    responses=documented(ResourceMissing, IdempotencyKeyInFlight, IdempotencyKeyReused),
)
async def post_write(
    services: ServicesOf,
    caller: Annotated[Caller, Depends(require_and_let_go(Permission.WRITE))],
    tag: Tag,
    new: NewWriteBody,
    response: Response,
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            max_length=200,
            description="Sending the same request again with the same key tells how the first "
            "stands, and writes nothing.",
        ),
    ] = None,
) -> WriteBody:
    """Answers when the device has, or when nobody knows: 201 says that the command is kept, `state`
    what came of it. Only points that their source's file calls `writable` can be written."""
    async with services.database.connection() as connection:
        point = await existing_point(connection, tag)
    write = await write_value(services, point, new.to_domain(), caller=caller, key=key)
    response.headers["Location"] = f"{router.prefix}{_LIST}/{write.id}"
    return _body(services, write)


@router.get(
    "/points/{tag}/writes",
    summary="Write commands of a point",
    responses=documented(ResourceMissing, CursorInvalid),
)
async def get_writes_of_point(
    connection: ConnectionOf,
    services: ServicesOf,
    _: Reader,
    tag: Tag,
    query: Annotated[WriteQuery, Query()],
) -> Page[WriteBody]:
    """Newest first, whatever came of them."""
    await existing_point(connection, tag)
    before = decode_cursor(query.cursor, int)
    found = await find_writes(
        connection, tag=tag, before=before[0] if before else None, limit=query.limit + 1
    )
    page, following = cut(found, query.limit, lambda write: [write.id])
    return Page(items=[_body(services, write) for write in page], next=following)


@router.get(_LIST, summary="List write commands", responses=documented(CursorInvalid))
async def get_writes(
    connection: ConnectionOf, services: ServicesOf, _: Reader, query: Annotated[WriteQuery, Query()]
) -> Page[WriteBody]:
    """Those of the whole plant, newest first, also of points that are retired."""
    before = decode_cursor(query.cursor, int)
    found = await find_writes(
        connection, before=before[0] if before else None, limit=query.limit + 1
    )
    page, following = cut(found, query.limit, lambda write: [write.id])
    return Page(items=[_body(services, write) for write in page], next=following)


@router.get(
    _LIST + "/{write_id}", summary="One write command", responses=documented(ResourceMissing)
)
async def get_one(
    connection: ConnectionOf,
    services: ServicesOf,
    _: Reader,
    write_id: Annotated[int, Path(ge=1, le=2**63 - 1, description="Id of the command.")],
) -> WriteBody:
    """How it stands now."""
    return _body(services, await get_write(connection, write_id))


def _body(services: Services, write: Write) -> WriteBody:
    return WriteBody.of(write, from_us(services.clock()))
