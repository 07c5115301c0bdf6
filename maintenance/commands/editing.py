"""Changing what an order says: its fields, and the larger work that it is a part of."""

from collections.abc import Mapping
from typing import Any

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from maintenance.commands.recording import Step, as_expected, recorded
from maintenance.errors import FamilyRefused, NotFound
from maintenance.orders import store
from maintenance.orders.edit import difference, edited
from maintenance.orders.family import ancestors_of
from maintenance.orders.work_order import OPEN_STATES, Particulars, WorkOrder


async def edit_order(
    connection: Connection,
    number: str,
    changes: Mapping[str, Any],
    *,
    expected_version: int,
    given: Particulars,
    clock: ClockUs = now_us,
) -> WorkOrder:
    """Change fields of an order (`orders.edit.EDITABLE`); gives it unchanged if nothing differs.

    Raises `NotFound`, `StaleVersion`, `TransitionRefused`, `RequirementMissing`.
    """
    at = from_us(clock())
    async with connection.transaction():
        order = await as_expected(connection, number, expected_version)
        after = edited(order, changes, given)
        details = difference(order, after)
        if not details:
            return order
        version = await store.edit(connection, after, at=at)
        return await recorded(
            connection, order, version, Step("edit", order.state, given, details), at
        )


async def set_parent(
    connection: Connection,
    number: str,
    parent: str | None,
    *,
    expected_version: int,
    given: Particulars,
    clock: ClockUs = now_us,
) -> WorkOrder:
    """Make an order a part of larger work, or (None) of none.

    Raises `NotFound`, `StaleVersion`, `FamilyRefused` where that would close a ring or the larger
    work is done.
    """
    at = from_us(clock())
    async with connection.transaction():
        await store.lock_families(connection)
        order = await as_expected(connection, number, expected_version)
        parent_id = None if parent is None else await _parent(connection, order, parent)
        version = await store.set_parent(connection, order, parent_id, at=at)
        details = {"parent": {"from": order.parent, "to": parent}}
        step = Step("set_parent", order.state, given, details)
        return await recorded(connection, order, version, step, at)


async def _parent(connection: Connection, order: WorkOrder, number: str) -> int:
    if number == order.number:
        raise FamilyRefused(f"{number} cannot be a part of itself")
    found = await store.share_order(connection, number)
    if found is None:
        raise NotFound("work order", number)
    parent_id, state = found
    if state not in OPEN_STATES:
        raise FamilyRefused(f"{number} is {state}: it takes no further part")
    if order.id in await ancestors_of(connection, parent_id):
        raise FamilyRefused(f"{number} is itself a part of {order.number}")
    return parent_id
