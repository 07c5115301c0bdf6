"""Where buckets begin and end: a fixed width in UTC, or days of a time zone; pure."""

from datetime import date, datetime, time, timedelta
from math import ceil, floor
from zoneinfo import ZoneInfo

import numpy as np

from config.clock import from_us, to_us
from edge.reading import Int64s

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
MINUTE_US = 60_000_000

ORIGIN_US = 946_857_600_000_000
"""2000-01-03 UTC, a Monday: buckets are counted from here, so that weeks begin on one."""
_MONDAY = date(2000, 1, 3)


def even_edges(start_us: int, end_us: int, width_us: int) -> Int64s:
    """Edges of the buckets of a width that hold [start, end), in µs since 1970."""
    first = (start_us - ORIGIN_US) // width_us
    last = -(-(end_us - ORIGIN_US) // width_us)
    return ORIGIN_US + np.arange(first, last + 1, dtype=np.int64) * width_us


def day_edges(start_us: int, end_us: int, *, days: int, zone: ZoneInfo) -> Int64s:
    """Edges at midnight of a time zone, so many days apart: 23 or 25 hours where clocks change."""
    first = floor((_day(start_us, zone) - _MONDAY).days / days)
    last = ceil(((_day(end_us - 1, zone) - _MONDAY).days + 1) / days)
    return np.array([_midnight(number * days, zone) for number in range(first, last + 1)], np.int64)


def grain_us(edges: Int64s) -> int:
    """The widest bucket, counted from the origin, that fits between all edges, in µs."""
    return int(np.gcd.reduce(edges - ORIGIN_US))


def _day(us: int, zone: ZoneInfo) -> date:
    return from_us(us).astimezone(zone).date()


def _midnight(day: int, zone: ZoneInfo) -> int:
    return to_us(datetime.combine(_MONDAY + timedelta(days=day), time(), zone))
