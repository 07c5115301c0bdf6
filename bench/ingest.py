"""Log -> committed against raw binary COPY of the same rows.

Same rows, sorted the same, into the same table with the same unique index, in transactions of the
same size, turn by turn. Ingest starts with the log full and nothing stored, and reads, decodes,
sorts, checks and commits with its cursor; COPY starts with its bytes ready in memory.

Uses an embedded PostgreSQL of its own (with fsync), or the database in OILCAN_BENCH_DATABASE_URL,
whose table `reading` it empties.
"""

import argparse
import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.harness import Figure, in_turn, publish, table
from config.clock import now_us
from config.database import connect, find_level
from config.log import BatchId, Kind, connect_log, ensure_stream
from config.log import publish as append
from config.migrate import migrate
from edge.reading import ReadingBatch
from edge.wire import encode_readings
from ingest import store
from ingest.binary_copy import encode_rows
from ingest.chunks import DAY_US, ensure_days
from ingest.known_points import KnownPoints
from ingest.partition_reader import Reading, read_partition
from ingest.points import load_points
from ingest.progress import PartitionProgress, Progress
from ingest.settings import IngestSettings
from ingest.sorting import Span, sort_readings
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.postgres import PostgresEngine
from oilcan.engines.process import free_port, start

BAR = 0.9
_LOG_BYTES = 2 * 1024**3
_START_US = now_us() // DAY_US * DAY_US


@dataclass(frozen=True, slots=True)
class Load:
    """What is measured: rows over points, in records of so many rows, and runs of each subject."""

    points: int
    rows: int
    record_rows: int
    runs: int
    max_rows: int


def batches(load: Load) -> Iterator[ReadingBatch]:
    """Readings as a plant sends them: in time order, each point in its turn."""
    tags = tuple(f"A-{number}.value" for number in range(load.points))
    step_us = max(1, DAY_US // 2 * load.points // load.rows)
    random = np.random.default_rng(1)
    for first in range(0, load.rows, load.record_rows):
        row = np.arange(first, min(first + load.record_rows, load.rows))
        yield ReadingBatch(
            tags,
            (row % load.points).astype(np.int32),
            _START_US + row // load.points * step_us,
            np.round(random.normal(50, 10, len(row)), 2),
            np.zeros(len(row), np.uint8),
        )


async def prepare(url: str, log_url: str, load: Load) -> list[bytes]:
    """Register the points, fill the log, and give the same rows as COPY buffers."""
    connection = await connect(url, autocommit=True)
    await connection.execute("TRUNCATE reading, point, asset, asset_class, site CASCADE")
    await connection.execute("INSERT INTO site (code, name) VALUES ('S', 'S')")
    await connection.execute("INSERT INTO asset_class (code, name) VALUES ('C', 'C')")
    await connection.execute(
        "INSERT INTO asset (tag, name, class_id, site_id) SELECT 'A-' || n, 'A', c.id, s.id"
        " FROM site s, asset_class c, generate_series(0, %s - 1) n",
        [load.points],
    )
    await connection.execute(
        "INSERT INTO point (tag, asset_id, role, unit)"
        " SELECT tag || '.value', id, 'value', '1' FROM asset"
    )
    async with connection.transaction():
        await ensure_days(connection, [_START_US // DAY_US])
    points = {point.tag: point for point in await load_points(connection)}
    await connection.close()
    client = await connect_log(log_url, name="bench")
    await ensure_stream(client, max_bytes=_LOG_BYTES)
    await client.jsm().purge_stream("OILCAN")
    buffers, waiting, js = [], list[ReadingBatch](), client.jetstream()
    for number, batch in enumerate(batches(load)):
        identity = BatchId("bench", f"{load.points}", number)
        await append(js, Kind.READINGS, 0, identity, encode_readings(batch))
        waiting.append(batch)
        if sum(map(len, waiting)) >= load.max_rows:
            buffers.append(_sorted_buffer(waiting, points))
            waiting = []
    if waiting:
        buffers.append(_sorted_buffer(waiting, points))
    await client.close()
    return buffers


def _sorted_buffer(waiting: list[ReadingBatch], points: dict) -> bytes:
    everything = Span(0, _START_US + 2 * DAY_US)
    new = sort_readings(ReadingBatch.concatenate(waiting), points, {}, everything).new
    return encode_rows(new.point_id, new.ts, new.value, new.quality)


async def copy_raw(url: str, buffers: list[bytes]) -> float:
    """Seconds to COPY the buffers, a transaction each."""
    await empty(url)
    connection = await connect(url, autocommit=True)
    begun = time.perf_counter()
    for buffer in buffers:
        async with connection.transaction():
            await store.copy_rows(connection, buffer)
    taken = time.perf_counter() - begun
    await connection.close()
    return taken


async def ingest(url: str, log_url: str, load: Load) -> float:
    """Seconds from the start of reading the log until all rows are committed."""
    await empty(url)
    client = await connect_log(log_url, name="bench")
    connection = await connect(url, autocommit=True)
    progress = Progress({0: PartitionProgress()})
    span = Span(_START_US - 3650 * DAY_US, _START_US + 2 * DAY_US)
    reading = Reading(0, load.max_rows, KnownPoints(), lambda: span, now_us)
    begun = time.perf_counter()
    task = asyncio.create_task(read_partition(connection, client, reading, progress))
    while progress.stored < load.rows:
        if task.done():
            await task
        await asyncio.sleep(0.002)
    taken = time.perf_counter() - begun
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await connection.close()
    await client.close()
    return taken


async def empty(url: str) -> None:
    """Empty the table, and have the server start with nothing left to write."""
    connection = await connect(url, autocommit=True)
    await connection.execute("TRUNCATE reading, log_cursor")
    await connection.execute("CHECKPOINT")
    await connection.close()


def measure(url: str, log_url: str, load: Load) -> list[Figure]:
    """Both subjects at one load."""
    buffers = asyncio.run(prepare(url, log_url, load))
    return in_turn(
        load.runs,
        load.rows,
        [
            ("raw binary COPY", lambda: asyncio.run(copy_raw(url, buffers))),
            ("log -> committed", lambda: asyncio.run(ingest(url, log_url, load))),
        ],
    )


@contextmanager
def running(engine: PostgresEngine | NatsEngine) -> Iterator[None]:
    """Run an engine until the end of the block."""
    engine.prepare()
    process = start(engine.command(), engine.home / f"{engine.name}.log")
    try:
        while not engine.ready():
            assert process.poll() is None, f"{engine.name} did not start"
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(engine.stop_signal)
        process.wait(60)


async def describe(url: str) -> str:
    """The database in a few words."""
    connection = await connect(url, autocommit=True)
    level = await find_level(connection)
    version = connection.info.server_version // 10_000
    await connection.close()
    return f"PostgreSQL {version}, level {level.value} ({level.name.lower()})"


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, nargs="+", default=[1, 500, 10_000])
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--record-rows", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--dry", action="store_true", help="print only, write no page")
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="oilcan-bench-"))
    home.chmod(0o755)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, home)
        log = NatsEngine(home / "log", port=free_port(), mqtt_port=free_port())
        stack.enter_context(running(log))
        url = os.environ.get("OILCAN_BENCH_DATABASE_URL", "")
        if not url:
            database = PostgresEngine(home / "database")
            (home / "database").mkdir()
            (home / "database").chmod(0o755)
            stack.enter_context(running(database))
            url = database.url
        asyncio.run(migrate(url))
        text = report(url, log.url, options)
        name = "ingest" if "level 1" in text else "ingest-timescale"
    print(text)
    if not options.dry:
        publish(name, "python -m bench.ingest", text)


def report(url: str, log_url: str, options: argparse.Namespace) -> str:
    """Measure every number of points; the figures as Markdown."""
    max_rows = IngestSettings().max_rows
    rows = []
    for points in options.points:
        load = Load(points, options.rows, options.record_rows, options.runs, max_rows)
        raw, ours = measure(url, log_url, load)
        rows.append(
            [
                f"{points:,}",
                f"{raw.rate:,.0f}",
                f"{ours.rate:,.0f}",
                f"{ours.rate / raw.rate:.2f}",
                f"{raw.spread:.2f}, {ours.spread:.2f}",
            ]
        )
    head = ["points", "raw COPY, rows/s", "log -> committed, rows/s", "ratio", "spreads"]
    return (
        f"{asyncio.run(describe(url))}; {options.rows:,} readings in records of "
        f"{options.record_rows:,}, transactions of {max_rows:,}; medians of {options.runs}; "
        f"bar {BAR}\n\n{table(head, rows)}"
    )


if __name__ == "__main__":
    main()
