"""The one place that reads the clock; everything else is handed a time or a clock."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

ClockUs = Callable[[], int]
"""Gives the present as microseconds since 1970-01-01 UTC."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def now_us() -> int:
    """The present, in microseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000


def now() -> datetime:
    """The present, in UTC."""
    return from_us(now_us())


def monotonic() -> float:
    """Seconds on a clock that never steps; only differences mean anything."""
    return time.monotonic()


def from_us(us: int) -> datetime:
    """Microseconds since 1970 as a datetime in UTC, without rounding."""
    return _EPOCH + timedelta(microseconds=us)


def to_us(moment: datetime) -> int:
    """An aware datetime as microseconds since 1970, without rounding."""
    return (moment - _EPOCH) // _MICROSECOND
