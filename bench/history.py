"""Reading history back: latest values of many points, a year of one point for a chart, and its price.

Readings and stored hours are made by the server itself (generate_series). Hours are inserted in the
order in which they are summed up, all points of an hour together, so that a point's year lies as
scattered in the table as in a plant. Everything is vacuumed. The API is `oilcan serve` in a process
of its own; its processor time is the kernel's count over all of its threads.

Uses an embedded PostgreSQL of its own (with fsync), or the database in OILCAN_BENCH_DATABASE_URL,
which has to be empty. A billion readings of 10,000 points: `--days 400 --per-day 250`.
"""

import argparse
import asyncio
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from api.access.roles import Role
from api.access.service import create_api_key
from bench.engines import describe, migrated_database, temporary_home
from bench.harness import publish, table
from config.clock import from_us, now_us
from config.database import Connection, connect, fetch_one
from config.diagnostics import configure
from ingest import store
from ingest.binary_copy import encode_rows
from ingest.chunks import DAY_US, ensure_days
from ingest.column import accept_columns
from ingest.history.chart import chart
from ingest.history.edges import HOUR_US, day_edges
from ingest.history.latest import exact_latest, latest
from ingest.history.site import site_latest
from ingest.history.summed import bucketed
from ingest.history.zone import zone_of
from ingest.latest_table import refresh_latest
from ingest.rollup import mark_due, roll_marked
from ingest.sorting import Rows
from oilcan.engines.process import free_port, start

LATEST_BAR_S, YEAR_BAR_S = 0.050, 0.100
_YEAR_US = 365 * DAY_US
_NOW_US = now_us()
_HOUR_NOW_US = _NOW_US // HOUR_US * HOUR_US

Task = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Load:
    """What is measured: living points, days with so many readings of each, points with stored hours."""

    points: int
    days: int
    per_day: int
    fleet: int
    calls: int
    runs: int


REGISTER = """
WITH s AS (INSERT INTO site (code, name, time_zone) VALUES ('S', 'S', 'Europe/Berlin') RETURNING id),
     c AS (INSERT INTO asset_class (code, name) VALUES ('C', 'C') RETURNING id),
     a AS (INSERT INTO asset (tag, name, class_id, site_id)
           SELECT 'A-' || n, 'A', c.id, s.id FROM s, c, generate_series(1, %s) AS n
           RETURNING id, tag)
INSERT INTO point (tag, asset_id, role, unit) SELECT tag || '.value', id, 'value', '1' FROM a
"""

# So many readings a day for a year, then one each minute in the open hours.
OLD_READINGS = """
INSERT INTO reading
SELECT p.id, d, random() * 100, 0
FROM generate_series(%s::timestamptz, %s::timestamptz, interval '1 day' / %s::integer) AS d,
     point AS p
"""

NEW_READINGS = """
INSERT INTO reading
SELECT p.id, m, random() * 100, 0
FROM generate_series(%s::timestamptz, %s::timestamptz, interval '1 minute') AS m, point AS p
ORDER BY m, p.id
"""

HOURS = """
INSERT INTO rollup_hour
SELECT p.id, h, 3600, v, v - 1, v + 1, h, v, h + interval '3599 s', v, v * 3599, 3599, 0
FROM generate_series(%s::timestamptz, %s::timestamptz, interval '1 hour') AS h,
     (SELECT id FROM point ORDER BY id LIMIT %s) AS p,
     LATERAL (SELECT 50 + 10 * sin(extract(epoch FROM h) / 86400 + p.id) + random()) AS w (v)
ORDER BY h, p.id
"""

ROLLED = "UPDATE rollup_state SET closed_to = %s, rolled_to = %s"

# What a program would do that knows the tables: all points' newest by index, over every partition.
ALL_PARTITIONS = """
SELECT p.id, r.ts, r.value, r.quality
FROM unnest(%s::integer[]) AS p (id)
CROSS JOIN LATERAL (
    SELECT ts, value, quality FROM reading WHERE point_id = p.id ORDER BY ts DESC LIMIT 1
) AS r
"""

KEPT = "SELECT point_id, ts, value, quality FROM point_latest"

FILL_KEPT = """
INSERT INTO point_latest SELECT id, %s, 1, 0 FROM point
ON CONFLICT (point_id) DO UPDATE SET ts = excluded.ts
"""

BARE_YEAR = """
SELECT bucket, first, min, max, last FROM rollup_hour
WHERE point_id = %s AND bucket >= %s AND bucket < %s ORDER BY bucket
"""


async def fill(connection: Connection, load: Load) -> None:
    """Make the register, the readings and the stored hours."""
    held = await fetch_one(connection, "SELECT EXISTS (SELECT FROM point)")
    if held is None or held[0]:
        sys.exit("the database holds points: give the bench an empty one")
    today = _NOW_US // DAY_US
    for first in range(today - load.days, today + 4, 50):
        async with connection.transaction():
            await ensure_days(connection, range(first, min(first + 50, today + 4)))
    await connection.execute(REGISTER, [load.points])
    begin = from_us((today - load.days) * DAY_US)
    for day in range(today - load.days, today):
        span = [from_us(day * DAY_US), from_us((day + 1) * DAY_US - 1)]
        await connection.execute(OLD_READINGS, [*span, load.per_day])
    await connection.execute(NEW_READINGS, [from_us(_HOUR_NOW_US - HOUR_US), from_us(_NOW_US)])
    hour = from_us(_HOUR_NOW_US)
    await connection.execute(
        HOURS, [from_us(_HOUR_NOW_US - _YEAR_US), from_us(_HOUR_NOW_US - 1), load.fleet]
    )
    await connection.execute(ROLLED, [hour, hour])
    await connection.execute(FILL_KEPT, [begin])
    for name in ("reading", "rollup_hour", "point", "asset", "point_latest"):
        await connection.execute(f"VACUUM ANALYZE {name}")  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Subject:
    """Something to be called again and again; `clock` counts the seconds of processor that it takes."""

    name: str
    call: Task
    clock: Callable[[], float] = time.process_time


@dataclass(slots=True)
class Taken:
    """Seconds of each call, and of processor."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)


async def timed(calls: int, subjects: Sequence[Subject]) -> dict[str, Taken]:
    """What each call took, the subjects turn by turn; the first round warms up."""
    taken = {subject.name: Taken() for subject in subjects}
    for number in range(calls + 1):
        for subject in subjects:
            spent, begun = subject.clock(), time.perf_counter()
            await subject.call()
            wall = time.perf_counter() - begun
            if number:
                taken[subject.name].wall.append(wall)
                taken[subject.name].processor.append(subject.clock() - spent)
    return taken


def rows_of(taken: dict[str, Taken], bar: float, reference: str) -> list[list[str]]:
    """Table rows: median, 99th percentile, processor time, and the median's ratio to the reference."""
    base = statistics.median(taken[reference].wall)
    return [
        [
            name,
            f"{statistics.median(one.wall) * 1e3:.1f}",
            f"{np.percentile(one.wall, 99) * 1e3:.1f}",
            f"{statistics.mean(one.processor) * 1e3:.1f}",
            f"{statistics.median(one.wall) / base:.2f}",
            f"{bar * 1e3:.0f}" if name.startswith(("Oilcan `", "Oilcan over")) else "",
        ]
        for name, one in taken.items()
    ]


async def fetch(connection: Connection, sql: Any, parameters: Sequence[Any]) -> None:
    """Run a query and take its rows."""
    cursor = connection.cursor(binary=True)
    await cursor.execute(sql, parameters)
    await cursor.fetchall()


async def measure_reads(connection: Connection, url: str, load: Load) -> str:
    """Latest values and years of a point, by function and over HTTP."""
    ids = [row[0] for row in await (await connection.execute("SELECT id FROM point")).fetchall()]
    fleet, start = sorted(ids)[: load.fleet], _HOUR_NOW_US - _YEAR_US
    random = np.random.default_rng(1)

    def some() -> int:
        return int(random.choice(fleet))

    async def days() -> None:
        point = some()
        zone = await zone_of(connection, point)
        await bucketed(connection, point, day_edges(start, _NOW_US, days=1, zone=zone))

    async with served(connection, url) as (client, processor):

        async def get(path: str, **query: Any) -> None:
            answer = await client.get(path, params=query)
            assert answer.status_code == 200, answer.text

        def over_http(name: str, path: Callable[[], str], **query: Any) -> Subject:
            return Subject(name, lambda: get(path(), **query), processor)

        span = {"start_us": start, "end_us": _NOW_US}
        year = {"start": from_us(start).isoformat(), "pixels": 1600}
        bounds = [from_us(start), from_us(_NOW_US)]
        newest = await timed(
            load.calls,
            [
                Subject("SELECT of the kept table", lambda: fetch(connection, KEPT, [])),
                Subject(
                    "index of every partition", lambda: fetch(connection, ALL_PARTITIONS, [ids])
                ),
                Subject("each looked up, exact", lambda: exact_latest(connection, ids)),
                Subject("Oilcan, a round that keeps the table", lambda: refresh_latest(connection)),
                Subject("Oilcan `latest`, by point", lambda: latest(connection, ids)),
                Subject("Oilcan `site_latest`, columns", lambda: site_latest(connection, None)),
                over_http("Oilcan over HTTP, JSON", lambda: "/api/v1/latest-readings"),
            ],
        )
        line = await timed(
            load.calls,
            [
                Subject(
                    "its hours, rows to Python",
                    lambda: fetch(connection, BARE_YEAR, [some(), *bounds]),
                ),
                Subject(
                    "Oilcan `chart`, 1,600 pixels",
                    lambda: chart(connection, some(), pixels=1600, **span),
                ),
                over_http(
                    "Oilcan over HTTP, 1,600 pixels",
                    lambda: f"/api/v1/points/A-{1 + some() % load.fleet}.value/readings",
                    **year,
                ),
                Subject("Oilcan `bucketed`, days of the site", days),
            ],
        )
    head = ["", "p50, ms", "p99, ms", "CPU, ms", "p50 to the first", "bar, p99 ms"]
    stored = await fetch_one(connection, "SELECT count(*) FROM reading")
    assert stored is not None
    return (
        f"{stored[0]:,} readings are stored. Latest reading of {load.points:,} points, {load.days} "
        f"days ({load.calls} calls of each, in turn; CPU: of the calling process, over HTTP of the "
        "serving one, without the database's):\n\n"
        f"{table(head, rows_of(newest, LATEST_BAR_S, 'SELECT of the kept table'))}\n\n"
        f"A year of one point out of {load.fleet:,} with stored hours "
        f"({load.fleet * 8760:,} of them: as of {load.fleet * 31.5e6 / 1e9:,.1f} billion readings "
        f"at 1 Hz, {load.fleet * 525_600 / 1e6:,.0f} million at one a minute; these readings were "
        "not made):\n\n"
        f"{table(head, rows_of(line, YEAR_BAR_S, 'its hours, rows to Python'))}"
    )


@asynccontextmanager
async def served(
    connection: Connection, url: str
) -> AsyncIterator[tuple[httpx.AsyncClient, Callable[[], float]]]:
    """A client of `oilcan serve` over the database, and what that process took of the processor, s."""
    key = await create_api_key(connection, name="bench", role=Role.VIEWER)
    port = free_port()
    told = {"OILCAN_DATABASE_URL": url, "OILCAN_LOG_URL": "nats://127.0.0.1:9"}
    command = [sys.executable, "-m", "oilcan", "serve", "--http-port", str(port)]
    with tempfile.TemporaryDirectory() as folder:
        told["OILCAN_HOME"] = folder
        server = start(command, Path(folder) / "log", environment={**os.environ, **told})
        try:
            async with httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}",
                headers={"Authorization": f"Bearer {key}"},
                timeout=60,
            ) as client:
                await _answering(client, server)
                yield client, lambda: processor_s(server.pid)
        finally:
            server.terminate()
            server.wait(30)


async def _answering(client: httpx.AsyncClient, server: subprocess.Popen[bytes]) -> None:
    while True:
        assert server.poll() is None, "oilcan serve has ended"
        try:
            if (await client.get("/api/v1/points")).status_code == 200:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.1)


def processor_s(pid: int) -> float:
    """Seconds of processor that a process took so far, over all of its threads."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


async def measure_price(connection: Connection, load: Load) -> str:
    """COPY of a full batch alone, and with what history asks of the writer."""
    per_point = 200_000 // load.points
    ids = [row[0] for row in await (await connection.execute("SELECT id FROM point")).fetchall()]
    size, tick = per_point * load.points, 0

    def batch(start_us: int) -> Rows:
        nonlocal tick
        tick += 1
        ts = start_us + np.arange(per_point, dtype=np.int64) * 1_000_000 + tick
        return Rows(
            np.repeat(np.array(sorted(ids), np.int32), per_point),
            np.tile(ts, load.points),
            np.random.default_rng(tick).normal(50, 10, size),
            np.zeros(size, np.uint8),
            np.arange(size),
        )

    async def write(start_us: int, also: Callable[[Rows], Awaitable[Any]]) -> None:
        rows = batch(start_us)
        data = encode_rows(rows.point_id, rows.ts, rows.value, rows.quality)
        begun = time.perf_counter()
        async with connection.transaction():
            await store.copy_rows(connection, data)
            await also(rows)
        spent.append(time.perf_counter() - begun)

    async def nothing(_: Rows) -> None:
        return

    async def mark(rows: Rows) -> None:
        await mark_due(connection, rows)

    async def upsert(_: Rows) -> None:
        await connection.execute(FILL_KEPT, [from_us(_NOW_US)])

    closed_us = _HOUR_NOW_US - 30 * HOUR_US
    cases = [
        ("COPY alone", _HOUR_NOW_US, nothing),
        ("with marks, readings of the open hour (Oilcan)", _HOUR_NOW_US, mark),
        ("with marks, readings of a closed hour, one mark a point (Oilcan)", closed_us, mark),
        ("with an upsert of each point's latest (not done)", _HOUR_NOW_US, upsert),
    ]
    taken: dict[str, list[float]] = {name: [] for name, _, _ in cases}
    for _ in range(load.runs):
        for name, start_us, also in cases:
            spent: list[float] = []
            await write(start_us, also)
            taken[name].append(spent[0])
    base = statistics.median(taken["COPY alone"])
    marks = await connection.execute("SELECT count(DISTINCT (point_id, hour)) FROM rollup_due")
    row = await marks.fetchone()
    assert row is not None
    begun = time.perf_counter()
    while await roll_marked(connection):
        pass
    rolled = time.perf_counter() - begun
    rows = [
        [name, f"{statistics.median(times) * 1e3:.0f}", f"{statistics.median(times) / base:.2f}"]
        for name, times in taken.items()
    ]
    return (
        f"What history asks of a transaction of {size:,} readings of {load.points:,} points, "
        f"medians of {load.runs}:\n\n{table(['', 'ms', 'to COPY alone'], rows)}\n\n"
        f"Summing {row[0]:,} marked hours up again afterwards: {rolled / row[0] * 1e3:.2f} ms each, "
        "off the writer's way."
    )


async def report(url: str, load: Load) -> str:
    """Fill the database and measure; the figures as Markdown."""
    connection = await connect(url, autocommit=True)
    accept_columns(connection)
    begun = time.perf_counter()
    await fill(connection, load)
    filled = time.perf_counter() - begun
    reads = await measure_reads(connection, url, load)
    price = await measure_price(connection, load)
    await connection.close()
    return f"{await describe(url)}; filled in {filled:.0f} s.\n\n{reads}\n\n{price}"


def main() -> None:
    """Measure and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--per-day", type=int, default=5)
    parser.add_argument("--fleet", type=int, default=500)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--dry", action="store_true", help="print only, write no page")
    options = parser.parse_args()
    configure("warning", role="bench")
    told = (options.points, options.days, options.per_day, options.fleet)
    load = Load(*told, options.calls, options.runs)
    # As `oilcan serve` does it.
    gc.collect()
    gc.freeze()
    with (
        temporary_home() as home,
        migrated_database(home, "OILCAN_BENCH_DATABASE_URL") as url,
    ):
        text = asyncio.run(report(url, load))
    print(text)
    if not options.dry:
        name = "history" if "level 1" in text else "history-timescale"
        publish(name, "python -m bench.history", text)


if __name__ == "__main__":
    main()
