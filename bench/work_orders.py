"""The list and the page of work orders among a million of them, beside a bare FastAPI route.

Orders are made by the server itself (generate_series): nine of ten are closed, and the open ones lie
among the newest, but for a share that was forgotten for years. The API is `oilcan serve` in a process
of its own; the bare route runs one prepared statement over the same rows, in a process of its own
too, and sends them with FastAPI's own encoder: no checks of who asks, no filters, no model.

Uses an embedded PostgreSQL of its own (with fsync), or the empty database in
OILCAN_BENCH_DATABASE_URL.
"""

import argparse
import asyncio
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import uvicorn
from fastapi import FastAPI
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from bench.harness import publish, table
from bench.history import served
from bench.ingest import describe, running
from config.clock import from_us, now_us
from config.database import Connection, connect
from config.diagnostics import configure
from config.migrate import migrate
from maintenance.orders.list_query import OrderFilters, page_query
from maintenance.orders.work_order import OPEN_STATES
from oilcan.engines.postgres import PostgresEngine
from oilcan.engines.process import free_port, start

PLANT = """
WITH site AS (
    INSERT INTO site (code, name) SELECT 'site-' || n, 'Site ' || n FROM generate_series(1, 5) n
    RETURNING id
), class AS (
    INSERT INTO asset_class (code, name) VALUES ('centrifugal_pump', 'Pump') RETURNING id
)
INSERT INTO asset (tag, name, class_id, site_id, criticality)
SELECT 'P-' || n, 'Pump ' || n, class.id, (SELECT min(id) FROM site) + n %% 5,
       (ARRAY['A', 'B', 'C'])[1 + n %% 3]
FROM generate_series(1, %(assets)s) n, class
"""

ORDERS = """
INSERT INTO work_order (
    asset_id, site_id, type, origin, title, description, priority, priority_reason, state,
    created_by, created_at, updated_at, assignee, due_at, completed_at, closed_at
)
SELECT asset.id, asset.site_id,
       (ARRAY['corrective', 'preventive', 'inspection'])[1 + n %% 3], 'person',
       (ARRAY['Seal drips', 'Bearing runs hot', 'Motor hums', 'Grease the bearings'])[1 + n %% 4]
           || ' at ' || asset.tag,
       'Reported by the shift, number ' || md5(n::text), 1 + n %% 5, 'Priority: given.', picked.state,
       'bench', made.at, made.at,
       CASE WHEN n %% 2 = 0 THEN 'person-' || n %% 200 END,
       made.at + interval '14 days',
       CASE WHEN picked.state = 'closed' THEN made.at + interval '7 days' END,
       CASE WHEN picked.state = 'closed' THEN made.at + interval '8 days' END
FROM generate_series(1, %(orders)s) n
CROSS JOIN LATERAL (
    SELECT now() - make_interval(mins => 3 * (%(orders)s - n)) AS at
) made
CROSS JOIN LATERAL (
    SELECT CASE WHEN n > %(orders)s * 0.95 OR n %% 20 = 0
                THEN (ARRAY['draft', 'approved', 'scheduled', 'approved'])[1 + n %% 4]
                ELSE 'closed' END AS state
) picked
JOIN asset ON asset.id = (SELECT min(id) FROM asset) + (n::bigint * 7919) %% %(assets)s
ORDER BY n
"""

LISTS = {
    "open ones": "",
    "all": "?all",
    "one site": "site=site-3",
    "priority 1, preventive": "priority=1&type=preventive",
    "one person": "assignee=person-42",
    "one asset": "asset=P-777",
    "overdue": "overdue=true",
    "a common word": "text=seal",
    "a rare word": "text=P-4242",
    "a number": "text=WO-000042",
}
_OPEN = "&".join(f"state={state}" for state in sorted(OPEN_STATES))


async def fill(connection: Connection, *, orders: int, assets: int) -> None:
    """Make the plant and its orders, and let the server know its tables."""
    given = {"orders": orders, "assets": assets}
    await connection.execute(PLANT, given)
    await connection.execute(ORDERS, given)
    await connection.execute("VACUUM (ANALYZE) asset")
    await connection.execute("VACUUM (ANALYZE) work_order")


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


async def report(url: str, *, orders: int, assets: int, calls: int) -> str:
    """Fill, measure, and tell."""
    connection = await connect(url, autocommit=True)
    await fill(connection, orders=orders, assets=assets)
    async with served(connection, url) as (client, _), bare(url) as other:
        subjects = [("bare FastAPI and psycopg, open ones", other, "/orders")]
        for name, query in LISTS.items():
            wanted = "" if query == "?all" else "&".join(filter(None, (_OPEN, query)))
            subjects.append((f"list: {name}", client, f"/api/v1/work-orders?limit=50&{wanted}"))
        subjects.append(("one order", client, f"/api/v1/work-orders/WO-{orders // 2:06d}"))
        taken = await timed(calls, subjects)
    plans = [await plan_of(connection, name) for name in ("open", "all")]
    await connection.close()
    rows = rows_of(taken)
    head = ["50 orders of a page", "median, ms", "p99, ms", "calls/s of the bare route's"]
    return "\n\n".join(
        [
            (
                f"{orders:,} orders of {assets:,} assets, {calls} calls of each in turn, "
                f"{await describe(url)}. Bars: list p99 20 ms, 0.7 of the bare route."
            ),
            table(head, rows),
            "Rows that a page reads: " + "; ".join(plans) + ".",
        ]
    )


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


def rows_of(taken: dict[str, list[float]]) -> list[list[str]]:
    """Table rows; the first subject is what the others are held against."""
    base = statistics.median(next(iter(taken.values())))
    return [
        [
            name,
            f"{statistics.median(seconds) * 1e3:.1f}",
            f"{np.percentile(seconds, 99) * 1e3:.1f}",
            f"{base / statistics.median(seconds):.2f}",
        ]
        for name, seconds in taken.items()
    ]


async def plan_of(connection: Connection, name: str) -> str:
    """How many rows of the orders the page touches, by the server's own count."""
    states = OPEN_STATES if name == "open" else frozenset[Any]()
    filters = OrderFilters(states=states, overdue_at=None if name == "all" else from_us(now_us()))
    sql, given = page_query(filters, after=None)
    cursor = await connection.execute(
        "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + sql,
        given | {"limit": 50},
        prepare=False,
    )
    row = await cursor.fetchone()
    assert row is not None, "EXPLAIN has a row"
    buffers = row[0][0]["Plan"]["Shared Hit Blocks"] + row[0][0]["Plan"]["Shared Read Blocks"]
    kind = "open and overdue" if name == "open" else name
    return f"{kind} {buffers} blocks"


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--assets", type=int, default=100_000)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--dry", action="store_true", help="print only, write no page")
    parser.add_argument("--bare", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    configure("warning", role="bench")
    url = os.environ.get("OILCAN_BENCH_DATABASE_URL", "")
    if options.bare:
        serve_bare(url, options.bare)
        return
    home = Path(tempfile.mkdtemp(prefix="oilcan-bench-"))
    home.chmod(0o755)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, home)
        if not url:
            database = PostgresEngine(home / "database")
            (home / "database").mkdir()
            (home / "database").chmod(0o755)
            stack.enter_context(running(database))
            url = database.url
        asyncio.run(migrate(url))
        text = asyncio.run(
            report(url, orders=options.orders, assets=options.assets, calls=options.calls)
        )
    print(text)
    if not options.dry:
        publish("work-orders", "python -m bench.work_orders", text)


if __name__ == "__main__":
    main()
