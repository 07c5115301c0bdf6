"""For how long truths have held, in known time."""

from typing import Any

import numpy as np

from conditions.compiled import compiled
from conditions.tables import NEVER


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
