"""Sort readings by what must be done with them: store, check first, keep aside, refuse.

Nothing here is done for each row or each tag in Python: all is arithmetic on columns.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.reading import (
    Float64s,
    Int32s,
    Int64s,
    Quality,
    Reason,
    UInt8s,
    quality_code,
)
from edge.wire import ReadingColumns
from ingest.point_columns import PointColumns

RowNumbers = npt.NDArray[np.intp]
Marks = npt.NDArray[np.bool_]

NEVER = int(np.iinfo(np.int64).min) + 1
"""The latest time of a point that has no reading."""


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
class Bound:
    """Readings with the slot of each of their tags among the points, -1 where no point has it."""

    readings: ReadingColumns
    points: PointColumns
    slots: Int32s


@dataclass(frozen=True, slots=True, eq=False)
class Sorted:
    """A batch's readings by what is to be done with them.

    `new` lie behind the point's latest, sorted by point and time, each point and time once;
    `late` do not and may be there already; `doubled` counts rows that repeat one of this batch.
    `slots` are the points with a row among these, `newest` their latest times once all is stored.
    `unknown`, `early` and `ahead` are rows of the batch: of tags without a point, and outside the
    span.
    """

    new: Rows
    late: Rows
    doubled: int
    slots: Int32s
    newest: Int64s
    unknown: RowNumbers
    early: RowNumbers
    ahead: RowNumbers


def bind(readings: ReadingColumns, points: PointColumns) -> Bound:
    """Find the points of readings."""
    return Bound(readings, points, points.find(readings.tags))


def sort_readings(bound: Bound, latest: Int64s, span: Span) -> Sorted:
    """Sort a batch, given the latest stored time of each point by slot, `NEVER` where there is none."""
    readings = bound.readings
    slot = bound.slots[readings.tag_index]
    early, ahead = readings.ts < span.first_us, readings.ts > span.last_us
    unknown = slot < 0
    outside = early | ahead
    stored = ~(outside | unknown)
    rows = None if stored.all() else np.flatnonzero(stored)
    slot, ordered = _ordered(bound, slot, rows)
    doubled = _repeats(ordered)
    if doubled.any():
        slot, ordered = slot[~doubled], ordered.take(~doubled)
    first = np.flatnonzero(np.diff(slot, prepend=np.int32(-1)))
    bounds = np.append(first, len(ordered))
    slots = slot[first]
    before = latest[slots]
    is_new = ordered.ts > np.repeat(before, np.diff(bounds))
    all_new = bool(is_new.all())
    return Sorted(
        new=ordered if all_new else ordered.take(is_new),
        late=ordered.take(slice(0, 0)) if all_new else ordered.take(~is_new),
        doubled=int(doubled.sum()),
        slots=slots,
        newest=np.maximum(before, ordered.ts[bounds[1:] - 1]) if len(slots) else before,
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


def _ordered(bound: Bound, slot: Int32s, rows: RowNumbers | None) -> tuple[Int32s, Rows]:
    """The rows of known points by point, then time, then as they came, with judged quality."""
    readings, points = bound.readings, bound.points
    ts = readings.ts if rows is None else readings.ts[rows]
    order = _order(slot if rows is None else slot[rows], ts)
    origin = order if rows is None else rows[order]
    slot, value = slot[origin], readings.value[origin]
    quality = judge(value, readings.quality[origin], points.low[slot], points.high[slot])
    return slot, Rows(points.id[slot], readings.ts[origin], value, quality, origin)


def _order(slot: Int32s, ts: Int64s) -> RowNumbers:
    """Row numbers by slot, then time, then as they came: the least significant key first.

    NumPy sorts 16-bit integers by radix, in a time that does not depend on their order.
    """
    order: RowNumbers | None = None
    if not (ts[1:] >= ts[:-1]).all():
        order = np.argsort(ts, kind="stable")
    order = _then_by(slot.astype(np.uint16), order)
    if len(slot) and slot.max() > np.iinfo(np.uint16).max:
        order = _then_by((slot >> 16).astype(np.uint16), order)
    return order


def _then_by(key: npt.NDArray[np.uint16], order: RowNumbers | None) -> RowNumbers:
    if order is None:
        return np.argsort(key, kind="stable")
    return order[np.argsort(key[order], kind="stable")]


def _repeats(rows: Rows) -> Marks:
    """Marks each row whose point and time are those of the row before it."""
    marks = np.zeros(len(rows), np.bool_)
    marks[1:] = (rows.ts[1:] == rows.ts[:-1]) & (rows.point_id[1:] == rows.point_id[:-1])
    return marks
