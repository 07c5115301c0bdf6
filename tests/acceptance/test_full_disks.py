"""A full disk stops what writes to it, is said, and costs no reading: it goes on when there is room."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import numpy as np
import psycopg
import pytest
from nats.aio.client import Client

from config.clock import now_us
from config.database import connect, fetch_one
from config.errors import DatabaseUnavailable
from config.log import Position, connect_log, ensure_stream, read
from config.migrate import migrate
from config.settings import Settings
from config.status import Status, watch_status
from config.tasks import end_tasks
from edge.publisher import Publisher
from edge.reading import ReadingBatch
from edge.wire import decode_columns
from ingest.worker import run
from oilcan.child import Child, Program, kept_running
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.postgres import PostgresEngine
from oilcan.engines.process import free_port
from oilcan.full_disk import FullDisk, watched
from oilcan.output import Output, RotatingFile
from tests.acceptance.faults.disk import SmallDisk, lacking
from tests.acceptance.faults.service import Service

pytestmark = [pytest.mark.timeout(240), pytest.mark.skipif(bool(lacking()), reason=lacking())]

_LOG_BYTES = 1024**3
_ROWS = 1_000
_PATIENCE_S = 60.0


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that the server's own user can enter; pytest's are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="oilcan-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@asynccontextmanager
async def publishing(client: Client) -> AsyncIterator[Publisher]:
    """An edge's way into the log until the end of the block."""
    publisher = Publisher(client, edge="edge-1", session="s")
    task = asyncio.create_task(publisher.run())
    try:
        yield publisher
    finally:
        await end_tasks([task])


@asynccontextmanager
async def ingesting(database_url: str, log_url: str) -> AsyncIterator[None]:
    """An ingest worker until the end of the block."""
    settings = Settings(log_max_bytes=_LOG_BYTES)
    task = asyncio.create_task(run(database_url=database_url, log_url=log_url, settings=settings))
    try:
        yield
    finally:
        await end_tasks([task])


def batch(number: int) -> ReadingBatch:
    """A batch of one tag that no point has; no two batches share a time."""
    ts = now_us() - 3_600_000_000 + (number * _ROWS + np.arange(_ROWS)) * 1_000
    value = np.arange(_ROWS) + float(number * _ROWS)
    return ReadingBatch(("P-1.x",), np.zeros(_ROWS, np.int32), ts, value, np.zeros(_ROWS, np.uint8))


async def stored(url: str) -> tuple[int, int]:
    """Rows that were kept, and how many different numbers they have; none while nobody can tell."""
    try:
        connection = await connect(url, autocommit=True)
        row = await fetch_one(
            connection, "SELECT count(*), count(DISTINCT value) FROM unknown_reading"
        )
        await connection.close()
    except (DatabaseUnavailable, psycopg.OperationalError):
        return 0, 0
    assert row is not None
    return row[0], row[1]


async def logged(client: Client, wanted: int) -> list[float]:
    """The values of all readings in the log, in its order, once there are so many."""
    values: list[float] = []
    async with aclosing(read(client, 0, Position())) as lists:
        async for records in lists:
            for record in records:
                values += decode_columns(record.data).value.tolist()
            if len(values) >= wanted:
                return values
    return values


async def test_ingest_waits_for_room_on_the_databases_disk_and_says_so(
    open_folder: Path, log_engine: NatsEngine, log_client: Client
) -> None:
    # As users have it: one that may forget its last commits forgets the migrations as its disk fills.
    engine = PostgresEngine(open_folder, durable=True)
    engine.prepare()
    disk = SmallDisk(open_folder / "disk.img", engine.data)
    server = Service(
        "postgres",
        disk.command(engine.command()),
        open_folder / "postgres.out",
        ready=engine.ready,
        end_signal=engine.stop_signal,
    )
    server.start()
    seen: list[Status] = []
    try:
        await migrate(engine.url)
        await watch_status(log_client, seen.append)
        async with ingesting(engine.url, log_engine.url), publishing(log_client) as publisher:
            await publisher.put(batch(0))
            disk.fill(server.pid)
            count = 1
            async with asyncio.timeout(_PATIENCE_S):
                while not (seen and seen[-1].parts["partition-0"].message):
                    # A server that could not write its log of changes has ended.
                    server.revive()
                    await publisher.put(batch(count))
                    count += 1
                    await asyncio.sleep(0.1)
            assert not seen[-1].healthy
            # Where it cannot write its log of changes, the server ends, and cannot be reached.
            assert seen[-1].message.startswith("the database")
            async with asyncio.timeout(_PATIENCE_S):
                while not disk.make_room(server.pid):
                    server.revive()
                    await asyncio.sleep(0.1)
                while (
                    not seen[-1].healthy or seen[-1].metrics["unknown_rows_total"] < count * _ROWS
                ):
                    server.revive()
                    await asyncio.sleep(0.1)
        assert await stored(engine.url) == (count * _ROWS, count * _ROWS)
    finally:
        server.kill()


async def test_a_log_whose_disk_was_full_is_started_anew_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    engine = NatsEngine(tmp_path / "log", port=free_port(), mqtt_port=None)
    engine.prepare()
    disk = SmallDisk(tmp_path / "disk.img", tmp_path / "log" / "nats")
    full = FullDisk(engine.store)
    program = Program("log", disk.command(engine.command()), os.environ, ready=engine.ready)
    output = Output(
        RotatingFile(tmp_path / "log.out", max_bytes=1 << 20),
        show=lambda _: None,
        hear=full.hear,
    )
    server = Child(program, output, lambda: None)
    async with kept_running([server]), watched(full, server):
        async with asyncio.timeout(_PATIENCE_S):
            await server.wait_ready()
        client = await connect_log(engine.url, name="test")
        await ensure_stream(client, max_bytes=_LOG_BYTES)
        async with publishing(client) as publisher:
            await publisher.put(batch(0))
            assert server.pid is not None
            disk.fill(server.pid)
            puts = [asyncio.create_task(publisher.put(batch(number))) for number in range(1, 40)]
            async with asyncio.timeout(_PATIENCE_S):
                while not publisher.problem:  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.05)
            assert "look whether its disk is full" in publisher.problem
            assert sum(put.done() for put in puts) < len(puts)
            assert server.restarts == 0
            assert disk.make_room(server.pid)
            async with asyncio.timeout(_PATIENCE_S):
                await asyncio.gather(*puts)
        assert server.restarts == 1
        assert not publisher.problem
        async with asyncio.timeout(_PATIENCE_S):
            assert await logged(client, 40 * _ROWS) == [float(n) for n in range(40 * _ROWS)]
        await client.close()
