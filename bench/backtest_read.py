"""A backtest from the store: seven rules over one machine of three points at one reading a second.

What a backtest takes before its rules have anything to evaluate: reading the history from PostgreSQL, point
by point in bounded pieces, and putting it into the order of time; then evaluating them, as the rules do
live. `--days 365` is the year, 95 million readings; it takes some 10 GB of disk.
"""

import argparse
import asyncio
from statistics import median
from time import perf_counter

import numpy as np

from bench.engines import migrated_database, temporary_home
from bench.harness import publish, table
from bench.rules import LEVELS, READ, SEVEN, UNITS, read_rules
from conditions.backtest.history import Replayed, Span, plants_by_asset, replay_history
from conditions.binding import ActiveRule
from conditions.queries import load_plant
from config.database import Connection, connect
from ingest.binary_copy import HEADER, TRAILER, encode_rows
from ingest.chunks import DAY_US, ensure_days

_DAY_S, _YEAR_S, _SECOND = 86_400, 31_536_000, 1_000_000
_FIRST_DAY = 19_723
"""2024-01-01, in days since 1970."""

REGISTER = """
WITH s AS (INSERT INTO site (code, name) VALUES ('S', 'S') RETURNING id),
     c AS (INSERT INTO asset_class (code, name) VALUES ('pump', 'Pump') RETURNING id),
     a AS (INSERT INTO asset (tag, name, class_id, site_id)
           SELECT 'P-1', 'Pump', c.id, s.id FROM s, c RETURNING id)
INSERT INTO point (tag, asset_id, role, unit)
SELECT 'P-1.' || role, a.id, role, unit FROM a, unnest(%s::text[], %s::text[]) AS given (role, unit)
"""
POINTS = "SELECT id FROM point ORDER BY id"
COPY_IN = "COPY reading FROM STDIN (FORMAT binary)"


async def fill(connection: Connection, days: int) -> float:
    """Store so many days of readings, one a second; seconds it took."""
    await connection.execute(REGISTER, [list(READ), [UNITS[role] for role in READ]])
    ids = [row[0] for row in await (await connection.execute(POINTS)).fetchall()]
    await ensure_days(connection, range(_FIRST_DAY, _FIRST_DAY + days + 1))
    random, quality = np.random.default_rng(1), np.zeros(_DAY_S, np.uint8)
    started = perf_counter()
    for day in range(_FIRST_DAY, _FIRST_DAY + days):
        ts = day * DAY_US + np.arange(1, _DAY_S + 1, dtype=np.int64) * _SECOND
        async with connection.cursor() as cursor, cursor.copy(COPY_IN) as copy:
            await copy.write(HEADER)
            for number, role in zip(ids, READ, strict=True):
                value = LEVELS[role] * (1 + 0.0005 * random.standard_normal(_DAY_S))
                await copy.write(encode_rows(np.full(_DAY_S, number, np.int32), ts, value, quality))
            await copy.write(TRAILER)
    taken = perf_counter() - started
    await connection.execute("VACUUM (ANALYZE) reading")
    return taken


async def replay(connection: Connection, days: int) -> Replayed:
    """One backtest over all that is stored."""
    plant = await load_plant(connection, partition=0, partitions=1)
    rules = [ActiveRule(rule, None, None) for rule in read_rules(SEVEN)]
    start = _FIRST_DAY * DAY_US
    plants = list(plants_by_asset(plant, rules, None))
    return await replay_history(connection, plants, Span(start, start + days * DAY_US))


async def measure(url: str, days: int, runs: int) -> str:
    """The table."""
    async with await connect(url, autocommit=True) as connection:
        filled = await fill(connection, days)
        # The first one compiles the kernel, and brings the pages into the cache.
        await replay(connection, days)
        found = [await replay(connection, days) for _ in range(runs)]
    readings = found[0].readings
    parts = (
        ("read from the store", [one.watch.reading_s for one in found]),
        ("put in order", [one.watch.ordering_s for one in found]),
        ("evaluated", [one.evaluating_s for one in found]),
    )
    year = _YEAR_S * len(READ) / readings
    rows = [
        [
            name,
            f"{median(taken):.2f} s",
            f"{1e6 * median(taken) / readings:.3f} s",
            f"{year * median(taken):.1f} s",
            f"{max(taken) / min(taken):.2f}",
        ]
        for name, taken in parts
    ]
    head = ["", f"{readings:,} readings", "a million", "a year, 94.6 million", "spread"]
    said = f"{days} days, stored in {filled:.0f} s; medians of {runs}."
    return f"{said}\n\n{table(head, rows)}"


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=39, help="39 days are 10 million readings")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--dry", action="store_true", help="print only, write no page")
    options = parser.parse_args()
    with temporary_home() as home, migrated_database(home) as url:
        text = asyncio.run(measure(url, options.days, options.runs))
    text = f"{(__doc__ or '').strip()}\n\n{text}"
    print(text)
    if not options.dry:
        publish("backtest-read", "python -m bench.backtest_read", text)


if __name__ == "__main__":
    main()
