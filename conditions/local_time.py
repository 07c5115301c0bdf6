"""Local time for the kernel: when the offsets of time zones from UTC change, as tables."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from conditions.tables import BEFORE, Zones

_FIRST, _LAST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


def zone_tables(names: Sequence[str]) -> Zones:
    """The tables of some IANA time zones, in their order; UTC stands for one that is not known."""
    changes = [_changes(name) for name in names]
    first = np.cumsum([0, *map(len, changes)])
    rows = np.array([row for some in changes for row in some], np.int64).reshape(-1, 2)
    return Zones(first.astype(np.int64), rows[:, 0].copy(), rows[:, 1].copy())


@cache
def _changes(name: str) -> tuple[tuple[int, int], ...]:
    """(µs of UTC, offset in µs from then on), the first from the beginning of time."""
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ((BEFORE, 0),)
    found = [(BEFORE, _offset(zone, _FIRST))]
    day = _FIRST
    while day < _LAST:
        following = day + timedelta(days=1)
        if (offset := _offset(zone, following)) != found[-1][1]:
            found.append(((_turn(zone, day, following) - _EPOCH) // _US, offset))
        day = following
    return tuple(found)


def _turn(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """When, between two times of different offsets, the offset changes, to the second."""
    before = _offset(zone, low)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    return high


def _offset(zone: ZoneInfo, at: datetime) -> int:
    return (at.astimezone(zone).utcoffset() or timedelta()) // _US
