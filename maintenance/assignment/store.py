"""SQL writes of assignment; transactions are the service's."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Final, LiteralString

from psycopg.types.json import Jsonb

from config.database import Connection, fetch_one
from maintenance.assignment.choice import Decision
from maintenance.assignment.queries import rule_to_json
from maintenance.assignment.rule import Rule
from maintenance.calendars.kept import KeptIn

HOLD_RULES: Final[LiteralString] = "LOCK TABLE assignment_rule IN SHARE ROW EXCLUSIVE MODE"

UPSERT_RULE: Final[LiteralString] = """
INSERT INTO assignment_rule (code, rank, definition, kept_in)
VALUES (%(code)s, %(rank)s, %(definition)s, %(kept_in)s)
ON CONFLICT (code) DO UPDATE SET
    rank = excluded.rank, definition = excluded.definition, kept_in = excluded.kept_in,
    version = assignment_rule.version + 1, retired_at = NULL
"""

RETIRE_RULES: Final[LiteralString] = """
UPDATE assignment_rule SET retired_at = %(at)s, version = version + 1
WHERE code = ANY (%(codes)s) AND retired_at IS NULL
"""

INSERT_DECISION: Final[LiteralString] = """
INSERT INTO assignment_decision (
    work_order_id, order_version, decided_by, actor, rule, assignee, explanation, considered, at
) VALUES (
    %(id)s, %(version)s, 'rule', %(actor)s, %(rule)s, %(assignee)s, %(explanation)s,
    %(considered)s, %(at)s
)
"""

FREEZE_WEEK: Final[LiteralString] = """
INSERT INTO schedule_freeze (site_id, week, starts_at, ends_at, frozen_by, frozen_at)
SELECT id, %(week)s, %(starts_at)s, %(ends_at)s, %(actor)s, %(at)s FROM site WHERE code = %(site)s
ON CONFLICT (site_id, week) DO NOTHING
RETURNING id
"""

FREEZE_LINES: Final[LiteralString] = """
INSERT INTO schedule_freeze_line (
    freeze_id, work_order_id, assignee, craft, planned_start, planned_finish, estimated_minutes
)
SELECT %(id)s, o.id, o.assignee, o.craft, o.planned_start, o.planned_finish, o.estimated_minutes
FROM work_order o JOIN site ON site.id = o.site_id
WHERE site.code = %(site)s AND o.state NOT IN ('draft', 'completed', 'closed', 'cancelled')
  AND o.planned_start >= %(starts_at)s AND o.planned_start < %(ends_at)s
"""

INSERT_FEED: Final[LiteralString] = """
INSERT INTO calendar_feed (token_hash, holder, created_by, created_at)
VALUES (%(hash)s, %(holder)s, %(actor)s, %(at)s)
RETURNING id
"""

REVOKE_FEEDS: Final[LiteralString] = """
UPDATE calendar_feed SET revoked_at = %(at)s WHERE holder = %(holder)s AND revoked_at IS NULL
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Week:
    """A week of a site: its Monday, and when it begins and ends."""

    site: str
    monday: date
    starts_at: datetime
    ends_at: datetime


async def hold_rules(connection: Connection) -> None:
    """Nobody else changes rules in this transaction."""
    await connection.execute(HOLD_RULES)


async def write_rule(connection: Connection, rule: Rule, kept_in: KeptIn, _at: datetime) -> None:
    """Make, change or revive a rule."""
    definition = Jsonb(rule_to_json(rule))
    given = {"code": rule.code, "rank": rule.rank, "definition": definition}
    await connection.execute(UPSERT_RULE, {**given, "kept_in": kept_in.value})


async def retire_rules(connection: Connection, codes: Sequence[str], at: datetime) -> None:
    """Let rules no longer decide."""
    await connection.execute(RETIRE_RULES, {"codes": list(codes), "at": at})


async def insert_decision(
    connection: Connection,
    order_id: int,
    decision: Decision,
    *,
    version: int | None,
    actor: str,
    at: datetime,
) -> None:
    """Write down who got an order and why; `version` is the order's that it made, if it did."""
    given = {
        "id": order_id,
        "version": version,
        "actor": actor,
        "rule": decision.rule,
        "assignee": decision.assignee,
        "explanation": decision.explanation,
        "considered": Jsonb([asdict(each) for each in decision.considered]),
        "at": at,
    }
    await connection.execute(INSERT_DECISION, given)


async def freeze_week(
    connection: Connection, week: Week, *, actor: str, at: datetime
) -> int | None:
    """How many orders the frozen week has; None: it was frozen before."""
    given = {**asdict(week), "week": week.monday, "actor": actor, "at": at}
    row = await fetch_one(connection, FREEZE_WEEK, given)
    if row is None:
        return None
    return (await connection.execute(FREEZE_LINES, {**given, "id": row[0]})).rowcount


async def insert_feed(
    connection: Connection, holder: str, token_hash: bytes, *, actor: str, at: datetime
) -> None:
    """Keep the hash of an address for calendar programs."""
    given = {"hash": token_hash, "holder": holder, "actor": actor, "at": at}
    await connection.execute(INSERT_FEED, given)


async def revoke_feeds(connection: Connection, holder: str, *, at: datetime) -> int:
    """How many addresses of somebody no longer lead anywhere."""
    return (await connection.execute(REVOKE_FEEDS, {"holder": holder, "at": at})).rowcount
