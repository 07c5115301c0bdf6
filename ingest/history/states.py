"""How long a point stood in each of its states; pure, over NumPy columns."""

from dataclasses import dataclass

import numpy as np

from ingest.history.series import Series


@dataclass(frozen=True, slots=True)
class StateTime:
    """Seconds that a state was seen to last, and how often it was entered."""

    seconds: float
    entries: int


def state_times(
    series: Series, *, start_us: int, end_us: int, gap_us: int
) -> dict[float, StateTime]:
    """Time in each state in [start, end), from readings that count, in time order.

    A state lasts until the next reading unless that is further away than the gap: then nobody
    knows. It is entered by a reading that follows one of another state, however far apart.
    Readings around the window serve for what reaches in.
    """
    ts, value = series.ts, series.value
    begin, stop = np.clip(ts[:-1], start_us, end_us), np.clip(ts[1:], start_us, end_us)
    lasting = np.where(np.diff(ts) <= gap_us, stop - begin, 0) / 1e6
    changed = (value[1:] != value[:-1]) & (ts[1:] >= start_us) & (ts[1:] < end_us)
    states, row = np.unique(value, return_inverse=True)
    seconds = np.bincount(row[:-1], weights=lasting, minlength=len(states))
    entries = np.bincount(row[1:], weights=changed, minlength=len(states))
    return {
        state: StateTime(seconds, int(entered))
        for state, seconds, entered in zip(
            states.tolist(), seconds.tolist(), entries.tolist(), strict=True
        )
        if seconds or entered
    }


def add_times(one: dict[float, StateTime], other: dict[float, StateTime]) -> dict[float, StateTime]:
    """The times of two pieces of one history together."""
    nothing = StateTime(0.0, 0)
    return {
        state: StateTime(
            one.get(state, nothing).seconds + other.get(state, nothing).seconds,
            one.get(state, nothing).entries + other.get(state, nothing).entries,
        )
        for state in sorted({*one, *other})
    }
