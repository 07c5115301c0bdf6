"""What follows when an order moves on, in the transaction of the move itself.

An effect that fails takes the move back with it: stock, occurrences and requests never tell another
story than the order does.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from config.database import Connection
from maintenance.costs.service import freeze_labour, thaw_labour
from maintenance.materials.ledger import Said
from maintenance.orders import labour_store
from maintenance.orders.work_order import Action, State, WorkOrder
from maintenance.procurement.order_parts import order_approved, order_cancelled, order_ended
from maintenance.sla.service import derive_clocks


@dataclass(frozen=True, slots=True)
class Moved:
    """A move that was made: the order as it stands after it, where it came from, who did it."""

    order: WorkOrder
    source: State
    action: Action
    actor: str
    reason: str
    at: datetime


Effect = Callable[[Connection, Moved], Awaitable[None]]
"""Does what a move asks for, if anything."""

_STOPS_TIMERS = frozenset({State.ON_HOLD, State.CANCELLED})


async def stop_timers(connection: Connection, moved: Moved) -> None:
    """Nobody's time runs on while work is held or cancelled."""
    if moved.order.state in _STOPS_TIMERS:
        await labour_store.stop_timers(connection, moved.order.id, person=None, at=moved.at)


async def _derive_clocks(connection: Connection, moved: Moved) -> None:
    await derive_clocks(connection, moved.order.id, at=moved.at)


async def follow_parts(connection: Connection, moved: Moved) -> None:
    """An order that is approved holds its parts; one that ends gives free what it did not take."""
    said = Said(moved.actor, moved.at, moved.reason)
    if moved.action is Action.APPROVE:
        await order_approved(connection, moved.order, moved.at)
    elif moved.order.state is State.COMPLETED:
        await order_ended(connection, moved.order, said=said)
    elif moved.order.state is State.CANCELLED:
        await order_cancelled(connection, moved.order, said=said)


_FREEZES_COSTS = frozenset({State.COMPLETED, State.CLOSED, State.CANCELLED})


async def follow_costs(connection: Connection, moved: Moved) -> None:
    """Work that is done has a cost; work that goes on has none yet."""
    if moved.action is Action.REOPEN:
        await thaw_labour(connection, moved.order, actor=moved.actor, at=moved.at)
    elif moved.order.state in _FREEZES_COSTS:
        await freeze_labour(connection, moved.order, actor=moved.actor, at=moved.at)


EFFECTS: tuple[Effect, ...] = (stop_timers, _derive_clocks, follow_parts, follow_costs)
"""In this order."""


async def follow(
    connection: Connection, moved: Moved, *, effects: tuple[Effect, ...] = EFFECTS
) -> None:
    """Let every effect have its turn."""
    for effect in effects:
        await effect(connection, moved)
