"""Working time: shifts, nights, holidays, versions and the changes of the clocks."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maintenance.calendars.calendar import (
    ALL_DAYS,
    EVER,
    Calendar,
    CalendarHistory,
    CalendarVersion,
    DayException,
    HolidayRegion,
    Shift,
    Weekday,
)
from maintenance.calendars.working_time import (
    bounds,
    closed_because,
    is_working,
    moment_after,
    next_working,
    shifts_on,
    working_at,
    working_intervals,
    working_seconds,
    working_spans,
)

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = frozenset(Weekday) - {Weekday.SAT, Weekday.SUN}
OFFICE = Shift("day", WEEK, time(8), time(16))
NIGHT = Shift("night", ALL_DAYS, time(22), time(6))
THREE = (
    Shift("early", ALL_DAYS, time(6), time(14)),
    Shift("late", ALL_DAYS, time(14), time(22)),
    NIGHT,
)


def calendar(*shifts: Shift, zone: str = "Europe/Berlin", **more: object) -> Calendar:
    return Calendar("c", "C", zone, shifts, **more)  # type: ignore[arg-type]


def of(*shifts: Shift, **more: object) -> CalendarHistory:
    return CalendarHistory.of(calendar(*shifts, **more))  # type: ignore[arg-type]


def berlin(day: str, clock: str = "00:00") -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=BERLIN)


def hours(history: CalendarHistory, start: datetime, end: datetime) -> float:
    return working_seconds(history, start, end) / 3600


def test_a_working_day_counts_and_a_weekend_does_not() -> None:
    assert hours(of(OFFICE), berlin("2026-03-06", "15:00"), berlin("2026-03-09", "09:00")) == 2


def test_a_night_shift_belongs_to_the_day_on_which_it_begins() -> None:
    friday = Shift("night", frozenset({Weekday.FRI}), time(22), time(6))
    assert hours(of(friday), berlin("2026-03-07"), berlin("2026-03-08")) == 6


@pytest.mark.parametrize(("evening", "length"), [("2026-03-28", 7), ("2026-10-24", 9)])
def test_a_night_shift_over_the_change_of_the_clocks_is_an_hour_shorter_or_longer(
    evening: str, length: int
) -> None:
    start = berlin(evening, "12:00").astimezone(UTC)
    assert hours(of(NIGHT), start, start + timedelta(days=1)) == length


def test_shifts_that_meet_at_an_hour_that_comes_twice_leave_no_gap_and_no_overlap() -> None:
    twice = time(2, 30)
    shifts = (Shift("a", ALL_DAYS, time(20), twice), Shift("b", ALL_DAYS, twice, time(20)))
    start = berlin("2026-10-24", "20:00").astimezone(UTC)
    assert hours(of(*shifts), start, start + timedelta(hours=48)) == 48


def test_a_shift_that_begins_at_a_time_that_is_left_out_begins_when_it_would_have_come() -> None:
    begins, _ = bounds(Shift("x", ALL_DAYS, time(2, 30), time(6)), date(2026, 3, 29), BERLIN)
    assert begins == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_round_the_clock_is_every_hour_of_a_year_with_both_changes() -> None:
    start, end = berlin("2026-01-01"), berlin("2027-01-01")
    assert hours(of(*THREE), start, end) == 365 * 24


def test_shifts_that_overlap_are_counted_once() -> None:
    shifts = (OFFICE, Shift("long", WEEK, time(10), time(18)))
    assert hours(of(*shifts), berlin("2026-03-09"), berlin("2026-03-10")) == 10


def test_a_holiday_is_free_and_is_named() -> None:
    region = HolidayRegion("DE", "BE")
    history = of(OFFICE, holidays=region)
    assert hours(history, berlin("2026-04-06"), berlin("2026-04-07")) == 0
    assert closed_because(history.newest.calendar, date(2026, 4, 6)) == "Easter Monday"


def test_a_night_that_begins_before_a_holiday_is_worked_to_its_end() -> None:
    history = of(NIGHT, holidays=HolidayRegion("DE"))
    assert hours(history, berlin("2026-05-01"), berlin("2026-05-02")) == 6


def test_an_exception_is_stronger_than_weekday_and_holiday() -> None:
    easter = DayException(
        date(2026, 4, 6), "Rush order", (Shift("x", ALL_DAYS, time(9), time(12)),)
    )
    closed = DayException(date(2026, 4, 7), "Works closed")
    history = of(OFFICE, holidays=HolidayRegion("DE"), exceptions=(easter, closed))
    assert hours(history, berlin("2026-04-06"), berlin("2026-04-08")) == 3
    assert closed_because(history.newest.calendar, date(2026, 4, 7)) == "Works closed"


def test_crews_take_turns_week_by_week() -> None:
    crews = [Shift("early", WEEK, time(6), time(14), every=3, week=week) for week in range(3)]
    at_work = [
        [
            bool(shifts_on(calendar(crew), date(2024, 1, 1) + timedelta(weeks=week)))
            for crew in crews
        ]
        for week in range(6)
    ]
    assert at_work == [[turn == week % 3 for turn in range(3)] for week in range(6)]


def test_a_holiday_added_midway_counts_from_when_it_was_added() -> None:
    edited = berlin("2026-03-10", "12:00")
    free = (
        DayException(date(2026, 3, 10), "Closed"),
        DayException(date(2026, 3, 11), "Closed"),
    )
    history = CalendarHistory(
        (
            CalendarVersion(1, EVER, calendar(OFFICE)),
            CalendarVersion(2, edited, calendar(OFFICE, exceptions=free)),
        )
    )
    assert hours(history, berlin("2026-03-10"), berlin("2026-03-13")) == 4 + 8


def test_the_end_of_a_span_of_work_is_found_over_nights_and_weekends() -> None:
    after = moment_after(of(OFFICE), berlin("2026-03-06", "14:00"), 4 * 3600)
    assert after == berlin("2026-03-09", "10:00")


def test_the_end_of_a_span_that_ends_with_a_shift_is_the_end_of_that_shift() -> None:
    after = moment_after(of(OFFICE), berlin("2026-03-06", "14:00"), 2 * 3600)
    assert after == berlin("2026-03-06", "16:00")


def test_a_calendar_without_shifts_never_gets_to_an_end() -> None:
    assert moment_after(of(), berlin("2026-03-06"), 1) is None
    assert next_working(of(), berlin("2026-03-06")) is None


def test_on_shift_until_tells_the_end_of_the_whole_span() -> None:
    found = working_at(of(*THREE[:2]), berlin("2026-03-09", "13:00"))
    assert found is not None
    assert (found.end, found.shifts) == (berlin("2026-03-09", "22:00"), ("early", "late"))
    assert working_at(of(*THREE[:2]), berlin("2026-03-09", "23:00")) is None


def test_only_some_shifts_of_a_calendar_may_be_worked() -> None:
    assert hours(of(*THREE).only(["late"]), berlin("2026-03-09"), berlin("2026-03-10")) == 8


MINUTE = timedelta(minutes=1)
CLOCKS = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30]))
SHIFTS = st.builds(
    Shift,
    st.sampled_from(["a", "b"]),
    st.frozensets(st.sampled_from(Weekday)),
    CLOCKS,
    CLOCKS,
)
ZONES = st.sampled_from(
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]
)
# Around the changes of the clocks of these zones, and anywhere.
STARTS = st.sampled_from(
    [
        datetime(2026, 3, 28, 12, tzinfo=UTC),
        datetime(2026, 10, 24, 12, tzinfo=UTC),
        datetime(2026, 3, 7, 12, tzinfo=UTC),
        datetime(2026, 11, 1, 0, tzinfo=UTC),
        datetime(2026, 4, 4, 6, tzinfo=UTC),
        datetime(2026, 10, 3, 6, tzinfo=UTC),
    ]
)


def by_minute(shifts: tuple[Shift, ...], zone: str, start: datetime, minutes: int) -> int:
    """How many of the minutes from `start` on are worked: each is asked for by itself."""
    region = ZoneInfo(zone)
    counted = 0
    for number in range(minutes):
        at = start + number * MINUTE
        today = at.astimezone(region).date()
        counted += any(
            begins <= at < ends
            for shift in shifts
            for day in (today - timedelta(days=1), today)
            if Weekday(day.weekday()) in shift.days
            for begins, ends in [bounds(shift, day, region)]
        )
    return counted


@settings(max_examples=60)
@given(st.lists(SHIFTS, max_size=3), ZONES, STARTS, st.integers(0, 1500), st.integers(1, 1500))
def test_working_time_is_that_of_an_oracle_that_asks_every_minute(
    shifts: list[Shift], zone: str, start: datetime, offset: int, minutes: int
) -> None:
    begin = start + offset * MINUTE
    history = of(*shifts, zone=zone)
    found = working_seconds(history, begin, begin + minutes * MINUTE)
    assert found == 60 * by_minute(tuple(shifts), zone, begin, minutes)


@settings(max_examples=100)
@given(st.lists(SHIFTS, max_size=3), ZONES, STARTS, st.integers(1, 200_000))
def test_as_much_as_was_asked_for_has_passed_at_the_moment_after(
    shifts: list[Shift], zone: str, start: datetime, seconds: int
) -> None:
    history = of(*shifts, zone=zone)
    after = moment_after(history, start, seconds)
    if after is not None:
        assert working_seconds(history, start, after) == pytest.approx(seconds)
        assert is_working(history, after - timedelta(microseconds=1))


@given(st.lists(SHIFTS, max_size=3), ZONES, STARTS)
def test_intervals_are_in_order_and_do_not_overlap(
    shifts: list[Shift], zone: str, start: datetime
) -> None:
    history = of(*shifts, zone=zone)
    found = list(working_intervals(history, start, start + timedelta(days=9)))
    assert all(one.start < one.end for one in found)
    assert all(one.end <= two.start for one, two in pairwise(found))
    joined = list(working_spans(history, start, start + timedelta(days=9)))
    assert sum(one.seconds for one in joined) == sum(one.seconds for one in found)
