"""Recording at the steps of an order, against a real database."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from config.database import Connection
from maintenance.commands.creation import NewOrder, create_order
from maintenance.commands.service import change_state
from maintenance.commands.steps import Recording, record_step
from maintenance.errors import NotFound, StepStale, StepValueInvalid, TransitionRefused
from maintenance.job_plans.judgement import NOT_OK, OK, Given
from maintenance.job_plans.order_step import OrderStep, Outcome
from maintenance.job_plans.queries import progress, results_of_step, steps_of_order
from maintenance.job_plans.service import save_plan
from maintenance.orders import queries
from maintenance.orders.work_order import Action, OrderType, Origin, Particulars, WorkOrder
from tests.maintenance.job_plans import plans
from tests.maintenance.scene import Plant

pytestmark = pytest.mark.store

LOCKED, VIBRATION, SEAL, REMARK, PHOTO, SIGNED = range(1, 7)
ORDERS = "SELECT count(*) FROM work_order"
# Its permits are a matter of their own: tests/maintenance/job_plans/test_permits.py.
INSPECT = replace(plans.INSPECT, permits=())


async def order_in_work(connection: Connection, **given: Any) -> WorkOrder:
    await save_plan(connection, INSPECT, actor="ana")
    new = NewOrder(
        **({"asset": "P-101", "type": OrderType.INSPECTION, "title": "Look"} | given),
        job_plan=INSPECT.code,
    )
    order = await create_order(connection, new, actor="ana")
    order = await change_state(
        connection,
        order.number,
        Action.APPROVE,
        expected_version=order.version,
        given=Particulars("ana"),
    )
    return await change_state(
        connection,
        order.number,
        Action.START,
        expected_version=order.version,
        given=Particulars("kim"),
    )


async def recorded(
    connection: Connection, order: WorkOrder, position: int, revision: int = 0, **given: Any
) -> OrderStep:
    recording = Recording(Given(**given), revision, "kim")
    return await record_step(connection, order.number, position, recording)


async def test_a_step_says_who_saw_what_and_when(connection: Connection, plant: Plant) -> None:
    order = await order_in_work(connection)
    seen_at = plant.now - timedelta(minutes=20)
    recording = Recording(Given(value=3.2, note="at full speed"), 0, "kim", at=seen_at)
    step = await record_step(connection, order.number, VIBRATION, recording, clock=plant.now_us)
    assert step.outcome is Outcome.PASSED
    assert step.result is not None
    assert (step.result.value, step.result.actor, step.result.note) == (3.2, "kim", "at full speed")
    assert (step.result.at, step.result.recorded_at) == (seen_at, plant.now)


async def test_a_clock_that_is_ahead_gets_the_time_of_arrival(
    connection: Connection, plant: Plant
) -> None:
    order = await order_in_work(connection)
    recording = Recording(Given(said=OK), 0, "kim", at=plant.now + timedelta(hours=1))
    step = await record_step(connection, order.number, LOCKED, recording, clock=plant.now_us)
    assert step.result is not None
    assert step.result.at == plant.now


async def test_a_correction_keeps_the_earlier_value(connection: Connection, plant: Plant) -> None:
    order = await order_in_work(connection)
    await recorded(connection, order, VIBRATION, value=32.0)
    step = await recorded(connection, order, VIBRATION, 1, value=3.2)
    assert (step.outcome, step.revision) == (Outcome.PASSED, 2)
    assert [one.value for one in await results_of_step(connection, step.id)] == [32.0, 3.2]


async def test_what_was_recorded_never_changes(connection: Connection, plant: Plant) -> None:
    order = await order_in_work(connection)
    await recorded(connection, order, LOCKED, said=OK)
    with pytest.raises(psycopg.Error, match="never"):
        await connection.execute("UPDATE work_order_step_result SET said = 'not ok'")


async def test_a_recording_that_is_sent_twice_is_one(connection: Connection, plant: Plant) -> None:
    order = await order_in_work(connection)
    recording = Recording(Given(value=9.0), 0, "kim")
    first = await record_step(connection, order.number, VIBRATION, recording)
    assert await record_step(connection, order.number, VIBRATION, recording) == first
    assert len(await results_of_step(connection, first.id)) == 1


async def test_a_recording_of_another_step_is_not_taken_for_this_one(
    connection: Connection, plant: Plant
) -> None:
    order = await order_in_work(connection)
    recording = Recording(Given(said=OK), 0, "kim", request=uuid4())
    await record_step(connection, order.number, LOCKED, recording)
    with pytest.raises(StepValueInvalid):
        await record_step(connection, order.number, SEAL, recording)


async def test_who_did_not_see_the_newest_value_is_refused(
    connection: Connection, plant: Plant
) -> None:
    order = await order_in_work(connection)
    await recorded(connection, order, VIBRATION, value=3.2)
    with pytest.raises(StepStale) as refused:
        await recorded(connection, order, VIBRATION, value=4.0)
    assert refused.value.present == 1


async def test_of_two_people_at_once_one_records(
    connection: Connection, plant: Plant, open_connection: Callable[[], Awaitable[Connection]]
) -> None:
    order = await order_in_work(connection)
    people = [await open_connection() for _ in range(4)]
    outcomes = await asyncio.gather(
        *(recorded(one, order, VIBRATION, value=9.0) for one in people), return_exceptions=True
    )
    assert sum(isinstance(outcome, OrderStep) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, StepStale) for outcome in outcomes) == 3
    assert await plant.value(ORDERS) == 2


async def test_an_order_that_is_not_worked_on_takes_no_recording(
    connection: Connection, plant: Plant
) -> None:
    await save_plan(connection, INSPECT, actor="ana")
    new = NewOrder("P-101", OrderType.INSPECTION, "Look", job_plan=INSPECT.code)
    draft = await create_order(connection, new, actor="ana")
    with pytest.raises(TransitionRefused):
        await recorded(connection, draft, LOCKED, said=OK)


async def test_a_step_that_is_not_there_is_not_found(connection: Connection, plant: Plant) -> None:
    order = await order_in_work(connection)
    with pytest.raises(NotFound):
        await recorded(connection, order, 99, said=OK)


async def test_a_failed_step_raises_an_order_that_says_what_was_seen(
    connection: Connection, plant: Plant
) -> None:
    order = await order_in_work(connection)
    step = await recorded(connection, order, VIBRATION, value=9.0, photos=("photo-1",))
    assert step.outcome is Outcome.FAILED
    follow_up = await queries.get_order(connection, str(step.follow_up))
    assert (follow_up.origin, follow_up.follows) == (Origin.STEP, order.number)
    assert (follow_up.problem, follow_up.failure_mode) == ("P-101/VIB", "VIB")
    assert follow_up.title == "P-101: Vibration: 9 mm/s"
    for words in ("step 2: Vibration", "Seen: 9 mm/s", "allowed up to 7.1 mm/s", "photo-1", "kim"):
        assert words in follow_up.description


async def test_a_step_that_fails_again_raises_nothing_more(
    connection: Connection, plant: Plant
) -> None:
    order = await order_in_work(connection)
    first = await recorded(connection, order, VIBRATION, value=9.0)
    again = await recorded(connection, order, VIBRATION, 1, value=9.5)
    assert again.follow_up == first.follow_up
    assert await plant.value(ORDERS) == 2


async def test_a_failed_step_joins_the_open_order_about_the_same_problem(
    connection: Connection, plant: Plant
) -> None:
    known = NewOrder("P-101", OrderType.CORRECTIVE, "Vibrates", failure_mode="VIB")
    present = await create_order(connection, known, actor="ana")
    order = await order_in_work(connection)
    step = await recorded(connection, order, VIBRATION, value=9.0)
    assert step.follow_up == present.number
    joined = (await queries.changes_of(connection, present))[-1]
    assert (joined.action, joined.details["seen"]) == ("join", "9 mm/s")


async def test_the_same_finding_of_the_next_inspection_joins_too(
    connection: Connection, plant: Plant
) -> None:
    first = await recorded(connection, await order_in_work(connection), SEAL, said="dripping")
    second = await recorded(connection, await order_in_work(connection), SEAL, said="dripping")
    assert first.follow_up == second.follow_up


async def test_a_failed_step_of_an_order_about_the_same_problem_raises_nothing(
    connection: Connection, plant: Plant
) -> None:
    order = await order_in_work(connection, failure_mode="VIB")
    step = await recorded(connection, order, VIBRATION, value=9.0)
    assert (step.outcome, step.follow_up) == (Outcome.FAILED, None)
    assert await plant.value(ORDERS) == 1


async def test_a_retired_asset_gets_no_follow_up(connection: Connection, plant: Plant) -> None:
    order = await order_in_work(connection)
    await plant.retire("P-101")
    step = await recorded(connection, order, VIBRATION, value=9.0)
    assert (step.outcome, step.follow_up) == (Outcome.FAILED, None)


async def test_a_step_that_stops_the_work_holds_the_order_up(
    connection: Connection, plant: Plant
) -> None:
    order = await order_in_work(connection)
    await recorded(connection, order, LOCKED, said=NOT_OK)
    assert "Locked out" in (await progress(connection, order.id)).missing
    await recorded(connection, order, LOCKED, 1, said=OK)
    assert "Locked out" not in (await progress(connection, order.id)).missing


async def test_nothing_is_signed_before_it_is_done(connection: Connection, plant: Plant) -> None:
    order = await order_in_work(connection)
    with pytest.raises(StepValueInvalid, match="Locked out; Vibration; Seal"):
        await recorded(connection, order, SIGNED, said="Kim Lee")


async def test_a_later_correction_opens_the_signature_again(
    connection: Connection, plant: Plant
) -> None:
    order = await order_in_work(connection)
    await recorded(connection, order, LOCKED, said=OK)
    await recorded(connection, order, VIBRATION, value=3.2)
    await recorded(connection, order, SEAL, said="dry")
    assert (await recorded(connection, order, SIGNED, said="Kim Lee")).outcome is Outcome.PASSED
    await recorded(connection, order, SEAL, 1, said="moist")
    steps = await steps_of_order(connection, order.id)
    assert steps[SIGNED - 1].outcome is Outcome.OPEN
    signed = await recorded(connection, order, SIGNED, 1, said="Kim Lee")
    assert (signed.outcome, signed.revision) == (Outcome.PASSED, 2)


async def test_a_number_at_a_point_goes_on_its_way_into_history(
    connection: Connection, plant: Plant
) -> None:
    await connection.execute(
        """
        INSERT INTO point (tag, asset_id, role, name, unit, kind, high)
        SELECT 'P-101.de_vibration', id, 'de_vibration', '', 'm/s', 'gauge', 0.05
        FROM asset WHERE tag = 'P-101'
        """
    )
    order = await order_in_work(connection)
    await recorded(connection, order, VIBRATION, value=3.0)
    await recorded(connection, order, VIBRATION, 1, value=90.0)
    rows = await connection.execute("SELECT tag, value, quality, actor FROM manual_reading")
    assert await rows.fetchall() == [
        ("P-101.de_vibration", pytest.approx(0.003), 0, "kim"),
        ("P-101.de_vibration", pytest.approx(0.09), 0x82, "kim"),
    ]


async def test_a_skipped_number_is_no_reading(connection: Connection, plant: Plant) -> None:
    order = await order_in_work(connection)
    step = await recorded(connection, order, VIBRATION, value=3.0, skipped=True, note="no access")
    assert step.outcome is Outcome.SKIPPED
    assert step.result is not None
    assert step.result.value is None
    assert await plant.value("SELECT count(*) FROM manual_reading") == 0


async def test_others_are_told_of_a_failed_step(connection: Connection, plant: Plant) -> None:
    order = await order_in_work(connection)
    await recorded(connection, order, VIBRATION, value=9.0)
    told = "SELECT payload->>'reason' FROM outbox WHERE topic = 'work_order.step_failed'"
    assert await plant.value(told) == "9 mm/s is above 7.1 mm/s"


def test_the_plans_steps_stand_where_these_tests_think() -> None:
    assert [step.key for step in INSPECT.steps] == [
        "locked",
        "vibration",
        "seal",
        "remark",
        "photo",
        "signed",
    ]
