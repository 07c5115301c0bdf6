"""People, teams and vendors: what is said of them is read again; what they cost, and when they work."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from config.database import Connection
from maintenance.calendars.calendar import ALL_DAYS, Calendar, CalendarHistory, Shift
from maintenance.calendars.service import save_calendar
from maintenance.errors import CodeTaken, KeptInFiles, NotFound
from maintenance.people import queries
from maintenance.people.availability import absence_at, free_minutes, free_spans, next_free
from maintenance.people.file import StaffShape
from maintenance.people.service import (
    add_absence,
    apply_staff,
    apply_teams,
    cancel_absence,
    retire_staff,
    save_staff,
    save_team,
)
from maintenance.people.staff import (
    Absence,
    Contract,
    Rate,
    Skill,
    Staff,
    StaffKind,
    Team,
    labour_cost_minor,
    rate_on,
)
from tests.maintenance.scene import START, Plant

CALENDAR = Calendar("day", "Day", "UTC", (Shift("day", ALL_DAYS, time(6), time(14)),))
KIM = Staff(
    code="kim",
    name="Kim",
    login="kim.b",
    site="north",
    craft="mechanical",
    calendar="day",
    shifts=("day",),
    skills=(Skill("pump", "Level 2", date(2025, 1, 1), date(2026, 12, 31)), Skill("weld")),
    rates=(Rate(date(2025, 1, 1), 5000), Rate(date(2026, 1, 1), 5250)),
    contacts={"email": "kim@plant.example"},
)
FIRM = Staff("firm", "Firm", StaffKind.VENDOR, contract=Contract("SC-1", None, date(2026, 6, 30)))


@pytest.mark.store
async def test_a_person_and_a_vendor_are_read_as_they_were_saved(plant: Plant) -> None:
    await save_calendar(plant.connection, CALENDAR)
    await save_staff(plant.connection, KIM)
    await save_staff(plant.connection, FIRM)
    assert await queries.find_staff(plant.connection) == [FIRM, KIM]
    assert await queries.staff_of_login(plant.connection, "kim.b") == KIM
    assert await queries.rate_of(plant.connection, "kim", date(2025, 12, 31)) == KIM.rates[0]


@pytest.mark.store
async def test_the_filters_of_the_list_keep_who_works_everywhere(plant: Plant) -> None:
    await save_calendar(plant.connection, CALENDAR)
    await save_staff(plant.connection, KIM)
    await save_staff(plant.connection, FIRM)
    assert await queries.find_staff(plant.connection, site="south") == [FIRM]
    assert await queries.find_staff(plant.connection, craft="mechanical") == [KIM]


@pytest.mark.store
@pytest.mark.parametrize("field", ["site", "calendar"])
async def test_a_name_that_nothing_has_is_refused(plant: Plant, field: str) -> None:
    with pytest.raises(NotFound, match=f"there is no {field} nowhere"):
        await save_staff(plant.connection, replace(FIRM, **{field: "nowhere"}))


@pytest.mark.store
async def test_people_and_teams_share_one_set_of_codes(connection: Connection) -> None:
    await save_staff(connection, FIRM)
    with pytest.raises(CodeTaken, match="firm is the code of a vendor"):
        await save_team(connection, Team("firm", "Firm"))
    await save_team(connection, Team("crew", "Crew", None, ("firm",)))
    with pytest.raises(CodeTaken, match="crew is the code of a team"):
        await save_staff(connection, replace(FIRM, code="crew"))
    with pytest.raises(NotFound):
        await save_team(connection, Team("other", "Other", None, ("nobody",)))


@pytest.mark.store
async def test_files_retire_people_whom_they_no_longer_have(connection: Connection) -> None:
    await apply_staff(connection, [FIRM])
    await apply_teams(connection, [Team("crew", "Crew", None, ("firm",))])
    assert (await apply_staff(connection, [FIRM])).unchanged == 1
    with pytest.raises(KeptInFiles):
        await retire_staff(connection, "firm")
    await apply_staff(connection, [])
    assert await queries.find_staff(connection) == []
    assert [team.members for team in await queries.list_teams(connection)] == [()]
    assert (await queries.staff_entry(connection, "firm")).retired


@pytest.mark.store
async def test_an_absence_is_told_until_it_is_taken_back(plant: Plant) -> None:
    await save_staff(plant.connection, FIRM)
    span = (START, START + timedelta(hours=8))
    made = await add_absence(plant.connection, "firm", span, reason="ill", actor="ana")
    assert await queries.absences(plant.connection, start=START) == {"firm": [made]}
    assert await queries.absences(plant.connection, start=span[1]) == {}
    await cancel_absence(plant.connection, "firm", made.id)
    assert await queries.absences(plant.connection, start=START) == {}
    with pytest.raises(NotFound):
        await cancel_absence(plant.connection, "firm", made.id)
    with pytest.raises(NotFound):
        await add_absence(plant.connection, "nobody", span, reason="", actor="ana")


def test_a_certificate_holds_on_its_last_day_and_not_on_the_next() -> None:
    skill = Skill("pump", "Level 2", None, date(2026, 6, 30))
    assert (skill.holds_on(date(2026, 6, 30)), skill.holds_on(date(2026, 7, 1))) == (True, False)


def test_the_rate_is_that_of_the_day() -> None:
    assert rate_on(KIM.rates, date(2024, 12, 31)) is None
    assert rate_on(KIM.rates, date(2026, 1, 1)) == KIM.rates[1]


@pytest.mark.parametrize(("minutes", "minor"), [(60, 5250), (1, 88), (90, 7875), (0, 0)])
def test_labour_is_counted_in_minor_units_and_not_cut_off(minutes: int, minor: int) -> None:
    assert labour_cost_minor(KIM.rates[1], minutes) == minor


def test_absences_are_taken_out_of_the_shift() -> None:
    history = CalendarHistory.of(CALENDAR)
    at = START.replace(hour=6)
    gone = [
        Absence(1, "kim", at + timedelta(hours=2), at + timedelta(hours=3)),
        Absence(2, "kim", at - timedelta(hours=1), at + timedelta(hours=1)),
    ]
    spans = list(free_spans(history, gone, at, at + timedelta(days=1)))
    assert [(span.start.hour, span.end.hour) for span in spans] == [(7, 8), (9, 14)]
    assert free_minutes(history, gone, at, at + timedelta(days=1)) == 360
    free = next_free(history, gone, at)
    assert free is not None
    assert free.start.hour == 7
    assert absence_at(gone, at) == gone[1]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"skills": [{"name": "a"}, {"name": "a"}]}, "skill a is there twice"),
        ({"contract": {"reference": "x"}}, "kind: vendor"),
        ({"rates": [{"valid_from": "2026-01-01", "per_hour": "1.234"}]}, "decimal"),
    ],
)
def test_a_mistake_in_a_file_is_told(given: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        StaffShape.model_validate({"code": "kim", "name": "Kim", **given})


def test_money_is_taken_in_to_the_cent() -> None:
    rate = {"valid_from": "2026-01-01", "per_hour": 52.35}
    shape = StaffShape.model_validate({"code": "kim", "name": "Kim", "rates": [rate]})
    assert shape.definition().rates[0].rate_minor == 5235
