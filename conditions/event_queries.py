"""What conditions read of events: lists, one with its history, counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, LiteralString

from psycopg.rows import TupleRow

from conditions.errors import EventNotFound
from conditions.event import ConditionEvent, EventState, Severity, Silence, WorkOrderRequest
from config.database import Connection, fetch_one


class EventFlag(StrEnum):
    """What stands beside the state of an event."""

    ANNUNCIATED = "annunciated"
    UNACKNOWLEDGED = "unacknowledged"
    LATCHED = "latched"
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"
    OUT_OF_SERVICE = "out_of_service"


class EventOrder(StrEnum):
    """How a list of events is sorted."""

    RAISED = "raised"
    """The latest raise first."""
    SEVERITY = "severity"
    """The worst first; of equals the latest raise."""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are wanted; None: any."""

    state: EventState | None = None
    asset: str | None = None
    rule: str | None = None
    severity: Severity | None = None
    """At least this severity."""
    open: bool | None = None
    """Active or waiting for a reset, or neither."""
    below: str | None = None
    """Those of this asset and of all its parts."""
    flags: frozenset[EventFlag] = frozenset()
    """All of them have to be set."""
    silenced: bool = False
    """Only those that something silences."""


@dataclass(frozen=True, slots=True)
class EventCounts:
    """How many events are open, and how many of those stand how."""

    open: int
    annunciated: int
    unacknowledged: int
    """Of the annunciated ones."""
    latched: int
    shelved: int
    suppressed: int
    out_of_service: int


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One thing that happened to an event: by the engine (`annunciated` says whether others were
    told), by a person, or by the clock."""

    at: datetime
    action: str
    actor: str
    severity: Severity | None
    annunciated: bool | None
    reason: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


Before = tuple[int, datetime, int]
"""(severity, raised_at, id) of the last event of the page before."""

_EVENTS = """
SELECT e.id, e.key, e.rule, e.asset_id, a.tag, e.failure_mode, e.state, e.severity,
       e.peak_severity, e.message, e.onset, e.raised_at, e.changed_at, e.cleared_at, e.value,
       e.work_order, e.evidence, e.acknowledged_at, e.acknowledged_by, e.latched, e.silenced,
       e.silenced_why,
       (SELECT count(*) FROM condition_event o
        WHERE o.asset_id = e.asset_id AND o.rule = e.rule AND o.raised_at <= e.raised_at
          AND o.raised_at > e.raised_at - interval '1 minute') >= 3
FROM condition_event e JOIN asset a ON a.id = e.asset_id
WHERE (%(open)s::boolean IS NULL OR (e.state = 'active' OR e.latched) = %(open)s)
  AND (%(state)s::text IS NULL OR e.state = %(state)s)
  AND (%(asset)s::text IS NULL OR a.tag = %(asset)s)
  AND (%(below)s::text IS NULL OR e.asset_id IN (
      WITH RECURSIVE part AS (
          SELECT id FROM asset WHERE tag = %(below)s
          UNION
          SELECT child.id FROM asset child JOIN part ON child.parent_id = part.id
      )
      SELECT id FROM part))
  AND (%(rule)s::text IS NULL OR e.rule = %(rule)s)
  AND e.severity >= %(severity)s
  AND (NOT %(annunciated)s OR cardinality(e.silenced) = 0)
  AND (NOT %(any_silence)s OR cardinality(e.silenced) > 0)
  AND (NOT %(unacknowledged)s OR e.acknowledged_at IS NULL)
  AND (NOT %(latched)s OR e.latched)
  AND e.silenced @> %(silenced)s::text[]
"""

SELECT_EVENTS = (
    _EVENTS
    + """  AND (e.raised_at, e.id) < (%(raised_at)s::timestamptz, %(id)s::bigint)
ORDER BY e.raised_at DESC, e.id DESC
LIMIT %(limit)s
"""
)

SELECT_EVENTS_BY_SEVERITY = (
    _EVENTS
    + """  AND (e.severity, e.raised_at, e.id)
      < (%(before_severity)s::smallint, %(raised_at)s::timestamptz, %(id)s::bigint)
ORDER BY e.severity DESC, e.raised_at DESC, e.id DESC
LIMIT %(limit)s
"""
)

SELECT_EVENT = """
SELECT e.id, e.key, e.rule, e.asset_id, a.tag, e.failure_mode, e.state, e.severity,
       e.peak_severity, e.message, e.onset, e.raised_at, e.changed_at, e.cleared_at, e.value,
       e.work_order, e.evidence, e.acknowledged_at, e.acknowledged_by, e.latched, e.silenced,
       e.silenced_why,
       (SELECT count(*) FROM condition_event o
        WHERE o.asset_id = e.asset_id AND o.rule = e.rule AND o.raised_at <= e.raised_at
          AND o.raised_at > e.raised_at - interval '1 minute') >= 3
FROM condition_event e JOIN asset a ON a.id = e.asset_id
WHERE e.id = %s
"""

SELECT_OPEN_EVENTS = """
SELECT e.id, e.key, e.rule, e.asset_id, a.tag, e.failure_mode, e.state, e.severity,
       e.peak_severity, e.message, e.onset, e.raised_at, e.changed_at, e.cleared_at, e.value,
       e.work_order, e.evidence, e.acknowledged_at, e.acknowledged_by, e.latched, e.silenced,
       e.silenced_why,
       (SELECT count(*) FROM condition_event o
        WHERE o.asset_id = e.asset_id AND o.rule = e.rule AND o.raised_at <= e.raised_at
          AND o.raised_at > e.raised_at - interval '1 minute') >= 3
FROM condition_event e JOIN asset a ON a.id = e.asset_id
WHERE e.state = 'active' AND NOT e.key = ANY(%s)
"""

COUNT_EVENTS = """
SELECT count(*),
       count(*) FILTER (WHERE cardinality(silenced) = 0),
       count(*) FILTER (WHERE cardinality(silenced) = 0 AND acknowledged_at IS NULL),
       count(*) FILTER (WHERE latched),
       count(*) FILTER (WHERE 'shelved' = ANY(silenced)),
       count(*) FILTER (WHERE 'suppressed' = ANY(silenced)),
       count(*) FILTER (WHERE 'out_of_service' = ANY(silenced))
FROM condition_event WHERE state = 'active' OR latched
"""

SELECT_HISTORY = """
SELECT at, kind, 'conditions', severity::smallint, annunciated, '', NULL::jsonb, NULL::jsonb, id, 0
FROM condition_outbox WHERE event_id = %(id)s
UNION ALL
SELECT at, action, actor, NULL, NULL, reason, before, after, id, 1
FROM alarm_change WHERE event_id = %(id)s
ORDER BY 1, 10, 9
"""


async def find_events(
    connection: Connection,
    wanted: EventFilter = EventFilter(),
    *,
    order: EventOrder = EventOrder.RAISED,
    before: Before | None = None,
    limit: int = 100,
) -> list[ConditionEvent]:
    """Up to `limit` events behind `before` if it is given."""
    severity, raised_at, last_id = before or (Severity.CRITICAL + 1, "infinity", 0)
    given = {
        **_conditions(wanted),
        "before_severity": severity,
        "raised_at": raised_at,
        "id": last_id,
        "limit": limit,
    }
    sql = SELECT_EVENTS if order is EventOrder.RAISED else SELECT_EVENTS_BY_SEVERITY
    return await _events(connection, sql, given)


async def get_event(connection: Connection, event_id: int) -> ConditionEvent:
    """One event. Raises `EventNotFound`."""
    row = await fetch_one(connection, SELECT_EVENT, [event_id])
    if row is None:
        raise EventNotFound(f"there is no condition event {event_id}")
    return _event(row)


async def history_of(connection: Connection, event_id: int) -> list[HistoryEntry]:
    """All that happened to an event, in the order of time."""
    cursor = await connection.execute(SELECT_HISTORY, {"id": event_id})
    return [
        HistoryEntry(at, action, actor, severity and Severity(severity), *told)
        for at, action, actor, severity, *told, _, _ in await cursor.fetchall()
    ]


async def count_events(connection: Connection) -> EventCounts:
    """The open events by their flags."""
    row = await fetch_one(connection, COUNT_EVENTS)
    return EventCounts(*row) if row else EventCounts(*(0,) * 7)


async def count_open_events(connection: Connection) -> int:
    """How many open events are annunciated: what is silenced is not counted."""
    return (await count_events(connection)).annunciated


async def open_events_but(connection: Connection, keys: set[str]) -> list[ConditionEvent]:
    """Active events with a key that is not among `keys`."""
    return await _events(connection, SELECT_OPEN_EVENTS, [sorted(keys)])


def _conditions(wanted: EventFilter) -> dict[str, Any]:
    flags = wanted.flags
    return {
        "state": wanted.state,
        "open": wanted.open,
        "asset": wanted.asset,
        "below": wanted.below,
        "rule": wanted.rule,
        "severity": wanted.severity or Severity.LOW,
        "annunciated": EventFlag.ANNUNCIATED in flags,
        "unacknowledged": EventFlag.UNACKNOWLEDGED in flags,
        "latched": EventFlag.LATCHED in flags,
        "any_silence": wanted.silenced,
        "silenced": [str(silence) for silence in Silence if EventFlag(silence) in flags],
    }


async def _events(
    connection: Connection, sql: LiteralString, given: Mapping[str, Any] | list[Any]
) -> list[ConditionEvent]:
    cursor = await connection.execute(sql, given)
    return [_event(row) for row in await cursor.fetchall()]


def _event(row: TupleRow) -> ConditionEvent:
    fields = dict(zip(ConditionEvent.__dataclass_fields__, row, strict=True))
    asked = fields["work_order"]
    fields["work_order"] = asked and WorkOrderRequest(**asked)
    fields["state"] = EventState(fields["state"])
    fields["silenced"] = tuple(Silence(name) for name in fields["silenced"])
    for name in ("severity", "peak_severity"):
        fields[name] = Severity(fields[name])
    return ConditionEvent(**fields)
