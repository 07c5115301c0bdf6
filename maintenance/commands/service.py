"""Commands of people on work orders: one function, one transaction.

Each opens its own transaction on the connection that it is given (in a caller's transaction: a
savepoint of it). An order changes by one conditional UPDATE on id, version and state; its row of
the audit trail, its row of the outbox and the NOTIFY `work_order` go with it or not at all.
"""

from datetime import datetime
from typing import Any

import psycopg

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from maintenance.commands.assignees import check_assignee
from maintenance.commands.effects import Moved, follow
from maintenance.commands.failures import keep_found
from maintenance.commands.gates import readiness_of
from maintenance.commands.recording import Step, as_expected, held, recorded
from maintenance.errors import CodeUnknown, ProblemOpen
from maintenance.orders import queries, store
from maintenance.orders.holds import HoldReason, hold_reasons
from maintenance.orders.transitions import check_assignable, check_transition
from maintenance.orders.work_order import Action, Particulars, State, WorkOrder


async def change_state(
    connection: Connection,
    number: str,
    action: Action,
    *,
    expected_version: int,
    given: Particulars,
    clock: ClockUs = now_us,
) -> WorkOrder:
    """Move an order on in its life and give it as it then stands.

    A resolution is taken when completing; no other action writes or clears it. Raises `NotFound`,
    `StaleVersion` (the order is not what the caller saw), `TransitionRefused` with what is allowed,
    `NotReady` with what is missing, `RequirementMissing`, `AssetRetired`, `ProblemOpen`,
    `CodeUnknown`.
    """
    at = from_us(clock())
    async with connection.transaction():
        order = await as_expected(connection, number, expected_version)
        return await move(connection, order, action, given, at=at)


async def move(
    connection: Connection, order: WorkOrder, action: Action, given: Particulars, *, at: datetime
) -> WorkOrder:
    """Move a held order on, in the caller's transaction; raises as `change_state` does."""
    if action is Action.REOPEN and order.parent is not None:
        await store.share_order(connection, order.parent)
    ready = await readiness_of(connection, order, now=at)
    target = check_transition(order, action, given, ready).target
    moving, details = await _move(connection, order, target, given, at)
    if action is Action.REOPEN:
        details |= _taken_back(order)
    version = await _changed(connection, order, moving)
    after = await recorded(connection, order, version, Step(action, target, given, details), at)
    await follow(connection, Moved(after, order.state, action, given.actor, given.reason, at))
    return await queries.get_order(connection, order.number)


async def assign(
    connection: Connection,
    number: str,
    assignee: str | None,
    *,
    expected_version: int,
    given: Particulars,
    clock: ClockUs = now_us,
) -> WorkOrder:
    """Give an open order to someone, or (None) to nobody.

    Raises `NotFound`, `StaleVersion`, `AssigneeUnknown`, and `TransitionRefused` where no work is
    left to be done.
    """
    at = from_us(clock())
    async with connection.transaction():
        order = await as_expected(connection, number, expected_version)
        check_assignable(order)
        if assignee is not None:
            await check_assignee(connection, assignee)
        version = await store.assign(connection, order, assignee, at=at)
        details = {"from": order.assignee, "to": assignee}
        step = Step("assign", order.state, given, details)
        return await recorded(connection, order, version, step, at)


async def comment(
    connection: Connection, number: str, text: str, *, actor: str, clock: ClockUs = now_us
) -> WorkOrder:
    """Write a remark into an order's audit trail, whatever its state. Raises `NotFound`."""
    at = from_us(clock())
    async with connection.transaction():
        order = await held(connection, number)
        version = await store.touch(connection, order, at=at)
        step = Step("comment", order.state, Particulars(actor, text))
        return await recorded(connection, order, version, step, at)


async def _move(
    connection: Connection, order: WorkOrder, target: State, given: Particulars, at: datetime
) -> tuple[store.Move, dict[str, Any]]:
    """What is written with the move, and what the audit trail says of it."""
    if target is State.ON_HOLD:
        reason = await _hold_reason(connection, given.hold_reason or "")
        details = {"hold_reason": reason.code, "pauses_sla": reason.pauses_sla}
        return store.Move(target, given.actor, at, hold_reason=reason.code), details
    if target is State.SCHEDULED:
        start = given.planned_start or order.planned_start
        finish = given.planned_finish or order.planned_finish
        details = {"planned_start": _told(start), "planned_finish": _told(finish)}
        moving = store.Move(target, given.actor, at, planned_start=start, planned_finish=finish)
        return moving, details
    if target is State.COMPLETED:
        return await _completion(connection, order, given, at)
    return store.Move(target, given.actor, at), {}


async def _completion(
    connection: Connection, order: WorkOrder, given: Particulars, at: datetime
) -> tuple[store.Move, dict[str, Any]]:
    said = (given.resolution or "").strip() or None
    details: dict[str, Any] = {"resolution": said} if said else {}
    if given.finished_at is not None:
        details["finished_at"] = _told(given.finished_at)
    if given.failure is not None:
        details |= await keep_found(connection, order, given.failure, actor=given.actor, at=at)
    done = store.Move(
        State.COMPLETED, given.actor, at, resolution=said, finished_at=given.finished_at
    )
    return done, details


async def _hold_reason(connection: Connection, code: str) -> HoldReason:
    reasons = {reason.code: reason for reason in await hold_reasons(connection)}
    if code not in reasons:
        raise CodeUnknown("hold reason", code, known=sorted(reasons))
    return reasons[code]


async def _changed(connection: Connection, order: WorkOrder, moving: store.Move) -> int | None:
    try:
        return await store.change_state(connection, order, moving)
    except psycopg.errors.UniqueViolation as error:
        raise ProblemOpen(order.problem or "", "another order") from error


def _taken_back(order: WorkOrder) -> dict[str, Any]:
    """What reopening takes back, as it was."""
    return {
        "finished_at": _told(order.finished_at),
        "completed_at": _told(order.completed_at),
        "completed_by": order.completed_by,
        "closed_at": _told(order.closed_at),
    }


def _told(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
