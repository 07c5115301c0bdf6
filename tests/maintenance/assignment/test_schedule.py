"""The schedule: what does not fit is shown, and what can be given is held against what is planned."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from maintenance.assignment.choice import Candidate
from maintenance.assignment.schedule import (
    Conflict,
    ConflictKind,
    Planned,
    capacity,
    conflicts,
)
from maintenance.calendars.calendar import ALL_DAYS, Calendar, CalendarHistory, Shift
from maintenance.people.staff import Absence, Skill, Staff

ZONE = ZoneInfo("UTC")
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = CalendarHistory.of(
    Calendar("day", "Day", "UTC", (Shift("day", ALL_DAYS, time(8), time(16)),))
)
KIM = Candidate(
    Staff("kim", "Kim", craft="mechanical", skills=(Skill("pump", "L2", None, NINE.date()),)), DAY
)


def planned(number: str, start: datetime = NINE, *, hours: float = 2, **more: Any) -> Planned:
    order = Planned(
        number=number,
        title="Work",
        asset="P-101",
        priority=3,
        state="scheduled",
        assignee="kim",
        craft=None,
        start=start,
        finish=start + timedelta(hours=hours),
        minutes=int(hours * 60),
    )
    return replace(order, **more)


def found(
    *orders: Planned, candidate: Candidate = KIM
) -> list[tuple[ConflictKind, tuple[str, ...]]]:
    told = conflicts(orders, {"kim": candidate}, zone=ZONE)
    assert all(isinstance(each, Conflict) and each.message for each in told)
    return [(each.kind, each.orders) for each in told]


def test_what_fits_is_not_mentioned() -> None:
    assert found(planned("A"), planned("B", NINE + timedelta(hours=2))) == []


def test_two_orders_at_once_are_a_double_booking_of_one_person_alone() -> None:
    later = NINE + timedelta(hours=1)
    assert found(planned("A"), planned("B", later)) == [(ConflictKind.DOUBLE_BOOKED, ("A", "B"))]
    assert found(planned("A"), planned("B", later, assignee="zoe")) == []
    assert found(planned("A", assignee=None), planned("B", later, assignee=None)) == []


def test_work_outside_of_the_shift_is_told() -> None:
    late = planned("A", NINE.replace(hour=15))
    assert found(late) == [(ConflictKind.OUTSIDE_SHIFT, ("A",))]


def test_a_window_that_is_longer_than_the_work_needs_only_the_work_within_the_shift() -> None:
    assert found(planned("A", hours=24, minutes=480)) == []


def test_an_absence_is_told_as_such() -> None:
    ill = Absence(1, "kim", NINE, NINE + timedelta(hours=1))
    kinds = found(planned("A"), candidate=replace(KIM, absences=(ill,)))
    assert kinds == [(ConflictKind.ABSENT, ("A",))]


@pytest.mark.parametrize(
    ("skill", "days", "count"), [("pump", 0, 0), ("pump", 1, 1), ("weld", 0, 1)]
)
def test_a_skill_that_is_missing_or_run_out_on_the_day_is_told(
    skill: str, days: int, count: int
) -> None:
    kinds = found(planned("A", NINE + timedelta(days=days), skills=(skill,)))
    assert kinds == [(ConflictKind.MISSING_SKILL, ("A",))] * count


def test_capacity_of_a_craft_and_day_is_held_against_what_is_planned_on_it() -> None:
    orders = [planned("A", hours=6), planned("B", hours=6, assignee=None, craft="mechanical")]
    days = [date(2026, 3, 2), date(2026, 3, 3)]
    given = capacity(orders, {"kim": KIM}, days=days, zone=ZONE)
    assert [(one.craft, one.capacity_minutes, one.planned_minutes) for one in given] == [
        ("mechanical", 480, 720),
        ("mechanical", 480, 0),
    ]
    told = conflicts(orders, {"kim": KIM}, capacities=given, zone=ZONE)
    assert [(each.kind, each.orders, each.day) for each in told] == [
        (ConflictKind.OVER_CAPACITY, ("A", "B"), days[0])
    ]
    assert told[0].message == "mechanical: 12.0 h are planned for 8.0 h on 2026-03-02"


def test_work_over_midnight_is_shared_out_between_the_days() -> None:
    over = planned("A", NINE.replace(hour=22), hours=4)
    days = [date(2026, 3, 2), date(2026, 3, 3)]
    assert [
        one.planned_minutes for one in capacity([over], {"kim": KIM}, days=days, zone=ZONE)
    ] == [
        120,
        120,
    ]
