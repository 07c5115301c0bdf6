"""A chart's line: few points, every peak, and a break where nothing came."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.database import Connection
from ingest.chunks import DAY_US, ensure_days
from ingest.history.buckets import of_readings
from ingest.history.chart import chart, outline, thin
from ingest.history.edges import HOUR_US, MINUTE_US
from ingest.history.summed import Source
from ingest.rollup import roll_up

SECOND = 1_000_000
T0 = 1_790_000_000_000_000 // DAY_US * DAY_US


def test_few_readings_are_all_drawn() -> None:
    ts, value = np.arange(5, dtype=np.int64), np.arange(5.0)
    thinned = thin(ts, value, pixels=10, gap_us=1)
    np.testing.assert_array_equal(thinned, (ts, value))


def test_a_peak_of_one_reading_is_seen() -> None:
    ts = np.arange(100_000, dtype=np.int64)
    value = np.sin(ts / 9_000.0)
    value[31_234], value[77_777] = 40.0, -40.0
    _, drawn = thin(ts, value, pixels=100, gap_us=10)
    assert (drawn.max(), drawn.min()) == (40.0, -40.0)
    assert len(drawn) <= 200


def test_a_stretch_without_readings_breaks_the_line() -> None:
    ts = np.array([0, 1, 2, 50, 51], np.int64)
    drawn_ts, drawn = thin(ts, np.ones(5), pixels=10, gap_us=10)
    assert drawn_ts.tolist() == [0, 1, 2, 3, 50, 51]
    assert np.isnan(drawn).tolist() == [False, False, False, True, False, False]


def test_no_readings_draw_nothing() -> None:
    ts, value = thin(np.empty(0, np.int64), np.empty(0), pixels=10, gap_us=1)
    assert (len(ts), len(value)) == (0, 0)


def test_a_bucket_of_one_reading_is_one_point() -> None:
    ts, value = outline(of_readings(np.array([5, 9], np.int64), np.array([1.0, 2.0])))
    assert (ts.tolist(), value.tolist()) == ([5, 9], [1.0, 2.0])


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=400),
    st.integers(10, 40),
    st.integers(20, 50),
)
def test_a_line_keeps_its_ends_its_order_and_its_breaks(
    steps: list[int], pixels: int, gap: int
) -> None:
    ts = np.cumsum(steps).astype(np.int64)
    value = (ts * 7919 % 101).astype(np.float64)
    drawn_ts, drawn = thin(ts, value, pixels=pixels, gap_us=gap)
    assert (drawn_ts[0], drawn_ts[-1]) == (ts[0], ts[-1])
    assert (np.diff(drawn_ts) > 0).all()
    assert int(np.isnan(drawn).sum()) == int((np.diff(ts) > gap).sum())
    known = dict(zip(ts.tolist(), value.tolist(), strict=True))
    shown = ~np.isnan(drawn)
    assert all(
        known[at] == number
        for at, number in zip(drawn_ts[shown].tolist(), drawn[shown].tolist(), strict=True)
    )


@pytest.mark.store
@pytest.mark.parametrize(
    ("hours", "pixels", "source"),
    [(1, 600, Source.READINGS), (20, 600, Source.MINUTES), (60, 50, Source.HOURS)],
)
async def test_a_line_comes_from_where_it_is_cheapest(
    connection: Connection,
    points: dict[str, int],
    hours: int,
    pixels: int,
    source: Source,
) -> None:
    point = points["P-101.temp"]
    async with connection.transaction():
        await ensure_days(connection, range(T0 // DAY_US, T0 // DAY_US + 4))
    await connection.execute(
        "INSERT INTO reading SELECT %s, to_timestamp(%s) + n * interval '20 s', n %% 50, 0"
        " FROM generate_series(1, 60 * 180) AS n",
        [point, T0 // SECOND],
    )
    await roll_up(connection, lambda: T0 + 30 * HOUR_US)
    line = await chart(connection, point, start_us=T0, end_us=T0 + hours * HOUR_US, pixels=pixels)
    assert line.source is source
    assert (line.value.min(), line.value.max()) == (0.0, 49.0)
    assert len(line) <= 3 * pixels
    assert line.ts[0] - T0 <= MINUTE_US
