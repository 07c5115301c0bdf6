"""Recording at the steps of an order: who saw what, when; corrections keep the earlier value.

A recording has an identity that its sender chooses: sent again, it is answered as before. A number
at a step with a point goes on its way into the log, as a reading like any other.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from config.units import converted
from edge.reading import Quality, Reason, quality_code
from ingest.points import points_of_tags
from maintenance.commands.findings import follow_finding
from maintenance.errors import NotFound, StepStale, StepValueInvalid, TransitionRefused
from maintenance.job_plans import queries as job_plans
from maintenance.job_plans import step_store
from maintenance.job_plans.judgement import Given, judge
from maintenance.job_plans.order_step import OrderStep, Outcome
from maintenance.job_plans.plan import OnFail, StepKind
from maintenance.orders import queries
from maintenance.orders.work_order import OPEN_STATES, State, WorkOrder

_AHEAD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Recording:
    """What is recorded at a step; `at` is when it was seen (None: now).

    `expected_revision` is what the recorder saw: 0 before anything was recorded. `request` names
    the recording itself.
    """

    given: Given
    expected_revision: int
    actor: str
    at: datetime | None = None
    request: UUID = field(default_factory=uuid4)


async def record_step(
    connection: Connection,
    number: str,
    position: int,
    recording: Recording,
    *,
    clock: ClockUs = now_us,
) -> OrderStep:
    """Record at a step of an open order, and give the step as it then stands.

    Raises `NotFound`, `TransitionRefused` where the order is not being worked on, `StepStale` where
    somebody recorded meanwhile, `StepValueInvalid`.
    """
    recorded_at = from_us(clock())
    async with connection.transaction():
        order = await queries.get_order(connection, number)
        state = State(await step_store.hold_order(connection, order.id))
        step = await step_store.hold_step(connection, order.id, position)
        if step is None:
            raise NotFound("step", f"{position} of {number}")
        before = await step_store.step_of_request(connection, recording.request)
        if before is not None:
            if before != (order.id, position):
                raise StepValueInvalid("request", "this recording was made at another step")
            return await _as_it_stands(connection, order, position)
        _check_state(order, state)
        if step.revision != recording.expected_revision:
            raise StepStale(step.text, expected=recording.expected_revision, present=step.revision)
        await _record(connection, order, step, recording, recorded_at)
        return await _as_it_stands(connection, order, position)


def _check_state(order: WorkOrder, state: State) -> None:
    if state is State.DRAFT or state not in OPEN_STATES:
        raise TransitionRefused(order.number, action="record a step of", state=state, allowed=())


async def _record(
    connection: Connection,
    order: WorkOrder,
    step: OrderStep,
    recording: Recording,
    recorded_at: datetime,
) -> None:
    at = _moment(recording, recorded_at)
    if step.kind is StepKind.SIGNATURE and not recording.given.skipped:
        await _check_signable(connection, step)
    judged = judge(step, recording.given)
    entry = step_store.Entry(
        recording.given, judged, recording.request, recording.actor, at, recorded_at
    )
    result_id = await step_store.insert_result(connection, step, entry)
    await step_store.void_signatures(connection, step)
    if step.point and recording.given.value is not None and not recording.given.skipped:
        await take_reading(
            connection,
            (step.point, at, recording.given.value),
            unit=step.unit,
            actor=recording.actor,
            result_id=result_id,
        )
    topic = "work_order.step_failed" if judged.outcome is Outcome.FAILED else "work_order.step"
    payload: dict[str, object] = {
        "number": order.number,
        "position": step.position,
        "step": step.text,
        "asset": step.asset,
        "outcome": judged.outcome.value,
        "reason": judged.reason,
        "actor": recording.actor,
    }
    await step_store.tell(connection, order.id, topic, payload)
    if judged.outcome is Outcome.FAILED and step.on_fail is OnFail.FOLLOW_UP:
        after = await _as_it_stands(connection, order, step.position)
        await follow_finding(connection, order, after, result_id=result_id, at=recorded_at)


async def take_reading(
    connection: Connection,
    reading: tuple[str, datetime, float],
    *,
    unit: str | None,
    actor: str,
    result_id: int | None = None,
) -> None:
    """Put a person's reading (tag, time, value in `unit`) on its way into history and meters.

    Outside the point's own range it is kept as bad, as a device's would be. A second one at the same
    time is none. Raises `NotFound` where there is no such point.
    """
    tag, at, value = reading
    point = (await points_of_tags(connection, [tag])).get(tag)
    if point is None:
        raise NotFound("point", tag)
    own = converted(value, unit, point.unit) if unit else value
    beyond = (point.low is not None and own < point.low) or (
        point.high is not None and own > point.high
    )
    quality = quality_code(Quality.BAD, Reason.RANGE) if beyond else int(Quality.GOOD)
    await step_store.insert_reading(
        connection, (tag, at, own, quality), actor=actor, result_id=result_id
    )


def _moment(recording: Recording, recorded_at: datetime) -> datetime:
    """When it was seen; a phone whose clock is ahead saw it when it reached us."""
    at = recording.at or recorded_at
    if at.tzinfo is None:
        raise StepValueInvalid("at", "give the time with its zone")
    return recorded_at if at > recorded_at + _AHEAD else at


async def _check_signable(connection: Connection, step: OrderStep) -> None:
    steps = await job_plans.steps_of_order(connection, step.order_id)
    missing = [one.text for one in steps if one.position < step.position and one.holds_up]
    if missing:
        raise StepValueInvalid("said", f"not to be signed yet: {'; '.join(missing)}")


async def _as_it_stands(connection: Connection, order: WorkOrder, position: int) -> OrderStep:
    steps = await job_plans.steps_of_order(connection, order.id)
    return next(step for step in steps if step.position == position)
