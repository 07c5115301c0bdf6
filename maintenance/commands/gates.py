"""What rooms below commands have to say before an order moves on.

A gate is asked when an order is about to move and when a page shows what is possible next; what it
tells joins what the order's own guards tell (`orders.transitions`). It reads, and changes nothing.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from config.database import Connection
from maintenance.job_plans.gate import steps_gate
from maintenance.orders.lack import Lack
from maintenance.orders.readiness import read_readiness
from maintenance.orders.transitions import Readiness
from maintenance.orders.work_order import Action, WorkOrder

Gate = Callable[[Connection, WorkOrder], Awaitable[Mapping[Action, tuple[Lack, ...]]]]
"""What is lacking in one room, for each action that it guards."""

GATES: tuple[Gate, ...] = (steps_gate,)
"""In the order in which people read what is missing."""


async def readiness_of(
    connection: Connection, order: WorkOrder, *, now: datetime, gates: tuple[Gate, ...] = GATES
) -> Readiness:
    """Every fact that guards ask about, other rooms' too."""
    elsewhere: dict[Action, tuple[Lack, ...]] = {}
    for gate in gates:
        for action, lacks in (await gate(connection, order)).items():
            elsewhere[action] = (*elsewhere.get(action, ()), *lacks)
    return await read_readiness(connection, order, now=now, elsewhere=elsewhere)
