"""Rollups are right or known to be wanting, whatever was written, in which order, and when cut off."""

from collections.abc import Sequence

import numpy as np
import pytest

from config.clock import from_us, to_us
from config.database import Connection, connect, fetch_one
from edge.reading import Quality
from ingest.chunks import DAY_US, ensure_days
from ingest.column import accept_columns
from ingest.footing import Footing
from ingest.history.buckets import Buckets
from ingest.history.edges import HOUR_US, MINUTE_US, even_edges
from ingest.history.latest import exact_latest, latest
from ingest.history.summed import Policy, Source, bucketed, narrow_buckets, source_of
from ingest.latest_table import refresh_latest
from ingest.rollup import close_hours, drop_minutes, mark_due, roll_closed, roll_marked, roll_up
from ingest.sorting import Rows
from ingest.store import insert_rows

pytestmark = pytest.mark.store

# A full day before: hours 0 to 23 are there to be filled.
T0 = 1_790_000_000_000_000 // DAY_US * DAY_US
FIVE_MINUTES = 300_000_000
GAP_US = 900_000_000
GUARDED = Footing(guarded=True, epoch=0)
COLUMNS = ("ts", "count", "avg", "min", "max", "first_ts", "first", "last_ts", "last", "drops")


@pytest.fixture(autouse=True)
async def _days(connection: Connection) -> None:
    accept_columns(connection)
    async with connection.transaction():
        await ensure_days(connection, range(T0 // DAY_US - 1, T0 // DAY_US + 4))


def rows(point: int, readings: Sequence[tuple[int, float]], quality: int = 0) -> Rows:
    """Readings (µs, value) of one point."""
    size = len(readings)
    return Rows(
        np.full(size, point, np.int32),
        np.array([ts for ts, _ in readings], np.int64),
        np.array([value for _, value in readings], np.float64),
        np.full(size, quality, np.uint8),
        np.arange(size),
    )


async def write(connection: Connection, some: Rows) -> None:
    """As ingest does: readings and marks in one transaction."""
    async with connection.transaction():
        await insert_rows(connection, some, GUARDED)
        await mark_due(connection, some)


async def state(connection: Connection) -> tuple[int, int, int]:
    """Closed to, rolled to (µs), and marks."""
    row = await fetch_one(
        connection,
        "SELECT closed_to, rolled_to, (SELECT count(*) FROM rollup_due) FROM rollup_state",
    )
    assert row is not None
    return to_us(row[0]), to_us(row[1]), row[2]


async def stored(connection: Connection, point: int, source: Source) -> Buckets:
    """What is read of four days."""
    return await narrow_buckets(
        connection, point, start_us=T0 - DAY_US, end_us=T0 + 3 * DAY_US, source=source
    )


async def fresh(connection: Connection, point: int, width_us: int) -> Buckets:
    """The same worked out from the readings."""
    edges = even_edges(T0 - DAY_US, T0 + 3 * DAY_US, width_us)
    return await bucketed(connection, point, edges, policy=Policy(GAP_US - 1))


async def check(connection: Connection, point: int) -> None:
    """Stored and not, hours and minutes are what the readings say."""
    for source, width in ((Source.HOURS, HOUR_US), (Source.MINUTES, MINUTE_US)):
        found, expected = (
            await stored(connection, point, source),
            await fresh(connection, point, width),
        )
        expected = expected.take(expected.count > 0)
        for name in COLUMNS:
            np.testing.assert_allclose(
                getattr(found, name), getattr(expected, name), rtol=1e-12, err_msg=name
            )


def readings(start_us: int, count: int, step_us: int = 40_000_000) -> list[tuple[int, float]]:
    return [(start_us + n * step_us, float((n * 7) % 11)) for n in range(count)]


async def test_nothing_is_closed_before_its_time(connection: Connection) -> None:
    await close_hours(connection, now_us=T0 + HOUR_US + FIVE_MINUTES - 1)
    assert (await state(connection))[0] == T0
    await close_hours(connection, now_us=T0 + HOUR_US + FIVE_MINUTES)
    assert (await state(connection))[0] == T0 + HOUR_US


async def test_what_is_not_rolled_yet_is_read_from_the_readings(
    connection: Connection, points: dict[str, int]
) -> None:
    point = points["P-101.temp"]
    await write(connection, rows(point, readings(T0, 300)))
    await check(connection, point)
    await close_hours(connection, now_us=T0 + 3 * HOUR_US)
    await check(connection, point)


async def test_closed_hours_are_stored_and_the_tail_is_not(
    connection: Connection, points: dict[str, int]
) -> None:
    point = points["P-101.temp"]
    await write(connection, rows(point, readings(T0, 300)))
    await roll_up(connection, lambda: T0 + 3 * HOUR_US)
    assert await state(connection) == (T0 + 2 * HOUR_US, T0 + 2 * HOUR_US, 0)
    row = await fetch_one(connection, "SELECT count(*), sum(count) FROM rollup_hour")
    assert row == (2, 180)
    await check(connection, point)


async def test_stored_hours_join_their_minutes(
    connection: Connection, points: dict[str, int]
) -> None:
    point = points["P-101.temp"]
    # 30 s apart over a minute's edge, then further apart than the gap.
    some = [
        (T0 + at * 1_000_000, value) for at, value in ((0, 2.0), (30, 4.0), (60, 1.0), (990, 5.0))
    ]
    await write(connection, rows(point, some))
    await roll_up(connection, lambda: T0 + 2 * HOUR_US)
    found = await stored(connection, point, Source.HOURS)
    assert (found.integral.tolist(), found.covered.tolist()) == ([2.0 * 30 + 4.0 * 30], [60.0])
    assert found.drops.tolist() == [1]
    minutes = await stored(connection, point, Source.MINUTES)
    assert (minutes.integral.tolist(), minutes.covered.tolist()) == (
        [60.0, 0.0, 0.0],
        [30.0, 0.0, 0.0],
    )


async def test_bad_readings_do_not_count(connection: Connection, points: dict[str, int]) -> None:
    point = points["P-101.temp"]
    await write(connection, rows(point, [(T0, 1.0)]))
    await write(connection, rows(point, [(T0 + 1, 99.0)], quality=int(Quality.BAD)))
    await roll_up(connection, lambda: T0 + 2 * HOUR_US)
    assert (await stored(connection, point, Source.HOURS)).max.tolist() == [1.0]


async def test_a_late_reading_is_marked_read_at_once_and_rolled_again(
    connection: Connection, points: dict[str, int]
) -> None:
    point = points["P-101.temp"]
    await write(connection, rows(point, readings(T0, 300)))
    await roll_up(connection, lambda: T0 + 4 * HOUR_US)
    await write(connection, rows(point, [(T0 + 1, 500.0), (T0 + 2 * HOUR_US + 7, -500.0)]))
    assert (await state(connection))[2] == 2
    assert (await stored(connection, point, Source.HOURS)).max.max() == 500.0
    await check(connection, point)
    await roll_up(connection, lambda: T0 + 4 * HOUR_US)
    assert (await state(connection))[2] == 0
    await check(connection, point)


async def test_a_reading_of_an_open_hour_leaves_no_mark(
    connection: Connection, points: dict[str, int]
) -> None:
    await close_hours(connection, now_us=T0 + 2 * HOUR_US)
    await write(connection, rows(points["P-101.temp"], [(T0 + HOUR_US, 1.0)]))
    assert (await state(connection))[2] == 0


async def test_an_hour_is_not_closed_while_somebody_writes_into_it(
    connection: Connection, database_url: str, points: dict[str, int]
) -> None:
    point = points["P-101.temp"]
    other = await connect(database_url, autocommit=True)
    accept_columns(other)
    async with other.transaction():
        await insert_rows(other, rows(point, [(T0, 1.0)]), GUARDED)
        await mark_due(other, rows(point, [(T0, 1.0)]))
        await close_hours(connection, now_us=T0 + 2 * HOUR_US)
        assert (await state(connection))[0] < T0
    await other.close()
    await roll_up(connection, lambda: T0 + 2 * HOUR_US)
    await check(connection, point)


async def test_a_mark_that_comes_while_its_hour_is_rolled_stays(
    connection: Connection, database_url: str, points: dict[str, int]
) -> None:
    point = points["P-101.temp"]
    await roll_up(connection, lambda: T0 + 2 * HOUR_US)
    await write(connection, rows(point, [(T0, 1.0)]))
    other = await connect(database_url, autocommit=True)
    accept_columns(other)
    async with other.transaction():
        await insert_rows(other, rows(point, [(T0 + 5, 9.0)]), GUARDED)
        await mark_due(other, rows(point, [(T0 + 5, 9.0)]))
        assert await roll_marked(connection)
        assert (await stored(connection, point, Source.HOURS)).count.tolist() == [1]
    await other.close()
    assert (await state(connection))[2] == 1
    assert (await stored(connection, point, Source.HOURS)).max.tolist() == [9.0]
    await check(connection, point)


async def test_what_is_cut_off_is_done_again(
    connection: Connection, points: dict[str, int]
) -> None:
    point = points["P-101.temp"]
    await write(connection, rows(point, readings(T0, 400)))
    await close_hours(connection, now_us=T0 + 4 * HOUR_US)
    assert await roll_closed(connection)
    # As after a crash between the hours and the state.
    await connection.execute("UPDATE rollup_state SET rolled_to = %s", [from_us(T0)])
    await check(connection, point)
    await roll_up(connection, lambda: T0 + 5 * HOUR_US)
    await check(connection, point)


async def test_one_process_sums_up_at_a_time(
    connection: Connection, database_url: str, points: dict[str, int]
) -> None:
    await write(connection, rows(points["P-101.temp"], readings(T0, 9)))
    other = await connect(database_url, autocommit=True)
    async with other.transaction():
        await other.execute("SELECT pg_advisory_xact_lock(%s)", [0x726F6C6D])
        await roll_up(connection, lambda: T0 + 4 * HOUR_US)
        assert (await state(connection))[1] < T0
    await other.close()
    await roll_up(connection, lambda: T0 + 4 * HOUR_US)
    assert (await state(connection))[1] == T0 + 3 * HOUR_US


async def test_minutes_go_and_hours_stay(connection: Connection, points: dict[str, int]) -> None:
    point = points["P-101.temp"]
    await write(connection, rows(point, readings(T0, 300)))
    await roll_up(connection, lambda: T0 + 6 * HOUR_US)
    assert await drop_minutes(connection, before_us=T0 + HOUR_US) == 1
    assert len(await stored(connection, point, Source.HOURS)) == 4
    assert (await stored(connection, point, Source.MINUTES)).ts[0] == T0 + HOUR_US


async def test_the_views_say_the_same(connection: Connection, points: dict[str, int]) -> None:
    point, other = points["P-101.temp"], points["P-102.temp"]
    await write(connection, rows(point, readings(T0, 300)))
    await roll_up(connection, lambda: T0 + 3 * HOUR_US)
    await write(connection, rows(point, [(T0 + 5, 77.0)]))
    await write(connection, rows(other, [(T0 + 5, 1.0)]))
    for view, source in (("reading_1h", Source.HOURS), ("reading_1m", Source.MINUTES)):
        cursor = await connection.execute(
            f"SELECT bucket, count, avg, max FROM {view} WHERE point_id = %s ORDER BY bucket",  # noqa: S608
            [point],
        )
        found = [(to_us(bucket), *rest) for bucket, *rest in await cursor.fetchall()]
        expected = await stored(connection, point, source)
        assert found == list(
            zip(
                expected.ts.tolist(),
                expected.count.tolist(),
                expected.avg.tolist(),
                expected.max.tolist(),
                strict=True,
            )
        )


async def test_the_latest_reading_is_found_on_either_side_of_what_is_rolled(
    connection: Connection, points: dict[str, int]
) -> None:
    living, silent, never = points.values()
    await write(connection, rows(silent, [(T0 + 5, 1.0), (T0 + 9, 2.0)]))
    await write(connection, rows(living, [(T0 + 5, 3.0)]))
    await roll_up(connection, lambda: T0 + 3 * HOUR_US)
    await write(connection, rows(living, [(T0 + 2 * HOUR_US + 1, 4.0)]))
    ids = [living, silent, never]
    assert await latest(connection, ids) == {
        living: (T0 + 2 * HOUR_US + 1, 4.0, 0),
        silent: (T0 + 9, 2.0, 0),
    }
    await write(connection, rows(silent, [(T0 + 7, 8.0), (T0 + HOUR_US, 9.0)]))
    assert (await latest(connection, ids))[silent] == (T0 + HOUR_US, 9.0, 0)
    await roll_up(connection, lambda: T0 + 3 * HOUR_US)
    assert (await latest(connection, ids))[silent] == (T0 + HOUR_US, 9.0, 0)


async def test_the_latest_reading_may_lie_in_the_days_to_come(
    connection: Connection, points: dict[str, int]
) -> None:
    point = points["P-101.temp"]
    row = await fetch_one(connection, "SELECT now()")
    assert row is not None
    ahead = to_us(row[0]) + 2 * DAY_US
    async with connection.transaction():
        await ensure_days(connection, [ahead // DAY_US])
    await write(connection, rows(point, [(T0, 1.0), (ahead, 2.0)]))
    assert (await latest(connection, [point]))[point] == (ahead, 2.0, 0)


async def test_the_table_of_latest_readings_follows(
    connection: Connection, points: dict[str, int]
) -> None:
    point, other, _ = points.values()
    # So many ids that the table is asked.
    many = [*points.values(), *range(1_000_000, 1_001_000)]
    await write(connection, rows(point, [(T0, 1.0)]))
    assert await latest(connection, many) == {}
    await refresh_latest(connection)
    await write(connection, rows(other, [(T0 + 3, 2.0)]))
    await roll_up(connection, lambda: T0 + 2 * HOUR_US)
    await write(connection, rows(point, [(T0 + 2 * HOUR_US, 4.0)]))
    await refresh_latest(connection)
    found = await latest(connection, many)
    assert found == {point: (T0 + 2 * HOUR_US, 4.0, 0), other: (T0 + 3, 2.0, 0)}
    assert found == await exact_latest(connection, many)


async def test_history_before_the_first_roll_is_rolled_from_its_first_reading(
    connection: Connection, points: dict[str, int]
) -> None:
    point = points["P-101.temp"]
    await write(connection, rows(point, readings(T0 - DAY_US, 3) + readings(T0 + 2 * DAY_US, 3)))
    await roll_up(connection, lambda: T0 + 3 * DAY_US)
    assert (await state(connection))[1] > T0 + 2 * DAY_US
    await check(connection, point)


@pytest.mark.parametrize(
    ("grain", "policy", "source"),
    [
        (24 * HOUR_US, Policy(GAP_US), Source.HOURS),
        (HOUR_US // 2, Policy(GAP_US), Source.MINUTES),
        (MINUTE_US // 2, Policy(GAP_US), Source.READINGS),
        (HOUR_US, Policy(GAP_US + 1), Source.READINGS),
    ],
)
def test_buckets_come_from_where_it_is_cheapest(grain: int, policy: Policy, source: Source) -> None:
    assert source_of(grain, policy, Policy(GAP_US)) is source
