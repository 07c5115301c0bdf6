"""What people and the clock write about alarms: seen, shelved, reset, out of service, suppressed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import TupleRow

from conditions.acknowledgement import Acknowledgement
from conditions.suppression import DateWindow, Suppression, WeeklyWindow
from config.clock import from_us
from config.database import Connection, fetch_one

ACKNOWLEDGE_EVENT = """
UPDATE condition_event
SET acknowledged_at = now(), acknowledged_by = %(by)s
WHERE id = %(id)s AND acknowledged_at IS NULL
RETURNING asset_id, rule, pg_notify('condition_event', id::text)
"""

# Told once: a replay finds it in the audit trail, also where the event has had to be acknowledged again
# since. Whoever acknowledged first stays.
ACKNOWLEDGE_AT_SOURCE = """
WITH last AS (
    SELECT id FROM condition_event
    WHERE asset_id = %(asset_id)s AND rule = %(rule)s AND raised_at <= %(at)s
    ORDER BY raised_at DESC LIMIT 1
), seen AS (
    UPDATE condition_event e SET acknowledged_at = %(at)s, acknowledged_by = %(by)s
    FROM last
    WHERE e.id = last.id AND e.acknowledged_at IS NULL
      AND (NOT %(active)s OR e.cleared_at IS NULL OR e.cleared_at > %(at)s)
      AND NOT EXISTS (
          SELECT FROM condition_outbox o
          WHERE o.event_id = e.id AND o.kind = 'escalated' AND o.at > %(at)s
      )
      AND NOT EXISTS (
          SELECT FROM alarm_change c
          WHERE c.event_id = e.id AND c.action = 'acknowledge' AND c.actor = %(by)s
            AND (c.after ->> 'acknowledged_at')::timestamptz = %(at)s
      )
    RETURNING e.id, e.asset_id, e.rule
)
INSERT INTO alarm_change (event_id, asset_id, rule, action, actor, after)
SELECT id, asset_id, rule, 'acknowledge', %(by)s, jsonb_build_object('acknowledged_at', %(at)s::timestamptz)
FROM seen
RETURNING pg_notify('condition_event', event_id::text)
"""

RESET_EVENT = """
UPDATE condition_event
SET latched = false, reset_at = now(), reset_by = %(by)s
WHERE id = %(id)s AND latched AND acknowledged_at IS NOT NULL
RETURNING asset_id, rule, pg_notify('condition_event', id::text)
"""

# A shelf that is renewed keeps its place: one is in force for each rule on each asset.
UPSERT_SHELF = """
INSERT INTO alarm_shelf (asset_id, rule, event_id, one_shot, until, reason, actor)
SELECT asset_id, rule, id, %(one_shot)s, %(until)s, %(reason)s, %(by)s
FROM condition_event WHERE id = %(event_id)s
ON CONFLICT (asset_id, rule) WHERE ended_at IS NULL DO UPDATE
SET event_id = excluded.event_id, one_shot = excluded.one_shot, until = excluded.until,
    reason = excluded.reason, actor = excluded.actor, created_at = excluded.created_at
RETURNING id
"""

SELECT_SHELF_OF_EVENT = """
SELECT s.until, s.one_shot, s.actor
FROM alarm_shelf s JOIN condition_event e ON e.asset_id = s.asset_id AND e.rule = s.rule
WHERE e.id = %s AND s.ended_at IS NULL
"""

END_SHELF_OF_EVENT = """
UPDATE alarm_shelf s SET ended_at = now(), ended_by = %(by)s
FROM condition_event e
WHERE e.id = %(id)s AND s.asset_id = e.asset_id AND s.rule = e.rule AND s.ended_at IS NULL
RETURNING s.asset_id, s.rule, s.until
"""

# Whoever comes first ends it; a second one finds nothing to end.
EXPIRE_SHELVES = """
WITH expired AS (
    UPDATE alarm_shelf SET ended_at = until, ended_by = 'conditions'
    WHERE ended_at IS NULL AND until <= %s
    RETURNING id, asset_id, rule, event_id, until
)
INSERT INTO alarm_change (event_id, asset_id, rule, action, actor, before)
SELECT event_id, asset_id, rule, 'shelf_expired', 'conditions',
       jsonb_build_object('shelved_until', until)
FROM expired
"""

INSERT_OUTAGE = """
INSERT INTO alarm_outage (asset_id, rule, reason, actor)
VALUES (%s, %s, %s, %s)
ON CONFLICT (asset_id, coalesce(rule, '')) WHERE ended_at IS NULL DO NOTHING
RETURNING id
"""

END_OUTAGE = """
UPDATE alarm_outage SET ended_at = now(), ended_by = %(by)s
WHERE id = %(id)s AND ended_at IS NULL
RETURNING asset_id, rule, NULL
"""

INSERT_SUPPRESSION = """
INSERT INTO alarm_suppression (
    asset_id, rule, kind, parent_rule, states, weekdays, starts, ends, first_day, last_day, reason,
    actor
) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
RETURNING id
"""

END_SUPPRESSION = """
UPDATE alarm_suppression SET ended_at = now(), ended_by = %(by)s
WHERE id = %(id)s AND ended_at IS NULL
RETURNING asset_id, rule, NULL
"""

INSERT_CHANGE = """
INSERT INTO alarm_change (event_id, asset_id, rule, action, actor, reason, before, after)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class Change:
    """A row of the audit trail: what was done to an event, or to the alarms of an asset."""

    action: str
    actor: str
    reason: str = ""
    event_id: int | None = None
    asset_id: int | None = None
    rule: str | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class NewShelf:
    """What is to be shelved, until when, and by whom."""

    event_id: int
    until: datetime
    one_shot: bool
    reason: str
    by: str


Scope = tuple[int | None, str | None]
"""The asset and the rule that an action concerned."""


async def acknowledge(connection: Connection, event_id: int, by: str) -> Scope | None:
    """Mark an event as seen; None where it was before, or is none."""
    return _scope(await fetch_one(connection, ACKNOWLEDGE_EVENT, {"id": event_id, "by": by}))


async def acknowledge_at_source(connection: Connection, seen: Acknowledgement) -> None:
    """Mark the event of an alarm as seen at its device, and note it in the audit trail."""
    said = {
        "rule": seen.rule,
        "asset_id": seen.asset_id,
        "at": from_us(seen.at_us),
        "by": seen.by,
        "active": seen.active,
    }
    await connection.execute(ACKNOWLEDGE_AT_SOURCE, said)


async def reset(connection: Connection, event_id: int, by: str) -> Scope | None:
    """Release a latch; None where there is none, or nobody has acknowledged it."""
    return _scope(await fetch_one(connection, RESET_EVENT, {"id": event_id, "by": by}))


async def shelved_until(connection: Connection, event_id: int) -> datetime | None:
    """Until when the rule of an event is shelved on its asset."""
    row = await fetch_one(connection, SELECT_SHELF_OF_EVENT, [event_id])
    return row[0] if row else None


async def save_shelf(connection: Connection, shelf: NewShelf) -> None:
    """Put a shelf into force, in the place of one that is."""
    given = {
        "event_id": shelf.event_id,
        "one_shot": shelf.one_shot,
        "until": shelf.until,
        "reason": shelf.reason,
        "by": shelf.by,
    }
    await connection.execute(UPSERT_SHELF, given)


async def end_shelf(connection: Connection, event_id: int, by: str) -> datetime | None:
    """End the shelf that an event is on; gives until when it would have lasted."""
    row = await fetch_one(connection, END_SHELF_OF_EVENT, {"id": event_id, "by": by})
    return row[2] if row else None


async def expire_shelves(connection: Connection, now: datetime) -> None:
    """End the shelves whose time is over, each once."""
    await connection.execute(EXPIRE_SHELVES, [now])


async def insert_outage(
    connection: Connection, scope: tuple[int, str | None], *, reason: str, by: str
) -> int | None:
    """Id of a new outage; None where one is in force for the same."""
    row = await fetch_one(connection, INSERT_OUTAGE, [*scope, reason, by])
    return int(row[0]) if row else None


async def end_outage(connection: Connection, outage_id: int, by: str) -> Scope | None:
    """End an outage; None where none of this id is in force."""
    return _scope(await fetch_one(connection, END_OUTAGE, {"id": outage_id, "by": by}))


async def insert_suppression(
    connection: Connection, scope: Scope, what: Suppression, *, reason: str, by: str
) -> int:
    """Id of a new suppression."""
    said = [what.kind, what.rule or None, sorted(what.states) or None, *_window_columns(what)]
    row = await fetch_one(connection, INSERT_SUPPRESSION, [*scope, *said, reason, by])
    return int(row[0]) if row else 0


def _window_columns(what: Suppression) -> tuple[Any, ...]:
    """weekdays, starts, ends, first_day, last_day."""
    window = what.window
    if isinstance(window, WeeklyWindow):
        return sorted(window.weekdays), window.start, window.end, None, None
    if isinstance(window, DateWindow):
        return None, None, None, window.first, window.last
    return (None,) * 5


async def end_suppression(connection: Connection, suppression_id: int, by: str) -> Scope | None:
    """End a suppression; None where none of this id is in force."""
    return _scope(await fetch_one(connection, END_SUPPRESSION, {"id": suppression_id, "by": by}))


async def record(connection: Connection, change: Change) -> None:
    """Write a row of the audit trail."""
    before, after = (None if part is None else json.dumps(part) for part in _told(change))
    where = [change.event_id, change.asset_id, change.rule]
    row = [*where, change.action, change.actor, change.reason, before, after]
    await connection.execute(INSERT_CHANGE, row)


def _told(change: Change) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
    return change.before, change.after


def _scope(row: TupleRow | None) -> Scope | None:
    return (row[0], row[1]) if row else None
