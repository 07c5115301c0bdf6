"""Reads of automation: channels, rules in force, what they did, and messages."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg.rows import class_row

from config.database import Connection, fetch_dicts
from maintenance.automation.channel import Channel, ChannelKind, Digest
from maintenance.automation.definition import automation_from_json
from maintenance.automation.delivery import DeliveryState
from maintenance.automation.rule import Automation
from maintenance.errors import NotFound

CHANNELS: Final[LiteralString] = """
SELECT id, code, name, kind, address, secret, time_zone, quiet_from, quiet_to, urgent_priority,
       digest, digest_at, kept_in, retired_at, disabled_at, disabled_why
FROM channel ORDER BY code
"""

AUTOMATIONS: Final[LiteralString] = """
SELECT id, code, version, definition, kept_in, created_by, created_at
FROM automation WHERE retired_at IS NULL ORDER BY code
"""

RETIRED_AUTOMATIONS: Final[LiteralString] = """
SELECT DISTINCT ON (code) code, definition, kept_in FROM automation a
WHERE NOT EXISTS (SELECT FROM automation b WHERE b.code = a.code AND b.retired_at IS NULL)
ORDER BY code, version DESC
"""

RUNS: Final[LiteralString] = """
SELECT run.id, automation.code, automation.version, run.what, run.outcome, run.detail, run.due_at,
       o.number, run.at
FROM automation_run run
JOIN automation ON automation.id = run.automation_id
LEFT JOIN work_order o ON o.id = run.work_order_id
WHERE (%(code)s::text IS NULL OR automation.code = %(code)s)
  AND (%(before)s::bigint IS NULL OR run.id < %(before)s)
ORDER BY run.id DESC
LIMIT %(limit)s
"""

DELIVERIES: Final[LiteralString] = """
SELECT d.id, channel.code AS channel, d.topic, d.title, d.text, d.state, d.attempts, d.not_before,
       d.created_at, d.settled_at, d.error, coalesce(d.recipient, d.person) AS recipient
FROM delivery d JOIN channel ON channel.id = d.channel_id
WHERE (%(only)s::uuid IS NULL OR d.id = %(only)s)
  AND (%(state)s::text IS NULL OR d.state = %(state)s)
  AND (%(channel)s::text IS NULL OR channel.code = %(channel)s)
  AND (%(at)s::timestamptz IS NULL OR (d.created_at, d.id) < (%(at)s, %(id)s::uuid))
ORDER BY d.created_at DESC, d.id DESC
LIMIT %(limit)s
"""

# Clear for so long, every one of them; an order without conditions has nothing to wait for.
CLEARED_SINCE: Final[LiteralString] = """
SELECT count(*) FILTER (WHERE event.state = 'active' OR event.latched),
       max(event.cleared_at)
FROM work_order_event link JOIN condition_event event ON event.id = link.event_id
WHERE link.work_order_id = %(order_id)s
"""


@dataclass(frozen=True, slots=True)
class KeptChannel:
    """A channel as it is kept; `disabled_why` says what its end answered."""

    id: int
    channel: Channel
    kept_in: str
    retired_at: datetime | None
    disabled_at: datetime | None
    disabled_why: str | None

    @property
    def is_open(self) -> bool:
        """May messages be sent to it?"""
        return self.retired_at is None and self.disabled_at is None


@dataclass(frozen=True, slots=True)
class KeptAutomation:
    """The version of an automation that is in force; `definition` in the words of the files."""

    id: int
    version: int
    automation: Automation
    definition: Mapping[str, Any]
    kept_in: str
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Run:
    """What an automation did: done, refused (and why), or waiting until `due_at`."""

    id: int
    code: str
    version: int
    what: str
    outcome: str
    detail: str
    due_at: datetime | None
    number: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message and what became of it; `recipient` is the person whom a channel of people tells."""

    id: UUID
    channel: str
    topic: str
    title: str
    text: str
    state: DeliveryState
    attempts: int
    not_before: datetime
    created_at: datetime
    settled_at: datetime | None
    error: str
    recipient: str | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """How the conditions behind an order stand: how many are up, and when the last one cleared."""

    active: int
    cleared_at: datetime | None


async def channels(connection: Connection) -> dict[str, KeptChannel]:
    """Every channel by code, the retired ones too."""
    found = {}
    for row in await fetch_dicts(connection, CHANNELS):
        given = {each.name: row[each.name] for each in fields(Channel)}
        given |= {"kind": ChannelKind(row["kind"]), "digest": Digest(row["digest"])}
        state = {name: row[name] for name in ("kept_in", "retired_at", "disabled_at")}
        found[row["code"]] = KeptChannel(
            row["id"], Channel(**given), **state, disabled_why=row["disabled_why"]
        )
    return found


async def channel(connection: Connection, code: str) -> KeptChannel:
    """A channel that is not retired. Raises `NotFound`."""
    found = (await channels(connection)).get(code)
    if found is None or found.retired_at is not None:
        raise NotFound("channel", code)
    return found


async def automations(connection: Connection) -> dict[str, KeptAutomation]:
    """Every automation in force, by code."""
    return {
        row["code"]: KeptAutomation(
            row["id"],
            row["version"],
            automation_from_json(row["code"], row["definition"]),
            row["definition"],
            row["kept_in"],
            row["created_by"],
            row["created_at"],
        )
        for row in await fetch_dicts(connection, AUTOMATIONS)
    }


async def retired_automations(connection: Connection) -> dict[str, Mapping[str, Any]]:
    """Last definitions of automations of which no version is in force, by code."""
    rows = await fetch_dicts(connection, RETIRED_AUTOMATIONS)
    return {row["code"]: row["definition"] for row in rows}


async def find_runs(
    connection: Connection, *, code: str | None = None, before: int | None = None, limit: int = 50
) -> list[Run]:
    """What automations did, newest first."""
    async with connection.cursor(row_factory=class_row(Run)) as cursor:
        await cursor.execute(RUNS, {"code": code, "before": before, "limit": limit})
        return await cursor.fetchall()


async def find_deliveries(
    connection: Connection,
    *,
    state: DeliveryState | None = None,
    channel_code: str | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[Delivery]:
    """Messages, newest first."""
    at, last = before or (None, None)
    given: dict[str, Any] = {"only": None, "state": state, "channel": channel_code}
    given |= {"at": at, "id": last, "limit": limit}
    return [_delivery(row) for row in await fetch_dicts(connection, DELIVERIES, given)]


async def delivery(connection: Connection, delivery_id: UUID) -> Delivery:
    """The message of that id. Raises `NotFound`."""
    given = {
        "only": delivery_id,
        "state": None,
        "channel": None,
        "at": None,
        "id": None,
        "limit": 1,
    }
    rows = await fetch_dicts(connection, DELIVERIES, given)
    if not rows:
        raise NotFound("message", str(delivery_id))
    return _delivery(rows[0])


async def verification(connection: Connection, order_id: int) -> Verification:
    """How the conditions behind an order stand."""
    cursor = await connection.execute(CLEARED_SINCE, {"order_id": order_id})
    row = await cursor.fetchone()
    return Verification(*row) if row else Verification(0, None)


def _delivery(row: Mapping[str, Any]) -> Delivery:
    return Delivery(**{**row, "state": DeliveryState(row["state"])})
