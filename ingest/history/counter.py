"""How much a counter has counted, over rollovers and resets; pure, over NumPy columns."""

from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np

from edge.reading import Float64s, Int64s
from ingest.history.buckets import Buckets

# Two readings of one step apart differ by a little more than one, once they are doubles.
_ABOUT = 1 + 1e-6


@dataclass(frozen=True, slots=True)
class Counter:
    """How a counter counts: after `rollover` comes 0; it moves in steps of `resolution`.

    A fall by up to `jitter` (left out: one step) is noise.
    """

    rollover: float | None = None
    resolution: float | None = None
    jitter: float | None = None

    @property
    def modulus(self) -> float:
        """How much lies between two zeros, in the counter's unit; infinite without a rollover."""
        if self.rollover is None:
            return inf
        whole = 1.0 if float(self.rollover).is_integer() else 0.0
        return self.rollover + (whole if self.resolution is None else self.resolution)

    @property
    def tolerance(self) -> float:
        """The deepest fall that is noise."""
        return (self.resolution or 0.0) * _ABOUT if self.jitter is None else self.jitter

    @property
    def back_over_zero(self) -> float:
        """A rise of this and more is noise of a counter that has just rolled over."""
        return self.modulus - self.tolerance


def gains(value: Float64s, counter: Counter) -> Float64s:
    """What each reading adds to what was counted, in time order; the first one nothing.

    A fall is a rollover where that makes less than half of the counter's range, else a reset: then
    the counter began at 0 again. Noise adds nothing, nor does what leads out of it again. A slow
    fall in small steps is no reset.
    """
    held = _held(value, counter)
    rise, fall = value[1:] - held[:-1], value[:-1] - value[1:]
    noise = _is_noise(rise, counter) | ((rise < 0) & (fall <= counter.tolerance))
    wrapped = rise + counter.modulus
    rolled = (rise < 0) & (wrapped >= 0) & (wrapped <= counter.modulus / 2)
    fallen = np.where(rolled & np.isfinite(wrapped), wrapped, np.maximum(value[1:], 0.0))
    return np.concatenate(
        [np.zeros(min(1, len(value))), np.where(noise, 0.0, np.where(rise >= 0, rise, fallen))]
    )


def increase(parts: Buckets, edges: Int64s, counter: Counter) -> Float64s:
    """What was counted between each pair of edges, in the counter's unit; NaN without a reading.

    No part has `drops`: the readings of those stand in its place (`of_readings`). A step belongs to
    the bucket of its later reading, however long it took: a counter counts on while nobody looks.
    """
    size = len(edges) - 1
    ends = np.stack([parts.first, parts.last], axis=1).ravel()
    counted = gains(ends, counter).reshape(-1, 2).sum(axis=1)
    place = np.searchsorted(edges, parts.first_ts, side="right") - 1
    inside = (place >= 0) & (place < size)
    total = np.bincount(place[inside], weights=counted[inside], minlength=size)
    seen = np.bincount(place[inside], minlength=size) > 0
    return np.where(seen, total, np.nan)


def _held(value: Float64s, counter: Counter) -> Float64s:
    """The count that the next reading is compared with: noise leaves it where it was."""
    held, at = value.copy(), 0
    step = np.diff(value)
    for before in np.flatnonzero((step < 0) | (step >= counter.back_over_zero)).tolist():
        if before < at:
            continue
        count, at = held[before], before + 1
        while at < len(value) and _is_noise(value[at] - count, counter):
            held[at] = count
            at += 1
    return held


def _is_noise(rise: Any, counter: Counter) -> Any:
    """Is a rise over the count that is held noise: a small fall, or one back over zero?"""
    return ((rise < 0) & (rise >= -counter.tolerance)) | (rise >= counter.back_over_zero)
