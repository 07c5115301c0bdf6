"""Which hours or minutes of a meter are told by their first and last reading alone; pure."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from edge.reading import Float64s, Int64s
from ingest.history.buckets import Buckets
from ingest.history.edges import HOUR_US
from ingest.meter.days import Rows
from ingest.meter.rules import Rules


def unclear(parts: Buckets, rules: Rules, facts_us: Sequence[int]) -> npt.NDArray[np.bool_]:
    """Buckets, in time order, in which something besides counting on may have happened.

    There it fell, or rose by more than is believed at once, or does not plainly go on from the
    bucket before, as nobody knows of the first one; or a fact is dated within. All others say the
    same as their readings do.
    """
    rise = parts.last - parts.first
    found = (parts.drops > 0) | (rise > min(rules.believed_at_once, rules.range / 2))
    found[:1] = True
    step = parts.first[1:] - parts.last[:-1]
    found[1:] |= (step < 0) | (step > _most(parts.first_ts[1:] - parts.last_ts[:-1], rules))
    for at_us in facts_us:
        found |= (parts.first_ts < at_us) & (at_us <= parts.last_ts)
    return found


def runs(chosen: npt.NDArray[np.bool_]) -> Iterator[slice]:
    """The stretches of True."""
    edges = np.flatnonzero(np.diff(chosen, prepend=False, append=False))
    for first, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield slice(first, stop)


def ends_of(parts: Buckets) -> Rows:
    """The first and the last reading of each bucket, once where they are the same."""
    ts = np.stack([parts.first_ts, parts.last_ts], axis=1).ravel()
    value = np.stack([parts.first, parts.last], axis=1).ravel()
    kept = np.append(True, ts[1:] > ts[:-1])[: len(ts)]
    return Rows(ts[kept], value[kept])


def in_time_order(parts: Sequence[Rows]) -> Rows:
    """All the rows, sorted by time."""
    ts = np.concatenate([part.ts for part in parts])
    value = np.concatenate([part.value for part in parts])
    order = np.argsort(ts, kind="stable")
    return Rows(ts[order], value[order])


def _most(elapsed: Int64s, rules: Rules) -> Float64s:
    if rules.max_per_hour is None:
        return np.full(len(elapsed), rules.range / 2)
    most = rules.max_per_hour * np.maximum(elapsed, HOUR_US) / HOUR_US
    return np.minimum(most, rules.range / 2)
