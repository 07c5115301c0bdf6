"""What conditions read: events, and what the engine needs to start."""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from psycopg.rows import TupleRow

from conditions.binding import ActiveRule, Asset, Plant
from conditions.errors import EventNotFound
from conditions.event import ConditionEvent, EventState, Severity, WorkOrderRequest
from conditions.rule_file import rule_from_definition
from conditions.rule_life import RuleState
from conditions.variant import variant
from config.database import Connection, fetch_one
from config.diagnostics import logger
from config.partition import partition_of
from ingest.points import load_points

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are wanted; None: any."""

    state: EventState | None = None
    asset: str | None = None
    rule: str | None = None
    severity: Severity | None = None
    """At least this severity."""


SELECT_EVENTS = """
SELECT e.id, e.key, e.rule, e.asset_id, a.tag, e.failure_mode, e.state, e.severity,
       e.peak_severity, e.message, e.onset, e.raised_at, e.changed_at, e.cleared_at, e.value,
       e.work_order, e.evidence, e.acknowledged_at, e.acknowledged_by
FROM condition_event e JOIN asset a ON a.id = e.asset_id
WHERE (%s::text IS NULL OR e.state = %s)
  AND (%s::text IS NULL OR a.tag = %s)
  AND (%s::text IS NULL OR e.rule = %s)
  AND e.severity >= %s
  AND (e.raised_at, e.id) < (%s::timestamptz, %s::bigint)
ORDER BY e.raised_at DESC, e.id DESC
LIMIT %s
"""

SELECT_EVENT = """
SELECT e.id, e.key, e.rule, e.asset_id, a.tag, e.failure_mode, e.state, e.severity,
       e.peak_severity, e.message, e.onset, e.raised_at, e.changed_at, e.cleared_at, e.value,
       e.work_order, e.evidence, e.acknowledged_at, e.acknowledged_by
FROM condition_event e JOIN asset a ON a.id = e.asset_id
WHERE e.id = %s
"""

SELECT_ACTIVE_RULES = """
SELECT id, version, state, definition, file, line FROM rule_version
WHERE state IN ('active', 'shadow') ORDER BY rule, version
"""

SELECT_ASSETS = """
SELECT a.id, a.tag, c.code
FROM asset a JOIN asset_class c ON c.id = a.class_id
WHERE a.retired_at IS NULL
"""

SELECT_OVERRIDES = """
SELECT a.tag, p.name, p.value FROM rule_parameter p JOIN asset a ON a.id = p.asset_id
"""

# Changes with nearly everything that rules are bound to; what it misses is notified.
SELECT_FINGERPRINT = """
SELECT (SELECT max(id) FROM rule_version),
       (SELECT count(*) FILTER (WHERE state = 'active') || '/'
               || count(*) FILTER (WHERE state = 'shadow') FROM rule_version),
       (SELECT count(*) FILTER (WHERE retired_at IS NULL) || '/' || coalesce(max(id), 0) FROM point),
       (SELECT count(*) FILTER (WHERE retired_at IS NULL) || '/' || coalesce(max(id), 0) FROM asset),
       (SELECT count(*) || '/' || coalesce(sum(value), 0) FROM rule_parameter)
"""

SELECT_OPEN_EVENTS = """
SELECT e.id, e.key, e.rule, e.asset_id, a.tag, e.failure_mode, e.state, e.severity,
       e.peak_severity, e.message, e.onset, e.raised_at, e.changed_at, e.cleared_at, e.value,
       e.work_order, e.evidence, e.acknowledged_at, e.acknowledged_by
FROM condition_event e JOIN asset a ON a.id = e.asset_id
WHERE e.state = 'active' AND NOT e.key = ANY(%s)
"""

COUNT_OPEN_EVENTS = "SELECT count(*) FROM condition_event WHERE state = 'active'"


async def find_events(
    connection: Connection,
    wanted: EventFilter = EventFilter(),
    *,
    before: tuple[datetime, int] | None = None,
    limit: int = 100,
) -> list[ConditionEvent]:
    """Up to `limit` events, latest raise first, behind `before` (raised_at, id) if it is given."""
    raised_at, last_id = before or ("infinity", 0)
    parameters = [
        wanted.state,
        wanted.state,
        wanted.asset,
        wanted.asset,
        wanted.rule,
        wanted.rule,
        wanted.severity or Severity.LOW,
        raised_at,
        last_id,
        limit,
    ]
    cursor = await connection.execute(SELECT_EVENTS, parameters)
    return [_event(row) for row in await cursor.fetchall()]


async def get_event(connection: Connection, event_id: int) -> ConditionEvent:
    """One event. Raises `EventNotFound`."""
    row = await fetch_one(connection, SELECT_EVENT, [event_id])
    if row is None:
        raise EventNotFound(f"there is no condition event {event_id}")
    return _event(row)


async def count_open_events(connection: Connection) -> int:
    """How many conditions hold at present."""
    row = await fetch_one(connection, COUNT_OPEN_EVENTS)
    return int(row[0]) if row else 0


async def load_plant(connection: Connection, *, partition: int, partitions: int) -> Plant:
    """All that the engine of a partition binds its rules to."""

    def ours(asset: str) -> bool:
        return partition_of(asset, partitions) == partition

    assets = [Asset(*row) for row in await _fetch_all(connection, SELECT_ASSETS)]
    overrides = await _fetch_all(connection, SELECT_OVERRIDES)
    return Plant(
        rules=[
            rule
            for row in await _fetch_all(connection, SELECT_ACTIVE_RULES)
            if (rule := _active_rule(row)) is not None
        ],
        points=[point for point in await load_points(connection) if ours(point.asset)],
        assets={asset.tag: asset for asset in assets if ours(asset.tag)},
        parameters={(asset, name): value for asset, name, value in overrides if ours(asset)},
    )


async def fingerprint(connection: Connection) -> TupleRow | None:
    """Something that is another when rules, points, assets or parameters have changed."""
    return await fetch_one(connection, SELECT_FINGERPRINT)


async def open_events_but(connection: Connection, keys: set[str]) -> list[ConditionEvent]:
    """Open events with a key that is not among `keys`."""
    cursor = await connection.execute(SELECT_OPEN_EVENTS, [sorted(keys)])
    return [_event(row) for row in await cursor.fetchall()]


async def _fetch_all(connection: Connection, sql: LiteralString) -> list[TupleRow]:
    return await (await connection.execute(sql)).fetchall()


def _active_rule(row: TupleRow) -> ActiveRule | None:
    version_id, version, state, definition, file, line = row
    try:
        rule = rule_from_definition(definition, file=file, line=line)
    except ValueError as error:
        log.warning("a stored rule cannot be read", file=file, line=line, error=str(error))
        return None
    if state == RuleState.SHADOW:
        rule = variant(rule, str(version))
    return ActiveRule(rule, version, version_id)


def _event(row: TupleRow) -> ConditionEvent:
    fields = dict(zip(ConditionEvent.__dataclass_fields__, row, strict=True))
    asked = fields["work_order"]
    fields["work_order"] = asked and WorkOrderRequest(**asked)
    fields["state"] = EventState(fields["state"])
    for name in ("severity", "peak_severity"):
        fields[name] = Severity(fields[name])
    return ConditionEvent(**fields)
