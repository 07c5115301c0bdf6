"""Buckets: hand-computed days, and the same as a slow oracle whatever the grain."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingest.history.buckets import Buckets, join, of_readings, widen

SECOND = 1_000_000
MINUTE = 60 * SECOND


def columns(readings: list[tuple[int, float]]) -> Buckets:
    """Readings (second, value) as buckets of one reading each."""
    ts = np.array([at * SECOND for at, _ in readings], np.int64)
    return of_readings(ts, np.array([value for _, value in readings], np.float64))


def edges(*seconds: int) -> np.ndarray:
    return np.array(seconds, np.int64) * SECOND


def test_a_value_holds_until_the_next_reading() -> None:
    # 10 for 20 s, then 40 for 40 s: (200 + 1600) / 60; the plain average of the readings is 25.
    [found] = [widen(columns([(0, 10.0), (20, 40.0), (60, 7.0)]), edges(0, 60), gap_us=MINUTE)]
    assert found.time_avg.tolist() == [30.0]
    assert found.avg.tolist() == [25.0]
    assert found.covered.tolist() == [60.0]


def test_a_value_reaches_into_the_next_bucket() -> None:
    found = widen(columns([(50, 6.0), (70, 12.0), (120, 0.0)]), edges(60, 120), gap_us=MINUTE)
    assert found.integral.tolist() == [6.0 * 10 + 12.0 * 50]
    assert (found.count.tolist(), found.first.tolist()) == ([1], [12.0])


def test_a_stretch_longer_than_the_gap_is_not_bridged() -> None:
    found = widen(
        columns([(0, 5.0), (10, 5.0), (41, 9.0), (60, 9.0)]), edges(0, 60), gap_us=30 * SECOND
    )
    assert found.covered.tolist() == [10.0 + 19.0]
    assert found.time_avg.tolist() == [(5.0 * 10 + 9.0 * 19) / 29]


def test_a_held_value_fills_buckets_without_a_reading() -> None:
    found = widen(columns([(0, 3.0), (180, 4.0)]), edges(0, 60, 120, 180), gap_us=5 * MINUTE)
    assert found.count.tolist() == [1, 0, 0]
    assert found.time_avg.tolist() == [3.0, 3.0, 3.0]
    assert np.isnan(found.avg[1:]).all()


def test_a_bucket_that_nothing_touches_is_absent() -> None:
    found = widen(columns([(0, 3.0), (200, 4.0)]), edges(0, 60, 120, 180, 240), gap_us=MINUTE)
    assert found.ts.tolist() == [0, 180 * SECOND]
    assert np.isnan(found.time_avg).all()


def test_no_reading_makes_no_bucket() -> None:
    assert len(widen(columns([]), edges(0, 60), gap_us=MINUTE)) == 0


def test_an_edge_belongs_to_the_bucket_that_it_opens() -> None:
    found = widen(columns([(60, 1.0), (120, 2.0)]), edges(0, 60, 120), gap_us=0)
    assert found.ts.tolist() == [60 * SECOND]
    assert found.last.tolist() == [1.0]


def oracle(
    readings: list[tuple[int, float]], bounds: list[int], gap: int
) -> list[tuple[float, ...]]:
    """Second by second: (start, count, sum, least, greatest, first, last, integral, covered)."""
    found = []
    for start, stop in pairwise(bounds):
        own = [value for at, value in readings if start <= at < stop]
        integral = covered = 0.0
        for (at, value), (following, _) in pairwise(readings):
            if following - at > gap:
                continue
            seconds = sum(start <= second < stop for second in range(at, following))
            integral, covered = integral + value * seconds, covered + seconds
        if own or covered:
            some = own or [np.nan]
            found.append(
                (
                    start,
                    len(own),
                    sum(own),
                    min(some),
                    max(some),
                    some[0],
                    some[-1],
                    integral,
                    covered,
                )
            )
    return found


READINGS = st.lists(
    st.tuples(st.integers(0, 200), st.integers(-1000, 1000).map(lambda n: n / 8)),
    unique_by=lambda reading: reading[0],
    max_size=30,
).map(sorted)
BOUNDS = st.lists(st.integers(0, 200), min_size=2, max_size=8, unique=True).map(sorted)


@given(READINGS, BOUNDS, st.integers(0, 120))
def test_buckets_are_those_of_the_oracle(
    readings: list[tuple[int, float]], bounds: list[int], gap: int
) -> None:
    found = widen(columns(readings), edges(*bounds), gap_us=gap * SECOND)
    total = np.where(found.count > 0, found.avg * found.count, 0.0)
    got = np.stack(
        [
            found.ts / SECOND,
            found.count,
            total,
            found.min,
            found.max,
            found.first,
            found.last,
            found.integral,
            found.covered,
        ],
        axis=1,
    )
    expected = np.array(oracle(readings, bounds, gap)).reshape(-1, 9)
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-9)


@given(READINGS, st.integers(1, 5), st.integers(1, 5), st.integers(0, 120))
def test_wide_buckets_do_not_depend_on_the_grain(
    readings: list[tuple[int, float]], narrow: int, factor: int, gap: int
) -> None:
    wide = np.arange(0, 400, 10 * narrow * factor, dtype=np.int64) * SECOND
    # What the database makes: each narrow bucket for itself, without what lies between.
    own = [
        widen(
            columns([r for r in readings if start <= r[0] < start + 10 * narrow]),
            edges(start, start + 10 * narrow),
            gap_us=gap * SECOND,
        )
        for start in range(0, 220, 10 * narrow)
    ]
    direct = widen(columns(readings), wide, gap_us=gap * SECOND)
    through = widen(join([columns([]), *own]), wide, gap_us=gap * SECOND)
    for name in (
        "ts",
        "count",
        "avg",
        "min",
        "max",
        "first_ts",
        "first",
        "last_ts",
        "last",
        "integral",
        "covered",
    ):
        np.testing.assert_allclose(
            getattr(through, name), getattr(direct, name), rtol=1e-9, atol=1e-9, err_msg=name
        )
