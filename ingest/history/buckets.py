"""Readings summed up by time, and how narrow buckets become wide ones; pure, over NumPy columns.

A bucket that comes from the database knows only its own readings. What lies between the last
reading of one and the first of the next is added here: a value holds until the next reading that
counts, unless that is further away than the gap, and each second goes to the bucket it lies in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.reading import Float64s, Int64s

Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """Readings of one point by time, in time order; buckets without any reading may be absent.

    `ts`, `first_ts` and `last_ts` are µs since 1970; `integral` is value times seconds over the
    `covered` seconds; `drops` counts readings below the one before. A bucket that a value from
    before reaches into without a reading of its own has count 0 and NaN in `avg` to `last`.
    """

    ts: Int64s
    count: Int64s
    avg: Float64s
    min: Float64s
    max: Float64s
    first_ts: Int64s
    first: Float64s
    last_ts: Int64s
    last: Float64s
    integral: Float64s
    covered: Float64s
    drops: Int64s

    def __len__(self) -> int:
        return len(self.ts)

    @property
    def time_avg(self) -> Float64s:
        """Average weighted by time, over the covered seconds alone; NaN where none is covered."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.covered > 0, self.integral / self.covered, np.nan)

    @property
    def columns(self) -> tuple[Any, ...]:
        """Every column, in the order of the fields."""
        return tuple(getattr(self, field.name) for field in fields(self))

    def take(self, rows: Marks | npt.NDArray[np.intp]) -> "Buckets":
        """Some of the buckets."""
        return Buckets(*(column[rows] for column in self.columns))


def of_readings(ts: Int64s, value: Float64s) -> Buckets:
    """Each reading as a bucket of its own; times ascend."""
    zeros, counts = np.zeros(len(ts)), np.zeros(len(ts), np.int64)
    return Buckets(
        ts=ts,
        count=counts + 1,
        avg=value,
        min=value,
        max=value,
        first_ts=ts,
        first=value,
        last_ts=ts,
        last=value,
        integral=zeros,
        covered=zeros,
        drops=counts,
    )


def join(parts: Sequence[Buckets]) -> Buckets:
    """The buckets of several columns as one."""
    alike = zip(*(part.columns for part in parts), strict=True)
    return Buckets(*(np.concatenate(columns) for columns in alike))


def in_time_order(buckets: Buckets) -> Buckets:
    """The buckets by their first reading."""
    return buckets.take(np.argsort(buckets.first_ts, kind="stable"))


def widen(narrow: Buckets, edges: Int64s, *, gap_us: int) -> Buckets:
    """The buckets between ascending edges, from narrower ones that each lie within one of them.

    `narrow` are in time order; those outside the edges serve only for what reaches in. Buckets
    that no reading and no held value touches are absent.
    """
    place = np.searchsorted(edges, narrow.first_ts, side="right") - 1
    inside = (place >= 0) & (place < len(edges) - 1)
    wide = _merge(narrow.take(inside), place[inside], edges)
    integral, covered = _between(narrow, edges, gap_us)
    seen = (wide.count > 0) | (covered > 0)
    whole = replace(wide, integral=wide.integral + integral, covered=wide.covered + covered)
    return whole.take(seen)


def _merge(parts: Buckets, place: npt.NDArray[np.intp], edges: Int64s) -> Buckets:
    """The bucket of every pair of edges, from the parts' own readings alone."""
    size = len(edges) - 1
    held, begin = np.unique(place, return_index=True)
    end = np.append(begin[1:], len(place))[: len(held)] - 1

    def total(column: Float64s | Int64s) -> Float64s:
        return _sums(place, column, size)

    def spread(values: Any, empty: Any) -> Any:
        column = empty.copy()
        column[held] = values
        return column

    count, nothing, start = total(parts.count), np.full(size, np.nan), edges[:-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        avg = np.where(count > 0, total(parts.avg * parts.count) / count, np.nan)
    lowest = np.minimum.reduceat(parts.min, begin) if len(begin) else parts.min
    highest = np.maximum.reduceat(parts.max, begin) if len(begin) else parts.max
    return Buckets(
        ts=start,
        count=count.astype(np.int64),
        avg=avg,
        min=spread(lowest, nothing),
        max=spread(highest, nothing),
        first_ts=spread(parts.first_ts[begin], start),
        first=spread(parts.first[begin], nothing),
        last_ts=spread(parts.last_ts[end], start),
        last=spread(parts.last[end], nothing),
        integral=total(parts.integral),
        covered=total(parts.covered),
        drops=total(parts.drops).astype(np.int64),
    )


def _between(parts: Buckets, edges: Int64s, gap_us: int) -> tuple[Float64s, Float64s]:
    """Integral and seconds that lie between one part's last reading and the next one's first."""
    start, stop = parts.last_ts[:-1], parts.first_ts[1:]
    bridged = (stop - start <= gap_us) & (stop > edges[0]) & (start < edges[-1])
    return hold(start[bridged], stop[bridged], parts.last[:-1][bridged], edges)


def hold(start: Int64s, stop: Int64s, value: Float64s, edges: Int64s) -> tuple[Float64s, Float64s]:
    """Integral and seconds of values that hold in [start, stop), for each pair of edges."""
    start, stop = np.maximum(start, edges[0]), np.minimum(stop, edges[-1])
    first = np.searchsorted(edges, start, side="right") - 1
    spans = np.searchsorted(edges, stop, side="left") - first
    row = np.repeat(np.arange(len(start)), spans)
    place = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(spans) - spans, spans)
    lasting = np.minimum(stop[row], edges[place + 1]) - np.maximum(start[row], edges[place])
    seconds = lasting / 1e6
    size = len(edges) - 1
    return _sums(place, value[row] * seconds, size), _sums(place, seconds, size)


def _sums(place: npt.NDArray[np.intp], column: Float64s | Int64s, size: int) -> Float64s:
    """Sum of a column by place; also without a row a column of doubles."""
    return np.bincount(place, weights=column, minlength=size).astype(np.float64)
