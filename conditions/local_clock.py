"""Local time, as the kernel reads it from tables of zones."""

from conditions.compiled import compiled
from conditions.tables import Zones

HOUR_US = 3_600_000_000
DAY_US = 86_400_000_000


@compiled
def zone_row(zones: Zones, zone: int, ts: int) -> int:  # pragma: no cover - compiled
    """The row of a zone's table that holds at a time."""
    low, high = zones.first[zone], zones.first[zone + 1] - 1
    while low < high:
        middle = (low + high + 1) // 2
        if zones.at[middle] <= ts:
            low = middle
        else:
            high = middle - 1
    return int(low)


@compiled
def local_time(zones: Zones, zone: int, ts: int) -> int:  # pragma: no cover - compiled
    """Local time as µs since 1970-01-01 00:00 local."""
    return int(ts + zones.offset[zone_row(zones, zone, ts)])


@compiled
def next_hour(zones: Zones, zone: int, ts: int) -> int:  # pragma: no cover - compiled
    """When the local hour is another one."""
    row = zone_row(zones, zone, ts)
    local = ts + zones.offset[row]
    at = (local // HOUR_US + 1) * HOUR_US - zones.offset[row]
    if row + 1 < zones.first[zone + 1]:
        return int(min(at, zones.at[row + 1]))
    return int(at)


@compiled
def local_hour(zones: Zones, zone: int, ts: int) -> float:  # pragma: no cover - compiled
    """The hour of the day, 0 to 23."""
    return float(local_time(zones, zone, ts) // HOUR_US % 24)


@compiled
def local_weekday(zones: Zones, zone: int, ts: int) -> float:  # pragma: no cover - compiled
    """The day of the week, 0 to 6 from Monday on."""
    return float((local_time(zones, zone, ts) // DAY_US + 3) % 7)
