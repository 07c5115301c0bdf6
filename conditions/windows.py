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

from conditions.compiled import beyond, compiled, inlined
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
def _fold_sums(
    cells: Records, ring: int, slot: int, oldest: int, newest: int, into: int
) -> None:  # pragma: no cover - compiled
    samples, total, panes = 0.0, 0.0, 0.0
    for back in range(oldest, newest - 1, -1):
        pane = ring + ((slot - back) & (PANES - 1)) * 2
        if cells[pane] > 0.0:
            samples += cells[pane]
            total += cells[pane + 1]
            panes += 1.0
    cells[into], cells[into + 1], cells[into + 2] = samples, total, panes


@compiled
def _fold_spread(
    cells: Records, ring: int, slot: int, oldest: int, newest: int, into: int
) -> None:  # pragma: no cover - compiled
    samples, total, panes, s1, s2 = 0.0, 0.0, 0.0, 0.0, 0.0
    for back in range(oldest, newest - 1, -1):
        pane = ring + ((slot - back) & (PANES - 1)) * 4
        if cells[pane] > 0.0:
            samples += cells[pane]
            total += cells[pane + 1]
            panes += 1.0
            s1 += cells[pane + 2]
            s2 += cells[pane + 3]
    cells[into], cells[into + 1], cells[into + 2] = samples, total, panes
    cells[into + 3], cells[into + 4] = s1, s2


@compiled
def _fold_extremes(
    cells: Records, ring: int, slot: int, oldest: int, newest: int, into: int
) -> None:  # pragma: no cover - compiled
    least, greatest = np.inf, -np.inf
    for back in range(oldest, newest - 1, -1):
        pane = ring + ((slot - back) & (PANES - 1)) * 2
        least = min(least, cells[pane])
        greatest = max(greatest, cells[pane + 1])
    cells[into], cells[into + 1] = least, greatest


@compiled
def _fold_ends(
    cells: Records, ring: int, slot: int, oldest: int, newest: int, into: int
) -> None:  # pragma: no cover - compiled
    cells[into], cells[into + 1] = np.nan, np.nan
    for back in range(oldest, newest - 1, -1):
        pane = ring + ((slot - back) & (PANES - 1)) * 2
        if not np.isnan(cells[pane]):
            cells[into], cells[into + 1] = cells[pane], cells[pane + 1]
            return


@compiled
def _fold_fit(
    window: Any, cells: Records, ring: int, into: int, steps: int
) -> None:  # pragma: no cover - compiled
    n, sx, sy, sxx, sxy, syy = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    newest = 0 if steps > 0 else 1
    for back in range(PANES - 1 - steps, newest - 1, -1):
        pane = ring + ((window.slot - back) & (PANES - 1)) * 2
        if cells[pane] > 0.0:
            x = -float(back + steps)
            y = cells[pane + 1] / cells[pane] - window.origin
            n += 1.0
            sx += x
            sy += y
            sxx += x * x
            sxy += x * y
            syy += y * y
    cells[into], cells[into + 1], cells[into + 2] = n, sx, sy
    cells[into + 3], cells[into + 4], cells[into + 5] = sxx, sxy, syy


@compiled
def _fold(
    window: Any, cells: Records, into: int, steps: int
) -> None:  # pragma: no cover - compiled
    """Fold the panes that are in view `steps` panes later, without the one then filled, oldest first."""
    kind, slot = window.kind, int(window.slot)
    ring = window.cells + pane_cells(kind) + 3 * fold_cells(kind)
    oldest, newest = PANES - 1 - steps, 0 if steps > 0 else 1
    if kind == FILL_SPREAD:
        _fold_spread(cells, ring, slot, oldest, newest, into)
    elif kind == FILL_EXTREMES:
        _fold_extremes(cells, ring, slot, oldest, newest, into)
    elif kind == FILL_ENDS:
        _fold_ends(cells, ring, slot, oldest, newest, into)
    elif kind == FILL_FIT:
        _fold_fit(window, cells, ring, into, steps)
    elif kind != SMOOTH:
        _fold_sums(cells, ring, slot, oldest, newest, into)


@inlined
def _keep_head(window: Any, cells: Records) -> None:  # pragma: no cover - compiled
    """Copy the pane that is being filled to its place in the ring."""
    size, fold = pane_cells(window.kind), fold_cells(window.kind)
    place = window.cells + size + 3 * fold + window.slot * size
    for k in range(size):
        cells[place + k] = cells[window.cells + k]


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
    _keep_head(window, cells)
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
    _keep_head(window, cells)
    _fold(window, cells, ahead, steps)
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
    head = beyond(cells, window.cells)
    amount = value
    if kind == FILL_ENDS:
        if np.isnan(head[0]):
            head[0] = float(ts)
            head[1] = value
            if np.isnan(head[4]):
                head[4] = float(ts)
                head[5] = value
    elif kind == FILL_EXTREMES:
        head[0] = min(head[0], value)
        head[1] = max(head[1], value)
        head[4] = min(head[4], value)
        head[5] = max(head[5], value)
    elif kind == FILL_SPREAD:
        if np.isnan(window.last):
            window.origin = value
        apart = value - window.origin
        head[0] += 1.0
        head[1] += value
        head[2] += apart
        head[3] += apart * apart
        head[9] = head[4] + head[0]
        head[10] = head[5] + head[1]
        head[11] = head[6] + 1.0
        head[12] = head[7] + head[2]
        head[13] = head[8] + head[3]
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
        head[0] += 1.0
        head[1] += amount
        if kind != FILL_FIT:
            head[5] = head[2] + head[0]
            head[6] = head[3] + head[1]
            head[7] = head[4] + 1.0
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
    fold = beyond(cells, total)
    count, s1, s2 = fold[0], fold[3], fold[4]
    if count < 2.0:
        return np.nan
    return float(np.sqrt(max(s2 - s1 * s1 / count, 0.0) / (count - 1.0)))


@compiled
def rate(window: Any, cells: Records, total: int) -> float:  # pragma: no cover - compiled
    """Last less first sample by the time between them, per minute; NaN where that is no time."""
    fold = beyond(cells, total)
    first = fold[0]
    if not first < float(window.last_ts):
        return np.nan
    return float((window.last - fold[1]) / ((float(window.last_ts) - first) / _MINUTE))


@compiled
def time_left(
    window: Any, cells: Records, ts: int, limit: float
) -> float:  # pragma: no cover - compiled
    """Seconds until a line through the panes reaches a limit; NaN if it never does, or fits ill."""
    if ts < window.pane_end:
        head, end = beyond(cells, window.cells), window.pane_end
        fold = beyond(cells, window.cells + 2)
    else:
        place = look_ahead(window, cells, ts)
        head, end = beyond(cells, place), window.ahead_end
        fold = beyond(cells, place)
    n, x, y, xx, xy, yy = fold[0], fold[1], fold[2], fold[3], fold[4], fold[5]
    if ts < window.pane_end and head[0] > 0.0:
        mean = head[1] / head[0] - window.origin
        n += 1.0
        y += mean
        yy += mean * mean
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
