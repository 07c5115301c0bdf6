"""SQL writes of automation: channels, rules, what they did, and messages with their attempts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from config.database import Connection, fetch_dicts, fetch_one
from maintenance.automation.channel import Channel
from maintenance.automation.delivery import Settled

UPSERT_CHANNEL: Final[LiteralString] = """
INSERT INTO channel (
    code, name, kind, address, secret, time_zone, quiet_from, quiet_to, urgent_priority, digest,
    digest_at, kept_in
) VALUES (
    %(code)s, %(name)s, %(kind)s, %(address)s, %(secret)s, %(time_zone)s, %(quiet_from)s,
    %(quiet_to)s, %(urgent_priority)s, %(digest)s, %(digest_at)s, %(kept_in)s
)
ON CONFLICT (code) DO UPDATE
SET name = excluded.name, kind = excluded.kind, address = excluded.address,
    secret = excluded.secret, time_zone = excluded.time_zone, quiet_from = excluded.quiet_from,
    quiet_to = excluded.quiet_to, urgent_priority = excluded.urgent_priority,
    digest = excluded.digest, digest_at = excluded.digest_at, kept_in = excluded.kept_in,
    retired_at = NULL, disabled_at = NULL, disabled_why = NULL
"""

RETIRE_CHANNELS: Final[LiteralString] = """
UPDATE channel SET retired_at = %(at)s WHERE code = ANY (%(codes)s) AND retired_at IS NULL
"""

DISABLE_CHANNEL: Final[LiteralString] = """
UPDATE channel SET disabled_at = %(at)s, disabled_why = %(why)s
WHERE id = %(id)s AND disabled_at IS NULL
"""

RETIRE_AUTOMATIONS: Final[LiteralString] = """
UPDATE automation SET retired_at = %(at)s WHERE code = ANY (%(codes)s) AND retired_at IS NULL
"""

INSERT_AUTOMATION: Final[LiteralString] = """
INSERT INTO automation (code, version, definition, kept_in, created_by, created_at)
SELECT %(code)s, coalesce(max(version), 0) + 1, %(definition)s, %(kept_in)s, %(actor)s, %(at)s
FROM automation WHERE code = %(code)s
"""

# One process at a time takes what happened, so that rules see it in order.
TRY_ROUTE: Final[LiteralString] = "SELECT pg_try_advisory_xact_lock(491496240229)"

WAITING_HAPPENINGS: Final[LiteralString] = """
WITH waiting AS MATERIALIZED (
    SELECT id, topic, payload, created_at FROM outbox
    WHERE handled_at IS NULL ORDER BY id LIMIT %(limit)s
)
SELECT waiting.id, waiting.topic, waiting.payload, waiting.created_at AS at, o.id AS order_id,
       o.number, asset.tag AS asset, asset.name AS asset_name, class.code AS asset_class,
       asset.criticality, site.code AS site, location.code AS location, o.type, o.origin, o.title,
       o.priority, o.severity, o.state, o.failure_mode, o.job_plan, o.assignee, o.team, o.craft,
       o.hold_reason, o.created_by, o.reopened
FROM waiting
LEFT JOIN work_order o ON o.number = coalesce(
    waiting.payload ->> 'work_order',
    CASE WHEN waiting.topic LIKE 'work_order.%%' THEN waiting.payload ->> 'number' END
)
LEFT JOIN asset ON asset.id = o.asset_id
LEFT JOIN asset_class class ON class.id = asset.class_id
LEFT JOIN site ON site.id = o.site_id
LEFT JOIN location ON location.id = asset.location_id
ORDER BY waiting.id
"""

MARK_ROUTED: Final[LiteralString] = """
UPDATE outbox SET handled_at = %(at)s WHERE id = ANY (%(ids)s)
"""

# False where the action was taken before: then nothing is done again.
BEGIN_RUN: Final[LiteralString] = """
INSERT INTO automation_run (
    automation_id, outbox_id, action, what, outcome, due_at, work_order_id, at
) VALUES (
    %(automation_id)s, %(outbox_id)s, %(action)s, %(what)s, %(outcome)s, %(due_at)s,
    %(work_order_id)s, %(at)s
)
ON CONFLICT (automation_id, outbox_id, action) DO NOTHING
RETURNING id
"""

END_RUN: Final[LiteralString] = """
UPDATE automation_run SET outcome = %(outcome)s, detail = %(detail)s, due_at = %(due_at)s
WHERE id = %(id)s
"""

DUE_RUNS: Final[LiteralString] = """
SELECT run.id, run.outbox_id, run.action, run.work_order_id, automation.code, automation.definition
FROM automation_run run JOIN automation ON automation.id = run.automation_id
WHERE run.due_at <= %(at)s
ORDER BY run.due_at, run.id
LIMIT %(limit)s
FOR UPDATE OF run SKIP LOCKED
"""

# One message for each channel about one thing, however many rules ask for it; of people, for each.
INSERT_DELIVERY: Final[LiteralString] = """
INSERT INTO delivery (
    id, channel_id, outbox_id, topic, title, text, payload, priority, digested, not_before,
    created_at, person, recipient, in_reply_to
) VALUES (
    %(id)s, %(channel_id)s, %(outbox_id)s, %(topic)s, %(title)s, %(text)s, %(payload)s,
    %(priority)s, %(digested)s, %(not_before)s, %(at)s, %(person)s, %(recipient)s, %(in_reply_to)s
)
ON CONFLICT DO NOTHING
"""

DUE_DIGESTS: Final[LiteralString] = """
SELECT DISTINCT channel_id, person, recipient FROM delivery
WHERE state = 'waiting' AND digested AND not_before <= %(at)s
"""

DIGEST_MEMBERS: Final[LiteralString] = """
SELECT id, title, text FROM delivery
WHERE channel_id = %(channel_id)s AND state = 'waiting' AND digested AND not_before <= %(at)s
  AND person IS NOT DISTINCT FROM %(person)s AND recipient IS NOT DISTINCT FROM %(recipient)s
ORDER BY created_at, id
FOR UPDATE SKIP LOCKED
"""

INSERT_DIGEST: Final[LiteralString] = """
INSERT INTO delivery (
    channel_id, topic, title, text, payload, not_before, created_at, person, recipient
) VALUES (
    %(channel_id)s, 'digest', %(title)s, %(text)s, %(payload)s, %(at)s, %(at)s, %(person)s,
    %(recipient)s
)
RETURNING id
"""

JOIN_DIGEST: Final[LiteralString] = """
UPDATE delivery SET state = 'in_digest', digest_id = %(digest_id)s, settled_at = %(at)s
WHERE id = ANY (%(ids)s)
"""

# Marked and committed before anything leaves: a process that dies on the way leaves `sending`.
CLAIM: Final[LiteralString] = """
WITH due AS (
    SELECT delivery.id FROM delivery JOIN channel ON channel.id = delivery.channel_id
    WHERE delivery.state = 'waiting' AND NOT delivery.digested AND delivery.not_before <= %(at)s
      AND channel.disabled_at IS NULL AND channel.retired_at IS NULL
    ORDER BY delivery.not_before, delivery.id
    LIMIT %(limit)s
    FOR UPDATE OF delivery SKIP LOCKED
)
UPDATE delivery SET state = 'sending', attempts = attempts + 1, claimed_at = %(at)s
FROM due, channel
WHERE delivery.id = due.id AND channel.id = delivery.channel_id
RETURNING delivery.id, delivery.topic, delivery.title, delivery.text, delivery.payload,
          delivery.priority, delivery.attempts, delivery.created_at, channel.id AS channel_id,
          channel.kind, channel.address, channel.secret, delivery.person, delivery.in_reply_to,
          coalesce(delivery.recipient, (
              SELECT staff.contacts ->> 'email' FROM staff WHERE staff.code = delivery.person
          )) AS recipient
"""

SETTLE: Final[LiteralString] = """
UPDATE delivery
SET state = %(state)s, not_before = %(not_before)s, error = %(error)s,
    settled_at = CASE WHEN %(state)s = 'waiting' THEN NULL ELSE %(at)s::timestamptz END
WHERE id = %(id)s AND state = 'sending'
"""

# Claimed longer ago than any attempt lasts: whoever claimed it is gone.
ABANDONED: Final[LiteralString] = """
UPDATE delivery
SET state = CASE channel.kind WHEN 'webhook' THEN 'waiting' ELSE 'uncertain' END,
    settled_at = CASE channel.kind WHEN 'webhook' THEN NULL ELSE %(at)s::timestamptz END,
    error = 'the process ended while it was on its way'
FROM channel
WHERE channel.id = delivery.channel_id AND delivery.state = 'sending'
  AND delivery.claimed_at < %(before)s
RETURNING delivery.id
"""

SEND_AGAIN: Final[LiteralString] = """
UPDATE delivery SET state = 'waiting', attempts = 0, not_before = %(at)s, settled_at = NULL
WHERE id = %(id)s AND state IN ('uncertain', 'given_up')
RETURNING id
"""

FORGET_HAPPENINGS: Final[LiteralString] = "DELETE FROM outbox WHERE handled_at < %(before)s"

FORGET_DELIVERIES: Final[LiteralString] = """
DELETE FROM delivery WHERE settled_at < %(before)s AND digest_id IS NOT NULL
"""

FORGET_SENT: Final[LiteralString] = """
DELETE FROM delivery d WHERE settled_at < %(before)s
  AND NOT EXISTS (SELECT FROM delivery member WHERE member.digest_id = d.id)
"""


async def write_channel(connection: Connection, channel: Channel, *, kept_in: str) -> None:
    """Make a channel, or make it as given; one that was disabled is enabled."""
    await connection.execute(UPSERT_CHANNEL, asdict(channel) | {"kept_in": kept_in})


async def retire_channels(connection: Connection, codes: Sequence[str], *, at: datetime) -> None:
    """Send nothing more to these channels."""
    await connection.execute(RETIRE_CHANNELS, {"codes": list(codes), "at": at})


async def disable_channel(
    connection: Connection, channel_id: int, *, why: str, at: datetime
) -> None:
    """Send nothing more to a channel until it is written anew."""
    await connection.execute(DISABLE_CHANNEL, {"id": channel_id, "why": why, "at": at})


async def write_automation(
    connection: Connection,
    code: str,
    definition: Mapping[str, Any],
    *,
    kept_in: str,
    actor: str,
    at: datetime,
) -> None:
    """A new version of an automation; the one before it is retired."""
    await retire_automations(connection, [code], at=at)
    given = {"code": code, "definition": Jsonb(definition), "kept_in": kept_in}
    await connection.execute(INSERT_AUTOMATION, given | {"actor": actor, "at": at})


async def retire_automations(connection: Connection, codes: Sequence[str], *, at: datetime) -> None:
    """Act by these automations no more."""
    await connection.execute(RETIRE_AUTOMATIONS, {"codes": list(codes), "at": at})


async def try_route(connection: Connection) -> bool:
    """Is this transaction the one that takes what happened?"""
    row = await fetch_one(connection, TRY_ROUTE)
    return bool(row and row[0])


async def waiting_happenings(connection: Connection, *, limit: int) -> list[dict[str, Any]]:
    """What happened and no rule has seen yet, oldest first, with the order that it is about."""
    return await fetch_dicts(connection, WAITING_HAPPENINGS, {"limit": limit})


async def mark_routed(connection: Connection, ids: Sequence[int], *, at: datetime) -> None:
    """Note that every rule has seen these."""
    await connection.execute(MARK_ROUTED, {"ids": list(ids), "at": at})


async def begin_run(connection: Connection, run: Mapping[str, Any]) -> int | None:
    """Id of the run of an action; None where it was taken before."""
    row = await fetch_one(connection, BEGIN_RUN, run)
    return int(row[0]) if row else None


async def end_run(
    connection: Connection,
    run_id: int,
    *,
    outcome: str,
    detail: str,
    due_at: datetime | None = None,
) -> None:
    """Note what came of an action; one that waits has a time to look again."""
    given = {"id": run_id, "outcome": outcome, "detail": detail, "due_at": due_at}
    await connection.execute(END_RUN, given)


async def due_runs(connection: Connection, *, at: datetime, limit: int) -> list[dict[str, Any]]:
    """Actions that waited and are to be looked at now, held to the end of the transaction."""
    return await fetch_dicts(connection, DUE_RUNS, {"at": at, "limit": limit})


async def insert_delivery(connection: Connection, delivery: Mapping[str, Any]) -> bool:
    """A message for a channel; False where the channel (or the person) is told of this already."""
    given = {"id": uuid4(), "person": None, "recipient": None, "in_reply_to": None, **delivery}
    given["payload"] = Jsonb(delivery["payload"])
    cursor = await connection.execute(INSERT_DELIVERY, given)
    return cursor.rowcount == 1


async def due_digests(connection: Connection, *, at: datetime) -> list[dict[str, Any]]:
    """Whose digest is due: `channel_id`, and of a channel of people `person` and `recipient`."""
    return await fetch_dicts(connection, DUE_DIGESTS, {"at": at})


async def digest_members(
    connection: Connection, whose: Mapping[str, Any], *, at: datetime
) -> list[dict[str, Any]]:
    """Messages that a due digest is to tell of, held to the end of the transaction."""
    return await fetch_dicts(connection, DIGEST_MEMBERS, {**whose, "at": at})


async def gather(
    connection: Connection, digest: Mapping[str, Any], members: Sequence[UUID], *, at: datetime
) -> None:
    """Put one message in place of its members."""
    given = {**digest, "payload": Jsonb(digest["payload"]), "at": at}
    row = await fetch_one(connection, INSERT_DIGEST, given)
    digest_id = row[0] if row else None
    await connection.execute(JOIN_DIGEST, {"digest_id": digest_id, "ids": list(members), "at": at})


async def claim(connection: Connection, *, at: datetime, limit: int) -> list[dict[str, Any]]:
    """Messages that are to leave now, marked as on their way."""
    return await fetch_dicts(connection, CLAIM, {"at": at, "limit": limit})


async def settle(
    connection: Connection, delivery_id: UUID, settled: Settled, *, error: str, at: datetime
) -> None:
    """Write what became of a message that was on its way."""
    given = {"id": delivery_id, "state": settled.state.value, "not_before": settled.not_before}
    await connection.execute(SETTLE, given | {"error": error, "at": at})


async def take_up_abandoned(connection: Connection, *, before: datetime, at: datetime) -> int:
    """Decide about messages whose process died on the way; gives how many there were."""
    cursor = await connection.execute(ABANDONED, {"before": before, "at": at})
    return cursor.rowcount


async def send_again(connection: Connection, delivery_id: UUID, *, at: datetime) -> bool:
    """Let a message that is uncertain or given up wait again; False where it is neither."""
    return await fetch_one(connection, SEND_AGAIN, {"id": delivery_id, "at": at}) is not None


async def forget(connection: Connection, *, happened: datetime, settled: datetime) -> None:
    """Delete what was routed before `happened`, and messages that were settled before `settled`."""
    await connection.execute(FORGET_HAPPENINGS, {"before": happened})
    await connection.execute(FORGET_DELIVERIES, {"before": settled})
    await connection.execute(FORGET_SENT, {"before": settled})
