"""What conditions write: events with their outbox, snapshots."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from conditions.change import Change
from conditions.event import ChangeKind, EventState
from config.clock import from_us
from config.database import Connection, fetch_one
from config.log import Position

ACKNOWLEDGE_EVENT = """
UPDATE condition_event
SET acknowledged_at = coalesce(acknowledged_at, now()),
    acknowledged_by = coalesce(acknowledged_by, %s)
WHERE id = %s
RETURNING pg_notify('condition_event', id::text)
"""

# A replay finds the event as it made it before.
INSERT_EVENT = """
INSERT INTO condition_event (
    key, rule, rule_version_id, asset_id, failure_mode, state, severity, peak_severity, message,
    onset, raised_at, changed_at, value, work_order, evidence
) VALUES (%s, %s, %s, %s, %s, 'active', %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (key) DO NOTHING
"""

# A replayed change that is older than what the event has come to changes nothing.
UPDATE_EVENT = """
UPDATE condition_event
SET state = %s, severity = %s, peak_severity = greatest(peak_severity, %s), changed_at = %s,
    cleared_at = %s, value = coalesce(%s, value), message = coalesce(%s, message)
WHERE key = %s AND state = 'active' AND changed_at <= %s
"""

INSERT_OUTBOX = """
INSERT INTO condition_outbox (event_id, kind, severity, at, value)
SELECT id, %s, %s, %s, %s FROM condition_event WHERE key = %s
ON CONFLICT (event_id, kind, at, severity) DO NOTHING
"""

NOTIFY_EVENTS = """
SELECT pg_notify('condition_outbox', ''), pg_notify('condition_event', id::text)
FROM condition_event WHERE key = ANY(%s)
"""

SELECT_SNAPSHOT = """
SELECT stream, sequence, edges, state FROM engine_snapshot WHERE partition = %s
"""

UPSERT_SNAPSHOT = """
INSERT INTO engine_snapshot (partition, stream, sequence, edges, state, taken_at)
VALUES (%s, %s, %s, %s, %s, now())
ON CONFLICT (partition) DO UPDATE
SET stream = excluded.stream, sequence = excluded.sequence, edges = excluded.edges,
    state = excluded.state, taken_at = excluded.taken_at
"""

# One engine for each partition: held by the session until its connection ends.
TRY_LOCK_PARTITION = "SELECT pg_try_advisory_lock(1868783971, %s)"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """State of the engine of a partition, and the log position that it stands for."""

    position: Position
    edges: dict[str, tuple[str, int]]
    state: bytes


async def try_lock_partition(connection: Connection, partition: int) -> bool:
    """Take a partition unless another session has it; ours until the connection ends."""
    row = await fetch_one(connection, TRY_LOCK_PARTITION, [partition])
    return bool(row and row[0])


async def load_snapshot(connection: Connection, partition: int) -> Snapshot | None:
    """The last snapshot of a partition."""
    row = await fetch_one(connection, SELECT_SNAPSHOT, [partition])
    if row is None:
        return None
    edges = {edge: (session, sequence) for edge, (session, sequence) in row[2].items()}
    return Snapshot(Position(row[0], row[1]), edges, bytes(row[3]))


async def save_snapshot(connection: Connection, partition: int, snapshot: Snapshot) -> None:
    """Put a snapshot in the place of the last one."""
    position, edges = snapshot.position, json.dumps(snapshot.edges)
    row = [partition, position.stream, position.sequence, edges, snapshot.state]
    await connection.execute(UPSERT_SNAPSHOT, row)


async def save_changes(connection: Connection, changes: Sequence[Change]) -> None:
    """Store changes of events in their order, once each, and tell those who act on them."""
    async with connection.cursor() as cursor:
        for change in changes:
            if change.kind is ChangeKind.RAISED:
                await cursor.execute(INSERT_EVENT, _event_row(change))
            else:
                await cursor.execute(UPDATE_EVENT, _update_row(change))
        outbox = [(c.kind, c.severity, from_us(c.at_us), c.value, c.key) for c in changes]
        await cursor.executemany(INSERT_OUTBOX, outbox)
    await connection.execute(NOTIFY_EVENTS, [sorted({change.key for change in changes})])


def _event_row(change: Change) -> list[Any]:
    asked = change.work_order
    raised = from_us(change.raised_us)
    return [
        change.key,
        change.rule,
        change.rule_version_id,
        change.asset_id,
        change.failure_mode,
        change.severity,
        change.peak_severity,
        change.message,
        from_us(change.onset_us),
        raised,
        raised,
        change.value,
        json.dumps(asdict(asked)) if asked else None,
        json.dumps(change.evidence),
    ]


def _update_row(change: Change) -> list[Any]:
    at = from_us(change.at_us)
    cleared = change.kind is ChangeKind.CLEARED
    return [
        EventState.CLEARED if cleared else EventState.ACTIVE,
        change.severity,
        change.peak_severity,
        at,
        at if cleared else None,
        change.value,
        change.message if change.kind is ChangeKind.ESCALATED else None,
        change.key,
        at,
    ]


async def acknowledge(connection: Connection, event_id: int, by: str) -> bool:
    """Mark an event as seen; False if there is none."""
    cursor = await connection.execute(ACKNOWLEDGE_EVENT, [by, event_id])
    return await cursor.fetchone() is not None
