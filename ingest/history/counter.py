"""How much a counter has counted, over rollovers and resets; pure, over NumPy columns."""

from dataclasses import dataclass

import numpy as np

from edge.reading import Float64s, Int64s
from ingest.history.buckets import Buckets

# Two readings of one step apart differ by a little more than one, once they are doubles.
_ABOUT = 1 + 1e-6


@dataclass(frozen=True, slots=True)
class Counter:
    """How a counter counts: after `rollover` comes 0; it moves in steps of `resolution`."""

    rollover: float | None = None
    resolution: float | None = None

    @property
    def modulus(self) -> float | None:
        """How many steps lie between two zeros, in the counter's unit."""
        if self.rollover is None:
            return None
        whole = 1.0 if float(self.rollover).is_integer() else 0.0
        return self.rollover + (whole if self.resolution is None else self.resolution)


def steps(before: Float64s, after: Float64s, counter: Counter) -> Float64s:
    """What was counted from one reading to the next.

    A fall is a rollover where that makes less than half of the counter's range, else a reset: then
    the counter began at 0 again. A fall by no more than one step is the last digit's flutter.
    """
    rise = after - before
    wrapped = np.full_like(rise, np.inf) if counter.modulus is None else rise + counter.modulus
    rolled = (wrapped >= 0) & (wrapped <= (counter.modulus or 0.0) / 2)
    fallen = np.where(rolled, wrapped, np.maximum(after, 0.0))
    flutter = (rise < 0) & (-rise <= (counter.resolution or 0.0) * _ABOUT)
    return np.where(rise >= 0, rise, np.where(flutter & ~rolled, 0.0, fallen))


def increase(parts: Buckets, edges: Int64s, counter: Counter) -> Float64s:
    """What was counted between each pair of edges, in the counter's unit; NaN without a reading.

    No part has `drops`: the readings of those stand in its place (`of_readings`). A step belongs to
    the bucket of its later reading, however long it took: a counter counts on while nobody looks.
    """
    size = len(edges) - 1
    counted = parts.last - parts.first
    counted[1:] += steps(parts.last[:-1], parts.first[1:], counter)
    place = np.searchsorted(edges, parts.first_ts, side="right") - 1
    inside = (place >= 0) & (place < size)
    total = np.bincount(place[inside], weights=counted[inside], minlength=size)
    seen = np.bincount(place[inside], minlength=size) > 0
    return np.where(seen, total, np.nan)
