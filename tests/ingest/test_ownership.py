"""Partitions move between worker processes, whatever happens to one: nothing lost, nothing doubled."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import numpy as np
import psycopg
import pytest
from nats.aio.client import Client

from config.clock import now_us
from config.database import Connection, fetch_one
from config.log import BatchId, Kind, publish
from edge.reading import ReadingBatch
from edge.wire import encode_readings
from ingest import store
from ingest.ownership import Ownership
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.process import start

pytestmark = pytest.mark.store

PARTITIONS = 2
_ROWS = 50


async def until(question: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await question():  # noqa: ASYNC110 - other processes' doings
            await asyncio.sleep(0.05)


@contextmanager
def ingest(
    folder: Path, name: str, *, database: str, log: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process until the end of the block, however it has fared meanwhile."""
    words = ["ingest", "--home", str(folder), "--database-url", database, "--log-url", log]
    given = {"OILCAN_PARTITIONS": str(PARTITIONS), "OILCAN_INGEST_NAME": name}
    process = start(
        [sys.executable, "-m", "oilcan", *words],
        folder / f"{name}.log",
        environment={**os.environ, **given},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(30)


class Plant:
    """Sends readings into every partition, and knows what has to be stored."""

    def __init__(self, client: Client, connection: Connection) -> None:
        self._js = client.jetstream()
        self._connection = connection
        self._sequence = 0
        self._ts = now_us() - 60_000_000

    async def send(self) -> None:
        """A batch of readings for each partition, each with its own time as its value."""
        self._sequence += 1
        ts = self._ts + np.arange(_ROWS, dtype=np.int64)
        self._ts += _ROWS
        for partition, tag in enumerate(("P-101.temp", "P-102.temp")):
            index, quality = np.zeros(_ROWS, np.int32), np.zeros(_ROWS, np.uint8)
            batch = ReadingBatch((tag,), index, ts, ts.astype(np.float64), quality)
            identity = BatchId("edge-1", "session", self._sequence)
            await publish(self._js, Kind.READINGS, partition, identity, encode_readings(batch))

    async def is_stored(self) -> bool:
        row = await fetch_one(self._connection, "SELECT count(*) FROM reading")
        return row == (self._sequence * _ROWS * PARTITIONS,)

    async def assert_stored_once(self) -> None:
        """Send and wait for all that was ever sent; nothing is mixed up, doubled or refused."""
        await self.send()
        await until(self.is_stored)
        row = await fetch_one(
            self._connection,
            "SELECT count(*) FROM (SELECT DISTINCT point_id, ts FROM reading"
            " WHERE value = extract(epoch FROM ts) * 1000000)",
        )
        assert row == (self._sequence * _ROWS * PARTITIONS,)
        assert await fetch_one(self._connection, "SELECT count(*) FROM dead_letter") == (0,)

    async def owners(self) -> dict[int, int]:
        """The database session that has each partition."""
        cursor = await self._connection.execute(
            "SELECT l.objid::bigint, l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
            " WHERE d.datname = current_database() AND l.locktype = 'advisory'"
            " AND l.classid = %s::bigint AND l.objsubid = 2 AND l.granted",
            [store.LOCK_CLASS],
        )
        return dict(await cursor.fetchall())


@pytest.fixture
def plant(log_client: Client, connection: Connection, points: dict[str, int]) -> Plant:
    return Plant(log_client, connection)


@asynccontextmanager
async def two_workers(
    plant: Plant, folder: Path, database: str, log: NatsEngine
) -> AsyncIterator[tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]]:
    """The first has both partitions when the second comes; then each has one."""
    with ingest(folder, "first", database=database, log=log.url) as first:
        await plant.assert_stored_once()
        before = await plant.owners()
        with ingest(folder, "second", database=database, log=log.url) as second:

            async def shared() -> bool:
                owners = await plant.owners()
                changed = [key for key in before if owners.get(key) != before[key]]
                return len(owners) == PARTITIONS and len(changed) == 1

            await until(shared)
            yield first, second


async def test_a_killed_workers_partitions_are_taken_over(
    plant: Plant, tmp_path: Path, database_url: str, log_engine: NatsEngine
) -> None:
    async with two_workers(plant, tmp_path, database_url, log_engine) as (first, _):
        await plant.assert_stored_once()
        await plant.send()
        first.kill()
        await plant.assert_stored_once()


async def test_a_paused_worker_that_comes_back_writes_nothing_and_shares_again(
    plant: Plant, tmp_path: Path, database_url: str, log_engine: NatsEngine
) -> None:
    async with two_workers(plant, tmp_path, database_url, log_engine) as (first, second):
        await plant.send()
        first.send_signal(signal.SIGSTOP)
        await plant.assert_stored_once()
        taken = await plant.owners()
        first.send_signal(signal.SIGCONT)
        await plant.assert_stored_once()

        async def shared() -> bool:
            owners = await plant.owners()
            return len(owners) == PARTITIONS and owners != taken

        await until(shared)
        await plant.assert_stored_once()
        assert first.poll() is second.poll() is None


async def test_an_owner_paused_within_its_transaction_is_ended_with_it(
    connection: Connection, points: dict[str, int], database_url: str
) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as owner:
        assert await store.try_lock_partition(owner, 0)
        await store.lock_cursor(owner, "ingest", 0)
        await owner.execute("INSERT INTO unknown_reading VALUES ('X.y', now(), 1, 0)")
        assert await store.end_owner(connection, 0)
        async with asyncio.timeout(30):
            while not await store.try_lock_partition(connection, 0):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        with pytest.raises(psycopg.OperationalError):
            await owner.commit()
    assert await fetch_one(connection, "SELECT count(*) FROM unknown_reading") == (0,)
    assert not await store.end_owner(connection, 1)


async def test_work_on_a_partition_ends_before_it_is_given_back() -> None:
    running: set[int] = set()
    seen: list[set[int]] = []

    async def work(number: int) -> None:
        running.add(number)
        try:
            await asyncio.Event().wait()
        finally:
            running.remove(number)

    async def shares() -> AsyncGenerator[frozenset[int]]:
        for owned in ({0, 1}, {1}, {1, 2}, set[int]()):
            yield frozenset(owned)
            await asyncio.sleep(0)
            seen.append(set(running))

    await Ownership(work).follow(shares())
    assert seen == [{0, 1}, {1}, {1, 2}, set()]
