"""Log -> committed against raw binary COPY of the same rows.

Same rows, sorted the same, into the same table with the same unique index, in transactions of the
same size, turn by turn. Ingest starts with the log full and nothing stored, and reads, decodes,
sorts, checks and commits with its cursor; COPY starts with its bytes ready in memory. Both are timed
from their first commit on; what it takes ingest to get there (the register, every point's latest
time) is said by itself.

`--rows-in-table 0 1e6 1e7 1e8` repeats it with so many readings there already, the last of them in
the day that is written: the rate has to stay.

Uses an embedded PostgreSQL of its own (with fsync), or the database in OILCAN_BENCH_DATABASE_URL or
OILCAN_DATABASE_URL, which has to be empty or the bench's own. On level 3, a TimescaleDB Community
server, the reference is a COPY that the server compresses directly, and what a reading takes is said
too: `OILCAN_DATABASE_URL=postgresql://... python -m bench.ingest --points 500 10000`.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from psycopg.sql import SQL, Identifier

from bench.engines import describe, level_of, log_in, migrated_database, running, temporary_home
from bench.harness import Figure, cpu_s, in_turn, publish, table
from config.clock import now_us
from config.database import Level, connect, fetch_one, find_level
from config.log import BatchId, Kind, close_log, connect_log, ensure_stream
from config.log import publish as append
from edge.reading import ReadingBatch
from edge.wire import decode_columns, encode_readings
from ingest import store
from ingest.binary_copy import encode_rows
from ingest.chunks import DAY_US, ensure_days
from ingest.known_points import KnownPoints
from ingest.partition_reader import Reading, read_partition
from ingest.point_columns import PointColumns
from ingest.points import load_points
from ingest.progress import PartitionProgress, Progress
from ingest.settings import IngestSettings
from ingest.sorting import NEVER, Span, bind, sort_readings

BARS = {Level.PARTITIONS: 0.9, Level.HYPERTABLE: 0.9, Level.COLUMNSTORE: 0.8}
PAGES = {
    Level.PARTITIONS: "ingest",
    Level.HYPERTABLE: "ingest-timescale",
    Level.COLUMNSTORE: "ingest-columnstore",
}
_LOG_BYTES = 2 * 1024**3
_START_US = now_us() // DAY_US * DAY_US - DAY_US // 2
"""Noon of yesterday, by UTC: what is measured is written behind it, what is there already before."""
_FILLED_A_DAY = 20_000_000
_FILLED_AT_ONCE = 1_000_000

DELETE_MEASURED = "DELETE FROM reading WHERE ts >= to_timestamp(%s / 1e6)"

SELECT_FOREIGN_POINTS = "SELECT count(*) FROM point WHERE tag NOT LIKE 'A-%%.value'"

TIMESCALE_BYTES_A_READING = """
SELECT hypertable_size('reading')::float8 / greatest(count(*), 1) FROM reading
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What is measured: rows over points, in records of so many rows, and runs of each subject."""

    points: int
    rows: int
    record_rows: int
    runs: int
    max_rows: int
    rows_in_table: int = 0


@dataclass(slots=True)
class Effort:
    """What the runs took beside: seconds until ingest's first commit, and those of CPU after it.

    `database_s` and `raw_database_s` are of the session that wrote, where its server is on this machine.
    """

    start_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    database_s: list[float] = field(default_factory=list)
    raw_cpu_s: list[float] = field(default_factory=list)
    raw_database_s: list[float] = field(default_factory=list)


def batches(load: Load) -> Iterator[ReadingBatch]:
    """Readings as a plant sends them: in time order, each point in its turn."""
    tags = tuple(f"A-{number}.value" for number in range(load.points))
    step_us = max(1, DAY_US // 2 * load.points // load.rows)
    random = np.random.default_rng(1)
    for first in range(0, load.rows, load.record_rows):
        row = np.arange(first, min(first + load.record_rows, load.rows))
        # As an edge does, a record holds only the tags that it uses.
        used, index = np.unique(row % load.points, return_inverse=True)
        yield ReadingBatch(
            tuple(tags[place] for place in used.tolist()),
            index.astype(np.int32),
            _START_US + row // load.points * step_us,
            np.round(random.normal(50, 10, len(row)), 2),
            np.zeros(len(row), np.uint8),
        )


async def prepare(url: str, log_url: str, load: Load) -> list[bytes]:
    """Register the points, fill the log, and give the same rows as COPY buffers."""
    connection = await connect(url, autocommit=True)
    await connection.execute("TRUNCATE reading, rollup_hour, rollup_minute, rollup_due")
    # One by one: to truncate them would reach tables that are never emptied.
    for table_name in ("point", "asset", "asset_class", "site"):
        await connection.execute(SQL("DELETE FROM {}").format(Identifier(table_name)))
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
    points = {point.tag: point for point in await load_points(connection)}
    await connection.close()
    client = await connect_log(log_url, name="bench")
    await ensure_stream(client, max_bytes=_LOG_BYTES)
    await client.jsm().purge_stream("OILCAN")
    buffers, waiting, js = [], list[ReadingBatch](), client.jetstream()
    # Named by the load: the log takes no record twice, also where the first was purged.
    session = f"{load.points}-{load.rows_in_table}"
    for number, batch in enumerate(batches(load)):
        identity = BatchId("bench", session, number)
        await append(js, Kind.READINGS, 0, identity, encode_readings(batch))
        waiting.append(batch)
        if sum(map(len, waiting)) >= load.max_rows:
            buffers.append(_sorted_buffer(waiting, points))
            waiting = []
    if waiting:
        buffers.append(_sorted_buffer(waiting, points))
    await close_log(client)
    return buffers


def _sorted_buffer(waiting: list[ReadingBatch], points: dict) -> bytes:
    everything = Span(0, _START_US + 2 * DAY_US)
    columns = PointColumns.of(points.values())
    readings = decode_columns(encode_readings(ReadingBatch.concatenate(waiting)))
    new = sort_readings(bind(readings, columns), np.full(len(columns), NEVER), everything).new
    return encode_rows(new.point_id, new.ts, new.value, new.quality)


async def fill(url: str, load: Load) -> None:
    """Store the readings that are to be there already, up to the time where measuring begins."""
    connection = await connect(url, autocommit=True)
    await connection.execute("TRUNCATE reading, log_cursor")
    cursor = await connection.execute("SELECT id FROM point ORDER BY id")
    ids = np.array([number for (number,) in await cursor.fetchall()], np.int32)
    step_us = DAY_US * load.points // _FILLED_A_DAY
    first_us = _START_US - (load.rows_in_table // load.points + 1) * step_us
    async with connection.transaction():
        await ensure_days(connection, range(first_us // DAY_US, _START_US // DAY_US + 1))
    samples = max(1, _FILLED_AT_ONCE // load.points)
    for begun in range(0, load.rows_in_table // load.points, samples):
        count = min(samples, load.rows_in_table // load.points - begun)
        ts = np.tile(first_us + (begun + np.arange(count)) * step_us, load.points)
        value = np.round(np.random.default_rng(begun).normal(50, 10, len(ts)), 2)
        rows = np.repeat(ids, count), ts, value, np.zeros(len(ts), np.uint8)
        async with connection.transaction():
            await store.copy_rows(connection, encode_rows(*rows))
    await connection.execute("VACUUM ANALYZE reading")
    await connection.close()


async def copy_raw(url: str, load: Load, buffers: list[bytes], effort: Effort) -> float:
    """Seconds to COPY the buffers, a transaction each, as if the first took as long as the rest."""
    await empty(url, load)
    connection = await connect(url, autocommit=True)
    columns = await find_level(connection) is Level.COLUMNSTORE
    server = [connection.info.backend_pid]
    begun = cpu = database = 0.0
    for buffer in buffers:
        async with connection.transaction():
            if columns:
                await store.compress_directly(connection)
            await store.copy_rows(connection, buffer)
        if not begun:
            begun, cpu, database = time.perf_counter(), time.process_time(), cpu_s(server)
    taken = time.perf_counter() - begun
    whole = load.rows / (load.rows - load.max_rows)
    effort.raw_cpu_s.append((time.process_time() - cpu) * whole)
    effort.raw_database_s.append((cpu_s(server) - database) * whole)
    await connection.close()
    return taken * whole


async def ingest(url: str, log_url: str, load: Load, effort: Effort) -> float:
    """Seconds until all rows are committed, as if the first batch took as long as the rest."""
    await empty(url, load)
    client = await connect_log(log_url, name="bench")
    connection = await connect(url, autocommit=True)
    progress = Progress({0: PartitionProgress()})
    span = Span(_START_US - 3650 * DAY_US, _START_US + 2 * DAY_US)
    reading = Reading(0, load.max_rows, KnownPoints(), lambda: span, now_us, ours)
    started = time.perf_counter()
    task = asyncio.create_task(read_partition(connection, client, reading, progress))
    server = [connection.info.backend_pid]
    begun, before, cpu, database = 0.0, 0, 0.0, 0.0
    while progress.stored < load.rows:
        if task.done():
            await task
        await asyncio.sleep(0.002)
        if not before and progress.stored:
            begun, before = time.perf_counter(), progress.stored
            cpu, database = time.process_time(), cpu_s(server)
    taken = time.perf_counter() - begun
    whole = load.rows / (load.rows - before)
    effort.start_s.append(begun - started)
    effort.cpu_s.append((time.process_time() - cpu) * whole)
    effort.database_s.append((cpu_s(server) - database) * whole)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await connection.close()
    await close_log(client)
    return taken * whole


async def ours() -> None:
    """Nobody else wants the partition."""


async def empty(url: str, load: Load) -> None:
    """Remove what was measured, and have the server start with nothing left to write."""
    connection = await connect(url, autocommit=True)
    if not load.rows_in_table and await find_level(connection) is Level.COLUMNSTORE:
        # Rows in columns would be unpacked before they are deleted.
        await connection.execute("TRUNCATE reading")
    else:
        await connection.execute(DELETE_MEASURED, [_START_US])
    await connection.execute("TRUNCATE log_cursor")
    await connection.execute("VACUUM reading")
    await connection.execute("CHECKPOINT")
    await connection.close()


def measure(url: str, log_url: str, load: Load) -> tuple[list[Figure], Effort]:
    """Both subjects at one load."""
    buffers = asyncio.run(prepare(url, log_url, load))
    asyncio.run(fill(url, load))
    effort = Effort()
    figures = in_turn(
        load.runs,
        load.rows,
        [
            ("raw binary COPY", lambda: asyncio.run(copy_raw(url, load, buffers, effort))),
            ("log -> committed", lambda: asyncio.run(ingest(url, log_url, load, effort))),
        ],
    )
    return figures, effort


async def bytes_a_reading(url: str) -> float:
    """What a reading of the last run takes on the disk, indexes included; level 3."""
    connection = await connect(url, autocommit=True)
    row = await fetch_one(connection, TIMESCALE_BYTES_A_READING)
    await connection.close()
    return float(row[0]) if row else 0.0


async def require_empty(url: str) -> None:
    """Exits where the database holds anything but a bench's points."""
    connection = await connect(url, autocommit=True)
    row = await fetch_one(connection, SELECT_FOREIGN_POINTS)
    await connection.close()
    if row is None or row[0]:
        sys.exit(
            "the database holds a plant: give the bench an empty one, for it removes everything"
        )


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, nargs="+", default=[1, 500, 10_000, 100_000])
    parser.add_argument(
        "--rows-in-table", type=lambda text: int(float(text)), nargs="+", default=[0]
    )
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--record-rows", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--dry", action="store_true", help="print only, write no page")
    options = parser.parse_args()
    with (
        temporary_home() as home,
        migrated_database(home, "OILCAN_BENCH_DATABASE_URL", "OILCAN_DATABASE_URL") as url,
        running(log := log_in(home)),
    ):
        asyncio.run(require_empty(url))
        level, text = report(url, log.url, options)
    print(text)
    if not options.dry:
        growth = "-growth" if len(options.rows_in_table) > 1 else ""
        publish(PAGES[level] + growth, "python -m bench.ingest", text)


def _cpu(own_s: list[float], session_s: list[float], load: Load) -> str:
    """CPU of a process and of its session at the database, medians in µs a row."""
    both = [statistics.median(some) / load.rows * 1e6 for some in (own_s, session_s)]
    return f"{both[0]:.2f} + {both[1]:.2f}"


def report(url: str, log_url: str, options: argparse.Namespace) -> tuple[Level, str]:
    """Measure every number of points; the database's level, and the figures as Markdown."""
    max_rows = IngestSettings().max_rows
    level = asyncio.run(level_of(url))
    columns = level is Level.COLUMNSTORE
    rows = []
    for points, there in product(options.points, options.rows_in_table):
        load = Load(points, options.rows, options.record_rows, options.runs, max_rows, there)
        (raw, ours), effort = measure(url, log_url, load)
        rows.append(
            [
                f"{points:,}",
                f"{there:,}",
                f"{raw.rate:,.0f}",
                f"{ours.rate:,.0f}",
                f"{ours.rate / raw.rate:.2f}",
                f"{raw.spread:.2f}, {ours.spread:.2f}",
                _cpu(effort.raw_cpu_s, effort.raw_database_s, load),
                _cpu(effort.cpu_s, effort.database_s, load),
                f"{statistics.median(effort.start_s):.2f}",
            ]
        )
        if columns:
            rows[-1].append(f"{asyncio.run(bytes_a_reading(url)):.1f}")
        print(rows[-1], flush=True)
    reference = "direct-compress COPY" if columns else "raw COPY"
    head = ["points", "rows in the table", f"{reference}, rows/s", "log -> committed, rows/s"]
    head += ["ratio", "spreads", "CPU of COPY and its session, µs a row"]
    head += ["of ingest and its session", "to the first commit, s"]
    head += ["bytes a reading"] if columns else []
    return level, (
        f"{asyncio.run(describe(url))}; {options.rows:,} readings in records of "
        f"{options.record_rows:,}, transactions of {max_rows:,}; medians of {options.runs}; "
        f"bar {BARS[level]}\n\n{table(head, rows)}"
    )


if __name__ == "__main__":
    main()
