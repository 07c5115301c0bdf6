"""Work orders: lists, one with its story, creation, and the actions that move it on."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Response

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.order import (
    AssigneeBody,
    BulkAssigneeBody,
    BulkBody,
    CommentBody,
    EditBody,
    LinkedEventBody,
    NewOrderBody,
    OrderBody,
    OrderChangeBody,
    OrderDetail,
    OrderQuery,
    ParticularsBody,
    PossibleBody,
    SeenBody,
    fields_of,
)
from api.bodies.page import Page, cut, decode_cursor
from api.entity_tag import etag, version_of
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
from api.services import ConnectionOf, Services, ServicesOf
from api.v1.repeatable import IdempotencyKey
from config.clock import from_us
from config.database import Connection
from maintenance.commands.bulk import Seen, assign_all, change_states
from maintenance.commands.creation import NewOrder, create_order
from maintenance.commands.editing import edit_order
from maintenance.commands.gates import readiness_of
from maintenance.commands.service import assign, change_state, comment
from maintenance.errors import (
    AssetRetired,
    AssigneeUnknown,
    BulkRefused,
    CodeUnknown,
    FamilyRefused,
    NotFound,
    NotReady,
    ProblemOpen,
    RequirementMissing,
    StaleVersion,
    TransitionRefused,
)
from maintenance.orders.list_query import OrderFilters, find_orders
from maintenance.orders.queries import changes_of, events_of, evidence_of, get_order
from maintenance.orders.transitions import possible_transitions
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


@dataclass(frozen=True, slots=True)
class Held:
    """An order as a caller read it: its number, and its ETag then."""

    number: Number
    if_match: Annotated[
        str | None, Header(description="The order's ETag as it was read.", examples=['"3"'])
    ] = None


@router.get("", summary="List work orders", responses=documented(CursorInvalid))
async def get_orders(
    connection: ConnectionOf,
    services: ServicesOf,
    _: Reader,
    query: Annotated[OrderQuery, Query()],
) -> Page[OrderBody]:
    """Newest first."""
    after = decode_cursor(query.cursor, int)
    now = from_us(services.clock())
    filters = OrderFilters(
        states=frozenset(query.state),
        asset=query.asset,
        below=query.below,
        priority=query.priority,
        assignee=query.assignee,
        site=query.site,
        type=query.type,
        overdue_at=now if query.overdue else None,
        at_risk_at=now if query.at_risk else None,
        words=query.text,
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
        NotFound,
        AssetRetired,
        ProblemOpen,
        FamilyRefused,
        IdempotencyKeyInFlight,
        IdempotencyKeyReused,
    ),
)
async def post_order(
    connection: ConnectionOf,
    caller: Annotated[Caller, Depends(require(Permission.CREATE))],
    new: NewOrderBody,
    response: Response,
    key: IdempotencyKey = None,
) -> OrderBody:
    """A draft; `Idempotency-Key` makes it safe to send again, for 24 hours."""

    async def create() -> Answer:
        order = await create_order(connection, NewOrder(**new.model_dump()), actor=caller.name)
        return Answer(201, OrderBody.of(order).model_dump(mode="json"))

    request = new.model_dump_json().encode()
    answer = await once(connection, caller.identity, key, request, create)
    body = OrderBody.model_validate(answer.body)
    response.headers["ETag"] = etag(body.version)
    response.headers["Location"] = f"{router.prefix}/{body.number}"
    return body


@router.get("/{number}", summary="One work order", responses=documented(NotFound))
async def get_one(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Reader,
    number: Number,
    response: Response,
) -> OrderDetail:
    """With its story, and what is possible next or missing for it. The ETag is its version."""
    order = await get_order(connection, number)
    response.headers["ETag"] = etag(order.version)
    return OrderDetail(
        **fields_of(order),
        transitions=await transitions_of(connection, services, order, caller),
        evidence=await evidence_of(connection, order),
        changes=await _changes(connection, order),
        events=await _events(connection, order),
    )


@router.get(
    "/{number}/transitions", summary="What is possible next", responses=documented(NotFound)
)
async def get_transitions(
    connection: ConnectionOf, services: ServicesOf, caller: Reader, number: Number
) -> Page[PossibleBody]:
    """The actions of its state, what each asks for, and for what is not possible, why."""
    order = await get_order(connection, number)
    return Page(items=await transitions_of(connection, services, order, caller))


@router.patch(
    "/{number}",
    summary="Change what an order says",
    responses=documented(
        NotFound,
        StaleVersion,
        TransitionRefused,
        RequirementMissing,
        PreconditionMissing,
        PreconditionInvalid,
    ),
)
async def patch_order(
    connection: ConnectionOf,
    caller: Annotated[Caller, Depends(require(Permission.APPROVE))],
    held: Annotated[Held, Depends()],
    said: EditBody,
    response: Response,
) -> OrderBody:
    """What is left out stays, null empties. `If-Match` holds the ETag that was read."""
    order = await edit_order(
        connection,
        held.number,
        said.changes(),
        expected_version=version_of(held.if_match),
        given=Particulars(caller.name, said.reason),
    )
    response.headers["ETag"] = etag(order.version)
    return OrderBody.of(order)


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
    "/bulk/assignee",
    summary="Give several work orders to somebody",
    responses=documented(BulkRefused),
)
async def post_bulk_assignee(
    connection: ConnectionOf,
    caller: Annotated[Caller, Depends(require(Permission.APPROVE))],
    said: BulkAssigneeBody,
) -> Page[OrderBody]:
    """All of them or none; what stands in the way is told for each."""
    given = Particulars(caller.name, said.reason)
    orders = await assign_all(connection, _seen(said.orders), said.assignee, given=given)
    return Page(items=[OrderBody.of(order) for order in orders])


@router.post(
    "/bulk/{action}", summary="Move several work orders on", responses=documented(BulkRefused)
)
async def post_bulk_action(
    connection: ConnectionOf,
    caller: CallerOf,
    action: Annotated[Action, Path(description="What to do.", examples=["approve"])],
    said: BulkBody,
) -> Page[OrderBody]:
    """All of them or none; what stands in the way is told for each."""
    demand(caller, NEEDS[action])
    given = said.given_by(caller.name)
    orders = await change_states(connection, _seen(said.orders), action, given=given)
    return Page(items=[OrderBody.of(order) for order in orders])


@router.post(
    "/{number}/{action}",
    summary="Move a work order on",
    responses=documented(
        NotFound,
        StaleVersion,
        TransitionRefused,
        RequirementMissing,
        NotReady,
        CodeUnknown,
        ProblemOpen,
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
    """Move it to its next state. `If-Match` holds the ETag that was read."""
    demand(caller, NEEDS[action])
    order = await change_state(
        connection,
        held.number,
        action,
        expected_version=version_of(held.if_match),
        given=(said or ParticularsBody()).given_by(caller.name),
    )
    response.headers["ETag"] = etag(order.version)
    return OrderBody.of(order)


@router.put(
    "/{number}/assignee",
    summary="Give a work order to somebody",
    responses=documented(
        NotFound,
        StaleVersion,
        TransitionRefused,
        AssigneeUnknown,
        PreconditionMissing,
        PreconditionInvalid,
    ),
)
async def put_assignee(
    connection: ConnectionOf,
    caller: Annotated[Caller, Depends(require(Permission.APPROVE))],
    held: Annotated[Held, Depends()],
    said: AssigneeBody,
    response: Response,
) -> OrderBody:
    """By the code of a person, team or vendor; or to nobody. `If-Match` holds the ETag that was read."""
    order = await assign(
        connection,
        held.number,
        said.assignee,
        expected_version=version_of(held.if_match),
        given=Particulars(caller.name, said.reason),
    )
    response.headers["ETag"] = etag(order.version)
    return OrderBody.of(order)


async def transitions_of(
    connection: Connection, services: Services, order: WorkOrder, caller: Caller
) -> list[PossibleBody]:
    """What is possible next, as of now, for who asks."""
    ready = await readiness_of(connection, order, now=from_us(services.clock()))
    possible = possible_transitions(order, ready, actor=caller.name)
    return [PossibleBody.model_validate(one) for one in possible]


def _seen(orders: list[SeenBody]) -> list[Seen]:
    return [Seen(order.number, order.version) for order in orders]


async def _changes(connection: Connection, order: WorkOrder) -> list[OrderChangeBody]:
    changes = await changes_of(connection, order)
    return [OrderChangeBody.model_validate(change) for change in changes]


async def _events(connection: Connection, order: WorkOrder) -> list[LinkedEventBody]:
    return [LinkedEventBody.of(linked) for linked in await events_of(connection, order)]
