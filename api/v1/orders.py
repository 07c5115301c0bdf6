"""Work orders: lists, one with its story, creation, and the actions that move it on."""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Response

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.order import (
    AssigneeBody,
    CommentBody,
    LinkedEventBody,
    NewOrderBody,
    OrderBody,
    OrderChangeBody,
    OrderDetail,
    OrderQuery,
    ParticularsBody,
    fields_of,
)
from api.bodies.page import Page, cut, decode_cursor
from api.errors import (
    CursorInvalid,
    IdempotencyKeyInFlight,
    IdempotencyKeyReused,
    PreconditionInvalid,
    PreconditionMissing,
)
from api.guard import CallerOf, Reader, demand, require
from api.idempotency import Answer, once
from api.problems import documented
from api.services import ConnectionOf
from config.database import Connection
from maintenance.commands.creation import NewOrder, create_order
from maintenance.commands.service import assign, change_state, comment
from maintenance.errors import (
    AssetRetired,
    NotFound,
    ProblemOpen,
    RequirementMissing,
    StaleVersion,
    TransitionRefused,
)
from maintenance.orders.queries import (
    OrderFilters,
    changes_of,
    events_of,
    evidence_of,
    find_orders,
    get_order,
)
from maintenance.orders.work_order import Action, Particulars, WorkOrder

router = APIRouter(prefix="/api/v1/work-orders", tags=["Work orders"])

Number = Annotated[str, Path(description="Number of the order.", examples=["WO-000001"])]

NEEDS = {
    Action.APPROVE: Permission.APPROVE,
    Action.SCHEDULE: Permission.APPROVE,
    Action.START: Permission.WORK,
    Action.HOLD: Permission.WORK,
    Action.RESUME: Permission.WORK,
    Action.COMPLETE: Permission.WORK,
    Action.CLOSE: Permission.CLOSE,
    Action.REOPEN: Permission.CLOSE,
    Action.CANCEL: Permission.APPROVE,
}

_ETAG = re.compile(r'"([0-9]{1,9})"')


@dataclass(frozen=True, slots=True)
class Held:
    """An order as a caller read it: its number, and its ETag then."""

    number: Number
    if_match: Annotated[
        str | None, Header(description="The order's ETag as it was read.", examples=['"3"'])
    ] = None


@router.get("", summary="List work orders", responses=documented(CursorInvalid))
async def get_orders(
    connection: ConnectionOf, _: Reader, query: Annotated[OrderQuery, Query()]
) -> Page[OrderBody]:
    """Newest first."""
    after = decode_cursor(query.cursor, int)
    filters = OrderFilters(
        states=frozenset(query.state),
        asset=query.asset,
        priority=query.priority,
        assignee=query.assignee,
    )
    found = await find_orders(
        connection, filters, after=after[0] if after else None, limit=query.limit + 1
    )
    page, following = cut(found, query.limit, lambda order: [order.id])
    return Page(items=[OrderBody.of(order) for order in page], next=following)


@router.post(
    "",
    status_code=201,
    summary="Create a work order",
    responses=documented(
        NotFound, AssetRetired, ProblemOpen, IdempotencyKeyInFlight, IdempotencyKeyReused
    ),
)
async def post_order(
    connection: ConnectionOf,
    caller: Annotated[Caller, Depends(require(Permission.CREATE))],
    new: NewOrderBody,
    response: Response,
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            max_length=200,
            description="Sending the same request again with the same key gives the same answer.",
        ),
    ] = None,
) -> OrderBody:
    """A draft; `Idempotency-Key` makes it safe to send again, for 24 hours."""

    async def create() -> Answer:
        order = await create_order(connection, NewOrder(**new.model_dump()), actor=caller.name)
        return Answer(201, OrderBody.of(order).model_dump(mode="json"))

    request = new.model_dump_json().encode()
    answer = (
        await create()
        if key is None
        else await once(connection, caller.identity, key, request, create)
    )
    body = OrderBody.model_validate(answer.body)
    response.headers["ETag"] = etag(body.version)
    response.headers["Location"] = f"{router.prefix}/{body.number}"
    return body


@router.get("/{number}", summary="One work order", responses=documented(NotFound))
async def get_one(
    connection: ConnectionOf, _: Reader, number: Number, response: Response
) -> OrderDetail:
    """With its evidence, its audit trail and its events. The ETag is its version."""
    order = await get_order(connection, number)
    response.headers["ETag"] = etag(order.version)
    return OrderDetail(
        **fields_of(order),
        evidence=await evidence_of(connection, order),
        changes=await _changes(connection, order),
        events=await _events(connection, order),
    )


@router.get("/{number}/changes", summary="Audit trail of an order", responses=documented(NotFound))
async def get_changes(connection: ConnectionOf, _: Reader, number: Number) -> Page[OrderChangeBody]:
    """Every change that was made to it, oldest first."""
    return Page(items=await _changes(connection, await get_order(connection, number)))


@router.get("/{number}/events", summary="Events of an order", responses=documented(NotFound))
async def get_events(connection: ConnectionOf, _: Reader, number: Number) -> Page[LinkedEventBody]:
    """The condition events that raised it, joined it, or were held back by it."""
    return Page(items=await _events(connection, await get_order(connection, number)))


@router.post(
    "/{number}/comments",
    status_code=201,
    summary="Write a remark into the audit trail",
    responses=documented(NotFound),
)
async def post_comment(
    connection: ConnectionOf,
    caller: Annotated[Caller, Depends(require(Permission.CREATE))],
    number: Number,
    said: CommentBody,
) -> OrderBody:
    """Possible in any state."""
    return OrderBody.of(await comment(connection, number, said.text, actor=caller.name))


@router.post(
    "/{number}/{action}",
    summary="Move a work order on",
    responses=documented(
        NotFound,
        StaleVersion,
        TransitionRefused,
        RequirementMissing,
        AssetRetired,
        PreconditionMissing,
        PreconditionInvalid,
    ),
)
async def post_action(
    connection: ConnectionOf,
    caller: CallerOf,
    held: Annotated[Held, Depends()],
    action: Annotated[Action, Path(description="What to do.", examples=["approve"])],
    response: Response,
    said: ParticularsBody | None = None,
) -> OrderBody:
    """Approve, start, complete, close or cancel it. `If-Match` holds the ETag that was read."""
    demand(caller, NEEDS[action])
    given = said or ParticularsBody()
    order = await change_state(
        connection,
        held.number,
        action,
        expected_version=version_of(held.if_match),
        given=Particulars(caller.name, given.reason, given.resolution),
    )
    response.headers["ETag"] = etag(order.version)
    return OrderBody.of(order)


@router.put(
    "/{number}/assignee",
    summary="Give a work order to somebody",
    responses=documented(
        NotFound, StaleVersion, TransitionRefused, PreconditionMissing, PreconditionInvalid
    ),
)
async def put_assignee(
    connection: ConnectionOf,
    caller: Annotated[Caller, Depends(require(Permission.APPROVE))],
    held: Annotated[Held, Depends()],
    said: AssigneeBody,
    response: Response,
) -> OrderBody:
    """Or to nobody. `If-Match` holds the ETag that was read."""
    order = await assign(
        connection,
        held.number,
        said.assignee,
        expected_version=version_of(held.if_match),
        given=Particulars(caller.name, said.reason),
    )
    response.headers["ETag"] = etag(order.version)
    return OrderBody.of(order)


def etag(version: int) -> str:
    """A version as an entity tag."""
    return f'"{version}"'


def version_of(if_match: str | None) -> int:
    """The version inside If-Match. Raises `PreconditionMissing`, `PreconditionInvalid`."""
    if if_match is None:
        raise PreconditionMissing("read the work order and send its ETag as If-Match")
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        raise PreconditionInvalid('send If-Match as the ETag was given, such as "3"')
    return int(match[1])


async def _changes(connection: Connection, order: WorkOrder) -> list[OrderChangeBody]:
    changes = await changes_of(connection, order)
    return [OrderChangeBody.model_validate(change) for change in changes]


async def _events(connection: Connection, order: WorkOrder) -> list[LinkedEventBody]:
    return [LinkedEventBody.of(linked) for linked in await events_of(connection, order)]
