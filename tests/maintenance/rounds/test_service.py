"""Walks along a round: one at a time, readings into the log, what was missed told once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from nats.aio.client import Client

from config.database import Connection
from config.log import Kind, Position, Record, ensure_stream, read
from config.settings import Settings
from edge.wire import decode_readings
from maintenance.commands.service import change_state
from maintenance.commands.steps import Recording, record_step, take_reading
from maintenance.errors import NotFound, NotReady, PlanUnknown
from maintenance.job_plans.judgement import Given
from maintenance.job_plans.plan import JobPlan, PlanKind, Step, StepKind
from maintenance.job_plans.queries import steps_of_order
from maintenance.job_plans.service import retire_plan, save_plan
from maintenance.orders.work_order import Action, OrderType, Particulars, State, WorkOrder
from maintenance.rounds.manual_edge import send_waiting
from maintenance.rounds.queries import walks_of
from maintenance.rounds.round import stops_of
from maintenance.rounds.service import report_missed, save_round, start_round
from tests.maintenance.job_plans.plans import INSPECT
from tests.maintenance.scene import Plant

LEAK = Step("leak", StepKind.CHECK, "No leak")
LEVEL = Step("level", StepKind.NUMBER, "Oil level", unit="%", required=False)


def at(step: Step, asset: str, stop: int) -> Step:
    return replace(step, asset=asset, stop=stop, place=f"Place {stop}")


ROUND = JobPlan(
    code="morning-round",
    name="Morning round",
    kind=PlanKind.ROUND,
    asset="P-101",
    estimated_minutes=30,
    steps=(
        at(LEAK, "P-103", 1),
        at(LEVEL, "P-103", 1),
        at(LEAK, "P-101", 2),
        at(LEAK, "P-102", 3),
    ),
)
POINTS = """
INSERT INTO point (tag, asset_id, role, name, unit, kind)
SELECT tag || '.level', id, 'level', '', '%', 'gauge' FROM asset
"""


async def walk(connection: Connection) -> WorkOrder:
    await save_round(connection, ROUND, actor="ana")
    return await start_round(connection, ROUND.code, actor="kim")


async def look(connection: Connection, order: WorkOrder, position: int, given: Given) -> None:
    await record_step(connection, order.number, position, Recording(given, 0, "kim"))


async def finish(connection: Connection, order: WorkOrder) -> WorkOrder:
    given = Particulars("kim", resolution="walked")
    return await change_state(
        connection, order.number, Action.COMPLETE, expected_version=order.version, given=given
    )


async def test_a_walk_is_an_inspection_with_the_steps_of_every_stop(
    connection: Connection, plant: Plant
) -> None:
    order = await walk(connection)
    assert (order.type, order.state, order.asset) == (
        OrderType.INSPECTION,
        State.IN_PROGRESS,
        "P-101",
    )
    stops = stops_of(await steps_of_order(connection, order.id))
    assert [(stop.number, stop.asset, len(stop.steps)) for stop in stops] == [
        (1, "P-103", 2),
        (2, "P-101", 1),
        (3, "P-102", 1),
    ]


async def test_a_round_is_walked_by_one_at_a_time(
    connection: Connection, plant: Plant, open_connection: Callable[[], Awaitable[Connection]]
) -> None:
    await save_round(connection, ROUND, actor="ana")
    people = [await open_connection() for _ in range(3)]
    walks = await asyncio.gather(*(start_round(one, ROUND.code, actor="kim") for one in people))
    assert len({one.number for one in walks}) == 1


async def test_a_round_passes_assets_of_the_register_only(
    connection: Connection, plant: Plant
) -> None:
    with pytest.raises(NotFound, match="P-999"):
        await save_round(connection, replace(ROUND, steps=(at(LEAK, "P-999", 1),)), actor="ana")


async def test_what_is_no_round_is_not_walked(connection: Connection, plant: Plant) -> None:
    await save_plan(connection, INSPECT, actor="ana")
    for code in (INSPECT.code, "none"):
        with pytest.raises(NotFound):
            await start_round(connection, code, actor="kim")
    await save_round(connection, ROUND, actor="ana")
    await retire_plan(connection, ROUND.code)
    with pytest.raises(PlanUnknown):
        await start_round(connection, ROUND.code, actor="kim")


async def test_a_walk_is_not_over_before_every_stop_is_seen_or_given_a_reason(
    connection: Connection, plant: Plant
) -> None:
    order = await walk(connection)
    await look(connection, order, 1, Given(said="ok"))
    with pytest.raises(NotReady):
        await finish(connection, order)
    await look(connection, order, 3, Given(skipped=True, note="hall locked"))
    await look(connection, order, 4, Given(said="ok"))
    assert (await finish(connection, order)).state is State.COMPLETED


async def test_missed_stops_are_told_once(connection: Connection, plant: Plant) -> None:
    order = await walk(connection)
    await look(connection, order, 1, Given(said="ok"))
    await look(connection, order, 3, Given(skipped=True, note="hall locked"))
    await look(connection, order, 4, Given(said="ok"))
    await finish(connection, order)
    for _ in range(2):
        await report_missed(connection, Settings(), plant.now_us)
    [made] = await walks_of(connection, ROUND.code)
    assert [(one["asset"], one["whole"], one["reasons"]) for one in made.missed] == [
        ("P-101", True, ["hall locked"])
    ]
    assert await plant.value("SELECT count(*) FROM outbox WHERE topic = 'round.missed'") == 1


async def test_a_walk_that_missed_nothing_tells_nobody(
    connection: Connection, plant: Plant
) -> None:
    order = await walk(connection)
    for position in (1, 3, 4):
        await look(connection, order, position, Given(said="ok"))
    await finish(connection, order)
    await report_missed(connection, Settings(), plant.now_us)
    assert await plant.value("SELECT count(*) FROM outbox WHERE topic = 'round.missed'") == 0
    assert await plant.value("SELECT stops FROM round_report") == 3


async def test_of_a_cancelled_walk_every_stop_was_missed(
    connection: Connection, plant: Plant
) -> None:
    order = await walk(connection)
    given = Particulars("ana", reason="storm")
    await change_state(
        connection, order.number, Action.CANCEL, expected_version=order.version, given=given
    )
    await report_missed(connection, Settings(), plant.now_us)
    [made] = await walks_of(connection, ROUND.code)
    assert [one["stop"] for one in made.missed] == [1, 2, 3]


async def read_log(client: Client) -> list[Record]:
    async for records in read(client, 0, Position(), max_wait_s=5.0):
        return records
    return []


async def test_a_reading_goes_into_the_log_once(
    connection: Connection, plant: Plant, log_client: Client
) -> None:
    await ensure_stream(log_client, max_bytes=64 * 1024**2)
    await connection.execute(POINTS)
    for minutes, value in ((0, 40.0), (0, 41.0), (5, 42.0)):
        when = plant.now + timedelta(minutes=minutes)
        await take_reading(connection, ("P-101.level", when, value), unit="%", actor="kim")
    assert await send_waiting(connection, log_client.jetstream(), partitions=1) == 2
    assert await send_waiting(connection, log_client.jetstream(), partitions=1) == 0
    [record] = await read_log(log_client)
    batch = decode_readings(record.data)
    assert (record.kind, record.batch.edge) == (Kind.READINGS, "manual")
    assert (batch.tags, batch.value.tolist()) == (("P-101.level",), [40.0, 42.0])


async def test_a_batch_that_is_sent_again_after_a_crash_is_the_same(
    connection: Connection, plant: Plant, log_client: Client
) -> None:
    await ensure_stream(log_client, max_bytes=64 * 1024**2)
    await connection.execute(POINTS)
    await take_reading(connection, ("P-101.level", plant.now, 40.0), unit=None, actor="kim")
    await send_waiting(connection, log_client.jetstream(), partitions=1)
    # The process died before it wrote down that the log has the batch; another reading came.
    await connection.execute("UPDATE manual_reading SET published_at = NULL")
    later = plant.now + timedelta(minutes=1)
    await take_reading(connection, ("P-101.level", later, 41.0), unit=None, actor="kim")
    assert await send_waiting(connection, log_client.jetstream(), partitions=1) == 2
    values = [decode_readings(one.data).value.tolist() for one in await read_log(log_client)]
    assert values == [[40.0], [41.0]]


async def test_two_processes_send_every_reading_once(
    connection: Connection,
    plant: Plant,
    log_client: Client,
    open_connection: Callable[[], Awaitable[Connection]],
) -> None:
    await ensure_stream(log_client, max_bytes=64 * 1024**2)
    await connection.execute(POINTS)
    for second in range(20):
        when = plant.now + timedelta(seconds=second)
        await take_reading(connection, ("P-101.level", when, second), unit=None, actor="kim")
    senders = [await open_connection() for _ in range(2)]
    await asyncio.gather(
        *(send_waiting(one, log_client.jetstream(), partitions=1) for one in senders)
    )
    values = [
        value
        for record in await read_log(log_client)
        for value in decode_readings(record.data).value.tolist()
    ]
    assert values == list(range(20))


async def test_a_reading_of_a_point_that_is_not_there_is_refused(
    connection: Connection, plant: Plant
) -> None:
    with pytest.raises(NotFound):
        await take_reading(connection, ("P-101.none", plant.now, 1.0), unit=None, actor="kim")
