"""Series of points put together by time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conditions.backtest.merge import Tagged, merge
from ingest.history.series import Series

TIMES = st.lists(st.integers(0, 20), max_size=12, unique=True).map(sorted)


def series(times: list[int], number: int = 0) -> Series:
    ts = np.array(times, np.int64)
    return Series(ts, ts * 1.5 + number, (ts % 3).astype(np.uint8))


@given(st.lists(TIMES, min_size=1, max_size=5))
def test_rows_come_by_time_and_of_equal_times_by_point(times: list[list[int]]) -> None:
    pieces = [Tagged(f"P.{n}", series(one, n)) for n, one in enumerate(times)]
    batch = merge(pieces)
    rows = [
        (int(ts), n, float(value), int(quality))
        for n, piece in enumerate(pieces)
        for ts, value, quality in zip(
            piece.series.ts, piece.series.value, piece.series.quality, strict=True
        )
    ]
    columns = (batch.ts, batch.tag_index, batch.value, batch.quality)
    found = list(zip(*(column.tolist() for column in columns), strict=True))
    assert found == sorted(rows)
    assert batch.tags == tuple(piece.tag for piece in pieces)


@pytest.mark.parametrize("width", [1, 2, 4])
def test_points_of_one_poll_are_interleaved(width: int) -> None:
    batch = merge([Tagged(f"P.{n}", series([1, 2], n)) for n in range(width)])
    assert batch.ts.tolist() == [1] * width + [2] * width
    assert batch.tag_index.tolist() == [*range(width), *range(width)]
