"""Operations: the codes of programs, and what those mean that reckon with values alone.

Numbers and truths are floats: true is 1, false is 0, unknown is NaN.
"""

import numpy as np

from conditions.compiled import compiled, inlined
from conditions.tables import BEFORE, EQUAL, GREATER, GREATER_EQUAL, LESS, LESS_EQUAL

(
    END,
    CONSTANT,
    LOAD,
    LOAD_YOUNG,
    CONVERT,
    COMPARE_CONSTANT,
    COMPARE,
    SKIP_FALSE,
    SKIP_TRUE,
    AND,
    OR,
    NOT,
    AVERAGE,
    TALLY,
    SPREAD,
    RATE,
    HELD,
    AGE,
    TIME_LEFT,
    SAMPLES,
    AMOUNT,
    COVERAGE,
    LEAST,
    GREATEST,
    DELTA,
    SMOOTHED,
    ADD,
    SUBTRACT,
    MULTIPLY,
    DIVIDE,
    NEGATE,
    ABSOLUTE,
    LESSER,
    GREATER_OF,
    HOUR,
    WEEKDAY,
) = range(36)
"""Operations."""

_SECOND = 1e6


@inlined
def compare(op: int, left: float, right: float) -> float:  # pragma: no cover - compiled
    """A comparison as a truth; unknown where one side is."""
    if np.isnan(left) or np.isnan(right):
        return np.nan
    if op == GREATER:
        return 1.0 if left > right else 0.0
    if op == LESS:
        return 1.0 if left < right else 0.0
    if op == GREATER_EQUAL:
        return 1.0 if left >= right else 0.0
    if op == LESS_EQUAL:
        return 1.0 if left <= right else 0.0
    if op == EQUAL:
        return 1.0 if left == right else 0.0
    return 1.0 if left != right else 0.0


@compiled
def _arithmetic(op: int, left: float, right: float) -> float:  # pragma: no cover - compiled
    """A result that is not finite is unknown."""
    if op == ADD:
        result = left + right
    elif op == SUBTRACT:
        result = left - right
    elif op == MULTIPLY:
        result = left * right
    elif op == DIVIDE:
        result = left / right
    elif np.isnan(left) or np.isnan(right):
        return np.nan
    elif op == LESSER:
        result = min(left, right)
    else:
        result = max(left, right)
    return result if np.isfinite(result) else np.nan


@inlined
def read_age(good_ts: int, ts: int) -> float:  # pragma: no cover - compiled
    """Seconds at a time since a series was last known; NaN if it never was."""
    return np.nan if good_ts == BEFORE else (ts - good_ts) / _SECOND


@inlined
def _both(left: float, right: float) -> float:  # pragma: no cover - compiled
    if left == 0.0 or right == 0.0:
        return 0.0
    if np.isnan(left) or np.isnan(right):
        return np.nan
    return 1.0


@inlined
def _either(left: float, right: float) -> float:  # pragma: no cover - compiled
    if left == 1.0 or right == 1.0:
        return 1.0
    if np.isnan(left) or np.isnan(right):
        return np.nan
    return 0.0


@inlined
def joined(
    op: int, comparator: int, left: float, right: float
) -> float:  # pragma: no cover - compiled
    """What an operation makes of two values; `comparator` is that of COMPARE."""
    if op == AND:
        return _both(left, right)
    if op == OR:
        return _either(left, right)
    if op == COMPARE:
        return compare(comparator, left, right)
    return _arithmetic(op, left, right)
