"""What conditions write of events: their changes with the outbox, and what silences them."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from psycopg.rows import TupleRow

from conditions.acknowledgement import Acknowledgement
from conditions.alarm_life import Life, Step, changed, raised
from conditions.alarm_store import acknowledge_at_source
from conditions.change import Change
from conditions.event import ChangeKind, EventState, Severity, Silence
from conditions.facts import load_facts
from conditions.silence import Alarm, Facts, Silences, silences_of
from config.clock import ClockUs, from_us, now_us
from config.database import Connection, fetch_one

# A replay finds the event as it made it before, and does nothing more. A rule that raises again takes
# the place of its event that waited for a reset.
INSERT_EVENT = """
WITH raised AS (
    INSERT INTO condition_event (
        key, rule, rule_version_id, asset_id, failure_mode, state, severity, peak_severity, message,
        onset, raised_at, changed_at, value, work_order, evidence, silenced, silenced_why,
        told_severity, latch
    ) VALUES (
        %(key)s, %(rule)s, %(rule_version_id)s, %(asset_id)s, %(failure_mode)s, 'active',
        %(severity)s, %(peak_severity)s, %(message)s, %(onset)s, %(raised_at)s, %(raised_at)s,
        %(value)s, %(work_order)s, %(evidence)s, %(silenced)s, %(silenced_why)s, %(told_severity)s,
        coalesce((SELECT (definition #>> '{rules,0,latch}')::boolean FROM rule_version
                  WHERE id = %(rule_version_id)s), false)
    )
    ON CONFLICT (key) DO NOTHING
    RETURNING id, asset_id, rule
), noted AS (
    INSERT INTO condition_outbox (event_id, kind, severity, at, value, annunciated, handled_at)
    SELECT id, 'raised', %(severity)s, %(at)s, %(value)s, %(told)s,
           CASE WHEN NOT %(told)s THEN now() END
    FROM raised
), released AS (
    UPDATE condition_event before
    SET latched = false, reset_at = now(), reset_by = 'conditions'
    FROM raised
    WHERE before.asset_id = raised.asset_id AND before.rule = raised.rule AND before.latched
    RETURNING before.id, before.asset_id, before.rule, raised.id AS successor
)
INSERT INTO alarm_change (event_id, asset_id, rule, action, actor, reason)
SELECT id, asset_id, rule, 'reset', 'conditions', 'raised again as event ' || successor
FROM released
"""

# A replayed change that is older than what the event has come to changes nothing.
HOLD_EVENT = """
SELECT id, state, severity, silenced, told_severity, latch, latched, acknowledged_at IS NOT NULL
FROM condition_event
WHERE key = %s AND state = 'active' AND changed_at <= %s
FOR NO KEY UPDATE
"""

# A change that a replay finds again is there already, whether it was told then or not. A shelf for once
# ends with its event.
UPDATE_EVENT = """
WITH changed AS (
    UPDATE condition_event
    SET state = %(state)s, severity = %(severity)s,
        peak_severity = greatest(peak_severity, %(peak_severity)s), changed_at = %(at)s,
        cleared_at = %(cleared_at)s, value = coalesce(%(value)s, value),
        message = coalesce(%(message)s, message), told_severity = %(told_severity)s,
        latched = %(latched)s,
        acknowledged_at = CASE WHEN %(acknowledged)s THEN acknowledged_at END,
        acknowledged_by = CASE WHEN %(acknowledged)s THEN acknowledged_by END
    WHERE id = %(id)s
), unshelved AS (
    UPDATE alarm_shelf SET ended_at = now(), ended_by = 'conditions'
    WHERE event_id = %(id)s AND one_shot AND ended_at IS NULL AND %(state)s = 'cleared'
)
INSERT INTO condition_outbox (event_id, kind, severity, at, value, annunciated, handled_at)
SELECT %(id)s, %(kind)s, %(severity)s, %(at)s, %(value)s, %(told)s,
       CASE WHEN NOT %(told)s THEN now() END
WHERE NOT EXISTS (
    SELECT FROM condition_outbox
    WHERE event_id = %(id)s AND kind = %(kind)s AND at = %(at)s AND severity = %(severity)s
)
"""

INSERT_ANNUNCIATION = """
INSERT INTO condition_outbox (event_id, kind, severity, at) VALUES (%s, %s, %s, %s)
ON CONFLICT (event_id, kind, at, severity, annunciated) DO NOTHING
"""

NOTIFY_EVENTS = """
SELECT pg_notify('condition_outbox', ''), pg_notify('condition_event', id::text)
FROM condition_event WHERE key = ANY(%s)
"""

# Never waits for the engine's transaction: what is held there is looked at again by the next one.
HOLD_OPEN = """
SELECT id, state, severity, silenced, told_severity, latch, latched, acknowledged_at IS NOT NULL,
       key, asset_id, rule
FROM condition_event
WHERE id = ANY(%s) AND (state = 'active' OR latched)
ORDER BY id
FOR NO KEY UPDATE SKIP LOCKED
"""

UPDATE_SILENCE = """
UPDATE condition_event
SET silenced = %s, silenced_why = %s, told_severity = %s,
    acknowledged_at = CASE WHEN %s THEN acknowledged_at END,
    acknowledged_by = CASE WHEN %s THEN acknowledged_by END
WHERE id = %s
RETURNING pg_notify('condition_event', id::text)
"""

# What an order, a shelf in force or the outbox still speaks of stays; the audit trail stays by itself.
# By `raised_at`, which has an index: what cleared before a time was raised before it.
DELETE_CLEARED = """
WITH past AS (
    SELECT id FROM condition_event e
    WHERE raised_at < %(before)s AND cleared_at < %(before)s AND state = 'cleared' AND NOT latched
      AND NOT EXISTS (SELECT FROM work_order_event WHERE event_id = e.id)
      AND NOT EXISTS (SELECT FROM alarm_shelf WHERE event_id = e.id AND ended_at IS NULL)
      AND NOT EXISTS (
          SELECT FROM condition_outbox WHERE event_id = e.id AND handled_at IS NULL)
    ORDER BY raised_at LIMIT %(most)s
    FOR UPDATE SKIP LOCKED
), told AS (
    DELETE FROM condition_outbox USING past WHERE event_id = past.id
)
DELETE FROM condition_event USING past WHERE condition_event.id = past.id
"""

NOTIFY_OUTBOX = "SELECT pg_notify('condition_outbox', '')"


@dataclass(frozen=True, slots=True)
class Held:
    """An event that this transaction has locked."""

    id: int
    life: Life
    alarm: Alarm


async def save_changes(
    connection: Connection,
    changes: Sequence[Change | Acknowledgement],
    *,
    clock: ClockUs = now_us,
) -> None:
    """Store changes of events in their order, once each, and tell those who act on them.

    A change of an event that something silences is kept, and nobody is told.
    """
    now = from_us(clock())
    found = [change for change in changes if isinstance(change, Change)]
    facts = await _facts_of(connection, found, now)
    for change in changes:
        if isinstance(change, Acknowledgement):
            await acknowledge_at_source(connection, change)
        elif change.kind is ChangeKind.RAISED:
            facts = await _raise(connection, change, facts, now)
        else:
            await _change(connection, change)
    await connection.execute(NOTIFY_EVENTS, [sorted({change.key for change in found})])


async def hold_open(connection: Connection, ids: Collection[int]) -> list[Held]:
    """Lock open events; those that another transaction holds are left out."""
    cursor = await connection.execute(HOLD_OPEN, [list(ids)])
    return [
        Held(int(row[0]), _life(row), Alarm(row[8], row[9], row[10]))
        for row in await cursor.fetchall()
    ]


async def save_silence(
    connection: Connection, held: Held, step: Step, silences: Silences, *, at: datetime
) -> None:
    """Store what silences an event from now on, and what is told of that."""
    life = step.life
    seen = life.acknowledged
    await connection.execute(
        UPDATE_SILENCE, [*_silence_columns(silences), life.told, seen, seen, held.id]
    )
    if step.told is not None:
        told = [held.id, step.told, life.severity, at]
        await connection.execute(INSERT_ANNUNCIATION, told)
        await connection.execute(NOTIFY_OUTBOX)


async def _facts_of(connection: Connection, changes: Sequence[Change], now: datetime) -> Facts:
    alarms = {
        (change.asset_id, change.rule) for change in changes if change.kind is ChangeKind.RAISED
    }
    return await load_facts(connection, alarms, now=now) if alarms else Facts()


async def _raise(connection: Connection, change: Change, facts: Facts, now: datetime) -> Facts:
    """Store a new event; gives the facts with it, for those that come after it."""
    silences = silences_of(Alarm(change.key, change.asset_id, change.rule), facts, now)
    step = raised(change.severity, silences)
    await connection.execute(INSERT_EVENT, _event_row(change, step, silences))
    if Silence.OUT_OF_SERVICE in silences:
        return facts
    return replace(facts, active=facts.active | {(change.asset_id, change.rule)})


async def _change(connection: Connection, change: Change) -> None:
    row = await fetch_one(connection, HOLD_EVENT, [change.key, from_us(change.at_us)])
    if row is not None:
        step = changed(_life(row), change.kind, change.severity)
        await connection.execute(UPDATE_EVENT, _update_row(int(row[0]), change, step))


def _life(row: TupleRow) -> Life:
    _, state, severity, silenced, told, latch, latched, acknowledged, *_ = row
    return Life(
        active=state == EventState.ACTIVE,
        severity=Severity(severity),
        silences=frozenset(Silence(name) for name in silenced),
        told=None if told is None else Severity(told),
        latch=latch,
        latched=latched,
        acknowledged=acknowledged,
    )


def _silence_columns(silences: Mapping[Silence, str]) -> tuple[list[str], str]:
    return [str(name) for name in silences], "; ".join(why for why in silences.values() if why)


def _event_row(change: Change, step: Step, silences: Silences) -> dict[str, Any]:
    asked = change.work_order
    names, why = _silence_columns(silences)
    return {
        "key": change.key,
        "rule": change.rule,
        "rule_version_id": change.rule_version_id,
        "asset_id": change.asset_id,
        "failure_mode": change.failure_mode,
        "severity": change.severity,
        "peak_severity": change.peak_severity,
        "message": change.message,
        "onset": from_us(change.onset_us),
        "raised_at": from_us(change.raised_us),
        "at": from_us(change.at_us),
        "value": change.value,
        "work_order": json.dumps(asdict(asked)) if asked else None,
        "evidence": json.dumps(change.evidence),
        "silenced": names,
        "silenced_why": why,
        "told_severity": step.life.told,
        "told": step.told is not None,
    }


def _update_row(event_id: int, change: Change, step: Step) -> dict[str, Any]:
    at, life = from_us(change.at_us), step.life
    cleared = change.kind is ChangeKind.CLEARED
    return {
        "id": event_id,
        "kind": change.kind,
        "state": EventState.CLEARED if cleared else EventState.ACTIVE,
        "severity": change.severity,
        "peak_severity": change.peak_severity,
        "at": at,
        "cleared_at": at if cleared else None,
        "value": change.value,
        "message": change.message if change.kind is ChangeKind.ESCALATED else None,
        "told_severity": life.told,
        "told": step.told is not None,
        "latched": life.latched,
        "acknowledged": life.acknowledged,
    }


async def delete_cleared(connection: Connection, *, before: datetime, most: int) -> int:
    """Delete up to `most` events that cleared before a time and that nothing refers to; how many."""
    cursor = await connection.execute(DELETE_CLEARED, {"before": before, "most": most})
    return cursor.rowcount
