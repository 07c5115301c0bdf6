"""Nightly generation of a year ahead: 5,000 plans on 20,000 assets, the first night and the next.

`python bench/plans.py [--plans 5000]` runs on an embedded PostgreSQL of its own. Growth: the same
with a tenth of the plans, per occurrence. A second night finds all but a day there already.
"""

import argparse
import asyncio
import time
from datetime import UTC, datetime, timedelta

from bench.engines import migrated_database, temporary_home
from bench.harness import publish, table
from config.clock import to_us
from config.database import Connection, connect
from maintenance.plans.file import PlanShape
from maintenance.plans.generation import generate
from maintenance.plans.store import write_plan

NOW = datetime(2026, 3, 1, 2, tzinfo=UTC)
COMMAND = "python -m bench.plans"
REGISTER = """
WITH site AS (
    INSERT INTO site (code, name, time_zone) VALUES ('works', 'Works', 'Europe/Berlin') RETURNING id
), class AS (INSERT INTO asset_class (code, name) VALUES ('pump', 'Pump') RETURNING id),
asset AS (
    INSERT INTO asset (tag, name, class_id, site_id)
    SELECT 'P-' || n, 'Pump ' || n, class.id, site.id
    FROM site, class, generate_series(0, %s) AS n RETURNING id, tag
)
INSERT INTO point (tag, asset_id, role, unit, kind)
SELECT asset.tag || '.hours', asset.id, 'hours', 'h', 'counter' FROM asset
WHERE substr(asset.tag, 3)::integer %% 20 = 0
"""
METERS = """
INSERT INTO meter (point_id, rules, counted_to)
SELECT point_id, rules, %(now)s FROM meter_point
"""
METER_DAYS = """
INSERT INTO meter_day (point_id, day, ends_at, usage, corrected, life_to_date)
SELECT p.id, d::date, d + interval '1 day', 8 + p.id %% 12, 0,
       1000 + (8 + p.id %% 12) * extract(day FROM d - %(first)s::timestamptz)
FROM point p, generate_series(%(first)s::timestamptz, %(now)s - interval '1 day', '1 day') AS d
"""
COUNTS = """
SELECT count(*), count(*) FILTER (WHERE state = 'suppressed') FROM plan_occurrence
"""


def plan(number: int) -> PlanShape:
    """Every kind in turn; each plan is for four assets."""
    kinds = (
        {"time": {"rule": "FREQ=MONTHLY", "start": "2020-01-31T06:00", "closed_days": "after"}},
        {"time": {"rule": "FREQ=WEEKLY;BYDAY=MO", "start": "2020-01-06T06:00"}},
        {"time": {"rule": "FREQ=YEARLY", "start": f"2020-{1 + number % 12:02}-15T06:00"}},
        {
            "time": {
                "rule": "FREQ=MONTHLY;INTERVAL=3",
                "start": "2026-03-31T06:00",
                "basis": "floating",
            }
        },
        {"meter": {"meter": "hours", "every": 500, "tolerance": 50}},
        {
            "meter": {"meter": "hours", "every": 2000, "basis": "floating"},
            "time": {"rule": "FREQ=YEARLY", "start": "2026-06-01T06:00", "basis": "floating"},
        },
        {"time": {"rule": "FREQ=MONTHLY;BYDAY=1MO", "start": "2020-01-06T06:00"}},
        {"time": {"rule": "FREQ=DAILY", "start": "2020-01-01T06:00"}, "horizon_days": 90},
        {"time": {"rule": "FREQ=WEEKLY;INTERVAL=2", "start": "2020-01-07T06:00"}},
        {"time": {"rule": "FREQ=MONTHLY;INTERVAL=6", "start": "2020-01-31T06:00"}},
    )
    kind = kinds[number % len(kinds)]
    first = number * 4 if "meter" not in kind else number * 20
    step = 1 if "meter" not in kind else 20
    nesting = {"group": f"g{number // 10}", "rank": number % 3}
    return PlanShape.model_validate(
        {
            "code": f"plan-{number}",
            "name": f"Plan {number}",
            "applies_to": {"assets": [f"P-{(first + step * each) % ASSETS}" for each in range(4)]},
            "work": {"craft": "mechanical", "estimated_minutes": 30},
            "nesting": nesting,
        }
        | kind
    )


ASSETS = 20_000


async def nights(url: str, plans: int) -> tuple[float, float, int, int]:
    """Seconds of the first and of the second night, occurrences, and those absorbed."""
    async with await connect(url, autocommit=True) as connection:
        await prepare(connection, plans)
        now = NOW
        first = await timed(connection, now)
        count, absorbed = await counts(connection)
        now += timedelta(days=1)
        second = await timed(connection, now)
        return first, second, count, absorbed


async def prepare(connection: Connection, plans: int) -> None:
    """The register, a quarter of usage, and the plans."""
    given = {"now": NOW, "first": NOW - timedelta(days=92)}
    await connection.execute(REGISTER, [ASSETS - 1])
    await connection.execute(METERS, given)
    await connection.execute(METER_DAYS, given)
    async with connection.transaction():
        for number in range(plans):
            await write_plan(connection, plan(number), kept_in="database", at=NOW)
    await connection.execute("ANALYZE")


async def timed(connection: Connection, now: datetime) -> float:
    """Seconds of a night."""
    start_s = time.perf_counter()
    done = await generate(connection, clock=lambda: to_us(now))
    assert done.plans, "no plan had its turn"
    return time.perf_counter() - start_s


async def counts(connection: Connection) -> tuple[int, int]:
    """Occurrences, and those that greater work absorbs."""
    row = await (await connection.execute(COUNTS)).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def measure(plans: int) -> tuple[float, float, int, int]:
    """The same on a database of its own."""
    with temporary_home() as home, migrated_database(home) as url:
        return asyncio.run(nights(url, plans))


def main() -> None:
    """Measure, and write the result into the page of benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plans", type=int, default=5_000)
    parser.add_argument("--dry", action="store_true", help="print only")
    options = parser.parse_args()
    rows = []
    for plans in (options.plans // 10, options.plans):
        first, second, count, absorbed = measure(plans)
        rows.append(
            [
                f"{plans:,}",
                f"{count:,}",
                f"{absorbed:,}",
                f"{first:.1f} s",
                f"{second:.1f} s",
                f"{first / count * 1e6:.0f} µs",
            ]
        )
    head = ("plans", "occurrences", "absorbed", "first night", "next night", "each, first night")
    text = table(head, rows)
    print(text)
    if not options.dry:
        publish("plans", COMMAND, text)


if __name__ == "__main__":
    main()
