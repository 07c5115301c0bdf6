"""Lists, boards and figures among a million work orders and a tenth of it, beside a bare FastAPI route.

Plants are made by `bench.work_plant` and kept in `--home`, where it is given. The API is `oilcan serve` in a process
of its own; the bare route runs one prepared statement over the same rows, in a process of its own
too, and sends them with FastAPI's own encoder: no checks of who asks, no filters, no model.

Uses an embedded PostgreSQL of its own (with fsync). Figures are of one site.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from datetime import datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import numpy as np
import uvicorn
from fastapi import FastAPI
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier
from psycopg_pool import AsyncConnectionPool

from bench.engines import running, temporary_home
from bench.harness import publish, table
from bench.history import served
from bench.work_plant import Size, fill
from config.clock import from_us, now_us
from config.database import connect, fetch_one
from config.diagnostics import configure
from config.migrate import migrate
from maintenance.calendars.calendar import Calendar, Shift, Weekday
from maintenance.calendars.form import calendar_to_json
from maintenance.orders.list_query import OrderFilters, page_query
from maintenance.orders.work_order import OPEN_STATES
from oilcan.engines.postgres import PostgresEngine
from oilcan.engines.process import free_port, start

LISTS = {
    "open ones": "",
    "all": "?all",
    "one site": "site=site-3",
    "priority 1, preventive": "priority=1&type=preventive",
    "one person": "assignee=person-42",
    "one asset": "asset=P-777",
    "an asset and its parts (50)": "below=UNIT-750",
    "an asset and its parts (1,000)": "below=AREA-1000",
    "overdue": "overdue=true",
    "service level at risk": "at_risk=true",
    "a common word": "text=seal",
    "a rare word": "text=P-4242",
    "a word that nobody wrote": "text=gearbox",
    "a number": "text=WO-000042",
}
OTHERS = {
    "one order": "/api/v1/work-orders/WO-000042",
    "dispatch board": "/api/v1/dispatch?site=site-3",
    "service levels at risk": "/api/v1/service-levels/at-risk",
    "requests": "/api/v1/requests",
    "plans": "/api/v1/maintenance-plans",
    "parts": "/api/v1/parts",
    "assets": "/api/v1/assets?limit=50",
    "an asset": "/api/v1/assets/P-777",
    "page: work orders": "/work-orders",
    "page: one asset": "/assets/P-777",
}
BARE = "bare FastAPI and psycopg, open ones"
HEAD = [
    "a page of 50",
    "a tenth, median ms",
    "median, ms",
    "p99, ms",
    "growth",
    "calls/s of the bare route's",
]
DEFINITION = json.dumps(
    {
        "code": "plan-0",
        "name": "Grease",
        "applies_to": {"assets": ["P-1"]},
        "time": {"rule": "FREQ=MONTHLY", "start": "2020-01-31T06:00"},
    }
)
_DAY = Shift("early", frozenset(list(Weekday)[:5]), time_of_day(6), time_of_day(14))
CALENDAR = json.dumps(calendar_to_json(Calendar("day", "Day", "UTC", (_DAY,))))
FIGURES = {"month": 30, "quarter": 90, "year": 365}
_OPEN = "&".join(f"state={state}" for state in sorted(OPEN_STATES))


@asynccontextmanager
async def bare(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a bare FastAPI route in a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "bench.work_orders", "--bare", str(port)]
    with tempfile.TemporaryDirectory() as folder:
        told = {"OILCAN_BENCH_DATABASE_URL": url}
        server = start(command, Path(folder) / "log", environment={**os.environ, **told})
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                while True:
                    assert server.poll() is None, "the bare server has ended"
                    try:
                        await client.get("/orders")
                        break
                    except httpx.TransportError:
                        await asyncio.sleep(0.1)
                yield client
        finally:
            server.terminate()
            server.wait(30)


def serve_bare(url: str, port: int) -> None:
    """Serve the newest open orders, with nothing around the statement."""
    application = FastAPI()
    pool = AsyncConnectionPool(url, open=False, kwargs={"row_factory": dict_row})
    sql, given = page_query(OrderFilters(states=OPEN_STATES), after=None)

    @application.get("/orders")
    async def orders() -> list[dict[str, Any]]:
        await pool.open()
        async with pool.connection() as connection:
            cursor = await connection.execute(sql, given | {"limit": 50}, prepare=True)
            return await cursor.fetchall()

    uvicorn.run(application, port=port, log_level="warning")


async def measure(url: str, calls: int) -> dict[str, list[float]]:
    """Seconds of each call over a plant that is there."""
    async with (
        await connect(url, autocommit=True) as connection,
        served(connection, url) as (client, _),
        bare(url) as other,
    ):
        subjects = [(BARE, other, "/orders")]
        for name, query in LISTS.items():
            wanted = "" if query == "?all" else "&".join(filter(None, (_OPEN, query)))
            subjects.append((f"list: {name}", client, f"/api/v1/work-orders?limit=50&{wanted}"))
        subjects += [(name, client, path) for name, path in OTHERS.items()]
        taken = await timed(calls, subjects)
        now = from_us(now_us())
        figures = [
            (f"figures of a {name}", client, _figures(now - timedelta(days=days), now))
            for name, days in FIGURES.items()
        ]
        return taken | await timed(max(calls // 10, 3), figures)


def _figures(start: datetime, end: datetime) -> str:
    told = {"site": "site-3", "start": start.isoformat(), "end": end.isoformat()}
    return f"/api/v1/figures?{urlencode(told)}"


async def made(url: str, size: Size) -> None:
    """Make the plant, unless the database has one."""
    await migrate(url)
    async with await connect(url, autocommit=True) as connection:
        there = await fetch_one(connection, "SELECT EXISTS (SELECT FROM work_order)")
        if there is not None and not there[0]:
            await fill(connection, size, definition=DEFINITION, calendar=CALENDAR)


async def timed(
    calls: int, subjects: Sequence[tuple[str, httpx.AsyncClient, str]]
) -> dict[str, list[float]]:
    """Seconds of each call, the subjects turn by turn; the first rounds warm up."""
    taken: dict[str, list[float]] = {name: [] for name, _, _ in subjects}
    for number in range(calls + 5):
        for name, client, path in subjects:
            begun = time.perf_counter()
            answer = await client.get(path)
            spent = time.perf_counter() - begun
            answer.raise_for_status()
            if number >= 5:
                taken[name].append(spent)
    return taken


def rows_of(small: dict[str, list[float]], large: dict[str, list[float]]) -> list[list[str]]:
    """Table rows: the tenth, the whole, and what the whole takes of the bare route's time and more."""
    base = statistics.median(large[BARE])
    return [
        [
            name,
            f"{_ms(small[name], 50):.1f}",
            f"{_ms(seconds, 50):.1f}",
            f"{_ms(seconds, 99):.1f}",
            f"{statistics.median(seconds) / statistics.median(small[name]):.2f}",
            f"{base / statistics.median(seconds):.2f}",
        ]
        for name, seconds in large.items()
    ]


def _ms(seconds: list[float], percent: int) -> float:
    return float(np.percentile(seconds, percent)) * 1e3


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--assets", type=int, default=100_000)
    parser.add_argument("--plans", type=int, default=5_000)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--dry", action="store_true", help="print only, write no page")
    parser.add_argument("--home", type=Path, help="folder in which the plants are kept")
    parser.add_argument("--bare", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    configure("warning", role="bench")
    if options.bare:
        serve_bare(os.environ["OILCAN_BENCH_DATABASE_URL"], options.bare)
        return
    sizes = [
        Size(options.orders // part, options.assets // part, options.plans) for part in (10, 1)
    ]
    with ExitStack() as stack:
        home = options.home or stack.enter_context(temporary_home())
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o755)
        engine = PostgresEngine(home)
        stack.enter_context(running(engine))
        small, large = (asyncio.run(_at(engine, size, options.calls)) for size in sizes)
    text = "\n\n".join(
        [
            (
                f"{options.orders:,} orders of {options.assets:,} assets and {options.plans:,} plans, "
                f"beside a tenth of the orders and assets; {options.calls} calls of each in turn. "
                "Bars: p99 50 ms, of a list page 20 ms and 0.7 of the bare route."
            ),
            table(HEAD, rows_of(small, large)),
        ]
    )
    print(text)
    if not options.dry:
        publish("work-orders", "python -m bench.work_orders", text)


async def _at(engine: PostgresEngine, size: Size, calls: int) -> dict[str, list[float]]:
    name = f"orders_{size.orders}"
    async with await connect(engine.url, autocommit=True) as connection:
        known = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = %s)"
        there = await fetch_one(connection, known, [name])
        if there is not None and not there[0]:
            await connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    url = engine.database_url(name)
    await made(url, size)
    return await measure(url, calls)


if __name__ == "__main__":
    main()
