"""Sort readings by what must be done with them: store, check first, keep aside, refuse.

Nothing here is done for each row in Python: a tag is looked up once for a batch, and the rest is
arithmetic on columns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from edge.reading import (
    Float64s,
    Int32s,
    Int64s,
    Quality,
    ReadingBatch,
    Reason,
    UInt8s,
    quality_code,
)

if TYPE_CHECKING:
    from ingest.point import Point

RowNumbers = npt.NDArray[np.intp]
Marks = npt.NDArray[np.bool_]

_BEFORE_ALL = np.iinfo(np.int64).min
# NumPy sorts 16-bit integers by radix, in a time that does not depend on their order.
_RADIX_RANKS = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Readings of known points in columns of one length; `origin` is the row in the batch."""

    point_id: Int32s
    ts: Int64s
    value: Float64s
    quality: UInt8s
    origin: RowNumbers

    def __len__(self) -> int:
        return len(self.ts)

    @classmethod
    def concatenate(cls, first: "Rows", second: "Rows") -> "Rows":
        """The rows of both."""
        return cls(
            np.concatenate([first.point_id, second.point_id]),
            np.concatenate([first.ts, second.ts]),
            np.concatenate([first.value, second.value]),
            np.concatenate([first.quality, second.quality]),
            np.concatenate([first.origin, second.origin]),
        )

    def take(self, rows: RowNumbers | Marks | slice) -> "Rows":
        """Some of the rows, by index, mask or slice."""
        return Rows(
            self.point_id[rows],
            self.ts[rows],
            self.value[rows],
            self.quality[rows],
            self.origin[rows],
        )


@dataclass(frozen=True, slots=True)
class Span:
    """Times that may be stored, in µs since 1970, both ends included."""

    first_us: int
    last_us: int


@dataclass(frozen=True, slots=True, eq=False)
class Sorted:
    """A batch's readings by what is to be done with them.

    `new` lie behind the point's latest, sorted by point and time, each point and time once;
    `late` do not and may be there already; `doubled` counts rows that repeat one of this batch;
    `latest` is each point's newest time once all is stored. `unknown`, `early` and `ahead` are
    rows of the batch: of tags without a point, and outside the span.
    """

    new: Rows
    late: Rows
    doubled: int
    latest: dict[int, int]
    unknown: RowNumbers
    early: RowNumbers
    ahead: RowNumbers


def known_ids(readings: ReadingBatch, points: Mapping[str, "Point"]) -> list[int]:
    """Ids of the batch's points."""
    return [points[tag].id for tag in readings.tags if tag in points]


def sort_readings(
    readings: ReadingBatch, points: Mapping[str, "Point"], latest: Mapping[int, int], span: Span
) -> Sorted:
    """Sort a batch, given the points by tag and the latest stored time of each point by id."""
    known = [points.get(tag) for tag in readings.tags]
    early, ahead = readings.ts < span.first_us, readings.ts > span.last_us
    unknown = np.array([point is None for point in known], np.bool_)[readings.tag_index]
    outside = early | ahead
    stored = ~(outside | unknown)
    rows = None if stored.all() else np.flatnonzero(stored)
    ordered = _ordered(readings, known, rows)
    doubled = _repeats(ordered)
    if doubled.any():
        ordered = ordered.take(~doubled)
    ids, first = np.unique(ordered.point_id, return_index=True)
    bounds = np.append(first, len(ordered))
    before = np.array([latest.get(int(point), _BEFORE_ALL) for point in ids], np.int64)
    is_new = ordered.ts > np.repeat(before, np.diff(bounds))
    newest = np.maximum(before, ordered.ts[bounds[1:] - 1]) if len(ids) else before
    all_new = bool(is_new.all())
    return Sorted(
        new=ordered if all_new else ordered.take(is_new),
        late=ordered.take(slice(0, 0)) if all_new else ordered.take(~is_new),
        doubled=int(doubled.sum()),
        latest=dict(zip(ids.tolist(), newest.tolist(), strict=True)),
        unknown=np.flatnonzero(unknown & ~outside),
        early=np.flatnonzero(early),
        ahead=np.flatnonzero(ahead),
    )


def judge(value: Float64s, quality: UInt8s, low: Float64s, high: Float64s) -> UInt8s:
    """Quality bytes after the range check; bounds are for each row, NaN where there is none.

    What is not a finite number is bad too, and what is bad already keeps its reason.
    """
    believed = quality < Quality.BAD
    wrong = ~np.isfinite(value)
    beyond = (value < low) | (value > high)
    judged = quality
    if wrong.any():
        judged = np.where(believed & wrong, quality_code(Quality.BAD, Reason.DECODE), judged)
    if beyond.any():
        judged = np.where(believed & beyond, quality_code(Quality.BAD, Reason.RANGE), judged)
    return judged.astype(np.uint8, copy=False)


def _ordered(readings: ReadingBatch, known: list["Point | None"], rows: RowNumbers | None) -> Rows:
    """The rows of known points by point, then time, then as they came, with judged quality."""
    ids = np.array([point.id if point else -1 for point in known], np.int32)
    low = np.array([_or_nan(point.low) if point else np.nan for point in known], np.float64)
    high = np.array([_or_nan(point.high) if point else np.nan for point in known], np.float64)
    index = readings.tag_index if rows is None else readings.tag_index[rows]
    ts = readings.ts if rows is None else readings.ts[rows]
    order = _order(ids, index, ts)
    origin = order if rows is None else rows[order]
    tag, value = readings.tag_index[origin], readings.value[origin]
    quality = judge(value, readings.quality[origin], low[tag], high[tag])
    return Rows(ids[tag], readings.ts[origin], value, quality, origin)


def _order(ids: Int32s, index: Int32s, ts: Int64s) -> RowNumbers:
    """Row numbers by point, then time, then as they came."""
    ranks = np.unique(ids, return_inverse=True)[1]
    if len(ids) > _RADIX_RANKS:
        return np.lexsort((ts, ranks[index]))
    rank = ranks.astype(np.uint16)[index]
    if (ts[1:] >= ts[:-1]).all():
        return np.argsort(rank, kind="stable")
    return np.lexsort((ts, rank))


def _repeats(rows: Rows) -> Marks:
    """Marks each row whose point and time are those of the row before it."""
    marks = np.zeros(len(rows), np.bool_)
    marks[1:] = (rows.ts[1:] == rows.ts[:-1]) & (rows.point_id[1:] == rows.point_id[:-1])
    return marks


def _or_nan(bound: float | None) -> float:
    return np.nan if bound is None else bound
