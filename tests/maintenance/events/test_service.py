"""From changes of conditions to work orders: one for each problem, each change once, in order."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from conditions.event import ChangeKind, Severity
from config.database import Connection
from maintenance.commands.creation import NewOrder, create_order
from maintenance.commands.service import change_state
from maintenance.events.service import (
    Handled,
    handle_condition_changes,
    raise_what_work_left,
)
from maintenance.orders import queries
from maintenance.orders.list_query import OrderFilters, find_orders
from maintenance.orders.work_order import Action, OrderType, Origin, Particulars, State, WorkOrder
from tests.maintenance.scene import REQUEST, Plant, evidence, until_blocked, until_gone

pytestmark = pytest.mark.store

Open = Callable[[], Awaitable[Connection]]


async def handled(plant: Plant) -> list[WorkOrder]:
    """All orders, oldest first, after everything that waits was acted upon."""
    while (await handle_condition_changes(plant.connection, clock=plant.now_us)).changes:
        pass
    return (await find_orders(plant.connection, OrderFilters()))[::-1]


async def brought_to(plant: Plant, order: WorkOrder, *actions: Action) -> WorkOrder:
    for action in actions:
        order = await change_state(
            plant.connection,
            order.number,
            action,
            expected_version=order.version,
            given=Particulars("ana", reason="because", resolution="done"),
            clock=plant.now_us,
        )
    return order


async def completed(plant: Plant, order: WorkOrder) -> WorkOrder:
    return await brought_to(plant, order, Action.APPROVE, Action.START, Action.COMPLETE)


async def relations(plant: Plant) -> list[tuple[int, str]]:
    cursor = await plant.connection.execute(
        "SELECT event_id, relation FROM work_order_event ORDER BY event_id"
    )
    return await cursor.fetchall()


async def test_a_raised_event_becomes_a_draft_order(plant: Plant) -> None:
    event_id = await plant.raise_event(severity=Severity.HIGH)
    (order,) = await handled(plant)
    assert (order.state, order.origin, order.type) == (
        State.DRAFT,
        Origin.CONDITION,
        OrderType.CORRECTIVE,
    )
    assert (order.asset, order.failure_mode, order.problem) == ("P-101", "VIB", "P-101/VIB")
    assert (order.priority, order.severity, order.job_plan) == (2, 3, "inspect-bearing")
    assert await relations(plant) == [(event_id, "raised")]


async def test_the_order_of_an_event_is_found_from_the_event(plant: Plant) -> None:
    first = await plant.raise_event()
    second = await plant.raise_event(rule="centrifugal_pump/vibration_rise")
    silent = await plant.raise_event(work_order=None)
    (order,) = await handled(plant)
    raised = await queries.order_of_event(plant.connection, first)
    joined = await queries.order_of_event(plant.connection, second)
    assert raised is not None
    assert joined is not None
    assert (raised.order, raised.relation, raised.reason) == (
        order,
        "raised",
        "vibration above 7.1 mm/s",
    )
    assert (joined.order, joined.relation) == (order, "attached")
    assert await queries.order_of_event(plant.connection, silent) is None


async def test_the_order_carries_the_evidence_of_the_event(plant: Plant) -> None:
    await plant.raise_event()
    (order,) = await handled(plant)
    found = await queries.evidence_of(plant.connection, order)
    assert found == evidence("P-101", plant.now_us())


async def test_the_order_tells_people_what_is_wrong(plant: Plant) -> None:
    await plant.raise_event()
    (order,) = await handled(plant)
    assert order.title == "P-101: vibration above 7.1 mm/s"
    assert "P-101.de_vibration was 7.6 mm/s at 2026-03-02 06:00:00 UTC." in order.description
    assert "Recommended job plan: inspect-bearing." in order.description


async def test_a_second_event_of_the_problem_joins_the_open_order(plant: Plant) -> None:
    first = await plant.raise_event()
    second = await plant.raise_event(rule="centrifugal_pump/vibration_rise")
    (order,) = await handled(plant)
    assert await relations(plant) == [(first, "raised"), (second, "attached")]
    linked = await queries.events_of(plant.connection, order)
    assert [link.event.id for link in linked] == [first, second]


async def test_a_milder_event_that_joins_leaves_priority_and_severity(plant: Plant) -> None:
    await plant.raise_event(severity=Severity.CRITICAL)
    await plant.raise_event(severity=Severity.LOW, rule="centrifugal_pump/vibration_rise")
    (order,) = await handled(plant)
    assert (order.priority, order.severity, order.version) == (1, 4, 2)


async def test_other_failure_modes_and_assets_are_problems_of_their_own(plant: Plant) -> None:
    await plant.raise_event("P-101", failure_mode="VIB")
    await plant.raise_event("P-101", failure_mode="OHE")
    await plant.raise_event("P-102", failure_mode="VIB")
    orders = await handled(plant)
    assert [order.problem for order in orders] == ["P-101/VIB", "P-101/OHE", "P-102/VIB"]


async def test_an_event_joins_the_order_that_a_person_opened_about_the_problem(
    plant: Plant,
) -> None:
    new = NewOrder("P-101", OrderType.CORRECTIVE, "It rattles", failure_mode="VIB", priority=4)
    await create_order(plant.connection, new, actor="ana")
    event_id = await plant.raise_event(severity=Severity.CRITICAL)
    (order,) = await handled(plant)
    assert await relations(plant) == [(event_id, "attached")]
    assert (order.origin, order.priority, order.severity) == (Origin.PERSON, 1, 4)


async def test_a_repeated_problem_cools_down_under_the_completed_order(plant: Plant) -> None:
    await plant.raise_event()
    (order,) = await handled(plant)
    await completed(plant, order)
    plant.later(minutes=59)
    event_id = await plant.raise_event()
    assert len(await handled(plant)) == 1
    assert (event_id, "cooled_down") in await relations(plant)


async def test_after_the_cooldown_the_problem_gets_a_new_order(plant: Plant) -> None:
    await plant.raise_event()
    (order,) = await handled(plant)
    await completed(plant, order)
    plant.later(minutes=60)
    await plant.raise_event()
    assert len(await handled(plant)) == 2


async def test_worsening_raises_the_priority_and_says_so(plant: Plant) -> None:
    event_id = await plant.raise_event()
    await plant.change(event_id, ChangeKind.ESCALATED, Severity.CRITICAL)
    (order,) = await handled(plant)
    assert (order.priority, order.severity) == (1, 4)
    last = (await queries.changes_of(plant.connection, order))[-1]
    assert (last.action, last.reason) == ("escalate", "severity rose to critical")
    assert last.details["priority"] == {"from": 3, "to": 1}


async def test_easing_keeps_the_priority_and_is_noted(plant: Plant) -> None:
    event_id = await plant.raise_event(severity=Severity.CRITICAL)
    await plant.change(event_id, ChangeKind.DEESCALATED, Severity.LOW)
    (order,) = await handled(plant)
    assert (order.priority, order.severity) == (1, 4)
    last = (await queries.changes_of(plant.connection, order))[-1]
    assert (last.action, last.reason) == ("note", "severity fell to low; priority stays")


async def test_clearing_is_noted_and_leaves_the_order_open(plant: Plant) -> None:
    event_id = await plant.raise_event()
    await plant.change(event_id, ChangeKind.CLEARED, Severity.MEDIUM)
    (order,) = await handled(plant)
    assert order.state is State.DRAFT
    last = (await queries.changes_of(plant.connection, order))[-1]
    assert (last.action, last.reason) == (
        "note",
        "the condition cleared at 2026-03-02 06:00:00 UTC",
    )


async def test_worsening_after_completion_moves_the_event_to_a_new_order(plant: Plant) -> None:
    event_id = await plant.raise_event()
    (first,) = await handled(plant)
    await completed(plant, first)
    await plant.change(event_id, ChangeKind.ESCALATED, Severity.CRITICAL)
    first, second = await handled(plant)
    assert (first.state, second.state, second.severity) == (State.COMPLETED, State.DRAFT, 4)
    assert [link.event.id for link in await queries.events_of(plant.connection, second)] == [
        event_id
    ]


async def test_an_event_of_a_retired_asset_raises_nothing(plant: Plant) -> None:
    await plant.retire("P-101")
    await plant.raise_event()
    assert await handled(plant) == []
    assert await queries.count_waiting(plant.connection) == 0


async def test_an_event_without_a_request_raises_nothing(plant: Plant) -> None:
    await plant.raise_event(work_order=None)
    assert await handled(plant) == []
    assert await queries.count_waiting(plant.connection) == 0


async def test_a_change_that_cannot_be_acted_upon_is_told_and_blocks_nothing(
    plant: Plant,
) -> None:
    event_id = await plant.raise_event(work_order={**REQUEST, "type": "magic"})
    await plant.raise_event("P-102")
    orders = await handled(plant)
    assert [order.asset for order in orders] == ["P-102"]
    told = await plant.value("SELECT payload FROM outbox WHERE topic = 'condition_change.refused'")
    assert told["event_id"] == event_id
    assert "magic" in told["reason"]


async def test_nothing_waiting_is_nothing_handled(plant: Plant) -> None:
    assert await handle_condition_changes(plant.connection) == Handled(0, 0)


async def test_replaying_changes_changes_nothing(plant: Plant) -> None:
    event_id = await plant.raise_event()
    await plant.change(event_id, ChangeKind.ESCALATED, Severity.CRITICAL)
    await plant.change(event_id, ChangeKind.CLEARED, Severity.CRITICAL)
    await plant.raise_event()
    before = await handled(plant)
    await plant.connection.execute("UPDATE condition_outbox SET handled_at = NULL")
    assert await handled(plant) == before
    assert await plant.value("SELECT count(*) FROM work_order_change") == before[0].version
    told = "SELECT count(*) FROM outbox WHERE topic <> 'work_order.unprepared'"
    assert await plant.value(told) == before[0].version


async def test_a_crash_before_the_commit_leaves_everything_to_the_next_worker(
    plant: Plant, open_connection: Open
) -> None:
    await plant.raise_event()
    crashing = await open_connection()
    await crashing.execute("BEGIN")
    assert await handle_condition_changes(crashing) == Handled(1, 1)
    await plant.value("SELECT pg_terminate_backend(%s)", crashing.info.backend_pid)
    await until_gone(plant, crashing.info.backend_pid)
    (order,) = await handled(plant)
    assert order.version == 1


async def test_a_second_worker_leaves_what_the_first_holds(
    plant: Plant, open_connection: Open
) -> None:
    event_id = await plant.raise_event()
    await plant.raise_event("P-102")
    await plant.change(event_id, ChangeKind.ESCALATED, Severity.CRITICAL)
    first, second = await open_connection(), await open_connection()
    await first.execute("BEGIN")
    assert (await handle_condition_changes(first, limit=1)).orders == 1
    assert await handle_condition_changes(second) == Handled(1, 1)
    await first.execute("COMMIT")
    assert await handle_condition_changes(second) == Handled(1, 0)
    problems = await find_orders(plant.connection, OrderFilters(problem="P-101/VIB"))
    assert [(order.priority, order.version) for order in problems] == [(1, 2)]


async def test_after_a_crash_the_changes_of_an_event_keep_their_order(
    plant: Plant, open_connection: Open
) -> None:
    event_id = await plant.raise_event()
    await plant.change(event_id, ChangeKind.ESCALATED, Severity.CRITICAL)
    first = await open_connection()
    await first.execute("BEGIN")
    await handle_condition_changes(first, limit=1)
    await first.execute("ROLLBACK")
    (order,) = await handled(plant)
    changes = await queries.changes_of(plant.connection, order)
    assert [change.action for change in changes] == ["create", "escalate"]


async def test_four_workers_make_one_order_of_each_problem_and_handle_each_change_once(
    plant: Plant, open_connection: Open
) -> None:
    for turn in range(20):
        for asset in ("P-101", "P-102", "P-103"):
            event_id = await plant.raise_event(asset, severity=Severity.LOW)
            worse = Severity(2 + turn % 3)
            await plant.change(event_id, ChangeKind.ESCALATED, worse)

    async def work(connection: Connection) -> int:
        total = 0
        while await queries.count_waiting(connection):
            total += (await handle_condition_changes(connection, limit=5)).changes
        return total

    workers = [work(await open_connection()) for _ in range(4)]
    assert sum(await asyncio.gather(*workers)) == 120
    orders = await find_orders(plant.connection, OrderFilters())
    assert sorted(order.asset for order in orders) == ["P-101", "P-102", "P-103"]
    for order in orders:
        changes = await queries.changes_of(plant.connection, order)
        assert [change.version for change in changes] == list(range(1, 41))


async def test_a_person_opening_the_problem_meanwhile_gets_the_event(
    plant: Plant, open_connection: Open
) -> None:
    person, worker = await open_connection(), await open_connection()
    event_id = await plant.raise_event()
    new = NewOrder("P-101", OrderType.CORRECTIVE, "It rattles", failure_mode="VIB")
    await person.execute("BEGIN")
    opened = await create_order(person, new, actor="ana")
    work = asyncio.create_task(handle_condition_changes(worker))
    await until_blocked(plant, worker.info.backend_pid)
    await person.execute("COMMIT")
    assert await work == Handled(1, 0)
    assert await relations(plant) == [(event_id, "attached")]
    assert await plant.value("SELECT work_order_id FROM work_order_event") == opened.id


AGAIN = {**REQUEST, "recurrence": "reopen"}


async def test_a_problem_that_comes_back_reopens_its_order_and_doubles_nothing(
    plant: Plant,
) -> None:
    await plant.raise_event(work_order=AGAIN)
    (order,) = await handled(plant)
    await completed(plant, order)
    plant.later(minutes=5)
    second = await plant.raise_event(work_order=AGAIN, severity=Severity.CRITICAL)
    (order,) = await handled(plant)
    assert (order.state, order.reopened, order.priority) == (State.IN_PROGRESS, 1, 1)
    assert (second, "reopened") in await relations(plant)
    assert order.started_at == plant.now - timedelta(minutes=5)


async def test_where_an_order_cannot_be_reopened_a_new_one_is_raised(plant: Plant) -> None:
    await plant.raise_event(work_order=AGAIN)
    (order,) = await handled(plant)
    order = await completed(plant, order)
    await plant.connection.execute(
        "INSERT INTO permit (work_order_id, kind, required_by, required_at, issued_by, issued_at,"
        " closed_by, closed_at) VALUES (%s, 'hot_work', 'a', %s, 'a', %s, 'a', %s)",
        [order.id, plant.now, plant.now, plant.now],
    )
    plant.later(minutes=5)
    await plant.raise_event(work_order=AGAIN)
    first, second = await handled(plant)
    assert (first.state, second.state) == (State.COMPLETED, State.DRAFT)


async def test_an_event_during_work_at_its_asset_is_noted_and_seen_to_after_it(
    plant: Plant,
) -> None:
    new = NewOrder("P-101", OrderType.PREVENTIVE, "Grease the bearings")
    work = await create_order(plant.connection, new, actor="ana", clock=plant.now_us)
    work = await brought_to(plant, work, Action.APPROVE, Action.START)
    event = await plant.raise_event()
    (only,) = await handled(plant)
    assert (only.number, await relations(plant)) == (work.number, [(event, "suppressed")])
    assert await raise_what_work_left(plant.connection, clock=plant.now_us) == 0
    await brought_to(plant, only, Action.COMPLETE)
    assert await raise_what_work_left(plant.connection, clock=plant.now_us) == 1
    assert await raise_what_work_left(plant.connection, clock=plant.now_us) == 0
    _, raised = await handled(plant)
    assert (raised.problem, await relations(plant)) == ("P-101/VIB", [(event, "raised")])


async def test_an_event_that_cleared_during_work_raises_nothing_after_it(plant: Plant) -> None:
    new = NewOrder("P-101", OrderType.PREVENTIVE, "Grease the bearings")
    work = await create_order(plant.connection, new, actor="ana", clock=plant.now_us)
    work = await brought_to(plant, work, Action.APPROVE, Action.START)
    event = await plant.raise_event()
    (work,) = await handled(plant)
    await plant.connection.execute(
        "UPDATE condition_event SET state = 'cleared', cleared_at = now() WHERE id = %s", [event]
    )
    await brought_to(plant, work, Action.COMPLETE)
    assert await raise_what_work_left(plant.connection, clock=plant.now_us) == 0


async def test_work_of_a_rule_that_tells_when_it_runs_out_is_due_then(plant: Plant) -> None:
    await plant.raise_event(work_order={**REQUEST, "due": "eta"})
    (order,) = await handled(plant)
    assert order.due_at == plant.now + timedelta(seconds=7.4)


async def test_a_device_alarm_goes_the_way_of_a_rules_event(plant: Plant) -> None:
    await plant.raise_event(rule="alarm/OVERTEMP", failure_mode="OHE")
    (order,) = await handled(plant)
    assert (order.problem, order.origin) == ("P-101/OHE", Origin.CONDITION)
