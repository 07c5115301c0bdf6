"""Reads of dispatch and of the schedule: open work, who is there, a week, somebody's own work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, LiteralString
from zoneinfo import ZoneInfo

from config.database import Connection, fetch_dicts
from maintenance.assignment.choice import CAPACITY_AHEAD, Candidate, Crew
from maintenance.assignment.queries import NEW_WORK_MINUTES, crew, job_of, list_rules
from maintenance.assignment.rule import Rule, fitting, skills_for
from maintenance.assignment.schedule import (
    Capacity,
    Conflict,
    Planned,
    capacity,
    conflicts,
)
from maintenance.assignment.service import token_hash, week_of
from maintenance.assignment.store import Week
from maintenance.calendars.working_time import working_at
from maintenance.errors import NotFound
from maintenance.people.availability import absence_at, free_minutes

Row = Mapping[str, Any]

ROUND_THE_CLOCK = timedelta(days=3)
"""Whose shift lasts for longer is there day and night."""

# The filter stands behind the aggregate, or the planner walks the clocks of everybody for the earliest.
BOARD: Final[LiteralString] = """
SELECT o.number, o.title, asset.tag AS asset, o.priority, o.state, o.version, o.assignee, o.craft,
       o.planned_start, o.planned_finish, o.estimated_minutes,
       (SELECT min(due_at) FILTER (WHERE phase = 'running') FROM sla_clock WHERE work_order_id = o.id)
           AS service_level_due_at
FROM work_order o JOIN asset ON asset.id = o.asset_id JOIN site ON site.id = o.site_id
WHERE o.state NOT IN ('completed', 'closed', 'cancelled')
  AND (%(site)s::text IS NULL OR site.code = %(site)s)
ORDER BY o.priority, o.id
LIMIT %(limit)s
"""

PLANNED: Final[LiteralString] = """
SELECT o.id, o.number, o.title, asset.tag AS asset, o.priority, o.state, o.assignee, o.craft,
       o.planned_start AS start, o.estimated_minutes,
       coalesce(o.planned_finish,
                o.planned_start + make_interval(mins => coalesce(o.estimated_minutes, 60))) AS finish
FROM work_order o JOIN asset ON asset.id = o.asset_id JOIN site ON site.id = o.site_id
WHERE o.state NOT IN ('completed', 'closed', 'cancelled') AND site.code = %(site)s
  AND o.planned_start < %(end)s
  AND coalesce(o.planned_finish, o.planned_start + make_interval(mins => coalesce(o.estimated_minutes, 60)))
      > %(start)s
ORDER BY o.planned_start, o.id
"""

FREEZE: Final[LiteralString] = """
SELECT frozen.frozen_at, frozen.frozen_by FROM schedule_freeze frozen
JOIN site ON site.id = frozen.site_id WHERE site.code = %(site)s AND frozen.week = %(week)s
"""

HOLDER_OF_FEED: Final[LiteralString] = """
SELECT holder FROM calendar_feed WHERE token_hash = %(hash)s AND revoked_at IS NULL
"""

# A team has the work that is given to it as a whole, and that of its members.
WORK_OF_HOLDER: Final[LiteralString] = """
SELECT o.number, o.title, o.description, asset.tag AS asset, asset.name AS asset_name, o.priority,
       o.state, o.version, o.assignee, o.updated_at, o.planned_start AS start,
       coalesce(o.planned_finish,
                o.planned_start + make_interval(mins => coalesce(o.estimated_minutes, 60))) AS finish
FROM work_order o JOIN asset ON asset.id = o.asset_id
WHERE o.planned_start IS NOT NULL AND o.state <> 'cancelled' AND o.planned_start > %(since)s
  AND (o.assignee = %(holder)s OR o.assignee IN (
      SELECT staff.code FROM team JOIN team_member ON team_id = team.id
      JOIN staff ON staff.id = staff_id WHERE team.code = %(holder)s
  ))
ORDER BY o.planned_start, o.id
LIMIT 2000
"""


@dataclass(frozen=True, slots=True)
class BoardOrder:
    """An open order on the board; `service_level_due_at` is when its first clock runs out."""

    number: str
    title: str
    asset: str
    priority: int
    state: str
    version: int
    assignee: str | None
    craft: str | None
    planned_start: datetime | None
    planned_finish: datetime | None
    estimated_minutes: int | None
    service_level_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody whom an order can be given to, and what they have to do."""

    code: str
    name: str
    craft: str | None
    on_shift_until: datetime | None
    open_minutes: int
    capacity_minutes: int | None
    away: str | None


@dataclass(frozen=True, slots=True)
class WeekSchedule:
    """A week of a site: what is planned, what can be given, what does not fit."""

    week: Week
    orders: tuple[Planned, ...]
    capacity: tuple[Capacity, ...]
    conflicts: tuple[Conflict, ...]
    frozen_at: datetime | None
    frozen_by: str | None


@dataclass(frozen=True, slots=True)
class OwnWork:
    """An order in the calendar of whom it is given to."""

    number: str
    title: str
    description: str
    asset: str
    asset_name: str
    priority: int
    state: str
    version: int
    assignee: str
    updated_at: datetime
    start: datetime
    finish: datetime


async def board_orders(
    connection: Connection, *, site: str | None = None, limit: int = 500
) -> list[BoardOrder]:
    """Open orders (of a site), the most urgent first."""
    rows = await fetch_dicts(connection, BOARD, {"site": site, "limit": limit})
    return [BoardOrder(**row) for row in rows]


async def holders(connection: Connection, *, at: datetime, site: str | None = None) -> list[Holder]:
    """Everybody (of a site) whom an order can be given to, by name; teams last."""
    found = await crew(connection, at=at, site=site)
    people = sorted(found.candidates.values(), key=lambda one: (one.staff.name, one.staff.code))
    return [*(_holder(one, at) for one in people), *_teams(found, site)]


async def week_schedule(connection: Connection, site: str, day: date) -> WeekSchedule:
    """The week of a day at a site. Raises `NotFound` for the site."""
    week = await week_of(connection, site, day)
    given = {"site": site, "start": week.starts_at, "end": week.ends_at}
    rows = await fetch_dicts(connection, PLANNED, given)
    rules = [each.rule for each in await list_rules(connection)]
    orders = [await _planned(connection, row, rules) for row in rows]
    people = (await crew(connection, at=week.starts_at, site=site)).candidates
    zone = week.starts_at.tzinfo
    zone = zone if isinstance(zone, ZoneInfo) else ZoneInfo("UTC")
    days = [week.monday + timedelta(days=number) for number in range(7)]
    given_by = capacity(orders, people, days=days, zone=zone)
    frozen = await fetch_dicts(connection, FREEZE, {"site": site, "week": week.monday})
    return WeekSchedule(
        week,
        tuple(orders),
        tuple(given_by),
        tuple(conflicts(orders, people, capacities=given_by, zone=zone)),
        frozen[0]["frozen_at"] if frozen else None,
        frozen[0]["frozen_by"] if frozen else None,
    )


async def holder_of_feed(connection: Connection, token: str) -> str:
    """Whose work a secret word leads to. Raises `NotFound`."""
    rows = await fetch_dicts(connection, HOLDER_OF_FEED, {"hash": token_hash(token)})
    if not rows:
        raise NotFound("calendar", "of that address")
    return str(rows[0]["holder"])


async def work_of_holder(connection: Connection, holder: str, *, since: datetime) -> list[OwnWork]:
    """Planned work of a person, vendor or team that begins after `since`."""
    rows = await fetch_dicts(connection, WORK_OF_HOLDER, {"holder": holder, "since": since})
    return [OwnWork(**row) for row in rows]


def _holder(candidate: Candidate, at: datetime) -> Holder:
    staff = candidate.staff
    absence = absence_at(candidate.absences, at)
    span = None
    capacity_minutes = None
    if candidate.calendar is not None:
        span = None if absence else working_at(candidate.calendar, at)
        until = at + CAPACITY_AHEAD
        capacity_minutes = free_minutes(candidate.calendar, candidate.absences, at, until)
    away = (absence.reason or "absent") if absence else None
    return Holder(
        staff.code,
        staff.name,
        staff.craft,
        span.end if span else None,
        candidate.open_minutes,
        capacity_minutes,
        away,
    )


def _teams(found: Crew, site: str | None) -> list[Holder]:
    return [
        Holder(team.code, team.name, None, None, 0, None, None)
        for team in found.teams.values()
        if site is None or team.site in (None, site)
    ]


async def _planned(connection: Connection, row: Row, rules: Sequence[Rule]) -> Planned:
    job = await job_of(connection, row["id"], row["start"])
    named = fitting(rules, job)
    skills = skills_for(named[0] if named else None, job)
    fields = {name: value for name, value in row.items() if name not in ("id", "estimated_minutes")}
    return Planned(**fields, minutes=row["estimated_minutes"] or NEW_WORK_MINUTES, skills=skills)
