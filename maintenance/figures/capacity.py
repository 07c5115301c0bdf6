"""How much time people can give: their shifts less their absences."""

from collections.abc import Sequence
from dataclasses import dataclass

from config.database import Connection
from maintenance.calendars.calendar import CalendarHistory
from maintenance.calendars.queries import histories
from maintenance.figures.figure import Period
from maintenance.people.availability import free_minutes
from maintenance.people.queries import absences, find_staff
from maintenance.people.staff import Absence, Staff, StaffKind

_Shifts = tuple[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Capacity:
    """People with their free hours in a period, and how many there are without a calendar."""

    hours: Sequence[tuple[Staff, float]]
    without_calendar: int


async def capacity(connection: Connection, site: str | None, period: Period) -> Capacity:
    """Of the people of a site, or of all; vendors have no hours of ours."""
    staff = await find_staff(connection, site=site)
    people = [one for one in staff if one.kind is StaffKind.PERSON]
    away = await absences(connection, start=period.start, end=period.end)
    calendars = await histories(connection)
    undisturbed: dict[_Shifts, float] = {}
    hours = [
        (one, _hours(one, calendars, away.get(one.code, ()), period, undisturbed))
        for one in people
        if one.calendar is not None
    ]
    return Capacity(hours, len(people) - len(hours))


def _hours(
    one: Staff,
    calendars: dict[str, CalendarHistory],
    gone: Sequence[Absence],
    period: Period,
    undisturbed: dict[_Shifts, float],
) -> float:
    """Those who work the same shifts and are never away are worked out once, in `undisturbed`."""
    shifts = (one.calendar or "", frozenset(one.shifts))
    if not gone and shifts in undisturbed:
        return undisturbed[shifts]
    worked = calendars[shifts[0]].only(one.shifts)
    found = free_minutes(worked, gone, period.start, period.end) / 60
    if not gone:
        undisturbed[shifts] = found
    return found
