"""What a planner does with a request: make work of it, join it to what there is, or decline it."""

from dataclasses import dataclass, replace
from datetime import datetime

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from maintenance.commands.creation import NewOrder, create_order
from maintenance.commands.service import comment as comment_on_order
from maintenance.errors import JoinRefused, NotFound, ProblemOpen, RequirementMissing
from maintenance.orders.queries import get_order, get_order_for_change
from maintenance.orders.work_order import OrderType, Origin, WorkOrder
from maintenance.requests import queries, store
from maintenance.requests.recording import (
    Step,
    as_expected,
    check,
    recorded,
    take_duplicates_along,
)
from maintenance.requests.request import RequestAction, RequestState, WorkRequest
from maintenance.requests.service import link_attachments


@dataclass(frozen=True, slots=True)
class Decision:
    """How a request becomes work; what is None is taken as the requester said it.

    With `work_order` it joins that order. Without, it joins the open order of the same problem,
    else a new one is made.
    """

    asset: str | None = None
    title: str | None = None
    description: str | None = None
    failure_mode: str | None = None
    type: OrderType = OrderType.CORRECTIVE
    priority: int | None = None
    job_plan: str | None = None
    work_order: str | None = None
    reason: str = ""


async def accept(
    connection: Connection,
    number: str,
    decision: Decision,
    *,
    expected_version: int,
    actor: str,
    clock: ClockUs = now_us,
) -> WorkRequest:
    """Make work of a request. Raises `NotFound`, `StaleVersion`, `TransitionRefused`,

    `RequirementMissing` where nobody has said which asset it is about, `AssetRetired`,
    `JoinRefused` where the named order is done.
    """
    at = from_us(clock())
    async with connection.transaction():
        request = await as_expected(connection, number, expected_version)
        check(request, RequestAction.ACCEPT)
        asset_id = await _asset(connection, request, decision)
        order, joined = await _work(connection, request, decision, actor, clock)
        accepted = store.Triage(
            RequestState.ACCEPTED,
            actor,
            at,
            decision.reason,
            asset_id=asset_id,
            work_order_id=order.id,
        )
        version = await store.triage(connection, request, accepted)
        details = {"work_order": order.number, "joined": joined}
        step = Step("accept", actor, at, RequestState.ACCEPTED, decision.reason, details)
        after = await recorded(connection, request, version, step)
        followers = await queries.requests_of_order(connection, order.id)
        await link_attachments(connection, followers, order, actor=actor, at=at)
        return after


async def reject(
    connection: Connection,
    number: str,
    reason: str,
    *,
    expected_version: int,
    actor: str,
    clock: ClockUs = now_us,
) -> WorkRequest:
    """Decline a request and its duplicates; the requester reads the reason.

    Raises `NotFound`, `StaleVersion`, `TransitionRefused`, `RequirementMissing`.
    """
    at = from_us(clock())
    async with connection.transaction():
        request = await as_expected(connection, number, expected_version)
        check(request, RequestAction.REJECT)
        if not reason.strip():
            raise RequirementMissing(number, action="reject", field="reason", message="say why")
        step = Step("reject", actor, at, RequestState.REJECTED, reason.strip())
        move = store.Triage(RequestState.REJECTED, actor, at, step.reason)
        version = await store.triage(connection, request, move)
        after = await recorded(connection, request, version, step)
        await take_duplicates_along(connection, request, step)
        return after


async def join(
    connection: Connection,
    number: str,
    first: str,
    *,
    expected_version: int,
    actor: str,
    clock: ClockUs = now_us,
) -> WorkRequest:
    """Say that a request is a duplicate of another one (`WR-…`) or of an open order (`WO-…`).

    Its requester follows what becomes of that. Raises `NotFound`, `StaleVersion`,
    `TransitionRefused`, `JoinRefused`.
    """
    at = from_us(clock())
    async with connection.transaction():
        if first.startswith("WO-"):
            request = await as_expected(connection, number, expected_version)
            check(request, RequestAction.JOIN)
            order = await _open_order(connection, first)
            move = store.Triage(RequestState.DUPLICATE, actor, at, work_order_id=order.id)
            return await _joined(connection, request, move, first)
        other = await _hold_both(connection, number, first)
        request = await as_expected(connection, number, expected_version)
        check(request, RequestAction.JOIN)
        _check_first(request, other)
        move = store.Triage(RequestState.DUPLICATE, actor, at, duplicate_of=other.id)
        return await _joined(connection, request, move, first)


async def _joined(
    connection: Connection, request: WorkRequest, move: store.Triage, first: str
) -> WorkRequest:
    version = await store.triage(connection, request, move)
    details = {"duplicate_of": first}
    step = Step("join", move.actor, move.at, RequestState.DUPLICATE, details=details)
    after = await recorded(connection, request, version, step)
    # Its own duplicates belong to the first one too; through an order they follow this one.
    handed_on = replace(step, action="hand_on")
    first_id = move.duplicate_of or request.id
    await take_duplicates_along(connection, request, handed_on, first=first_id)
    if after.work_order is not None:
        order = await get_order(connection, after.work_order)
        await _tell_order(connection, after, order, actor=move.actor, at=move.at)
    return after


async def _hold_both(connection: Connection, number: str, first: str) -> WorkRequest:
    """The first one; both are held, always in the same order, so that no two wait for each other."""
    held = {
        each: await queries.get_request_for_change(connection, each)
        for each in sorted({number, first}, key=lambda each: (len(each), each))
    }
    return held[first]


def _check_first(request: WorkRequest, first: WorkRequest) -> None:
    if request.id == first.id:
        raise JoinRefused(f"{request.number} cannot be a duplicate of itself")
    if first.state is RequestState.DUPLICATE:
        earlier = first.duplicate_of or first.work_order
        raise JoinRefused(f"{first.number} is itself a duplicate of {earlier}: choose that")
    if first.state in {RequestState.REJECTED, RequestState.WITHDRAWN}:
        raise JoinRefused(f"{first.number} is {first.state}: nothing would come of it")


async def _asset(connection: Connection, request: WorkRequest, decision: Decision) -> int | None:
    tag = decision.asset
    if tag is None:
        if request.asset is None and decision.work_order is None:
            raise RequirementMissing(
                request.number,
                action="accept",
                field="asset",
                message="say which asset it is about",
            )
        return None
    found = await store.share_asset(connection, tag)
    if found is None:
        raise NotFound("asset", tag)
    return found


async def _work(
    connection: Connection,
    request: WorkRequest,
    decision: Decision,
    actor: str,
    clock: ClockUs,
) -> tuple[WorkOrder, bool]:
    """The order, and whether it was there before."""
    at = from_us(clock())
    if decision.work_order is not None:
        order = await _open_order(connection, decision.work_order)
    else:
        try:
            new = _order_of(request, decision)
            return await create_order(connection, new, actor=actor, clock=clock), False
        except ProblemOpen as error:
            order = await _open_order(connection, error.number)
    await _tell_order(connection, request, order, actor=actor, at=at)
    return order, True


def _order_of(request: WorkRequest, decision: Decision) -> NewOrder:
    description = request.description if decision.description is None else decision.description
    return NewOrder(
        asset=decision.asset or request.asset or "",
        type=decision.type,
        title=decision.title or request.title,
        description=description,
        failure_mode=decision.failure_mode or request.failure_mode,
        job_plan=decision.job_plan,
        priority=decision.priority,
        origin=Origin.REQUEST,
        # A request that came back leads to another order: its version tells them apart.
        origin_key=f"request:{request.id}:{request.version}",
        follows=request.work_order,
    )


async def _open_order(connection: Connection, number: str) -> WorkOrder:
    order = await get_order_for_change(connection, number)
    if not order.is_open:
        raise JoinRefused(f"{number} is {order.state}: nothing more is done for it")
    return order


async def _tell_order(
    connection: Connection, request: WorkRequest, order: WorkOrder, *, actor: str, at: datetime
) -> None:
    """Who works on the order reads what else was seen, and sees the files."""
    said = f"{request.number} joined: {request.title}"
    if request.description:
        said += f"\n{request.description}"
    await comment_on_order(connection, order.number, said, actor=actor)
    await link_attachments(connection, [request], order, actor=actor, at=at)
