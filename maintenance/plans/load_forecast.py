"""The load of a year to come, read: what plans have ahead, and when people work."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, LiteralString

from config.database import Connection
from maintenance.calendars.calendar import CalendarHistory
from maintenance.calendars.queries import histories
from maintenance.calendars.working_time import working_seconds
from maintenance.people.availability import free_minutes
from maintenance.people.queries import absences, find_staff
from maintenance.people.staff import Absence, Staff, StaffKind
from maintenance.plans.load import CraftWeek, Demand, load_of, weeks_from

# Craft and minutes as the plan says, else as the current version of its job plan does. Weeks are
# those of the site.
DEMAND: Final[LiteralString] = """
WITH ahead AS (
    SELECT plan_id, asset_id, due_at FROM plan_occurrence
    WHERE state IN ('forecast', 'released') AND due_at >= %(first)s AND due_at < %(last)s
    UNION ALL
    SELECT plan_id, asset_id, due_at FROM plan_projection
    WHERE due_at >= %(first)s AND due_at < %(last)s
), work AS MATERIALIZED (
    SELECT p.id, coalesce(p.definition #>> '{work,craft}', v.crafts[1], '') AS craft,
           coalesce((p.definition #>> '{work,estimated_minutes}')::integer, v.estimated_minutes)
               AS minutes
    FROM maintenance_plan p
    LEFT JOIN job_plan j ON j.code = p.definition #>> '{work,job_plan}'
    LEFT JOIN job_plan_version v ON v.job_plan_id = j.id AND v.version = j.current_version
    WHERE p.paused_at IS NULL AND p.retired_at IS NULL
)
SELECT date_trunc('week', a.due_at AT TIME ZONE site.time_zone)::date AS week, w.craft,
       count(*), coalesce(sum(w.minutes), 0), count(*) FILTER (WHERE w.minutes IS NULL)
FROM ahead a
JOIN work w ON w.id = a.plan_id
JOIN asset ON asset.id = a.asset_id
JOIN site ON site.id = asset.site_id
WHERE %(site)s::text IS NULL OR site.code = %(site)s
GROUP BY 1, 2
"""


async def load_forecast(
    connection: Connection, *, first: date, weeks: int = 53, site: str | None = None
) -> list[CraftWeek]:
    """Each craft in each week, from the week of `first` on, at a site or (None) at all."""
    mondays = weeks_from(first, weeks)
    start = datetime.combine(mondays[0], time(), UTC)
    end = start + timedelta(weeks=weeks)
    # A day more at both ends: a week of the site begins in another one of UTC.
    given = {"first": start - timedelta(days=1), "last": end + timedelta(days=1), "site": site}
    cursor = await connection.execute(DEMAND, given)
    demands = [Demand(*row) for row in await cursor.fetchall()]
    capacity = await _capacity(connection, mondays, site)
    return load_of(mondays, demands, capacity)


async def _capacity(
    connection: Connection, mondays: Sequence[date], site: str | None
) -> dict[tuple[str, date], int]:
    people = [
        each
        for each in await find_staff(connection, site=site)
        if each.kind is StaffKind.PERSON and each.craft and each.calendar
    ]
    calendars = await histories(connection, sorted({each.calendar or "" for each in people}))
    start, end = _bounds(mondays[0])[0], _bounds(mondays[-1])[1]
    codes = [each.code for each in people]
    away = await absences(connection, start=start, end=end, codes=codes)
    whole: dict[tuple[str | None, tuple[str, ...], date], int] = {}
    found: dict[tuple[str, date], int] = {}
    for person in people:
        history = calendars[person.calendar or ""].only(person.shifts)
        for monday in mondays:
            minutes = _minutes(person, history, monday, away.get(person.code, ()), whole)
            place = (person.craft or "", monday)
            found[place] = found.get(place, 0) + minutes
    return found


def _minutes(
    person: Staff,
    history: CalendarHistory,
    monday: date,
    away: Sequence[Absence],
    whole: dict[tuple[str | None, tuple[str, ...], date], int],
) -> int:
    """What a person can give in a week; who is not absent gives what their calendar has."""
    start, end = _bounds(monday)
    if any(each.starts_at < end and each.ends_at > start for each in away):
        return free_minutes(history, away, start, end)
    key = (person.calendar, person.shifts, monday)
    if key not in whole:
        whole[key] = int(working_seconds(history, start, end) // 60)
    return whole[key]


def _bounds(monday: date) -> tuple[datetime, datetime]:
    start = datetime.combine(monday, time(), UTC)
    return start, start + timedelta(days=7)
