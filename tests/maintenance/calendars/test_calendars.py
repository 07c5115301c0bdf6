"""Calendars as they are kept: versions that never change, from files or over the API."""

from dataclasses import replace
from datetime import time

import pytest

from config.database import Connection
from config.difference import ChangeKind
from maintenance.calendars.calendar import (
    EVER,
    Calendar,
    DayException,
    HolidayRegion,
    Shift,
    Weekday,
)
from maintenance.calendars.file import CalendarShape
from maintenance.calendars.queries import get_calendar, list_calendars
from maintenance.calendars.service import apply_calendars, retire_calendar, save_calendar
from maintenance.errors import KeptInFiles, NotFound
from tests.maintenance.scene import START, Plant

DAY = Calendar(
    "day",
    "Day",
    "Europe/Berlin",
    (Shift("day", frozenset({Weekday.TUE, Weekday.MON}), time(8), time(16)),),
    HolidayRegion("DE", "BE"),
    (DayException(START.date(), "Closed"),),
)
NAMED = replace(DAY, name="Day shift")


async def test_a_calendar_is_read_as_it_was_saved(connection: Connection) -> None:
    await save_calendar(connection, DAY)
    history = await get_calendar(connection, "day")
    assert [(each.version, each.effective_from) for each in history.versions] == [(1, EVER)]
    assert history.newest.calendar == DAY


async def test_an_edit_makes_a_version_that_counts_from_then_on(plant: Plant) -> None:
    await save_calendar(plant.connection, DAY, clock=plant.now_us)
    await save_calendar(plant.connection, NAMED, clock=plant.now_us)
    await save_calendar(plant.connection, NAMED, clock=plant.now_us)
    history = await get_calendar(plant.connection, "day")
    assert [each.effective_from for each in history.versions] == [EVER, START]
    assert history.at(START) == NAMED


async def test_versions_follow_on_one_another_though_the_clock_was_set_back(plant: Plant) -> None:
    await save_calendar(plant.connection, DAY, clock=plant.now_us)
    await save_calendar(plant.connection, NAMED, clock=plant.now_us)
    plant.later(hours=-1)
    await save_calendar(plant.connection, DAY, clock=plant.now_us)
    history = await get_calendar(plant.connection, "day")
    moments = [each.effective_from for each in history.versions]
    assert moments == sorted(set(moments))


async def test_files_applied_twice_change_nothing(connection: Connection) -> None:
    first = await apply_calendars(connection, [DAY])
    assert [change.kind for change in first.changes] == [ChangeKind.ADDED]
    again = await apply_calendars(connection, [DAY])
    assert (again.changes, again.unchanged) == ((), 1)
    assert len((await get_calendar(connection, "day")).versions) == 1


async def test_what_files_no_longer_have_is_retired_and_what_the_api_made_stays(
    connection: Connection,
) -> None:
    await save_calendar(connection, replace(DAY, code="mine"))
    await apply_calendars(connection, [DAY])
    gone = await apply_calendars(connection, [])
    assert [(change.kind, change.key) for change in gone.changes] == [(ChangeKind.RETIRED, "day")]
    assert [each.calendar.code for each in await list_calendars(connection)] == ["mine"]
    assert (await get_calendar(connection, "day")).newest.calendar == DAY


async def test_what_files_keep_is_not_changed_over_the_api(connection: Connection) -> None:
    await apply_calendars(connection, [DAY])
    with pytest.raises(KeptInFiles, match="calendar day is kept in the plant's files"):
        await save_calendar(connection, NAMED)
    with pytest.raises(KeptInFiles):
        await retire_calendar(connection, "day")
    with pytest.raises(NotFound):
        await retire_calendar(connection, "other")


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("shifts", [{"name": "x", "start": 1320, "end": "06:00"}], "not a time of day"),
        ("shifts", [{"name": "x", "start": "22:00", "end": "06:00", "week": 1}], "no week 1 of 1"),
        ("holidays", {"country": "DE", "subdivision": "XX"}, "DE-XX are not known"),
        ("time_zone", "Europe/Bertin", "not a time zone"),
        ("exceptions", [{"day": "2026-12-24", "name": "a"}] * 2, "has two exceptions"),
    ],
)
def test_a_mistake_is_told_with_what_would_be_right(field: str, value: object, told: str) -> None:
    sound = {"code": "day", "name": "Day", "time_zone": "UTC"}
    assert CalendarShape.model_validate(sound).definition() == Calendar("day", "Day", "UTC", ())
    with pytest.raises(ValueError, match=told):
        CalendarShape.model_validate({**sound, field: value})
