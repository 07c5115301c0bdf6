"""What operations read of a window."""

from typing import Any

import numpy as np

from conditions.compiled import beyond, compiled, inlined
from conditions.operations import (
    AMOUNT,
    AVERAGE,
    COVERAGE,
    GREATEST,
    LEAST,
    RATE,
    SAMPLES,
    SMOOTHED,
    SPREAD,
    TALLY,
    TIME_LEFT,
)
from conditions.panes import look_ahead
from conditions.tables import PANES, Records

_SECOND = 1e6
_MINUTE = 60e6
LEAST_PANES = 8
"""Panes with samples that a line is laid through, at least."""
LEAST_FIT = 0.5
"""How much of the panes' variance a line has to explain."""


@compiled
def _seldom(op: int, window: Any, cells: Records, ts: int) -> float:  # pragma: no cover - compiled
    """What an operation reads of a window that few rules use."""
    total = _total_at(window, cells, ts)
    first = cells[total]
    if op == SAMPLES:
        return float(first)
    if op == LEAST:
        return float(first) if np.isfinite(first) else np.nan
    if op == GREATEST:
        return float(cells[total + 1]) if np.isfinite(first) else np.nan
    return np.nan if np.isnan(first) else float(window.last - cells[total + 1])


@inlined
def read_window(  # noqa: C901 - a table of operations
    op: int, window: Any, cells: Records, ts: int, limit: float
) -> float:  # pragma: no cover - compiled
    """What an operation reads of a window at a time; only `TIME_LEFT` asks about a limit."""
    value = np.nan
    if op in (AVERAGE, TALLY, SPREAD, RATE, AMOUNT, COVERAGE):
        total = _total_at(window, cells, ts)
        fold = beyond(cells, total)
        if op == SPREAD:
            value = _spread(cells, total)
        elif op == RATE:
            value = _rate(window, cells, total)
        elif op == AMOUNT:
            value = fold[1]
        elif op == COVERAGE:
            value = fold[2] / PANES
        elif fold[0] > 0.0:
            value = fold[1]
            if op == AVERAGE:
                value /= fold[0]
    elif op == TIME_LEFT:
        if not np.isnan(limit):
            value = _time_left(window, cells, ts, limit)
    elif op == SMOOTHED:
        value = window.last
    else:
        value = _seldom(op, window, cells, ts)
    return value


@inlined
def _total_at(window: Any, cells: Records, ts: int) -> int:  # pragma: no cover - compiled
    """The place of the fold of all panes in view at a time that is not before the last sample."""
    if ts < window.pane_end:
        return int(window.total)
    return look_ahead(window, cells, ts)


@compiled
def _spread(cells: Records, total: int) -> float:  # pragma: no cover - compiled
    """Standard deviation of the samples; NaN for fewer than two."""
    fold = beyond(cells, total)
    count, s1, s2 = fold[0], fold[3], fold[4]
    if count < 2.0:
        return np.nan
    return float(np.sqrt(max(s2 - s1 * s1 / count, 0.0) / (count - 1.0)))


@compiled
def _rate(window: Any, cells: Records, total: int) -> float:  # pragma: no cover - compiled
    """Last less first sample by the time between them, per minute; NaN where that is no time."""
    fold = beyond(cells, total)
    first = fold[0]
    if not first < float(window.last_ts):
        return np.nan
    return float((window.last - fold[1]) / ((float(window.last_ts) - first) / _MINUTE))


@compiled
def _time_left(
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
