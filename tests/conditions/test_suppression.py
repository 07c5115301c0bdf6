"""Windows of the week and of the calendar, in the site's own time."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from conditions.suppression import DateWindow, WeeklyWindow

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = WeeklyWindow(frozenset({4}), time(22), time(6))  # Friday night
SATURDAY = WeeklyWindow(frozenset({5}), time(0), time(0))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        ("2026-11-20 21:59:59.999999", False),
        ("2026-11-20 22:00", True),
        ("2026-11-21 00:00", True),
        ("2026-11-21 05:59:59.999999", True),
        ("2026-11-21 06:00", False),
        ("2026-11-21 22:00", False),
        ("2026-11-20 05:00", False),
    ],
)
def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins(
    text: str, covered: bool
) -> None:
    assert NIGHT.covers(at(text)) is covered


def test_equal_ends_are_a_whole_day_of_whatever_length() -> None:
    hours = [datetime(2026, 10, 23, 21, tzinfo=UTC) + timedelta(hours=n) for n in range(60)]
    # The Sunday on which clocks go back has 25 hours, and none of them is Saturday.
    covered = [one for one in hours if SATURDAY.covers(one.astimezone(BERLIN))]
    assert len(covered) == 24
    sunday = WeeklyWindow(frozenset({6}), time(0), time(0))
    assert sum(sunday.covers(one.astimezone(BERLIN)) for one in hours) == 25


def test_the_night_in_which_clocks_go_forward_is_an_hour_shorter() -> None:
    hours = [datetime(2026, 3, 28, 12, tzinfo=UTC) + timedelta(hours=n) for n in range(24)]
    night = WeeklyWindow(frozenset({5}), time(22), time(6))
    assert sum(night.covers(one.astimezone(BERLIN)) for one in hours) == 7


def test_dates_hold_from_the_first_day_through_the_last() -> None:
    holidays = DateWindow(date(2026, 12, 24), date(2027, 1, 1))
    assert not holidays.covers(at("2026-12-23 23:59:59"))
    assert holidays.covers(at("2026-12-24 00:00"))
    assert holidays.covers(at("2027-01-01 23:59:59"))
    assert not holidays.covers(at("2027-01-02 00:00"))


def test_dates_may_end_with_the_calendar() -> None:
    assert DateWindow(date(2026, 1, 1), date.max).covers(at("2026-05-01 00:00"))
