"""Panes: how a window keeps what a term was over the last while of event time.

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
    FILL_ENDS,
    FILL_EXTREMES,
    FILL_FIT,
    FILL_SPREAD,
    PANES,
    SMOOTH,
    Records,
)


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
