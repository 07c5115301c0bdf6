"""Service levels: agreements, the clocks of orders, and which orders run out of time."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.page import Page, cut, decode_cursor
from api.bodies.service_level import (
    AgreementBody,
    AtRiskBody,
    AtRiskQuery,
    ClockBody,
    MatchBody,
    MatchQuery,
    NoticeBody,
    OrderServiceLevelBody,
    PastBindingBody,
)
from api.errors import CursorInvalid, PreconditionInvalid, PreconditionMissing
from api.guard import Reader, require
from api.problems import documented
from api.services import ConnectionOf, ServicesOf
from api.v1.changing import IfMatch, expected, tag
from api.v1.orders import Number
from config.clock import from_us
from config.database import Connection
from maintenance.errors import KeptInFiles, NotFound, StaleVersion
from maintenance.orders.queries import get_order
from maintenance.sla import queries
from maintenance.sla.agreement import Facts
from maintenance.sla.file import ServiceLevelShape
from maintenance.sla.service import (
    best_binding,
    rebind,
    retire_agreement,
    save_agreement,
    service_level,
)

router = APIRouter(prefix="/api/v1", tags=["Service levels"])

Keeper = Annotated[Caller, Depends(require(Permission.KEEP_PEOPLE))]
Code = Annotated[str, Path(description="Code of the agreement.", examples=["critical"])]


@router.get("/service-levels", summary="List agreements")
async def get_agreements(connection: ConnectionOf, _: Reader) -> Page[AgreementBody]:
    """Those in force, by code."""
    found = await queries.list_agreements(connection)
    return Page(items=[AgreementBody.of(each) for each in found])


@router.get("/service-levels/match", summary="Which agreement such an order would be under")
async def get_match(
    connection: ConnectionOf, _: Reader, query: Annotated[MatchQuery, Query()]
) -> MatchBody:
    """The most specific one that fits, and why; nothing is written."""
    binding = await best_binding(connection, Facts(**query.model_dump()))
    code = binding.version.agreement.code if binding.version else None
    return MatchBody(agreement=code, reason=binding.reason)


@router.get(
    "/service-levels/at-risk",
    summary="Orders that run out of time",
    responses=documented(CursorInvalid),
)
async def get_at_risk(
    connection: ConnectionOf,
    services: ServicesOf,
    _: Reader,
    query: Annotated[AtRiskQuery, Query()],
) -> Page[AtRiskBody]:
    """Running clocks past their first warning; the one that runs out first, or has, at the top."""
    found = await queries.orders_at_risk(
        connection,
        now=from_us(services.clock()),
        site=query.site,
        after=_after(query.cursor),
        limit=query.limit + 1,
    )
    page, following = cut(
        found, query.limit, lambda each: [each.due_at.isoformat(), each.id, each.kind.value]
    )
    return Page(items=[AtRiskBody.model_validate(each) for each in page], next=following)


@router.get("/service-levels/{code}", summary="One agreement", responses=documented(NotFound))
async def get_agreement(
    connection: ConnectionOf, _: Reader, code: Code, response: Response
) -> AgreementBody:
    """As it is for new orders. The ETag is its version."""
    found = await _existing(connection, code)
    tag(response, found.version)
    return found


@router.put(
    "/service-levels/{code}",
    summary="Make or change an agreement",
    responses=documented(
        NotFound, KeptInFiles, StaleVersion, PreconditionMissing, PreconditionInvalid
    ),
)
async def put_agreement(
    connection: ConnectionOf,
    _: Keeper,
    code: Code,
    wanted: ServiceLevelShape,
    response: Response,
    if_match: IfMatch = None,
) -> AgreementBody:
    """A change is a new version, for orders from now on; open orders keep theirs."""
    present = await _find(connection, code)
    version = expected(present.version if present else None, if_match)
    agreement = wanted.model_copy(update={"code": code}).definition()
    await save_agreement(connection, agreement, expected_version=version)
    found = await _existing(connection, code)
    tag(response, found.version)
    return found


@router.post(
    "/service-levels/{code}/retire",
    summary="Retire an agreement",
    responses=documented(NotFound, KeptInFiles),
)
async def post_retire(connection: ConnectionOf, _: Keeper, code: Code) -> AgreementBody:
    """No further order comes under it; those that are stay."""
    found = await _existing(connection, code)
    await retire_agreement(connection, code)
    return found


@router.get(
    "/work-orders/{number}/service-level",
    summary="Clocks of an order",
    responses=documented(NotFound),
)
async def get_order_level(
    connection: ConnectionOf, services: ServicesOf, _: Reader, number: Number
) -> OrderServiceLevelBody:
    """What was agreed, what is used and left, and the stretches of its life behind that."""
    order = await get_order(connection, number)
    return await _level_of(connection, order.id, from_us(services.clock()))


@router.post(
    "/work-orders/{number}/service-level/rebind",
    summary="Put an order under the agreement that fits it now",
    responses=documented(NotFound),
)
async def post_rebind(
    connection: ConnectionOf, services: ServicesOf, caller: Keeper, number: Number
) -> OrderServiceLevelBody:
    """Its whole life counts by that agreement, a pause that lasts too."""
    order = await get_order(connection, number)
    await rebind(connection, order.id, actor=caller.name, clock=services.clock)
    return await _level_of(connection, order.id, from_us(services.clock()))


async def _level_of(connection: Connection, order_id: int, at: datetime) -> OrderServiceLevelBody:
    level = await service_level(connection, order_id, at=at)
    version = level.binding.version if level else None
    notices = await queries.notices_of(connection, order_id)
    bindings = await queries.bindings_of(connection, order_id)
    return OrderServiceLevelBody(
        agreement=version.agreement.code if version else None,
        agreement_version=version.version if version else None,
        reason=level.binding.reason if level else "It was made before there were agreements.",
        clocks=[ClockBody.of(clock) for clock in level.clocks] if level else [],
        notices=[NoticeBody.model_validate(notice) for notice in notices],
        bindings=[PastBindingBody.model_validate(each) for each in bindings],
    )


def _after(cursor: str | None) -> tuple[datetime, int, str] | None:
    """Due moment, order id and kind inside a cursor. Raises `CursorInvalid`."""
    key = decode_cursor(cursor, str, int, str)
    if key is None:
        return None
    try:
        return datetime.fromisoformat(key[0]), key[1], key[2]
    except ValueError as error:
        raise CursorInvalid("the cursor cannot be read: start again without it") from error


async def _find(connection: Connection, code: str) -> AgreementBody | None:
    found = await queries.list_agreements(connection)
    return next((AgreementBody.of(each) for each in found if each.agreement.code == code), None)


async def _existing(connection: Connection, code: str) -> AgreementBody:
    found = await _find(connection, code)
    if found is None:
        raise NotFound("agreement", code)
    return found
