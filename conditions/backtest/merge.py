"""Series of several points put together in the order of their times. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numba
import numpy as np

from edge.reading import Float64s, Int32s, Int64s, ReadingBatch, UInt8s
from ingest.history.series import Series

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Tagged:
    """A piece of a point's history, in time order."""

    tag: str
    series: Series


def merge(pieces: Sequence[Tagged]) -> ReadingBatch:
    """One batch of all rows by time; of equal times those of an earlier piece come first."""
    tags = tuple(piece.tag for piece in pieces)
    series = [piece.series for piece in pieces]
    if len(series) == 1:
        only = series[0]
        return ReadingBatch(tags, np.zeros(len(only), np.int32), only.ts, only.value, only.quality)
    if all(np.array_equal(series[0].ts, one.ts) for one in series[1:]):
        return ReadingBatch(tags, *_interleave(series))
    counts = np.array([len(one) for one in series], np.int64)
    ends = np.cumsum(counts)
    columns = _merge(
        ends - counts,
        ends,
        np.concatenate([np.empty(0, np.int64), *(one.ts for one in series)]),
        np.concatenate([np.empty(0, np.float64), *(one.value for one in series)]),
        np.concatenate([np.empty(0, np.uint8), *(one.quality for one in series)]),
    )
    return ReadingBatch(tags, *columns)


def _interleave(series: Sequence[Series]) -> tuple[Int32s, Int64s, Float64s, UInt8s]:
    """Series that were read at the very same times, as those of one poll are."""
    width = len(series)
    return (
        np.tile(np.arange(width, dtype=np.int32), len(series[0]) if width else 0),
        np.repeat(series[0].ts, width) if width else np.empty(0, np.int64),
        np.stack([one.value for one in series], axis=1).ravel(),
        np.stack([one.quality for one in series], axis=1).ravel(),
    )


def _compiled(function: FunctionT) -> FunctionT:
    return cast("FunctionT", numba.njit(cache=True, nogil=True)(function))


@_compiled
def _merge(
    starts: Int64s, ends: Int64s, ts: Int64s, value: Float64s, quality: UInt8s
) -> tuple[Int32s, Int64s, Float64s, UInt8s]:  # pragma: no cover - compiled
    """Take the earliest head each time; few points of an asset are read by rules."""
    rows = len(ts)
    index, times = np.empty(rows, np.int32), np.empty(rows, np.int64)
    values, qualities = np.empty(rows, np.float64), np.empty(rows, np.uint8)
    heads = starts.copy()
    late = np.iinfo(np.int64).max
    due = np.full(len(heads), late, np.int64)
    for one in range(len(heads)):
        if heads[one] < ends[one]:
            due[one] = ts[heads[one]]
    row = 0
    while row < rows:
        source = 0
        for one in range(1, len(due)):
            if due[one] < due[source]:
                source = one
        head = heads[source]
        index[row], times[row] = source, due[source]
        values[row], qualities[row] = value[head], quality[head]
        heads[source] = head + 1
        due[source] = ts[head + 1] if head + 1 < ends[source] else late
        row += 1
    return index, times, values, qualities
