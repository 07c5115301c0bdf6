"""Those who want the same parts at once wait for one another in a row, and never crosswise.

Each test makes the race certain: somebody holds one thing, the other one waits for it, and then the
first asks for what the second would hold by now if it had begun elsewhere.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from decimal import Decimal
from typing import Any

import pytest

from config.database import Connection
from maintenance.commands.bulk import Seen, change_states
from maintenance.commands.creation import NewOrder, create_order
from maintenance.events.service import handle_condition_changes
from maintenance.job_plans.plan import JobPlan, PlannedPart
from maintenance.job_plans.service import save_plan
from maintenance.materials import store
from maintenance.materials.booking import stock_id
from maintenance.materials.ledger import Place
from maintenance.materials.service import receive
from maintenance.orders.work_order import Action, OrderType, Particulars, WorkOrder
from tests.maintenance.materials.shelf import ANA, BEARING, MAIN, SEAL, YARD, value, wrongs
from tests.maintenance.procurement.trade import start_us
from tests.maintenance.scene import Plant, until_blocked

pytestmark = pytest.mark.store

Open = Callable[[], Awaitable[Connection]]
BEARING_HERE, SEAL_HERE = Place(BEARING, MAIN), Place(SEAL, MAIN)
GIVEN = Particulars("ana", reason="because")


async def plan(connection: Connection, code: str, *parts: str) -> str:
    needed = tuple(PlannedPart(part, Decimal(1), "1") for part in parts)
    await save_plan(connection, JobPlan(code, code, parts=needed), actor="ana", clock=start_us)
    return code


async def ask(connection: Connection, job_plan: str) -> WorkOrder:
    new = NewOrder("P-101", OrderType.PREVENTIVE, "Look at it", job_plan=job_plan)
    return await create_order(connection, new, actor="ana", clock=start_us)


async def take(connection: Connection, place: Place) -> None:
    await store.hold_stock_by_id(connection, await stock_id(connection, place))


async def begun(
    plant: Plant, other: Connection, work: Coroutine[Any, Any, Any]
) -> asyncio.Task[Any]:
    """The other's work, once it waits."""
    late = asyncio.create_task(work)
    await until_blocked(plant, other.info.backend_pid)
    return late


async def both_approved(connection: Connection) -> tuple[WorkOrder, WorkOrder]:
    """An order that has a seal reserved, and one that has a bearing: the seal's stock is younger."""
    await plan(connection, "change-seal", SEAL)
    await plan(connection, "change-bearing", BEARING)
    return await ask(connection, "change-seal"), await ask(connection, "change-bearing")


def approve_all(connection: Connection, *orders: WorkOrder) -> Coroutine[Any, Any, Any]:
    seen = [Seen(order.number, order.version) for order in orders]
    return change_states(connection, seen, Action.APPROVE, given=GIVEN, clock=start_us)


async def test_an_order_holds_the_stocks_of_its_parts_by_their_ids(
    trade: Connection, plant: Plant, open_connection: Open
) -> None:
    bearing_there = Place(BEARING, YARD)
    await receive(trade, bearing_there, Decimal(5), value_minor=100, said=ANA)
    await plan(trade, "change-both", BEARING, SEAL)
    one, other = await open_connection(), await open_connection()
    await one.execute("BEGIN")
    await take(one, SEAL_HERE)
    late = await begun(plant, other, ask(other, "change-both"))
    await take(one, bearing_there)
    await one.execute("COMMIT")
    await late
    assert await value(trade, "SELECT count(*) FROM reservation") == 2


async def test_orders_that_are_approved_together_hold_all_their_stocks_by_their_ids(
    trade: Connection, plant: Plant, open_connection: Open
) -> None:
    orders = await both_approved(trade)
    one, other = await open_connection(), await open_connection()
    await one.execute("BEGIN")
    await take(one, BEARING_HERE)
    late = await begun(plant, other, approve_all(other, *orders))
    await take(one, SEAL_HERE)
    await one.execute("COMMIT")
    await late
    assert await value(trade, "SELECT count(*) FROM work_order WHERE state = 'approved'") == 2


async def test_orders_that_are_approved_together_are_held_before_any_stock(
    trade: Connection, plant: Plant, open_connection: Open
) -> None:
    orders = await both_approved(trade)
    one, other = await open_connection(), await open_connection()
    await one.execute("BEGIN")
    await store.hold_order(one, orders[1].number)
    late = await begun(plant, other, approve_all(other, *orders))
    await take(one, SEAL_HERE)
    await one.execute("COMMIT")
    await late
    assert await value(trade, "SELECT count(*) FROM work_order WHERE state = 'approved'") == 2


async def test_a_worker_holds_the_stocks_of_one_order_that_it_raises_at_a_time(
    trade: Connection, plant: Plant, open_connection: Open
) -> None:
    for asset, part in (("P-101", SEAL), ("P-102", BEARING)):
        code = await plan(trade, f"change-{part.lower()}", part)
        await plant.raise_event(asset, work_order={"type": "corrective", "job_plan": code})
    one, other = await open_connection(), await open_connection()

    async def work() -> None:
        while (await handle_condition_changes(other)).changes:
            pass

    await one.execute("BEGIN")
    await take(one, BEARING_HERE)
    late = await begun(plant, other, work())
    await take(one, SEAL_HERE)
    await one.execute("COMMIT")
    await late
    assert await value(trade, "SELECT count(*) FROM reservation") == 2
    assert await wrongs(trade) == []
