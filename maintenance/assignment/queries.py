"""Reads of assignment: rules, what decides about an order, who has how much to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

from pydantic import TypeAdapter

from config.database import Connection, fetch_dicts
from maintenance.assignment.choice import Candidate, Considered, Crew
from maintenance.assignment.rule import Job, Rule
from maintenance.calendars.kept import Kept, KeptIn
from maintenance.calendars.queries import histories
from maintenance.people.availability import AHEAD
from maintenance.people.queries import absences, find_staff, list_teams
from maintenance.people.staff import Team

Row = Mapping[str, Any]

_FORM = TypeAdapter(Rule)
NEW_WORK_MINUTES = 60
"""How long work is taken to be where nobody said."""

RULES: Final[LiteralString] = """
SELECT definition, kept_in, version, retired_at IS NOT NULL AS retired
FROM assignment_rule ORDER BY rank, code
"""

JOB: Final[LiteralString] = """
WITH RECURSIVE around AS (
    SELECT location.id, location.parent_id, location.code
    FROM work_order o JOIN asset ON asset.id = o.asset_id
    JOIN location ON location.id = asset.location_id
    WHERE o.id = %(id)s
    UNION
    SELECT location.id, location.parent_id, location.code
    FROM around JOIN location ON location.id = around.parent_id
)
SELECT o.type, o.priority, site.code AS site, class.code AS asset_class, o.craft, o.job_plan,
       o.estimated_minutes, o.planned_start,
       ARRAY(SELECT code FROM around ORDER BY code) AS locations,
       coalesce((
           SELECT version.skills FROM work_order_job_plan frozen
           JOIN job_plan_version version ON version.id = frozen.job_plan_version_id
           WHERE frozen.work_order_id = o.id
       ), '{}') AS skills
FROM work_order o
JOIN asset ON asset.id = o.asset_id
JOIN asset_class class ON class.id = asset.class_id
JOIN site ON site.id = o.site_id
WHERE o.id = %(id)s
"""

OPEN_WORK: Final[LiteralString] = """
SELECT assignee, sum(coalesce(estimated_minutes, %(default)s))::integer
FROM work_order
WHERE assignee = ANY (%(codes)s) AND state NOT IN ('completed', 'closed', 'cancelled')
  AND (%(without)s::bigint IS NULL OR id <> %(without)s)
GROUP BY assignee
"""

LAST_ASSIGNED_BY: Final[LiteralString] = """
SELECT actor FROM work_order_change
WHERE work_order_id = %(id)s AND action = 'assign' ORDER BY version DESC LIMIT 1
"""

DECISIONS: Final[LiteralString] = """
SELECT order_version, decided_by, actor, rule, assignee, explanation, considered, at
FROM assignment_decision WHERE work_order_id = %(id)s ORDER BY id DESC
"""


@dataclass(frozen=True, slots=True)
class CurrentRule:
    """A rule in force, where it is kept, and its version."""

    rule: Rule
    kept_in: KeptIn
    version: int


@dataclass(frozen=True, slots=True)
class PastDecision:
    """A decision as it was made."""

    order_version: int | None
    decided_by: str
    actor: str
    rule: str | None
    assignee: str | None
    explanation: str
    considered: tuple[Considered, ...]
    at: datetime


def rule_to_json(rule: Rule) -> dict[str, Any]:
    """A rule as the database keeps it."""
    form: dict[str, Any] = _FORM.dump_python(rule, mode="json")
    return form


async def list_rules(connection: Connection) -> list[CurrentRule]:
    """Every rule in force, in the order in which they are tried."""
    return [
        CurrentRule(
            _FORM.validate_python(row["definition"]), KeptIn(row["kept_in"]), row["version"]
        )
        for row in await fetch_dicts(connection, RULES, {})
        if not row["retired"]
    ]


async def stored_rules(connection: Connection) -> dict[str, Kept[Rule]]:
    """Every rule by code, the retired ones too."""
    found: dict[str, Kept[Rule]] = {}
    for row in await fetch_dicts(connection, RULES, {}):
        rule = _FORM.validate_python(row["definition"])
        found[rule.code] = Kept(rule, KeptIn(row["kept_in"]), row["retired"], row["version"])
    return found


async def job_of(connection: Connection, order_id: int, at: datetime) -> Job:
    """What of an order that is there decides who does it; a planned start counts if it is later."""
    [row] = await fetch_dicts(connection, JOB, {"id": order_id})
    begin = max(at, row["planned_start"]) if row["planned_start"] else at
    return Job(
        type=row["type"],
        priority=row["priority"],
        site=row["site"],
        locations=tuple(row["locations"]),
        asset_class=row["asset_class"],
        craft=row["craft"],
        job_plan=row["job_plan"],
        minutes=row["estimated_minutes"] or NEW_WORK_MINUTES,
        at=begin,
        skills=tuple(row["skills"]),
    )


async def crew(
    connection: Connection,
    *,
    at: datetime,
    rules: Sequence[Rule] = (),
    site: str | None = None,
    without: int | None = None,
) -> Crew:
    """Those among whom rules choose, with their open work; `without` is an order not to count.

    A rule that names nobody, and no rule at all, mean everybody who works at the site.
    """
    teams = {team.code: team for team in await list_teams(connection)}
    named = {code for rule in rules for code in _named(rule, teams)}
    staff = {one.code: one for one in await find_staff(connection, codes=sorted(named))}
    if not rules or not all(rule.candidates for rule in rules):
        staff |= {one.code: one for one in await find_staff(connection, site=site)}
    calendars = await histories(
        connection, [one.calendar for one in staff.values() if one.calendar]
    )
    away = await absences(connection, start=at, end=at + 2 * AHEAD, codes=list(staff))
    work = await open_minutes(connection, list(staff), without=without)
    candidates = {
        code: Candidate(
            one,
            calendars[one.calendar].only(one.shifts) if one.calendar in calendars else None,
            tuple(away.get(code, ())),
            work.get(code, 0),
        )
        for code, one in staff.items()
    }
    return Crew(candidates, teams)


def _named(rule: Rule, teams: Mapping[str, Team]) -> list[str]:
    """Codes of the people and vendors whom a rule names, teams as their members."""
    codes = [*rule.candidates, *filter(None, [rule.otherwise])]
    return [
        member for code in codes for member in (teams[code].members if code in teams else (code,))
    ]


async def open_minutes(
    connection: Connection, codes: Sequence[str], *, without: int | None = None
) -> dict[str, int]:
    """Code -> minutes of open work; what nobody has estimated counts as an hour."""
    given = {"codes": list(codes), "default": NEW_WORK_MINUTES, "without": without}
    cursor = await connection.execute(OPEN_WORK, given)
    return dict(await cursor.fetchall())


async def last_assigned_by(connection: Connection, order_id: int) -> str | None:
    """Who gave an order to somebody last; None: nobody ever did."""
    cursor = await connection.execute(LAST_ASSIGNED_BY, {"id": order_id})
    row = await cursor.fetchone()
    return str(row[0]) if row else None


async def decisions_of(connection: Connection, order_id: int) -> list[PastDecision]:
    """The decisions of rules about an order, newest first."""
    return [
        PastDecision(
            **{**row, "considered": tuple(Considered(**each) for each in row["considered"])}
        )
        for row in await fetch_dicts(connection, DECISIONS, {"id": order_id})
    ]
