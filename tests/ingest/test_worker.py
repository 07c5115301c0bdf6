"""The worker takes the log in exactly once: over its own death, the database's, and beside a rival."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import numpy as np
import pytest
from nats.aio.client import Client

from config.clock import now_us
from config.database import Connection, connect, fetch_one
from config.log import BatchId, Kind, publish
from config.migrate import migrate
from config.settings import Settings
from config.status import Status, watch_status
from edge.reading import ReadingBatch, SensorAlarm
from edge.wire import encode_alarms, encode_readings
from ingest.worker import run
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.postgres import PostgresEngine
from oilcan.engines.process import start

pytestmark = pytest.mark.store

SETTINGS = Settings(log_max_bytes=256 * 1024**2)


@asynccontextmanager
async def worker(database_url: str, log: NatsEngine) -> AsyncIterator[asyncio.Task[None]]:
    """An ingest worker until the end of the block."""
    task = asyncio.create_task(run(database_url=database_url, log_url=log.url, settings=SETTINGS))
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that the server's own user can enter; pytest's are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="oilcan-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def running(engine: PostgresEngine) -> Iterator[None]:
    """A database server of the test's own until the end of the block."""
    engine.prepare()
    process = start(engine.command(), engine.home / "postgres.log")
    for _ in range(400):
        if engine.ready():
            break
        time.sleep(0.025)
    yield
    process.send_signal(engine.stop_signal)
    process.wait(30)


async def until(question: Callable[[], Awaitable[bool]], timeout_s: float = 20.0) -> None:
    """Wait until an async question is answered with something true."""
    async with asyncio.timeout(timeout_s):
        while True:
            if await question():
                return
            await asyncio.sleep(0.02)


class Sender:
    """Publishes readings of P-101.temp, one each millisecond, as an edge would."""

    def __init__(self, client: Client) -> None:
        self.js = client.jetstream()
        self.sequence = 0
        self.ts = now_us() - 60_000_000

    async def send(self, rows: int = 100, tag: str = "P-101.temp") -> None:
        ts = self.ts + np.arange(rows, dtype=np.int64) * 1000
        self.ts = int(ts[-1]) + 1000
        batch = ReadingBatch(
            (tag,), np.zeros(rows, np.int32), ts, ts.astype(np.float64), np.zeros(rows, np.uint8)
        )
        self.sequence += 1
        identity = BatchId("edge-1", "session", self.sequence)
        await publish(self.js, Kind.READINGS, 0, identity, encode_readings(batch))


async def count(connection: Connection) -> int:
    row = await fetch_one(connection, "SELECT count(*) FROM reading")
    assert row is not None
    return int(row[0])


async def test_readings_and_alarms_of_the_log_are_stored(
    database_url: str,
    connection: Connection,
    points: dict[str, int],
    log_engine: NatsEngine,
    log_client: Client,
) -> None:
    sender = Sender(log_client)
    async with worker(database_url, log_engine):
        await sender.send()
        alarm = SensorAlarm("P-101", "HIGH", now_us(), True, 800, "hot")
        identity = BatchId("edge-1", "session", 2)
        await publish(sender.js, Kind.ALARMS, 0, identity, encode_alarms((alarm,)))

        async def stored() -> bool:
            row = await fetch_one(connection, "SELECT count(*) FROM sensor_alarm")
            return row == (1,) and await count(connection) == 100

        await until(stored)


async def test_the_worker_sums_up_and_keeps_the_latest(
    database_url: str,
    connection: Connection,
    points: dict[str, int],
    log_engine: NatsEngine,
    log_client: Client,
) -> None:
    sender = Sender(log_client)
    sender.ts -= 3 * 3_600_000_000
    await sender.send()
    async with worker(database_url, log_engine):
        await rows_are(connection, 100)
    # The next one looks as it starts; the first had looked before there was anything.
    async with worker(database_url, log_engine):

        async def summed_up() -> bool:
            row = await fetch_one(
                connection,
                "SELECT (SELECT sum(count) FROM rollup_hour), (SELECT count(*) FROM point_latest)",
            )
            return row == (100, 1)

        await until(summed_up, timeout_s=60)


async def rows_are(connection: Connection, wanted: int) -> None:
    async def reached() -> bool:
        return await count(connection) == wanted

    await until(reached)


async def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(
    database_url: str,
    connection: Connection,
    points: dict[str, int],
    log_engine: NatsEngine,
    log_client: Client,
) -> None:
    sender = Sender(log_client)
    for lifetime_s in (0.05, 0.1, 0.2, 0.3):
        for _ in range(10):
            await sender.send(500)
        async with worker(database_url, log_engine):
            await asyncio.sleep(lifetime_s)
    async with worker(database_url, log_engine):
        await rows_are(connection, 20_000)
    # Each reading's value is its time: nothing was mixed up on the way.
    row = await fetch_one(
        connection,
        "SELECT count(*), count(DISTINCT ts) FROM reading"
        " WHERE value = extract(epoch FROM ts) * 1000000",
    )
    assert row == (20_000, 20_000)
    assert await fetch_one(connection, "SELECT count(*) FROM dead_letter") == (0,)


async def test_a_second_worker_waits_and_takes_over(
    database_url: str,
    connection: Connection,
    points: dict[str, int],
    log_engine: NatsEngine,
    log_client: Client,
) -> None:
    sender = Sender(log_client)
    async with worker(database_url, log_engine) as first:
        await sender.send()
        await rows_are(connection, 100)
        async with worker(database_url, log_engine):
            await sender.send()
            await rows_are(connection, 200)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            await sender.send()
            await rows_are(connection, 300)


async def test_a_new_point_gets_what_its_tag_had_sent_before(
    database_url: str,
    connection: Connection,
    points: dict[str, int],
    log_engine: NatsEngine,
    log_client: Client,
    add_point: Callable[[str], Awaitable[int]],
) -> None:
    sender = Sender(log_client)
    async with worker(database_url, log_engine):
        await sender.send(tag="P-101.new")

        async def kept() -> bool:
            return await fetch_one(connection, "SELECT count(*) FROM unknown_reading") == (100,)

        await until(kept)
        await add_point("P-101.new")
        await connection.execute("SELECT pg_notify('register', '')")
        await rows_are(connection, 100)
        await sender.send(tag="P-101.new")
        await rows_are(connection, 200)
    assert await fetch_one(connection, "SELECT count(*) FROM unknown_reading") == (0,)


async def test_a_worker_says_each_second_how_it_is(
    database_url: str,
    connection: Connection,
    points: dict[str, int],
    log_engine: NatsEngine,
    log_client: Client,
) -> None:
    seen: list[Status] = []
    await watch_status(log_client, seen.append)
    sender = Sender(log_client)
    await sender.send()

    async def told() -> bool:
        return any(status.healthy and status.metrics["rows_total"] == 100 for status in seen)

    async with worker(database_url, log_engine):
        await until(told)
    assert seen[-1].role == "ingest"
    assert seen[-1].parts["partition-0"].state == "reading"


async def test_a_database_that_stops_and_starts_again_is_waited_for(
    open_folder: Path, log_engine: NatsEngine, log_client: Client
) -> None:
    engine = PostgresEngine(open_folder, durable=False)
    sender = Sender(log_client)
    with running(engine):
        await migrate(engine.url)
    async with worker(engine.url, log_engine):
        await sender.send()
        await asyncio.sleep(0.3)
        for expected in (100, 200):
            with running(engine):
                connection = await connect(engine.url, autocommit=True)

                async def kept(connection: Connection = connection, wanted: int = expected) -> bool:
                    row = await fetch_one(connection, "SELECT count(*) FROM unknown_reading")
                    return row == (wanted,)

                await until(kept)
                await connection.close()
            await sender.send()
