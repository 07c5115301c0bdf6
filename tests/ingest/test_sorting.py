"""Sorting sends every reading one way: new, late, doubled, unknown, too old or too far ahead."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge.reading import Quality, ReadingBatch, Reason, quality_code
from edge.wire import ReadingColumns
from ingest.point import Point, PointKind
from ingest.point_columns import PointColumns
from ingest.sorting import NEVER, Sorted, Span, bind, judge, sort_readings

SPAN = Span(0, 100)
NO_BOUND = np.array([math.nan])


def point(number: int, *, low: float | None = None, high: float | None = None) -> Point:
    return Point(
        number, f"A.{number}", 1, "A", "c", "r", "", "1", PointKind.GAUGE, None, low, high, None
    )


POINTS = {f"A.{number}": point(number) for number in range(1, 4)}


def sort(
    rows: Sequence[tuple[str, int, float, int]],
    points: Mapping[str, Point],
    latest: Mapping[int, int] | None = None,
) -> Sorted:
    """Sort rows as they come from the log; `latest` is by the point's id."""
    columns = PointColumns.of(points.values())
    known = latest or {}
    times = np.array([known.get(number, NEVER) for number in columns.id.tolist()], np.int64)
    readings = ReadingColumns.of(ReadingBatch.from_rows(rows))
    return sort_readings(bind(readings, columns), times, SPAN)


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["A.1", "A.2", "A.3", "A.4", "B.1"]),
        st.integers(-5, 105),
        st.floats(0, 10),
        st.just(0),
    ),
    max_size=60,
)
LATEST = st.dictionaries(st.integers(1, 3), st.integers(0, 100))


@given(rows=ROWS, latest=LATEST)
def test_every_reading_goes_exactly_one_way(
    rows: list[tuple[str, int, float, int]], latest: dict[int, int]
) -> None:
    result = sort(rows, POINTS, latest)
    ways = [result.new.origin, result.late.origin, result.unknown, result.early, result.ahead]
    taken = np.concatenate(ways).tolist()
    assert len(taken) == len(set(taken)) == len(rows) - result.doubled


@given(rows=ROWS, latest=LATEST)
def test_new_rows_lie_behind_the_latest_in_order_each_once(
    rows: list[tuple[str, int, float, int]], latest: dict[int, int]
) -> None:
    new = sort(rows, POINTS, latest).new
    keys = list(zip(new.point_id.tolist(), new.ts.tolist(), strict=True))
    assert keys == sorted(set(keys))
    assert all(ts > latest.get(number, -1) for number, ts in keys)


@given(rows=ROWS, latest=LATEST)
def test_the_first_of_doubled_readings_wins(
    rows: list[tuple[str, int, float, int]], latest: dict[int, int]
) -> None:
    result = sort(rows, POINTS, latest)
    first: dict[tuple[int, int], float] = {}
    for tag, ts, value, _ in rows:
        if tag in POINTS and 0 <= ts <= 100:
            first.setdefault((POINTS[tag].id, ts), value)
    found = {
        (int(number), int(ts)): float(value)
        for part in (result.new, result.late)
        for number, ts, value in zip(part.point_id, part.ts, part.value, strict=True)
    }
    assert found == first


@given(rows=ROWS, latest=LATEST)
def test_the_latest_time_afterwards_is_the_greatest_stored(
    rows: list[tuple[str, int, float, int]], latest: dict[int, int]
) -> None:
    result = sort(rows, POINTS, latest)
    for slot, ts in zip(result.slots.tolist(), result.newest.tolist(), strict=True):
        number = slot + 1
        own = [
            row_ts
            for tag, row_ts, _, _ in rows
            if tag in POINTS and POINTS[tag].id == number and 0 <= row_ts <= 100
        ]
        assert ts == max([*own, latest.get(number, 0)])


def test_many_tags_are_sorted_as_few_are() -> None:
    points = {f"A.{number}": point(number) for number in range(1, 70_001)}
    rows = [
        (f"A.{number}", ts, 0.0, 0)
        for ts in (5, 3)
        for number in (*range(70_000, 65_000, -1), *range(1, 10))
    ]
    new = sort(rows, points).new
    keys = list(zip(new.point_id.tolist(), new.ts.tolist(), strict=True))
    assert keys == sorted((points[tag].id, ts) for tag, ts, _, _ in rows)


def test_a_value_outside_its_points_range_is_bad_and_keeps_its_number() -> None:
    points = {"A.1": point(1, low=0.0, high=10.0)}
    rows = [("A.1", 1, -0.1, 0), ("A.1", 2, 0.0, 0), ("A.1", 3, 10.0, 0), ("A.1", 4, 10.1, 0)]
    new = sort(rows, points).new
    out_of_range = quality_code(Quality.BAD, Reason.RANGE)
    assert new.quality.tolist() == [out_of_range, 0, 0, out_of_range]
    assert new.value.tolist() == [-0.1, 0.0, 10.0, 10.1]


def test_what_is_bad_already_keeps_its_reason() -> None:
    stale = np.array([quality_code(Quality.BAD, Reason.STALE)], np.uint8)
    assert judge(np.array([99.0]), stale, np.array([0.0]), np.array([1.0])).tolist() == [stale[0]]


def test_what_is_not_a_number_is_never_good() -> None:
    good = np.array([Quality.GOOD], np.uint8)
    for value in (math.nan, math.inf):
        judged = judge(np.array([value]), good, NO_BOUND, NO_BOUND)
        assert judged.tolist() == [quality_code(Quality.BAD, Reason.DECODE)]
