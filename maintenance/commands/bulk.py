"""One change of many orders: all of them or none, with an error for each that cannot be."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from config.clock import ClockUs, now_us
from config.database import Connection
from maintenance.commands.service import assign, change_state
from maintenance.errors import BulkRefused, MaintenanceError
from maintenance.materials.reservations import hold_reserved
from maintenance.orders import store
from maintenance.orders.work_order import Action, Particulars, WorkOrder


@dataclass(frozen=True, slots=True)
class Seen:
    """An order as a caller read it."""

    number: str
    version: int


async def change_states(
    connection: Connection,
    orders: Sequence[Seen],
    action: Action,
    *,
    given: Particulars,
    clock: ClockUs = now_us,
) -> list[WorkOrder]:
    """Move every order on. Raises `BulkRefused`."""
    return await _each(
        connection,
        orders,
        lambda seen: change_state(
            connection,
            seen.number,
            action,
            expected_version=seen.version,
            given=given,
            clock=clock,
        ),
    )


async def assign_all(
    connection: Connection,
    orders: Sequence[Seen],
    assignee: str | None,
    *,
    given: Particulars,
    clock: ClockUs = now_us,
) -> list[WorkOrder]:
    """Give every order to someone, or (None) to nobody. Raises `BulkRefused`."""
    return await _each(
        connection,
        orders,
        lambda seen: assign(
            connection,
            seen.number,
            assignee,
            expected_version=seen.version,
            given=given,
            clock=clock,
        ),
    )


async def _each(
    connection: Connection,
    orders: Sequence[Seen],
    change: Callable[[Seen], Awaitable[WorkOrder]],
) -> list[WorkOrder]:
    """All orders are held first, then all that they reserve, as everybody holds one and its parts.

    So two who change the same orders, or orders with the same parts, meet at the first of them and
    never crosswise.
    """
    done: dict[str, WorkOrder] = {}
    refused: list[tuple[str, MaintenanceError]] = []
    async with connection.transaction():
        order_ids = await store.hold_orders(connection, [seen.number for seen in orders])
        await hold_reserved(connection, order_ids)
        for seen in sorted(orders, key=lambda one: one.number):
            try:
                done[seen.number] = await change(seen)
            except MaintenanceError as error:
                refused.append((seen.number, error))
        if refused:
            raise BulkRefused(refused)
    return [done[seen.number] for seen in orders]
