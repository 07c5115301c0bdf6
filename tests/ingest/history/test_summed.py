"""Buckets, counters and states of stored readings: gaps, qualities, days, whatever the grain."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from config.clock import from_us, to_us
from config.database import Connection
from edge.reading import Quality
from ingest.chunks import DAY_US, ensure_days
from ingest.history.counter import Counter
from ingest.history.edges import HOUR_US, MINUTE_US, day_edges, even_edges
from ingest.history.series import Believed
from ingest.history.state_history import states
from ingest.history.states import StateTime
from ingest.history.summed import Policy, bucketed, counted, default_policy
from ingest.rollup import roll_up

pytestmark = pytest.mark.store

SECOND = 1_000_000
# Clocks go on in Berlin in the night to 29 March: that day has 23 hours.
T0 = to_us(datetime(2026, 3, 28, tzinfo=UTC))
GAP = Policy(900 * SECOND)


@pytest.fixture(autouse=True)
async def _days(connection: Connection) -> None:
    async with connection.transaction():
        await ensure_days(connection, range(T0 // DAY_US - 1, T0 // DAY_US + 4))


async def insert(
    connection: Connection, point: int, readings: list[tuple[int, float | None, int]]
) -> None:
    """Readings (seconds after T0, value, quality)."""
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO reading VALUES (%s, %s, %s, %s)",
            [(point, from_us(T0 + at * SECOND), value, quality) for at, value, quality in readings],
        )


async def test_the_gap_is_that_of_the_stored_hours_by_default(connection: Connection) -> None:
    assert await default_policy(connection) == GAP


async def test_bad_readings_and_empty_buckets_are_left_out(
    connection: Connection, points: dict[str, int]
) -> None:
    point, bad = points["P-101.temp"], int(Quality.BAD)
    await insert(
        connection, point, [(0, 1.0, 0), (1, 3.0, 64), (2, 99.0, bad), (3, None, 0), (5000, 7.0, 0)]
    )
    edges = even_edges(T0, T0 + 2 * HOUR_US, MINUTE_US)
    found = await bucketed(connection, point, edges)
    assert (found.avg.tolist(), found.count.tolist()) == ([2.0, 7.0], [2, 1])
    good = await bucketed(connection, point, edges, policy=Policy(GAP.gap_us, Believed.GOOD))
    assert good.avg.tolist() == [1.0, 7.0]
    every = await bucketed(connection, point, edges, policy=Policy(GAP.gap_us, Believed.ALL))
    assert every.max.tolist() == [99.0, 7.0]


async def test_a_bad_stretch_is_bridged_up_to_the_gap(
    connection: Connection, points: dict[str, int]
) -> None:
    point, bad = points["P-101.temp"], int(Quality.BAD)
    await insert(connection, point, [(0, 4.0, 0), (60, None, bad), (120, 6.0, 0), (1200, 6.0, 0)])
    edges = even_edges(T0, T0 + HOUR_US, HOUR_US)
    found = await bucketed(connection, point, edges)
    assert (found.covered.tolist(), found.time_avg.tolist()) == ([120.0], [4.0])
    short = await bucketed(connection, point, edges, policy=Policy(100 * SECOND))
    assert short.covered.tolist() == [0.0]


@pytest.mark.parametrize("rolled", [False, True])
async def test_days_of_a_time_zone_are_as_long_as_they_are(
    connection: Connection, points: dict[str, int], rolled: bool
) -> None:
    point = points["P-101.temp"]
    await connection.execute(
        "INSERT INTO reading SELECT %s, %s + n * interval '10 min', extract(day FROM"
        " (%s + n * interval '10 min') AT TIME ZONE 'Europe/Berlin'), 0"
        " FROM generate_series(0, 6 * 72) AS n",
        [point, from_us(T0), from_us(T0)],
    )
    if rolled:
        await roll_up(connection, lambda: T0 + 3 * DAY_US)
    edges = day_edges(T0, T0 + 2 * DAY_US, days=1, zone=ZoneInfo("Europe/Berlin"))
    found = await bucketed(connection, point, edges)
    assert found.time_avg.tolist() == [28.0, 29.0, 30.0]
    assert (found.covered / 3600).tolist() == [23.0, 23.0, 24.0]


@pytest.mark.parametrize("rolled", [False, True])
async def test_a_counter_is_counted_over_falls_within_an_hour_and_between(
    connection: Connection, points: dict[str, int], rolled: bool
) -> None:
    point = points["P-101.temp"]
    # Rolls over within the first hour, is reset between the second and the third.
    values = [65_500, 65_530, 4, 50, 60, 3, 9]
    times = [0, 600, 1200, 3000, 4000, 7300, 7400]
    await insert(
        connection, point, [(at, float(v), 0) for at, v in zip(times, values, strict=True)]
    )
    if rolled:
        await roll_up(connection, lambda: T0 + DAY_US)
    edges = even_edges(T0, T0 + 3 * HOUR_US, HOUR_US)
    wide, rises = await counted(connection, point, edges, counter=Counter(rollover=65_535))
    assert len(wide) == 3
    assert rises.tolist() == [30 + 10 + 46, 10, 3 + 6]


async def test_states_are_timed_in_chunks_as_in_one(
    connection: Connection, points: dict[str, int]
) -> None:
    point = points["P-101.temp"]
    await insert(connection, point, [(at, float(at // 100 % 2), 0) for at in range(0, 1000, 20)])
    window = {"start_us": T0 + 50 * SECOND, "end_us": T0 + 900 * SECOND, "policy": GAP}
    whole = await states(connection, point, **window)  # type: ignore[arg-type]
    assert whole == {0.0: StateTime(450.0, 4), 1.0: StateTime(400.0, 4)}
    assert await states(connection, point, **window, rows=7) == whole  # type: ignore[arg-type]


async def test_seconds_and_minutes_agree_whatever_is_rolled(
    connection: Connection, points: dict[str, int]
) -> None:
    point = points["P-101.temp"]
    await insert(connection, point, [(at, float(at % 13), 0) for at in range(5, 9000, 37)])
    edges = even_edges(T0, T0 + 3 * HOUR_US, 10 * MINUTE_US)
    before = await bucketed(connection, point, edges)
    await roll_up(connection, lambda: T0 + 2 * HOUR_US)
    after = await bucketed(connection, point, edges)
    raw = await bucketed(connection, point, edges, policy=Policy(GAP.gap_us - 1))
    for name in ("count", "avg", "min", "max", "first", "last", "integral", "covered"):
        np.testing.assert_allclose(getattr(after, name), getattr(before, name), rtol=1e-12)
        np.testing.assert_allclose(getattr(after, name), getattr(raw, name), rtol=1e-12)
