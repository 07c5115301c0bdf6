"""Windows: what a term was over the last while, kept in panes of event time.

A window of length w has panes of w/64, rounded up to whole microseconds and aligned to the epoch.
It reaches from the pane that is being filled over the 63 before it, so its far edge is exact to a
pane. `head` is the pane being filled, `full` the fold of those before it, `total` both; `ahead` is the
fold as a later pane sees it, for rules whose time is ahead of the window's. Every fold is made anew
from the panes, oldest first: nothing drifts, and no result depends on who asked before.

What a pane and a fold hold, by kind:

    FILL_SUM, COUNT_…   pane: samples, sum                fold: samples, sum, panes
    FILL_SPREAD         pane: samples, sum, s1, s2        fold: samples, sum, panes, s1, s2
    FILL_EXTREMES       pane: least, greatest             fold: the same
    FILL_ENDS           pane: first time, first value     fold: the same
    FILL_FIT            pane: samples, sum                fold: n, x, y, xx, xy, yy over panes

s1 and s2 are sums of the distances from `origin` and of their squares. In a fit x counts panes back
from the one that the fold looks from, and y is the pane's mean less `origin`.
"""

from typing import Any

import numpy as np

from conditions.compiled import compiled, inlined
from conditions.tables import (
    BEFORE,
    COUNT_INCREASE,
    COUNT_RISES,
    FILL_ENDS,
    FILL_EXTREMES,
    FILL_FIT,
    FILL_SPREAD,
    NEVER,
    PANES,
    SMOOTH,
    Records,
)

_SECOND = 1e6
_MINUTE = 60e6
LEAST_PANES = 8
"""Panes with samples that a line is laid through, at least."""
LEAST_FIT = 0.5
"""How much of the panes' variance a line has to explain."""


@compiled
def pane_cells(kind: int) -> int:  # pragma: no cover - compiled
    """Cells of one pane."""
    if kind == FILL_SPREAD:
        return 4
    return 0 if kind == SMOOTH else 2


@compiled
def fold_cells(kind: int) -> int:  # pragma: no cover - compiled
    """Cells of one fold."""
    if kind == FILL_SPREAD:
        return 5
    if kind == FILL_FIT:
        return 6
    return 2 if kind in (FILL_EXTREMES, FILL_ENDS) else 3


@compiled
def clear_cells(
    cells: Records, start: int, count: int, kind: int
) -> None:  # pragma: no cover - compiled
    """Make some cells those of panes without a sample."""
    for k in range(start, start + count):
        if kind == FILL_EXTREMES:
            cells[k] = np.inf if (k - start) % 2 == 0 else -np.inf
        else:
            cells[k] = np.nan if kind == FILL_ENDS else 0.0


@compiled
def _fold_pane(
    window: Any, cells: Records, into: int, pane: int, distance: int
) -> None:  # pragma: no cover - compiled
    """Take a pane into a fold; it lies `distance` panes before the one that the fold looks from."""
    kind = window.kind
    if kind == FILL_EXTREMES:
        cells[into] = min(cells[into], cells[pane])
        cells[into + 1] = max(cells[into + 1], cells[pane + 1])
    elif kind == FILL_ENDS:
        if np.isnan(cells[into]):
            cells[into] = cells[pane]
            cells[into + 1] = cells[pane + 1]
    elif cells[pane] > 0.0:
        if kind == FILL_FIT:
            x = -float(distance)
            y = cells[pane + 1] / cells[pane] - window.origin
            cells[into] += 1.0
            cells[into + 1] += x
            cells[into + 2] += y
            cells[into + 3] += x * x
            cells[into + 4] += x * y
            cells[into + 5] += y * y
            return
        cells[into] += cells[pane]
        cells[into + 1] += cells[pane + 1]
        cells[into + 2] += 1.0
        if kind == FILL_SPREAD:
            cells[into + 3] += cells[pane + 2]
            cells[into + 4] += cells[pane + 3]


@compiled
def _fold(
    window: Any, cells: Records, into: int, steps: int
) -> None:  # pragma: no cover - compiled
    """Fold the panes that are in view `steps` panes later, without the head, oldest first."""
    size, fold = pane_cells(window.kind), fold_cells(window.kind)
    ring = window.cells + size + 3 * fold
    clear_cells(cells, into, fold, window.kind)
    for back in range(PANES - 1 - steps, 0, -1):
        slot = (window.slot - back) % PANES
        _fold_pane(window, cells, into, ring + slot * size, back + steps)


@compiled
def roll(window: Any, cells: Records, ts: int) -> None:  # pragma: no cover - compiled
    """Go on to the pane that a time lies in; it is not before the present one."""
    pane_us = window.pane_us
    size, fold = pane_cells(window.kind), fold_cells(window.kind)
    head, ring = window.cells, window.cells + size + 3 * fold
    if window.pane_end == BEFORE:
        window.pane_end = (ts // pane_us + 1) * pane_us
        window.slot = (ts // pane_us) % PANES
        return
    steps = (ts - window.pane_end) // pane_us + 1
    for k in range(size):
        cells[ring + window.slot * size + k] = cells[head + k]
    if steps >= PANES:
        clear_cells(cells, ring, PANES * size, window.kind)
    else:
        for step in range(1, steps):
            slot = (window.slot + step) % PANES
            clear_cells(cells, ring + slot * size, size, window.kind)
    window.slot = (window.slot + steps) % PANES
    window.pane_end += steps * pane_us
    clear_cells(cells, head, size, window.kind)
    _fold(window, cells, head + size, 0)
    if window.kind != FILL_FIT:
        for k in range(fold):
            cells[head + size + fold + k] = cells[head + size + k]


@compiled
def look_ahead(window: Any, cells: Records, ts: int) -> int:  # pragma: no cover - compiled
    """The place of the fold as a later pane sees it."""
    pane_us = window.pane_us
    size, fold = pane_cells(window.kind), fold_cells(window.kind)
    ahead = window.cells + size + 2 * fold
    if window.ahead_end - pane_us <= ts < window.ahead_end:
        return int(ahead)
    window.ahead_end = (ts // pane_us + 1) * pane_us
    if window.pane_end == BEFORE or ts - window.pane_end >= (PANES - 1) * pane_us:
        clear_cells(cells, ahead, fold, window.kind)
        return int(ahead)
    steps = (ts - window.pane_end) // pane_us + 1
    _fold(window, cells, ahead, steps)
    _fold_pane(window, cells, ahead, window.cells, steps)
    return int(ahead)


@compiled
def smooth(window: Any, ts: int, value: float) -> None:  # pragma: no cover - compiled
    """Move an exponentially weighted mean to a sample."""
    if np.isnan(window.last):
        window.last = value
    else:
        share = 1.0 - np.exp(-float(ts - window.last_ts) / float(window.pane_us))
        window.last += share * (value - window.last)
    window.last_ts = ts


@inlined
def fill(  # noqa: C901 - copied into the loop, where a call would cost more
    window: Any, cells: Records, ts: int, value: float
) -> None:  # pragma: no cover - compiled
    """Take in a known sample."""
    kind = window.kind
    if kind == SMOOTH:
        smooth(window, ts, value)
        return
    if ts >= window.pane_end:
        roll(window, cells, ts)
    window.ahead_end = BEFORE
    head = window.cells
    amount = value
    if kind == FILL_ENDS:
        if np.isnan(cells[head]):
            cells[head] = float(ts)
            cells[head + 1] = value
            if np.isnan(cells[head + 4]):
                cells[head + 4] = float(ts)
                cells[head + 5] = value
    elif kind == FILL_EXTREMES:
        cells[head] = min(cells[head], value)
        cells[head + 1] = max(cells[head + 1], value)
        cells[head + 4] = min(cells[head + 4], value)
        cells[head + 5] = max(cells[head + 5], value)
    elif kind == FILL_SPREAD:
        if np.isnan(window.last):
            window.origin = value
        apart = value - window.origin
        cells[head] += 1.0
        cells[head + 1] += value
        cells[head + 2] += apart
        cells[head + 3] += apart * apart
        cells[head + 9] = cells[head + 4] + cells[head]
        cells[head + 10] = cells[head + 5] + cells[head + 1]
        cells[head + 11] = cells[head + 6] + 1.0
        cells[head + 12] = cells[head + 7] + cells[head + 2]
        cells[head + 13] = cells[head + 8] + cells[head + 3]
    else:
        if kind == FILL_FIT:
            if np.isnan(window.last):
                window.origin = value
        elif kind == COUNT_RISES:
            amount = 1.0 if window.last == 0.0 and value == 1.0 else 0.0
        elif kind == COUNT_INCREASE:
            amount = 0.0
            if value >= window.last:
                amount = value - window.last
            elif value < window.last:
                amount = value
                if not np.isnan(window.rollover):
                    amount = value - window.last + window.rollover
        cells[head] += 1.0
        cells[head + 1] += amount
        if kind != FILL_FIT:
            cells[head + 5] = cells[head + 2] + cells[head]
            cells[head + 6] = cells[head + 3] + cells[head + 1]
            cells[head + 7] = cells[head + 4] + 1.0
    window.last = value
    window.last_ts = ts


@inlined
def total_at(window: Any, cells: Records, ts: int) -> int:  # pragma: no cover - compiled
    """The place of the fold of all panes in view at a time that is not before the last sample."""
    if ts < window.pane_end:
        return int(window.total)
    return look_ahead(window, cells, ts)


@compiled
def spread(cells: Records, total: int) -> float:  # pragma: no cover - compiled
    """Standard deviation of the samples; NaN for fewer than two."""
    count, s1, s2 = cells[total], cells[total + 3], cells[total + 4]
    if count < 2.0:
        return np.nan
    return float(np.sqrt(max(s2 - s1 * s1 / count, 0.0) / (count - 1.0)))


@compiled
def rate(window: Any, cells: Records, total: int) -> float:  # pragma: no cover - compiled
    """Last less first sample by the time between them, per minute; NaN where that is no time."""
    first = cells[total]
    if not first < float(window.last_ts):
        return np.nan
    return float((window.last - cells[total + 1]) / ((float(window.last_ts) - first) / _MINUTE))


@compiled
def time_left(
    window: Any, cells: Records, ts: int, limit: float
) -> float:  # pragma: no cover - compiled
    """Seconds until a line through the panes reaches a limit; NaN if it never does, or fits ill."""
    if ts < window.pane_end:
        head, end = window.cells, window.pane_end
        full = head + 2
        n, x, y = cells[full], cells[full + 1], cells[full + 2]
        xx, xy, yy = cells[full + 3], cells[full + 4], cells[full + 5]
        if cells[head] > 0.0:
            mean = cells[head + 1] / cells[head] - window.origin
            n += 1.0
            y += mean
            yy += mean * mean
    else:
        full = look_ahead(window, cells, ts)
        end = window.ahead_end
        n, x, y = cells[full], cells[full + 1], cells[full + 2]
        xx, xy, yy = cells[full + 3], cells[full + 4], cells[full + 5]
    along, up, cross = n * xx - x * x, n * yy - y * y, n * xy - x * y
    if not (
        n >= LEAST_PANES and along > 0.0 and cross * cross >= LEAST_FIT * along * up and up > 0.0
    ):
        return np.nan
    slope = cross / along
    panes = ((limit - window.origin) - (y - slope * x) / n) / slope
    left = panes * float(window.pane_us) + float(end - ts) - 0.5 * float(window.pane_us)
    return left / _SECOND if left >= 0.0 else np.nan


@compiled
def sample_run(
    run: Any, ts: int, value: float, known_until: int
) -> None:  # pragma: no cover - compiled
    """Take a sample of a truth into the time for which it has held."""
    if run.run_from != NEVER:
        run.elapsed += min(ts, run.known_until) - run.run_from
    run.run_from = NEVER
    run.known_until = known_until
    if value == 1.0:
        run.run_from = ts
        run.truth = 1.0
    elif value == 0.0:
        run.elapsed = 0
        run.truth = 0.0
        run.broken = 1


@compiled
def run_end(run: Any) -> int:  # pragma: no cover - compiled
    """When a run reaches its length if nothing changes, or NEVER."""
    if run.run_from == NEVER or run.elapsed >= run.length:
        return NEVER
    at = run.run_from + run.length - run.elapsed
    return int(at) if at <= run.known_until else NEVER


@compiled
def has_held(run: Any, ts: int) -> float:  # pragma: no cover - compiled
    """Has the truth held for its length of known time? NaN until it was known for that long."""
    if run.truth != 1.0:
        return float(run.truth)
    held = run.elapsed
    if run.run_from != NEVER:
        held += max(min(ts, run.known_until) - run.run_from, 0)
    if held >= run.length:
        return 1.0
    return 0.0 if run.broken else np.nan
