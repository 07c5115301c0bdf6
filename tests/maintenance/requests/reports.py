"""Requests as tests make them, and orders brought to where a requester is asked."""

from collections.abc import Awaitable, Callable
from typing import Any

from config.database import Connection
from maintenance.commands.service import change_state
from maintenance.orders.queries import get_order
from maintenance.orders.work_order import Action, Particulars, WorkOrder
from maintenance.requests.request import Channel, NewRequest, WorkRequest
from maintenance.requests.service import report
from maintenance.requests.triage import Decision, accept
from tests.maintenance.scene import Plant

Opener = Callable[[], Awaitable[Connection]]
"""Opens one more connection, as other people have them."""


async def a_request(plant: Plant, title: str = "Seal drips", **given: Any) -> WorkRequest:
    """A new request about P-101, changed as given."""
    new = NewRequest(**{"title": title, "channel": Channel.API, "asset": "P-101", **given})
    made = await report(plant.connection, new, actor="lee", clock=plant.now_us)
    return made.request


async def accepted(plant: Plant, request: WorkRequest, **decided: Any) -> WorkRequest:
    """The request after a planner has accepted it."""
    return await accept(
        plant.connection,
        request.number,
        Decision(**decided),
        expected_version=request.version,
        actor="kim",
        clock=plant.now_us,
    )


async def act(
    plant: Plant, number: str, *actions: Action, connection: Connection | None = None
) -> WorkOrder:
    """Take an order through these actions."""
    on = connection or plant.connection
    for action in actions:
        order = await get_order(on, number)
        given = Particulars("sam", "it has to be", resolution="Seal replaced")
        await change_state(
            on, number, action, expected_version=order.version, given=given, clock=plant.now_us
        )
    return await get_order(on, number)


async def done(plant: Plant, request: WorkRequest) -> WorkOrder:
    """The request's order, carried out and complete."""
    assert request.work_order is not None
    return await act(plant, request.work_order, Action.APPROVE, Action.START, Action.COMPLETE)


async def outbox(plant: Plant, topic: str) -> list[dict[str, Any]]:
    """Payloads of a topic, oldest first."""
    cursor = await plant.connection.execute(
        "SELECT payload FROM outbox WHERE topic = %s ORDER BY id", [topic]
    )
    return [row[0] for row in await cursor.fetchall()]
