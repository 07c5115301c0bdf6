"""Local hours and weekdays, over the days that have 23 or 25 hours."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from conditions.local_clock import local_time, next_hour
from conditions.local_time import zone_tables
from config.clock import to_us

HOUR = 3_600_000_000
ZONES = ["Europe/Berlin", "America/St_Johns", "Asia/Kolkata", "UTC", "Australia/Lord_Howe"]
TABLES = zone_tables(ZONES)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "day", ["2026-03-29", "2026-10-25", "2026-04-05", "2026-10-04", "2026-07-01"]
)
def test_local_time_is_that_of_the_zone_throughout_a_day(zone: str, day: str) -> None:
    start = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(hours=14)
    for quarter in range(40 * 4):
        at = start + timedelta(minutes=15 * quarter)
        local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=UTC)
        assert local_time(TABLES, ZONES.index(zone), to_us(at)) == to_us(local)


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-07-01", 24)]
)
def test_a_day_has_as_many_hours_as_it_has(day: str, hours: int) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime.fromisoformat(day).replace(tzinfo=berlin)
    at, end = to_us(start), to_us(start + timedelta(days=1))
    found = 0
    while at < end:
        at = next_hour(TABLES, 0, at)
        found += 1
    assert (at, found) == (end, hours)


def test_a_zone_that_nobody_knows_is_utc() -> None:
    assert local_time(zone_tables(["Mars/Olympus"]), 0, 5 * HOUR) == 5 * HOUR
