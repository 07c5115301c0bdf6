"""Service levels of real orders: bound when made, kept by every move, told once."""

import asyncio
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from config.database import Connection
from config.settings import Settings
from maintenance.calendars.calendar import ALL_DAYS, Calendar, DayException, Shift
from maintenance.calendars.service import save_calendar
from maintenance.commands.creation import NewOrder, create_order
from maintenance.commands.service import change_state
from maintenance.errors import KeptInFiles, NotFound
from maintenance.orders import queries as orders
from maintenance.orders.work_order import Action, OrderType, Particulars, WorkOrder
from maintenance.sla import queries
from maintenance.sla.agreement import Agreement, ClockKind, Escalation, Measure, Target
from maintenance.sla.clock import ClockState
from maintenance.sla.service import (
    apply_agreements,
    keep_service_levels,
    rebind,
    retire_agreement,
    save_agreement,
    service_level,
)
from tests.maintenance.scene import Plant

SETTINGS = Settings()
CHAIN = (Escalation(50, ("assignee",)), Escalation(100), Escalation(200, ("boss",)))
ALL = Agreement(
    "all",
    "All",
    response=Target(60, Measure.ELAPSED),
    resolution=Target(240, Measure.ELAPSED),
    chain=CHAIN,
)
URGENT = replace(
    ALL, code="urgent", name="Urgent", priorities=(1,), resolution=Target(30, Measure.ELAPSED)
)
SAID = Particulars("ana", "because", "done")


async def make(plant: Plant, **more: Any) -> WorkOrder:
    new = NewOrder("P-101", OrderType.CORRECTIVE, "Replace the bearing", **more)
    return await create_order(plant.connection, new, actor="ana", clock=plant.now_us)


async def act(plant: Plant, order: WorkOrder, *actions: Action) -> WorkOrder:
    for action in actions:
        order = await change_state(
            plant.connection,
            order.number,
            action,
            expected_version=order.version,
            given=SAID,
            clock=plant.now_us,
        )
    return order


async def states(plant: Plant, order: WorkOrder) -> dict[ClockKind, ClockState]:
    level = await service_level(plant.connection, order.id, at=plant.now)
    assert level is not None
    return {clock.kind: clock.state for clock in level.clocks}


async def row(plant: Plant, order: WorkOrder, column: str, kind: str = "resolution") -> Any:
    sql = "SELECT to_jsonb(clock) FROM sla_clock clock WHERE work_order_id = %s AND kind = %s"
    value = (await plant.value(sql, order.id, kind))[column]
    return datetime.fromisoformat(value) if column.endswith("_at") and value else value


async def keep(plant: Plant, connection: Connection | None = None) -> None:
    await keep_service_levels(connection or plant.connection, SETTINGS, plant.now_us)


async def told(plant: Plant) -> list[str]:
    cursor = await plant.connection.execute(
        "SELECT payload ->> 'clock' || ' ' || (payload ->> 'step') FROM outbox"
        " WHERE topic LIKE 'service_level.%%' ORDER BY id",
        [],
    )
    return [name for (name,) in await cursor.fetchall()]


async def test_a_new_order_has_its_clocks_running_and_says_why(plant: Plant) -> None:
    await save_agreement(plant.connection, ALL)
    order = await make(plant)
    level = await service_level(plant.connection, order.id, at=plant.now)
    assert level is not None
    assert level.binding.reason == "All: it is for every order."
    assert await states(plant, order) == dict.fromkeys(ClockKind, ClockState.RUNNING)
    assert await row(plant, order, "due_at") == plant.now + timedelta(hours=4)
    assert await row(plant, order, "warn_at") == plant.now + timedelta(hours=2)


async def test_an_order_that_no_agreement_fits_has_no_clocks(plant: Plant) -> None:
    order = await make(plant)
    level = await service_level(plant.connection, order.id, at=plant.now)
    assert level is not None
    assert (level.binding.version, level.clocks) == (None, ())


async def test_starting_stops_the_response_and_completing_the_resolution(plant: Plant) -> None:
    await save_agreement(plant.connection, ALL)
    order = await make(plant)
    plant.later(minutes=10)
    order = await act(plant, order, Action.APPROVE, Action.START)
    assert await row(plant, order, "phase", "response") == "finished"
    plant.later(hours=5)
    order = await act(plant, order, Action.COMPLETE)
    assert await states(plant, order) == {
        ClockKind.RESPONSE: ClockState.MET,
        ClockKind.RESOLUTION: ClockState.BREACHED,
    }
    assert await row(plant, order, "next_at") is None


async def test_each_step_is_told_once_however_often_and_by_whomever_it_is_looked_for(
    plant: Plant, open_connection: Any
) -> None:
    await save_agreement(plant.connection, ALL)
    await make(plant)
    await keep(plant)
    assert await told(plant) == []
    plant.later(minutes=125)
    others = [await open_connection() for _ in range(3)]
    await asyncio.gather(*(keep(plant, other) for other in others))
    await keep(plant)
    assert sorted(await told(plant)) == [
        "resolution warning:50",
        "response breach",
        "response escalation:200",
        "response warning:50",
    ]
    plant.later(hours=20)
    await keep(plant)
    await keep(plant)
    assert sorted(await told(plant))[:2] == ["resolution breach", "resolution escalation:200"]
    assert len(await told(plant)) == 6


async def test_a_crash_between_telling_and_the_end_tells_it_again_and_once(plant: Plant) -> None:
    await save_agreement(plant.connection, ALL)
    await make(plant)
    plant.later(minutes=35)
    await plant.connection.execute("BEGIN")
    await keep(plant)
    assert len(await told(plant)) == 1
    await plant.connection.execute("ROLLBACK")
    assert await told(plant) == []
    await keep(plant)
    assert await told(plant) == ["response warning:50"]


async def test_nothing_is_told_of_a_clock_that_has_stopped(plant: Plant) -> None:
    await save_agreement(plant.connection, ALL)
    order = await make(plant)
    await act(plant, order, Action.CANCEL)
    plant.later(days=3)
    await keep(plant)
    assert await told(plant) == []


async def test_a_changed_agreement_is_for_new_orders_and_leaves_open_ones(plant: Plant) -> None:
    await save_agreement(plant.connection, ALL, clock=plant.now_us)
    old = await make(plant)
    await save_agreement(
        plant.connection, replace(ALL, resolution=Target(60, Measure.ELAPSED)), clock=plant.now_us
    )
    await keep(plant)
    new = await make(plant)
    assert (await row(plant, old, "target_s"), await row(plant, new, "target_s")) == (14400, 3600)
    await rebind(plant.connection, old.id, actor="ana", clock=plant.now_us)
    assert await row(plant, old, "target_s") == 3600
    bound = await queries.bindings_of(plant.connection, old.id)
    assert [(each.version, each.actor) for each in bound] == [(1, "service levels"), (2, "ana")]


async def test_another_priority_puts_an_order_under_another_agreement(plant: Plant) -> None:
    for agreement in (ALL, URGENT):
        await save_agreement(plant.connection, agreement)
    order = await make(plant, priority=3)
    assert await row(plant, order, "target_s") == 14400
    await plant.connection.execute(
        "UPDATE work_order SET priority = 1, version = version + 1 WHERE id = %s", [order.id]
    )
    await keep(plant)
    assert await row(plant, order, "target_s") == 1800
    level = await service_level(plant.connection, order.id, at=plant.now)
    assert level is not None
    assert level.binding.reason == "Urgent: it is for priority 1; more specific than All."


async def test_a_holiday_that_is_added_moves_the_clocks_of_open_orders(plant: Plant) -> None:
    calendar = Calendar("day", "Day", "UTC", (Shift("day", ALL_DAYS, time(8), time(16)),))
    await save_calendar(plant.connection, calendar, clock=plant.now_us)
    working = replace(ALL, calendar="day", response=None, resolution=Target(600))
    await save_agreement(plant.connection, working)
    order = await make(plant)
    due: datetime = await row(plant, order, "due_at")
    free = DayException(plant.now.date() + timedelta(days=1), "Closed")
    await save_calendar(plant.connection, replace(calendar, exceptions=(free,)), clock=plant.now_us)
    await keep(plant)
    assert await row(plant, order, "due_at") == due + timedelta(days=1)


async def test_orders_at_risk_come_by_the_time_that_is_left_page_by_page(plant: Plant) -> None:
    await save_agreement(plant.connection, replace(ALL, response=None))
    await save_agreement(plant.connection, replace(URGENT, response=None))
    slow, quick = await make(plant, priority=3), await make(plant, priority=1)
    plant.later(minutes=10)
    assert await queries.orders_at_risk(plant.connection, now=plant.now) == []
    plant.later(minutes=115)
    await keep(plant)
    first = await queries.orders_at_risk(plant.connection, now=plant.now, limit=1)
    assert [(each.number, each.breached_at is not None) for each in first] == [(quick.number, True)]
    after = (first[0].due_at, first[0].id, first[0].kind)
    rest = await queries.orders_at_risk(plant.connection, now=plant.now, after=after)
    assert [each.number for each in rest] == [slow.number]
    assert await queries.count_at_risk(plant.connection, now=plant.now) == (1, 1)


async def test_files_keep_agreements_and_the_api_does_not_change_those(plant: Plant) -> None:
    first = await apply_agreements(plant.connection, [ALL])
    again = await apply_agreements(plant.connection, [ALL])
    assert (len(first.changes), len(again.changes)) == (1, 0)
    with pytest.raises(KeptInFiles):
        await save_agreement(plant.connection, replace(ALL, name="Other"))
    with pytest.raises(KeptInFiles):
        await retire_agreement(plant.connection, "all")
    await apply_agreements(plant.connection, [])
    assert await queries.list_agreements(plant.connection) == []
    with pytest.raises(NotFound):
        await save_agreement(plant.connection, replace(ALL, code="x", calendar="nowhere"))


async def test_an_order_is_made_though_its_service_level_cannot_be(plant: Plant) -> None:
    await save_agreement(plant.connection, ALL)
    await plant.connection.execute("UPDATE sla_agreement_version SET definition = '{}'")
    order = await make(plant)
    assert (await orders.get_order(plant.connection, order.number)).version == 1
    reason = await plant.value(
        "SELECT payload ->> 'preparer' FROM outbox WHERE topic LIKE %s", "%unprepared"
    )
    assert reason == "service level"
