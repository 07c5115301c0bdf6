"""Windows: taking samples into panes; `conditions.panes` says how those lie.

`head` is what `beyond` gives of a window's cells: the pane that is being filled, then the fold of the
full ones, then of all. How many cells each takes goes by the kind.
"""

from typing import Any

import numpy as np

from conditions.compiled import beyond, compiled, inlined
from conditions.panes import roll
from conditions.tables import (
    BEFORE,
    COUNT_INCREASE,
    COUNT_RISES,
    FILL_ENDS,
    FILL_EXTREMES,
    FILL_FIT,
    FILL_SPREAD,
    SMOOTH,
    Records,
)


@inlined
def fill(window: Any, cells: Records, ts: int, value: float) -> None:  # pragma: no cover - compiled
    """Take in a known sample."""
    kind = window.kind
    if kind == SMOOTH:
        _smooth(window, ts, value)
        return
    if ts >= window.pane_end:
        roll(window, cells, ts)
    window.ahead_end = BEFORE
    head = beyond(cells, window.cells)
    if kind == FILL_ENDS:
        _note_first(head, ts, value)
    elif kind == FILL_EXTREMES:
        _widen(head, value)
    elif kind == FILL_SPREAD:
        _add_squares(window, head, value)
    elif kind == FILL_FIT:
        if np.isnan(window.last):
            window.origin = value
        head[0] += 1.0
        head[1] += value
    else:
        _add(head, _amount(window, kind, value))
    window.last = value
    window.last_ts = ts


@inlined
def _note_first(head: Records, ts: int, value: float) -> None:  # pragma: no cover - compiled
    """Keep the first sample of the pane, and of all."""
    if np.isnan(head[0]):
        head[0] = float(ts)
        head[1] = value
        if np.isnan(head[4]):
            head[4] = float(ts)
            head[5] = value


@inlined
def _widen(head: Records, value: float) -> None:  # pragma: no cover - compiled
    """Keep the least and the greatest of the pane, and of all."""
    head[0] = min(head[0], value)
    head[1] = max(head[1], value)
    head[4] = min(head[4], value)
    head[5] = max(head[5], value)


@inlined
def _add_squares(window: Any, head: Records, value: float) -> None:  # pragma: no cover - compiled
    """Add a sample, its distance from the origin and the square of that."""
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


@inlined
def _add(head: Records, amount: float) -> None:  # pragma: no cover - compiled
    """Add one sample to the pane; all is the full panes and this one."""
    head[0] += 1.0
    head[1] += amount
    head[5] = head[2] + head[0]
    head[6] = head[3] + head[1]
    head[7] = head[4] + 1.0


@inlined
def _amount(window: Any, kind: int, value: float) -> float:  # pragma: no cover - compiled
    """What a sample adds: itself, a rise from false to true, or what a counter counted since."""
    amount = value
    if kind == COUNT_RISES:
        amount = 1.0 if window.last == 0.0 and value == 1.0 else 0.0
    elif kind == COUNT_INCREASE:
        amount = 0.0
        if value >= window.last:
            amount = value - window.last
        elif value < window.last:
            amount = value
            if not np.isnan(window.rollover):
                amount = value - window.last + window.rollover
    return amount


@compiled
def _smooth(window: Any, ts: int, value: float) -> None:  # pragma: no cover - compiled
    """Move an exponentially weighted mean to a sample."""
    if np.isnan(window.last):
        window.last = value
    else:
        share = 1.0 - np.exp(-float(ts - window.last_ts) / float(window.pane_us))
        window.last += share * (value - window.last)
    window.last_ts = ts
