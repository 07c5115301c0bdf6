"""Commands of people on work orders: one function, one transaction.

Each opens its own transaction on the connection that it is given (in a caller's transaction: a
savepoint of it). An order changes by one conditional UPDATE on id, version and state; its row of
the audit trail, its row of the outbox and the NOTIFY `work_order` go with it or not at all.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from maintenance.commands.effects import Moved, follow
from maintenance.errors import NotFound, StaleVersion
from maintenance.orders import queries, store
from maintenance.orders.work_order import (
    Action,
    Particulars,
    State,
    WorkOrder,
    check_assignable,
    check_transition,
)


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
    `StaleVersion` (the order is not what the caller saw), `TransitionRefused` with what is allowed, `RequirementMissing`, `AssetRetired`.
    """
    at = from_us(clock())
    async with connection.transaction():
        order = await _as_expected(connection, number, expected_version)
        target = check_transition(order, action, given).target
        said = (given.resolution or "").strip() if target is State.COMPLETED else ""
        version = await store.change_state(
            connection, order, target, resolution=said or None, at=at
        )
        details = {"resolution": said} if said else {}
        step = _Step(action, target, given, details)
        after = await _recorded(connection, order, version, step, at)
        moved = Moved(after, order.state, action, given.actor, given.reason, at)
        await follow(connection, moved)
        return await queries.get_order(connection, number)


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

    Raises `NotFound`, `StaleVersion`, and `TransitionRefused` where no work is left to be done.
    """
    at = from_us(clock())
    async with connection.transaction():
        order = await _as_expected(connection, number, expected_version)
        check_assignable(order)
        version = await store.assign(connection, order, assignee, at=at)
        details = {"from": order.assignee, "to": assignee}
        step = _Step("assign", order.state, given, details)
        return await _recorded(connection, order, version, step, at)


async def comment(
    connection: Connection, number: str, text: str, *, actor: str, clock: ClockUs = now_us
) -> WorkOrder:
    """Write a remark into an order's audit trail, whatever its state. Raises `NotFound`."""
    at = from_us(clock())
    async with connection.transaction():
        order = await store.hold_order(connection, number)
        if order is None:
            raise NotFound("work order", number)
        version = await store.touch(connection, order, at=at)
        step = _Step("comment", order.state, Particulars(actor, text), {})
        return await _recorded(connection, order, version, step, at)


@dataclass(frozen=True, slots=True)
class _Step:
    """What the audit trail says of one change."""

    action: str
    target: State
    given: Particulars
    details: dict[str, Any]


async def _as_expected(connection: Connection, number: str, expected_version: int) -> WorkOrder:
    order = await queries.get_order_for_change(connection, number)
    if order.version != expected_version:
        raise StaleVersion(number, expected=expected_version, present=order.version)
    return order


async def _recorded(
    connection: Connection, order: WorkOrder, version: int | None, step: _Step, at: datetime
) -> WorkOrder:
    """The order after its change, written down; someone else was faster if there is no version."""
    if version is None:
        present = await queries.get_order(connection, order.number)
        raise StaleVersion(order.number, expected=order.version, present=present.version)
    change = store.Record(
        order_id=order.id,
        number=order.number,
        version=version,
        action=step.action,
        from_state=order.state,
        to_state=step.target,
        actor=step.given.actor,
        at=at,
        reason=step.given.reason,
        details=step.details,
    )
    await store.record(connection, change)
    return await queries.get_order(connection, order.number)
