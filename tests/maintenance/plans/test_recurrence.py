"""Recurrence rules against dateutil as the oracle, and what plants mean where RFC 5545 is silent."""

from datetime import date, datetime, timedelta

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from maintenance.plans.recurrence import following, parse, wall_times

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
START = datetime(2026, 1, 31, 6, 0)


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Rules that name their days, which dateutil and we take alike."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 6))}"]
    days = draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=3, unique=True))
    if frequency == "MONTHLY":
        numbers = st.lists(st.integers(1, 31), min_size=1, max_size=3, unique=True)
        named = draw(
            st.one_of(
                numbers.map(lambda found: f"BYMONTHDAY={','.join(map(str, found))}"),
                st.just("BYMONTHDAY=-1"),
                st.sampled_from([f"BYDAY=2{days[0]}", f"BYDAY=-1{days[0]}"]),
                st.just(f"BYDAY={','.join(days)};BYSETPOS=-1"),
            )
        )
        parts.append(named)
    elif frequency == "YEARLY":
        parts += [f"BYMONTH={draw(st.integers(1, 12))}", f"BYMONTHDAY={draw(st.integers(1, 28))}"]
    elif draw(st.booleans()) or frequency == "WEEKLY":
        parts.append(f"BYDAY={','.join(days)}")
    if draw(st.booleans()):
        hours = draw(st.lists(st.integers(0, 23), min_size=1, max_size=3, unique=True))
        parts.append(f"BYHOUR={','.join(map(str, hours))}")
    if draw(st.booleans()):
        parts.append(f"WKST={draw(st.sampled_from(DAYS))}")
    return ";".join(parts)


starts = st.datetimes(datetime(2015, 1, 1), datetime(2026, 12, 31)).map(
    lambda wall: wall.replace(second=0, microsecond=0)
)
spans = st.tuples(st.integers(0, 2000), st.integers(1, 400))
few = settings(max_examples=60)


@few
@given(rules(), starts, spans)
def test_a_rule_in_wall_time_is_what_dateutil_makes_of_it(
    rule: str, start: datetime, span: tuple[int, int]
) -> None:
    first = start + timedelta(days=span[0])
    last = first + timedelta(days=span[1])
    oracle = rrulestr(rule, dtstart=start).between(
        first, last - timedelta(microseconds=1), inc=True
    )
    assert list(wall_times(parse(rule, start), first, last)) == oracle


@few
@given(rules(), starts, st.integers(1, 60), spans)
def test_a_rule_ends_after_its_count(
    rule: str, start: datetime, count: int, span: tuple[int, int]
) -> None:
    first = start + timedelta(days=span[0])
    last = first + timedelta(days=span[1])
    counted = f"{rule};COUNT={count}"
    oracle = [wall for wall in rrulestr(counted, dtstart=start) if first <= wall < last]
    assert list(wall_times(parse(counted, start), first, last)) == oracle


@few
@given(rules(), starts, st.lists(st.integers(1, 300), min_size=1, max_size=6))
def test_the_period_that_is_asked_for_changes_no_slot(
    rule: str, start: datetime, steps: list[int]
) -> None:
    parsed, edge = parse(rule, start), start
    found = []
    for step in steps:
        found += wall_times(parsed, edge, edge + timedelta(days=step))
        edge += timedelta(days=step)
    assert found == list(wall_times(parsed, start, edge))


def days(rule: str, start: datetime, first: date, last: date) -> list[str]:
    """Days of a rule in a period."""
    bounds = (datetime.combine(day, datetime.min.time()) for day in (first, last))
    return [f"{wall:%m-%d}" for wall in wall_times(parse(rule, start), *bounds)]


def test_monthly_from_the_31st_takes_the_last_day_of_short_months_and_returns_to_the_31st() -> None:
    assert days("FREQ=MONTHLY", START, date(2026, 1, 1), date(2026, 8, 1)) == [
        *("01-31", "02-28", "03-31", "04-30", "05-31", "06-30", "07-31"),
    ]


def test_month_ends_do_not_drift_however_late_one_begins_to_look() -> None:
    for year in range(2027, 2040):
        assert days("FREQ=MONTHLY", START, date(year, 3, 1), date(year, 4, 1)) == ["03-31"]


def test_each_29th_of_february_is_the_28th_in_other_years() -> None:
    leap = datetime(2024, 2, 29, 6)
    found = [
        days("FREQ=YEARLY", leap, date(y, 1, 1), date(y + 1, 1, 1)) for y in (2026, 2027, 2028)
    ]
    assert found == [["02-28"], ["02-28"], ["02-29"]]


def test_a_yearly_rule_of_several_months_takes_the_last_day_of_each() -> None:
    rule = "FREQ=YEARLY;BYMONTH=2,6,12"
    assert days(rule, START, date(2026, 2, 1), date(2027, 1, 1)) == ["02-28", "06-30", "12-31"]


def test_a_month_end_at_several_hours_has_all_of_them() -> None:
    parsed = parse("FREQ=MONTHLY;BYHOUR=6,18", START)
    found = list(wall_times(parsed, datetime(2026, 2, 1), datetime(2026, 4, 1)))
    assert [f"{wall:%m-%d %H}" for wall in found] == [
        "02-28 06",
        "02-28 18",
        "03-31 06",
        "03-31 18",
    ]


def test_who_names_the_31st_means_months_that_have_one() -> None:
    rule = "FREQ=MONTHLY;BYMONTHDAY=31"
    assert days(rule, START, date(2026, 2, 1), date(2026, 6, 1)) == ["03-31", "05-31"]


def test_until_is_a_day_of_the_site_with_all_of_it() -> None:
    rule = "FREQ=DAILY;UNTIL=20260202"
    assert days(rule, START, date(2026, 1, 1), date(2026, 3, 1)) == ["01-31", "02-01", "02-02"]


def test_every_two_weeks_keeps_to_its_weeks_wherever_one_begins_to_look() -> None:
    """Atlas tests the week of the notification, and fires in off weeks."""
    start = datetime(2026, 1, 5, 8)
    parsed = parse("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", start)
    for offset in range(1, 60):
        first = start + timedelta(days=7 * offset + 3)
        for wall in wall_times(parsed, first, first + timedelta(days=40)):
            assert (wall.date() - date(2026, 1, 5)).days // 7 % 2 == 0


@pytest.mark.parametrize(
    ("rule", "done", "expected"),
    [
        ("FREQ=MONTHLY", date(2026, 1, 31), "2026-02-28 06:00"),
        ("FREQ=MONTHLY;INTERVAL=3", date(2026, 11, 30), "2027-02-28 06:00"),
        ("FREQ=WEEKLY;INTERVAL=2", date(2026, 3, 4), "2026-03-18 06:00"),
        ("FREQ=DAILY;INTERVAL=90", date(2026, 1, 1), "2026-04-01 06:00"),
        ("FREQ=YEARLY", date(2024, 2, 29), "2025-02-28 06:00"),
    ],
)
def test_a_floating_rule_counts_from_the_day_of_the_work(
    rule: str, done: date, expected: str
) -> None:
    assert f"{following(parse(rule, START), done):%Y-%m-%d %H:%M}" == expected


def test_a_floating_rule_ends_with_its_last_day() -> None:
    parsed = parse("FREQ=MONTHLY;UNTIL=20260228", START)
    assert following(parsed, date(2026, 1, 28)) == datetime(2026, 2, 28, 6)
    assert following(parsed, date(2026, 1, 31)) == datetime(2026, 2, 28, 6)
    assert following(parsed, date(2026, 2, 1)) is None


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("monthly", "no recurrence rule"),
        ("FREQ=HOURLY", "BYHOUR"),
        ("FREQ=DAILY;FREQ=DAILY", "twice"),
        ("FREQ=DAILY;EVERY=2", "no part of a rule"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "COUNT and UNTIL"),
        ("FREQ=DAILY;UNTIL=soon", "no date"),
        ("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30", "has no day"),
        ("FREQ=MONTHLY;BYDAY=XX", "cannot be read"),
        ("FREQ=MONTHLY;BYMONTHDAY=77", "BYMONTHDAY"),
        ("FREQ=MONTHLY;BYSETPOS=1", "nothing to pick from"),
        ("FREQ=YEARLY;INTERVAL=2;BYMONTH=1,2", "BYMONTHDAY"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_with_a_remedy(rule: str, said: str) -> None:
    with pytest.raises(ValueError, match=r" \| ") as refused:
        parse(rule, START)
    assert said in str(refused.value)
