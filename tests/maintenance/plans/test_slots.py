"""Slots in the time zone of a site: summer time by hand-made tables, seasons, closed days."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from maintenance.plans.plan import ClosedDays, Season, TimeTrigger, WorkDays
from maintenance.plans.recurrence import parse
from maintenance.plans.slots import SiteTime, Slot, fixed_slots

BERLIN, NEW_YORK, LORD_HOWE = (
    ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
)
NO_CLOSED_DAYS = WorkDays()
few = settings(max_examples=40)


def utc(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def slots(
    trigger: TimeTrigger,
    zone: ZoneInfo,
    first: str,
    last: str,
    days: WorkDays = NO_CLOSED_DAYS,
) -> list[Slot]:
    rule = parse(trigger.rule, trigger.start)
    return fixed_slots(trigger, rule, SiteTime(zone, days), first=utc(first), last=utc(last))


def due(found: list[Slot]) -> list[str]:
    return [f"{slot.due_at:%m-%d %H:%M}" for slot in found if slot.due_at]


# What clocks show, and the moment in UTC that it is. Made by hand from the published rules: EU
# changes at 01:00 UTC, the United States at 02:00 local time, Lord Howe by half an hour.
DST = [
    (BERLIN, "2026-03-28 02:30", "2026-03-28 01:30"),
    (BERLIN, "2026-03-29 02:30", "2026-03-29 01:30"),  # does not exist: 03:30 summer time
    (BERLIN, "2026-03-30 02:30", "2026-03-30 00:30"),
    (BERLIN, "2026-10-24 02:30", "2026-10-24 00:30"),
    (BERLIN, "2026-10-25 02:30", "2026-10-25 00:30"),  # comes twice: the first one
    (BERLIN, "2026-10-26 02:30", "2026-10-26 01:30"),
    (NEW_YORK, "2026-03-07 02:30", "2026-03-07 07:30"),
    (NEW_YORK, "2026-03-08 02:30", "2026-03-08 07:30"),
    (NEW_YORK, "2026-03-09 02:30", "2026-03-09 06:30"),
    (NEW_YORK, "2026-11-01 01:30", "2026-11-01 05:30"),
    (NEW_YORK, "2026-11-02 01:30", "2026-11-02 06:30"),
    (LORD_HOWE, "2026-04-05 01:45", "2026-04-04 14:45"),
    (LORD_HOWE, "2026-04-06 01:45", "2026-04-05 15:15"),
    (LORD_HOWE, "2026-10-04 02:15", "2026-10-03 15:45"),
    (LORD_HOWE, "2026-10-05 02:15", "2026-10-04 15:15"),
]


@pytest.mark.parametrize(("zone", "wall", "moment"), DST)
def test_a_wall_time_is_due_at_the_moment_that_clocks_show_it(
    zone: ZoneInfo, wall: str, moment: str
) -> None:
    start = datetime.fromisoformat(wall)
    trigger = TimeTrigger("FREQ=DAILY", start - timedelta(days=10))
    found = slots(trigger, zone, "2026-01-01", "2027-01-01")
    (slot,) = [each for each in found if each.key == f"t:{start:%Y-%m-%dT%H:%M}"]
    assert slot.due_at == utc(moment)


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, LORD_HOWE])
def test_daily_work_has_one_slot_a_day_and_never_drifts(zone: ZoneInfo) -> None:
    """Atlas takes a day for 24 hours; a weekly 15:00 of OCA becomes 16:00."""
    trigger = TimeTrigger("FREQ=DAILY", datetime(2026, 1, 1, 15))
    found = slots(trigger, zone, "2026-01-02", "2027-01-02")
    assert len(found) == 365
    assert {slot.due_at.astimezone(zone).hour for slot in found if slot.due_at} == {15}


@pytest.mark.parametrize("rule", ["FREQ=WEEKLY", "FREQ=MONTHLY", "FREQ=YEARLY;BYMONTH=1,7"])
def test_every_frequency_is_in_the_time_of_the_site(rule: str) -> None:
    trigger = TimeTrigger(rule, datetime(2026, 1, 15, 15))
    found = slots(trigger, BERLIN, "2026-01-01", "2028-01-01")
    assert {slot.due_at.astimezone(BERLIN).hour for slot in found if slot.due_at} == {15}


def test_two_wall_times_of_one_moment_are_one_piece_of_work() -> None:
    trigger = TimeTrigger("FREQ=DAILY;BYHOUR=2,3;BYMINUTE=30", datetime(2026, 3, 1))
    found = slots(trigger, BERLIN, "2026-03-29", "2026-03-30")
    assert due(found) == ["03-29 01:30"]
    assert "falls together" in next(slot.reason for slot in found if slot.due_at is None)


def test_until_in_utc_is_a_moment() -> None:
    trigger = TimeTrigger("FREQ=DAILY;UNTIL=20260103T050000Z", datetime(2026, 1, 1, 6))
    assert due(slots(trigger, BERLIN, "2026-01-01", "2026-02-01"))[-1] == "01-03 05:00"


def test_until_is_a_day_of_the_site_whose_ever_clock_closes_the_work() -> None:
    trigger = TimeTrigger("FREQ=DAILY;UNTIL=20260103", datetime(2026, 1, 1, 23))
    assert due(slots(trigger, NEW_YORK, "2026-01-01", "2026-02-01"))[-1] == "01-04 04:00"


@few
@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2026, 1, 1)),
    st.sampled_from(
        ["FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY;BYDAY=MO,FR", "FREQ=MONTHLY;BYMONTHDAY=9"]
    ),
    st.integers(0, 900),
)
def test_in_utc_slots_are_what_dateutil_makes_of_the_rule(
    start: datetime, rule: str, offset: int
) -> None:
    begin = start.replace(second=0, microsecond=0)
    first = (begin + timedelta(days=offset)).replace(tzinfo=UTC)
    last = first + timedelta(days=120)
    found = fixed_slots(
        TimeTrigger(rule, begin),
        parse(rule, begin),
        SiteTime(ZoneInfo("UTC"), NO_CLOSED_DAYS),
        first=first,
        last=last,
    )
    oracle = rrulestr(rule, dtstart=begin.replace(tzinfo=UTC))
    assert [slot.due_at for slot in found] == [
        wall for wall in oracle.between(first, last, inc=True) if wall < last
    ]


def test_a_season_has_the_days_of_each_year_and_may_go_over_its_turn() -> None:
    winter = TimeTrigger(
        "FREQ=MONTHLY", datetime(2026, 1, 15, 6), seasons=(Season((11, 1), (2, 28)),)
    )
    found = due(slots(winter, BERLIN, "2026-01-01", "2027-03-01"))
    assert [day[:2] for day in found] == ["01", "02", "11", "12", "01", "02"]


def working(holidays: set[date]) -> WorkDays:
    """Mondays to Fridays of two years, without holidays."""
    every = [date(2025, 11, 1) + timedelta(days=number) for number in range(500)]
    weekend = {day: "no working day" for day in every if day.weekday() > 4}
    return WorkDays(weekend | dict.fromkeys(holidays, "Christmas"))


CHRISTMAS = working({date(2026, 12, 25), date(2026, 12, 26)})


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (ClosedDays.IGNORE, ["12-25 05:00"]),
        (ClosedDays.SKIP, []),
        (ClosedDays.BEFORE, ["12-24 05:00"]),
        (ClosedDays.AFTER, ["12-28 05:00"]),
    ],
)
def test_a_closed_day_skips_work_or_moves_it(policy: ClosedDays, expected: list[str]) -> None:
    trigger = TimeTrigger("FREQ=YEARLY", datetime(2025, 12, 25, 6), closed_days=policy)
    found = slots(trigger, BERLIN, "2026-01-01", "2027-01-01", CHRISTMAS)
    assert due(found) == expected
    assert found[0].key == "t:2026-12-25T06:00"
    assert ("Christmas" in found[0].reason) == (policy is not ClosedDays.IGNORE)


def test_work_moved_onto_other_work_is_left_out() -> None:
    """GLPI raises a ticket twice where the start is outside of the calendar."""
    trigger = TimeTrigger("FREQ=DAILY", datetime(2026, 1, 1, 6), closed_days=ClosedDays.AFTER)
    found = slots(trigger, BERLIN, "2026-12-21", "2027-01-01", CHRISTMAS)
    assert due(found) == [f"12-{day} 05:00" for day in (21, 22, 23, 24, 28, 29, 30, 31)]
    assert len(set(due(found))) == len(due(found))


closed = st.sets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=40)


@few
@given(
    st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=SA,MO", "FREQ=MONTHLY;BYMONTHDAY=1,2"]),
    st.sampled_from(list(ClosedDays)),
    closed,
    st.lists(st.integers(1, 90), min_size=1, max_size=8),
)
def test_what_a_slot_becomes_does_not_depend_on_the_period_that_is_asked_for(
    rule: str, policy: ClosedDays, holidays: set[date], steps: list[int]
) -> None:
    trigger = TimeTrigger(rule, datetime(2025, 12, 1, 6), closed_days=policy)
    site = SiteTime(BERLIN, working(holidays))
    parsed, start = parse(rule, trigger.start), utc("2026-01-01")
    edge, found = start, []
    for step in steps:
        following = edge + timedelta(days=step)
        found += fixed_slots(trigger, parsed, site, first=edge, last=following)
        edge = following
    assert found == fixed_slots(trigger, parsed, site, first=start, last=edge)


@few
@given(closed, st.sampled_from([ClosedDays.BEFORE, ClosedDays.AFTER]))
def test_moved_work_lies_on_working_days_and_never_twice_on_one(
    holidays: set[date], policy: ClosedDays
) -> None:
    days = working(holidays)
    trigger = TimeTrigger("FREQ=DAILY;INTERVAL=2", datetime(2025, 12, 1, 6), closed_days=policy)
    found = slots(trigger, BERLIN, "2026-01-01", "2027-01-01", days)
    placed = [slot.due_at.astimezone(BERLIN).date() for slot in found if slot.due_at]
    assert len(placed) == len(set(placed))
    assert not any(days.why_closed(day) for day in placed)
