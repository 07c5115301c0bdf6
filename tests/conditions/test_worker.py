"""The worker with a real log and a real database, killed at any moment."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from nats.aio.client import Client

from conditions import worker
from conditions.engine import Engine
from conditions.evaluation import Evaluation
from conditions.queries import load_plant
from conditions.records import is_new
from conditions.rule_service import apply_rules
from conditions.settings import ConditionSettings
from config.clock import now_us
from config.database import Connection, connect
from config.log import BatchId, Kind, Position, Record, publish
from config.settings import Settings
from config.status import Status, watch_status
from edge.reading import ReadingBatch
from edge.rejected import Rejected
from edge.wire import encode_readings, encode_rejects
from oilcan.engines.nats_server import NatsEngine
from tests.conditions.plants import RULES, S, readings, register, rows, rules

pytestmark = pytest.mark.store

VIB, TEMP = "P-1.vibration", "P-1.temp"
START = 1_700_000_000
EVENTS = (
    "SELECT key, state, severity, onset, raised_at, changed_at FROM condition_event ORDER BY key"
)
PROGRAM = """
import asyncio, sys
from conditions.worker import run
from config.settings import Settings
asyncio.run(run(database_url=sys.argv[1], log_url=sys.argv[2], settings=Settings()))
"""


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OILCAN_CONDITIONS_LATENESS_S", "0.2")
    monkeypatch.setenv("OILCAN_CONDITIONS_SNAPSHOT_EVERY_S", "0.3")


@pytest.fixture
async def pump(connection: Connection) -> Connection:
    """A database with a pump and its rules."""
    await register(connection, {VIB: "mm/s", TEMP: "degC"})
    await apply_rules(connection, rules())
    return connection


@asynccontextmanager
async def running(database_url: str, log_url: str) -> AsyncIterator[None]:
    task = asyncio.create_task(
        worker.run(database_url=database_url, log_url=log_url, settings=Settings())
    )
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled(), task.exception()


async def append(client: Client, sequence: int, batch: ReadingBatch) -> None:
    identity = BatchId("edge-1", "s", sequence)
    await publish(client.jetstream(), Kind.READINGS, 0, identity, encode_readings(batch))


async def until(question: Callable[[], Awaitable[Any]], timeout_s: float = 20) -> Any:
    """The first true answer to a question."""
    async with asyncio.timeout(timeout_s):
        answer = await question()
        while not answer:
            await asyncio.sleep(0.02)
            answer = await question()
        return answer


async def test_a_reading_in_the_log_becomes_an_event(
    pump: Connection, database_url: str, log_client: Client, log_engine: NatsEngine
) -> None:
    async with running(database_url, log_engine.url):
        await append(log_client, 0, readings(VIB, (START, 1), (START + 1, 5)))
        (found,) = await until(lambda: rows(pump, EVENTS))
        assert found[1:3] == ("active", 2)
        waiting = await rows(pump, "SELECT kind FROM condition_outbox WHERE handled_at IS NULL")
        assert waiting == [("raised",)]


async def test_on_an_idle_plant_ticks_end_the_timers(
    pump: Connection, database_url: str, log_client: Client, log_engine: NatsEngine
) -> None:
    async with running(database_url, log_engine.url):
        await append(log_client, 0, readings(VIB, (now_us() / S, 8)))
        high = "SELECT FROM condition_event WHERE severity = 3"
        await until(lambda: rows(pump, high))


async def test_the_status_tells_the_figures(
    pump: Connection, database_url: str, log_client: Client, log_engine: NatsEngine
) -> None:
    told: list[Status] = []
    await watch_status(log_client, told.append)
    async with running(database_url, log_engine.url):
        await append(log_client, 0, readings(VIB, (START, 5)))

        async def seen() -> bool:
            return bool(told) and told[-1].metrics["open_events"] == 1

        await until(seen)
    metrics = told[-1].metrics
    assert (metrics["readings_total"], metrics["rules"], metrics["instances"]) == (1, 3, 3)
    assert told[-1].role == "conditions"


async def test_a_rule_that_is_changed_holds_at_once_and_keeps_its_event(
    pump: Connection, database_url: str, log_client: Client, log_engine: NatsEngine
) -> None:
    async with running(database_url, log_engine.url):
        await append(log_client, 0, readings(VIB, (now_us() / S, 5)))
        ((key, *_),) = await until(lambda: rows(pump, EVENTS))
        async with pump.transaction():
            await apply_rules(pump, rules(RULES.replace('"< 3"', '"< 4"')))
        await until(
            lambda: rows(pump, "SELECT FROM engine_snapshot, rule_version WHERE version = 2")
        )
        await asyncio.sleep(1.5)
        await append(log_client, 1, readings(VIB, (now_us() / S, 3.5)))
        cleared = "SELECT key FROM condition_event WHERE state = 'cleared'"
        assert await until(lambda: rows(pump, cleared)) == [(key,)]


def start(database_url: str, log_url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", PROGRAM, database_url, log_url], env=os.environ)


def stream(count: int) -> list[ReadingBatch]:
    """Batches of one second in which the pump gets worse and better again and again."""
    levels = [1, 5, 8, 8, 8, 8, 5, 5, 5, 5, 5, 5, 5, 1, 1]
    return [
        ReadingBatch.concatenate(
            [
                readings(VIB, (START + n, levels[n % len(levels)])),
                readings(TEMP, (START + n, 90 if n % 7 == 0 else 70)),
            ]
        )
        for n in range(count)
    ]


async def test_killed_again_and_again_the_worker_raises_every_event_once(
    pump: Connection, database_url: str, log_client: Client, log_engine: NatsEngine
) -> None:
    batches = stream(240)
    engine = Engine(await load_plant(pump, partition=0, partitions=1), lateness_us=S // 5)
    expected = [change for batch in batches for change in engine.feed([batch])]
    process = start(database_url, log_engine.url)
    try:
        for number, batch in enumerate(batches):
            await append(log_client, number, batch)
            if number % 80 == 79:
                await until(lambda: rows(pump, "SELECT FROM engine_snapshot"))
                await asyncio.sleep(0.15)
                process.send_signal(signal.SIGKILL)
                process.wait(10)
                process = start(database_url, log_engine.url)
        last = expected[-1]
        done = f"SELECT FROM condition_outbox WHERE at >= to_timestamp({last.at_us / S})"
        await until(lambda: rows(pump, done), 60)
    finally:
        process.kill()
        process.wait(10)
    told = (
        "SELECT e.key, o.kind FROM condition_outbox o JOIN condition_event e ON e.id = o.event_id"
    )
    found = await rows(pump, told)
    # Ticks of the present end what the stream left pending; they add no event of the stream's.
    wanted = sorted((change.key, str(change.kind)) for change in expected)
    assert sorted(row for row in found if row in set(wanted)) == wanted
    assert len(found) == len(set(found))
    assert len(await rows(pump, EVENTS)) == len({change.key for change in expected})


def record(sequence: int, session: str = "s", data: bytes = b"") -> Record:
    return Record(Kind.READINGS, 0, BatchId("e", session, sequence), Position("x", 1), data)


def test_a_batch_that_the_log_holds_twice_counts_once() -> None:
    edges: dict[str, tuple[str, int]] = {}
    taken = [is_new(record(n), edges) for n in (0, 1, 1, 0, 2)]
    assert taken == [True, True, False, False, True]
    assert is_new(record(0, session="t"), edges)


async def test_a_record_that_cannot_be_read_stops_nothing(pump: Connection) -> None:
    evaluation = Evaluation(pump, ConditionSettings(), partition=0, partitions=1)
    await evaluation.start()
    good = record(2, data=encode_readings(readings(VIB, (START, 5))))
    await evaluation.take([record(1, data=b"nonsense"), good])
    assert len(await rows(pump, EVENTS)) == 1


async def test_what_the_edge_set_aside_is_passed_over(
    pump: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluation = Evaluation(pump, ConditionSettings(), partition=0, partitions=1)
    await evaluation.start()
    data = encode_rejects([Rejected("hall", "plant/x", "not a number", b"?", START)])
    aside = Record(Kind.REJECTS, 0, BatchId("e", "s", 1), Position("x", 7), data)
    await evaluation.take([aside])
    assert evaluation.position == Position("x", 7)
    said = capsys.readouterr()
    assert "cannot be read" not in said.out + said.err


async def test_an_event_whose_rule_went_while_no_engine_ran_is_cleared(
    pump: Connection, database_url: str
) -> None:
    first = Evaluation(pump, ConditionSettings(), partition=0, partitions=1)
    await first.start()
    await first.take([record(1, data=encode_readings(readings(VIB, (START, 5))))])
    async with pump.transaction():
        await apply_rules(pump, [rule for rule in rules() if rule.id != "zone"])
    other = await connect(database_url, autocommit=True)
    second = Evaluation(other, ConditionSettings(), partition=0, partitions=1)
    await second.start()
    await second.rest()
    await other.close()
    assert [row[1] for row in await rows(pump, EVENTS)] == ["cleared"]
