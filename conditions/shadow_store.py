"""SQL of what versions in shadow find: events that alarm nobody and ask for no work."""

import json
from collections.abc import Sequence

from conditions.change import Change
from conditions.event import ChangeKind, EventState
from conditions.variant import rule_of
from config.clock import from_us
from config.database import Connection

# A replay finds the event as it made it before.
INSERT_SHADOW_EVENT = """
INSERT INTO shadow_event (
    key, rule_version_id, asset_id, state, severity, peak_severity, message, onset, raised_at,
    changed_at, value, evidence
) VALUES (%s, %s, %s, 'active', %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (key) DO NOTHING
"""

# A replayed change that is older than what the event has come to changes nothing.
UPDATE_SHADOW_EVENT = """
UPDATE shadow_event
SET state = %s, severity = %s, peak_severity = greatest(peak_severity, %s), changed_at = %s,
    cleared_at = %s, value = coalesce(%s, value), message = coalesce(%s, message)
WHERE key = %s AND state = 'active' AND changed_at <= %s
"""

NOTIFY_SHADOW = "SELECT pg_notify('shadow_event', '')"

# The engine that starts anew without them has no way to end them.
CLOSE_SHADOW_ORPHANS = """
UPDATE shadow_event e SET state = 'cleared', cleared_at = changed_at
FROM rule_version v
WHERE v.id = e.rule_version_id AND v.state <> 'shadow' AND e.state = 'active'
"""


async def save_shadow_changes(connection: Connection, changes: Sequence[Change]) -> None:
    """Store the changes of variants in shadow, in order, in the caller's transaction."""
    for change in changes:
        if change.kind is ChangeKind.RAISED:
            await connection.execute(INSERT_SHADOW_EVENT, _insert_row(change))
        else:
            await connection.execute(UPDATE_SHADOW_EVENT, _update_row(change))
    if changes:
        await connection.execute(NOTIFY_SHADOW)


async def close_orphans(connection: Connection) -> None:
    """Close the open events of versions that are in shadow no more."""
    await connection.execute(CLOSE_SHADOW_ORPHANS)


def _insert_row(change: Change) -> list[object]:
    evidence = change.evidence or {}
    if "rule" in evidence:
        evidence = {**evidence, "rule": {**evidence["rule"], "id": rule_of(change.rule)}}
    raised = from_us(change.raised_us)
    return [
        *(change.key, change.rule_version_id, change.asset_id, change.severity),
        *(change.peak_severity, change.message, from_us(change.onset_us), raised, raised),
        *(change.value, json.dumps(evidence)),
    ]


def _update_row(change: Change) -> list[object]:
    at = from_us(change.at_us)
    cleared = change.kind is ChangeKind.CLEARED
    return [
        EventState.CLEARED if cleared else EventState.ACTIVE,
        *(change.severity, change.peak_severity, at, at if cleared else None, change.value),
        change.message if change.kind is ChangeKind.ESCALATED else None,
        *(change.key, at),
    ]
