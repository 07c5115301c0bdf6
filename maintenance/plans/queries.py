"""Reads of plans and their occurrences. Lists are keyset pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

from config.database import Connection, fetch_dicts
from maintenance.errors import NotFound
from maintenance.plans.file import PlanShape
from maintenance.plans.plan import Occurrence, OccurrenceState

PLANS: Final[LiteralString] = """
SELECT p.id, p.code, p.name, p.definition, p.kept_in, p.version, p.effective_at, p.paused_at,
       p.pause_reason, p.generated_at, p.trouble, p.updated_at, p.retired_at,
       (SELECT count(*) FROM plan_asset m WHERE m.plan_id = p.id) AS assets,
       (SELECT min(o.due_at) FROM plan_occurrence o
        WHERE o.plan_id = p.id AND o.state = 'forecast') AS next_due_at,
       (SELECT count(*) FROM plan_occurrence o
        WHERE o.plan_id = p.id AND o.state = 'released') AS open
FROM maintenance_plan p
"""

FIND_PLANS: Final[LiteralString] = (
    PLANS
    + """
WHERE p.retired_at IS NULL AND p.code > %(after)s
  AND (%(asset)s::text IS NULL OR EXISTS (
      SELECT FROM plan_asset m JOIN asset ON asset.id = m.asset_id
      WHERE m.plan_id = p.id AND asset.tag = %(asset)s
  ))
ORDER BY p.code
LIMIT %(limit)s
"""
)

ONE_PLAN: Final[LiteralString] = PLANS + " WHERE p.code = %(code)s"

CHANGES: Final[LiteralString] = """
SELECT c.version, c.action, c.actor, c.reason, c.details, c.at
FROM maintenance_plan_change c JOIN maintenance_plan p ON p.id = c.plan_id
WHERE p.code = %(code)s
ORDER BY c.id DESC
LIMIT %(limit)s
"""

OCCURRENCES: Final[LiteralString] = """
SELECT o.id, p.code AS plan, p.name AS plan_name, asset.tag AS asset, site.code AS site,
       o.slot_key, o.state, o.reason, o.slot_at, o.due_at, o.due_p10, o.due_p90, o.due_because,
       o.latest_at, o.release_at, o.meter_target, w.number AS work_order, o.released_at, o.done_at,
       o.decided_by, q.code AS suppressed_by
FROM plan_occurrence o
JOIN maintenance_plan p ON p.id = o.plan_id
JOIN asset ON asset.id = o.asset_id
JOIN site ON site.id = asset.site_id
LEFT JOIN work_order w ON w.id = o.work_order_id
LEFT JOIN plan_occurrence a ON a.id = o.suppressed_by
LEFT JOIN maintenance_plan q ON q.id = a.plan_id
"""

FIND_OCCURRENCES: Final[LiteralString] = (
    OCCURRENCES  # noqa: S608 - two literals, joined
    + """
WHERE (%(plan)s::text IS NULL OR o.plan_id = (SELECT id FROM maintenance_plan WHERE code = %(plan)s))
  AND (%(asset)s::text IS NULL OR o.asset_id = (SELECT id FROM asset WHERE tag = %(asset)s))
  AND (%(states)s::text[] IS NULL OR o.state = ANY (%(states)s))
  AND (%(first)s::timestamptz IS NULL OR o.due_at >= %(first)s)
  AND (%(last)s::timestamptz IS NULL OR o.due_at < %(last)s)
  AND (coalesce(o.due_at, 'infinity'), o.id) > (%(after_due)s, %(after_id)s)
ORDER BY coalesce(o.due_at, 'infinity'), o.id
LIMIT %(limit)s
"""
)

ONE_OCCURRENCE: Final[LiteralString] = OCCURRENCES + " WHERE o.id = %(id)s AND p.code = %(plan)s"

OCCURRENCES_OF_ORDER: Final[LiteralString] = (
    OCCURRENCES + " WHERE o.work_order_id = %(order_id)s ORDER BY o.id"
)

PROJECTIONS: Final[LiteralString] = """
SELECT p.code, p.name, asset.tag, site.code, j.due_at
FROM plan_projection j
JOIN maintenance_plan p ON p.id = j.plan_id
JOIN asset ON asset.id = j.asset_id
JOIN site ON site.id = asset.site_id
WHERE (%(plan)s::text IS NULL OR p.code = %(plan)s)
  AND j.due_at >= %(first)s AND j.due_at < %(last)s
ORDER BY j.due_at, p.code, asset.tag
LIMIT %(limit)s
"""

_MOST_ON_A_CALENDAR = 5_000


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan as it is written and as it stands.

    `assets` and `open` count those that it is for, and its released occurrences.
    """

    id: int
    code: str
    name: str
    shape: PlanShape
    kept_in: str
    version: int
    effective_at: datetime
    paused_at: datetime | None
    pause_reason: str
    generated_at: datetime | None
    trouble: str
    updated_at: datetime
    retired_at: datetime | None
    assets: int
    next_due_at: datetime | None
    open: int


@dataclass(frozen=True, slots=True)
class PlanChange:
    """One row of a plan's story."""

    version: int
    action: str
    actor: str
    reason: str
    details: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class OccurrenceFilter:
    """Which occurrences to list; what is None (or empty) does not filter. [first, last) is due."""

    plan: str | None = None
    asset: str | None = None
    states: frozenset[OccurrenceState] = frozenset()
    first: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a calendar; `state` is `projected` where earlier work has to be done first."""

    plan: str
    plan_name: str
    asset: str
    site: str
    due_at: datetime
    state: str
    reason: str = ""
    occurrence: int | None = None
    due_p10: datetime | None = None
    due_p90: datetime | None = None
    work_order: str | None = None


async def find_plans(
    connection: Connection, *, asset: str | None = None, after: str = "", limit: int = 100
) -> list[PlanView]:
    """A page of plans by code; retired ones are left out."""
    given = {"asset": asset, "after": after, "limit": limit}
    return [_plan(row) for row in await fetch_dicts(connection, FIND_PLANS, given)]


async def get_plan(connection: Connection, code: str) -> PlanView:
    """The plan of a code, a retired one too. Raises `NotFound`."""
    rows = await fetch_dicts(connection, ONE_PLAN, {"code": code})
    if not rows:
        raise NotFound("maintenance plan", code)
    return _plan(rows[0])


async def changes_of(connection: Connection, code: str, *, limit: int = 100) -> list[PlanChange]:
    """A plan's story, the newest first."""
    rows = await fetch_dicts(connection, CHANGES, {"code": code, "limit": limit})
    return [PlanChange(**row) for row in rows]


async def find_occurrences(
    connection: Connection,
    wanted: OccurrenceFilter,
    *,
    after: tuple[str, int] = ("-infinity", 0),
    limit: int = 100,
) -> list[Occurrence]:
    """A page of occurrences by due date and id; those without a date come last."""
    given = {
        "plan": wanted.plan,
        "asset": wanted.asset,
        "states": [state.value for state in wanted.states] or None,
        "first": wanted.first,
        "last": wanted.last,
        "after_due": after[0],
        "after_id": after[1],
        "limit": limit,
    }
    return [_occurrence(row) for row in await fetch_dicts(connection, FIND_OCCURRENCES, given)]


async def get_occurrence(connection: Connection, plan: str, number: int) -> Occurrence:
    """One occurrence of a plan. Raises `NotFound`."""
    rows = await fetch_dicts(connection, ONE_OCCURRENCE, {"plan": plan, "id": number})
    if not rows:
        raise NotFound("occurrence", f"{number} of {plan}")
    return _occurrence(rows[0])


async def occurrences_of_order(connection: Connection, order_id: int) -> list[Occurrence]:
    """What an order of a plan is for."""
    rows = await fetch_dicts(connection, OCCURRENCES_OF_ORDER, {"order_id": order_id})
    return [_occurrence(row) for row in rows]


async def calendar_of(
    connection: Connection, plan: str | None, *, first: datetime, last: datetime
) -> list[Entry]:
    """What is due in [first, last), of a plan or (None) of all, with what would come after it."""
    wanted = OccurrenceFilter(plan=plan, first=first, last=last)
    found = await find_occurrences(connection, wanted, limit=_MOST_ON_A_CALENDAR)
    given = {"plan": plan, "first": first, "last": last, "limit": _MOST_ON_A_CALENDAR}
    cursor = await connection.execute(PROJECTIONS, given)
    entries = [_entry(each, each.due_at) for each in found if each.due_at is not None]
    entries += [
        Entry(code, name, asset, site, due_at, "projected")
        for code, name, asset, site, due_at in await cursor.fetchall()
    ]
    return sorted(entries, key=lambda entry: (entry.due_at, entry.plan, entry.asset))


def _entry(found: Occurrence, due_at: datetime) -> Entry:
    return Entry(
        found.plan,
        found.plan_name,
        found.asset,
        found.site,
        due_at,
        found.state.value,
        found.reason,
        found.id,
        found.due_p10,
        found.due_p90,
        found.work_order,
    )


def _plan(row: Mapping[str, Any]) -> PlanView:
    given = dict(row)
    shape = PlanShape.model_validate(given.pop("definition"))
    return PlanView(shape=shape, **given)


def _occurrence(row: Mapping[str, Any]) -> Occurrence:
    return Occurrence(**{**row, "state": OccurrenceState(row["state"])})
