"""When a meter will have counted so far: P10, P50 and P90, from its usage by the day. Pure.

Usage is taken as a walk with drift: after d days it is mu d, with a variance of s2 (d + d2 / n),
of which s2 d2 / n is that mu itself is known from n days only. The days at which the count is
reached with 10, 50 and 90 % solve (R - mu d)2 = z2 s2 (d + d2 / n) for what remains, R (the bounds
of a ratio after Fieller, 1954).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from statistics import fmean, pvariance

HISTORY_DAYS = 91
"""The last full days that are looked at: 13 whole weeks, so that each weekday counts alike."""

LEAST_DAYS = 3
_WEEK = 7
_Z_90 = 1.2815515655446004
_FURTHEST_DAYS = 36_600.0


@dataclass(frozen=True, slots=True)
class DueRange:
    """When a count is reached: half of what may happen is before `p50`. None: not to be seen."""

    p10: datetime | None = None
    p50: datetime | None = None
    p90: datetime | None = None


def forecast_due(remaining: float, daily: Sequence[float], at: datetime) -> DueRange:
    """When `remaining` units are used up, from the usage of past days (oldest first).

    A meter that stands still, and one that is known for fewer than three days, has no forecast.
    Days of less than nothing (a correction of readings) count as nothing.
    """
    if remaining <= 0:
        return DueRange(at, at, at)
    used = [max(0.0, usage) for usage in daily]
    rate = fmean(used) if len(used) >= LEAST_DAYS else 0.0
    if rate <= 0:
        return DueRange()
    early, late = _bounds(remaining, rate, _variance(used), len(used))
    return DueRange(_after(at, early), _after(at, remaining / rate), _after(at, late))


def _variance(used: Sequence[float]) -> float:
    """Variance of a day's usage, from whole weeks where there are enough: days are not alike."""
    weeks = len(used) // _WEEK
    if weeks < 4:
        return pvariance(used)
    recent = used[-weeks * _WEEK :]
    sums = [sum(recent[start : start + _WEEK]) for start in range(0, len(recent), _WEEK)]
    return pvariance(sums) / _WEEK


def _bounds(
    remaining: float, rate: float, variance: float, days: int
) -> tuple[float, float | None]:
    spread = _Z_90**2 * variance
    square, half, rest = rate**2 - spread / days, remaining * rate + spread / 2, remaining**2
    root = sqrt(max(0.0, half**2 - square * rest))
    # The smaller root in the form that loses no digits, and is right where `square` is not positive.
    early = rest / (half + root)
    return early, (half + root) / square if square > 0 else None


def _after(at: datetime, days: float | None) -> datetime | None:
    return None if days is None or days > _FURTHEST_DAYS else at + timedelta(days=days)
