"""How a command reads an order that it is about to change, and writes down that it did."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from config.database import Connection
from maintenance.errors import NotFound, StaleVersion
from maintenance.orders import queries, store
from maintenance.orders.work_order import Particulars, State, WorkOrder


@dataclass(frozen=True, slots=True)
class Step:
    """What the audit trail says of one change."""

    action: str
    target: State
    given: Particulars
    details: dict[str, Any] = field(default_factory=dict)


async def as_expected(connection: Connection, number: str, expected_version: int) -> WorkOrder:
    """The order, held. Raises `NotFound`, and `StaleVersion` where it is not what was read."""
    order = await queries.get_order_for_change(connection, number)
    if order.version != expected_version:
        raise StaleVersion(number, expected=expected_version, present=order.version)
    return order


async def held(connection: Connection, number: str) -> WorkOrder:
    """The order as it is, held. Raises `NotFound`."""
    order = await store.hold_order(connection, number)
    if order is None:
        raise NotFound("work order", number)
    return order


async def recorded(
    connection: Connection, order: WorkOrder, version: int | None, step: Step, at: datetime
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
