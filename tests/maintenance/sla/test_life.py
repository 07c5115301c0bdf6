"""Service levels over the whole life of real orders: holds, reopening, and what was agreed meanwhile."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from maintenance.commands.creation import NewOrder, create_order
from maintenance.commands.service import change_state
from maintenance.orders.work_order import Action, OrderType, Particulars, WorkOrder
from maintenance.sla.agreement import Agreement, ClockKind, Measure, Target
from maintenance.sla.clock import Clock, ClockState
from maintenance.sla.service import rebind, save_agreement, service_level
from tests.maintenance.scene import Plant

H = 3600
ALL = Agreement(
    "all", "All", response=Target(60, Measure.ELAPSED), resolution=Target(240, Measure.ELAPSED)
)


async def begun(plant: Plant) -> WorkOrder:
    """An order that is being worked on since an hour after it was made."""
    await save_agreement(plant.connection, ALL)
    new = NewOrder("P-101", OrderType.CORRECTIVE, "Replace the bearing")
    order = await create_order(plant.connection, new, actor="ana", clock=plant.now_us)
    plant.later(hours=1)
    return await act(plant, await act(plant, order, Action.APPROVE), Action.START)


async def act(plant: Plant, order: WorkOrder, action: Action, **said: Any) -> WorkOrder:
    given = Particulars("ana", reason="because", resolution="done", **said)
    return await change_state(
        plant.connection,
        order.number,
        action,
        expected_version=order.version,
        given=given,
        clock=plant.now_us,
    )


async def resolution(plant: Plant, order: WorkOrder) -> Clock:
    level = await service_level(plant.connection, order.id, at=plant.now)
    assert level is not None
    return next(clock for clock in level.clocks if clock.kind is ClockKind.RESOLUTION)


async def kept(plant: Plant, order: WorkOrder) -> dict[str, Any]:
    sql = "SELECT to_jsonb(clock) FROM sla_clock clock WHERE work_order_id = %s AND kind = 'resolution'"
    row: dict[str, Any] = await plant.value(sql, order.id)
    return row


async def test_a_hold_whose_reason_is_marked_pauses_and_the_list_knows(plant: Plant) -> None:
    order = await act(plant, await begun(plant), Action.HOLD, hold_reason="waiting_access")
    plant.later(hours=10)
    clock = await resolution(plant, order)
    assert (clock.state, clock.used_s) == (ClockState.PAUSED, H)
    row = await kept(plant, order)
    assert (row["phase"], row["due_at"], row["next_at"]) == ("paused", None, None)
    order = await act(plant, order, Action.RESUME)
    assert (await resolution(plant, order)).due_at == plant.now + timedelta(hours=3)


async def test_a_hold_whose_reason_is_not_marked_does_not_pause(plant: Plant) -> None:
    order = await act(plant, await begun(plant), Action.HOLD, hold_reason="waiting_parts")
    plant.later(hours=2)
    clock = await resolution(plant, order)
    assert (clock.state, clock.used_s) == (ClockState.RUNNING, 3 * H)
    assert [segment.hold_reason for segment in clock.segments][-1] == "waiting_parts"


async def test_a_mark_that_is_taken_away_later_does_not_rewrite_a_pause(plant: Plant) -> None:
    order = await act(plant, await begun(plant), Action.HOLD, hold_reason="waiting_access")
    await plant.connection.execute("UPDATE hold_reason SET pauses_sla = false")
    plant.later(hours=10)
    assert (await resolution(plant, order)).used_s == H


async def test_a_reopened_order_goes_on_and_its_deadline_is_in_the_list_again(
    plant: Plant,
) -> None:
    order = await act(plant, await begun(plant), Action.COMPLETE)
    assert (await kept(plant, order))["phase"] == "finished"
    plant.later(hours=20)
    order = await act(plant, order, Action.REOPEN)
    clock = await resolution(plant, order)
    assert (clock.state, clock.used_s, clock.due_at) == (
        ClockState.RUNNING,
        H,
        plant.now + timedelta(hours=3),
    )
    assert (await kept(plant, order))["phase"] == "running"


async def test_another_agreement_while_paused_keeps_the_pause_and_counts_nothing_twice(
    plant: Plant,
) -> None:
    order = await act(plant, await begun(plant), Action.HOLD, hold_reason="waiting_access")
    plant.later(hours=5)
    await save_agreement(plant.connection, replace(ALL, resolution=Target(600, Measure.ELAPSED)))
    assert (await resolution(plant, order)).left_s == 3 * H
    await rebind(plant.connection, order.id, actor="ana", clock=plant.now_us)
    clock = await resolution(plant, order)
    assert (clock.state, clock.used_s, clock.left_s) == (ClockState.PAUSED, H, 9 * H)
    order = await act(plant, order, Action.RESUME)
    assert (await resolution(plant, order)).due_at == plant.now + timedelta(hours=9)


async def test_from_a_pause_an_order_is_cancelled_without_being_judged(plant: Plant) -> None:
    order = await act(plant, await begun(plant), Action.HOLD, hold_reason="waiting_access")
    plant.later(days=3)
    order = await act(plant, order, Action.CANCEL)
    assert (await resolution(plant, order)).state is ClockState.VOID
    assert (await kept(plant, order))["phase"] == "void"
