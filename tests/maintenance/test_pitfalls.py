"""What went wrong in other maintenance systems and must not go wrong here (field notes)."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from conditions.event import ChangeKind, Severity
from config.database import Connection
from maintenance.commands.creation import NewOrder, create_order
from maintenance.commands.service import assign, change_state
from maintenance.errors import AssetRetired, StaleVersion, TransitionRefused
from maintenance.events.service import handle_condition_changes
from maintenance.orders import queries
from maintenance.orders.list_query import OrderFilters, find_orders
from maintenance.orders.work_order import Action, OrderType, Particulars, State, WorkOrder
from tests.maintenance.scene import Plant, until_blocked

pytestmark = pytest.mark.store

Open = Callable[[], Awaitable[Connection]]
WHOLE = Particulars("ana", reason="because", resolution="bearing replaced")
NEW = NewOrder("P-101", OrderType.CORRECTIVE, "Replace the bearing")


def act(
    connection: Connection, order: WorkOrder, action: Action, given: Particulars = WHOLE
) -> Coroutine[Any, Any, WorkOrder]:
    return change_state(
        connection, order.number, action, expected_version=order.version, given=given
    )


async def order_in(connection: Connection, state: State) -> WorkOrder:
    order = await create_order(connection, NEW, actor="ana")
    for action in (Action.APPROVE, Action.START, Action.COMPLETE, Action.CLOSE):
        if order.state is state:
            break
        order = await act(connection, order, action)
    assert order.state is state
    return order


async def test_atlas_complete_to_complete_is_refused_and_chains_nothing(
    connection: Connection, plant: Plant
) -> None:
    order = await order_in(connection, State.COMPLETED)
    with pytest.raises(TransitionRefused) as refused:
        await act(connection, order, Action.COMPLETE)
    assert refused.value.allowed == (Action.CLOSE, Action.REOPEN, Action.CANCEL)
    assert await queries.get_order(connection, order.number) == order
    assert await plant.value("SELECT count(*) FROM work_order") == 1


@pytest.mark.parametrize("action", [action for action in Action if action is not Action.REOPEN])
async def test_atlas_any_to_any_a_closed_order_goes_nowhere_but_back_to_work(
    connection: Connection, plant: Plant, action: Action
) -> None:
    order = await order_in(connection, State.CLOSED)
    with pytest.raises(TransitionRefused, match="allowed now: reopen"):
        await act(connection, order, action)


async def test_atlas_reopening_and_completing_again_chains_nothing(
    connection: Connection, plant: Plant
) -> None:
    order = await order_in(connection, State.CLOSED)
    for action in (Action.REOPEN, Action.COMPLETE, Action.REOPEN, Action.COMPLETE, Action.CLOSE):
        order = await act(connection, order, action)
    assert (order.state, order.reopened) == (State.CLOSED, 2)
    assert await plant.value("SELECT count(*) FROM work_order") == 1


async def test_atlas_an_order_for_every_violating_reading_is_one_order_for_the_problem(
    plant: Plant,
) -> None:
    for _ in range(10):
        event_id = await plant.raise_event()
        await plant.change(event_id, ChangeKind.CLEARED, Severity.MEDIUM)
        plant.later(minutes=1)
        await handle_condition_changes(plant.connection, clock=plant.now_us)
    assert len(await find_orders(plant.connection, OrderFilters())) == 1


async def test_atlas_feedback_is_not_erased_by_a_later_change(
    connection: Connection, plant: Plant
) -> None:
    order = await order_in(connection, State.COMPLETED)
    order = await act(connection, order, Action.CLOSE, Particulars("ben"))
    assert order.resolution == "bearing replaced"


async def test_oca_a_retired_asset_generates_no_work(plant: Plant) -> None:
    await plant.retire("P-101")
    await plant.raise_event()
    await handle_condition_changes(plant.connection)
    with pytest.raises(AssetRetired):
        await create_order(plant.connection, NEW, actor="ana")
    assert await plant.value("SELECT count(*) FROM work_order") == 0


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Action.COMPLETE, Action.COMPLETE),
        (Action.COMPLETE, Action.CANCEL),
        (Action.CANCEL, Action.COMPLETE),
    ],
)
async def test_of_two_who_act_at_once_exactly_one_wins(
    plant: Plant, open_connection: Open, first: Action, second: Action
) -> None:
    order = await order_in(plant.connection, State.IN_PROGRESS)
    one, other = await open_connection(), await open_connection()
    await one.execute("BEGIN")
    won = await act(one, order, first)
    late = asyncio.create_task(act(other, order, second))
    await until_blocked(plant, other.info.backend_pid)
    await one.execute("COMMIT")
    with pytest.raises(StaleVersion) as stale:
        await late
    assert stale.value.present == won.version
    assert await queries.get_order(plant.connection, order.number) == won
    changes = await queries.changes_of(plant.connection, won)
    assert [change.version for change in changes] == [1, 2, 3, 4]


async def test_if_the_faster_one_fails_the_slower_one_wins(
    plant: Plant, open_connection: Open
) -> None:
    order = await order_in(plant.connection, State.IN_PROGRESS)
    one, other = await open_connection(), await open_connection()
    await one.execute("BEGIN")
    await act(one, order, Action.COMPLETE)
    late = asyncio.create_task(act(other, order, Action.CANCEL))
    await until_blocked(plant, other.info.backend_pid)
    await one.execute("ROLLBACK")
    assert (await late).state is State.CANCELLED


async def test_two_who_assign_at_once_do_not_overwrite_one_another(
    plant: Plant, open_connection: Open
) -> None:
    order = await order_in(plant.connection, State.APPROVED)
    one, other = await open_connection(), await open_connection()
    await one.execute("BEGIN")
    given = Particulars("ana")
    await assign(one, order.number, "ben", expected_version=order.version, given=given)
    late = asyncio.create_task(
        assign(other, order.number, "carl", expected_version=order.version, given=given)
    )
    await until_blocked(plant, other.info.backend_pid)
    await one.execute("COMMIT")
    with pytest.raises(StaleVersion):
        await late
    assert (await queries.get_order(plant.connection, order.number)).assignee == "ben"


async def test_an_asset_that_retires_during_the_approval_waits_or_stops_it(
    plant: Plant, open_connection: Open
) -> None:
    order = await create_order(plant.connection, NEW, actor="ana")
    register, planner = await open_connection(), await open_connection()
    await register.execute("BEGIN")
    await register.execute("UPDATE asset SET retired_at = now() WHERE tag = 'P-101'")
    approval = asyncio.create_task(act(planner, order, Action.APPROVE))
    await until_blocked(plant, planner.info.backend_pid)
    await register.execute("COMMIT")
    with pytest.raises(AssetRetired):
        await approval
