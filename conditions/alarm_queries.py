"""What conditions read of silences: shelves, what is out of service, suppressions; newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from conditions.suppression import SuppressionKind
from config.database import Connection

_NEWEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class ShelfRecord:
    """A shelf, as it is kept; in force as long as it has no end."""

    id: int
    asset: str
    rule: str
    event_id: int
    message: str | None
    """What the event said; None where its time is over and it is gone."""
    one_shot: bool
    until: datetime
    reason: str
    actor: str
    created_at: datetime
    ended_at: datetime | None
    ended_by: str | None


@dataclass(frozen=True, slots=True)
class OutageRecord:
    """Something out of service, as it is kept; without a rule every alarm of the asset's tree."""

    id: int
    asset: str
    rule: str | None
    reason: str
    actor: str
    created_at: datetime
    ended_at: datetime | None
    ended_by: str | None


@dataclass(frozen=True, slots=True)
class SuppressionRecord:
    """A suppression by design, as it is kept."""

    id: int
    asset: str | None
    rule: str | None
    kind: SuppressionKind
    parent_rule: str | None
    states: Sequence[str] | None
    weekdays: Sequence[int] | None
    starts: time | None
    ends: time | None
    first_day: date | None
    last_day: date | None
    reason: str
    actor: str
    created_at: datetime
    ended_at: datetime | None
    ended_by: str | None


@dataclass(frozen=True, slots=True)
class SilenceChange:
    """A row of the audit trail: who silenced what, or ended it, and why."""

    id: int
    at: datetime
    action: str
    asset: str | None
    rule: str | None
    event_id: int | None
    actor: str
    reason: str


SELECT_SHELVES = """
SELECT s.id, a.tag, s.rule, s.event_id, e.message, s.one_shot, s.until, s.reason, s.actor,
       s.created_at, s.ended_at, s.ended_by
FROM alarm_shelf s
JOIN asset a ON a.id = s.asset_id
LEFT JOIN condition_event e ON e.id = s.event_id
WHERE s.id < %s AND (%s OR s.ended_at IS NULL)
ORDER BY s.id DESC
LIMIT %s
"""

SELECT_OUTAGES = """
SELECT o.id, a.tag, o.rule, o.reason, o.actor, o.created_at, o.ended_at, o.ended_by
FROM alarm_outage o JOIN asset a ON a.id = o.asset_id
WHERE o.id < %s AND (%s OR o.ended_at IS NULL)
ORDER BY o.id DESC
LIMIT %s
"""

SELECT_SUPPRESSIONS = """
SELECT s.id, a.tag, s.rule, s.kind, s.parent_rule, s.states, s.weekdays, s.starts, s.ends,
       s.first_day, s.last_day, s.reason, s.actor, s.created_at, s.ended_at, s.ended_by
FROM alarm_suppression s LEFT JOIN asset a ON a.id = s.asset_id
WHERE s.id < %s AND (%s OR s.ended_at IS NULL)
ORDER BY s.id DESC
LIMIT %s
"""

SELECT_SILENCE_CHANGES = """
SELECT c.id, c.at, c.action, a.tag, c.rule, c.event_id, c.actor, c.reason
FROM alarm_change c LEFT JOIN asset a ON a.id = c.asset_id
WHERE c.id < %s AND c.action IN (
    'shelve', 'unshelve', 'shelf_expired', 'take_out_of_service', 'return_to_service', 'suppress',
    'end_suppression'
)
ORDER BY c.id DESC
LIMIT %s
"""


async def find_shelves(
    connection: Connection, *, ended: bool = False, before: int | None = None, limit: int = 100
) -> list[ShelfRecord]:
    """Shelves in force, or with `ended` all that there were."""
    given = [before or _NEWEST, ended, limit]
    cursor = await connection.execute(SELECT_SHELVES, given)
    return [ShelfRecord(*row) for row in await cursor.fetchall()]


async def find_outages(
    connection: Connection, *, ended: bool = False, before: int | None = None, limit: int = 100
) -> list[OutageRecord]:
    """What is out of service, or with `ended` all that ever was."""
    given = [before or _NEWEST, ended, limit]
    cursor = await connection.execute(SELECT_OUTAGES, given)
    return [OutageRecord(*row) for row in await cursor.fetchall()]


async def find_suppressions(
    connection: Connection, *, ended: bool = False, before: int | None = None, limit: int = 100
) -> list[SuppressionRecord]:
    """Suppressions in force, or with `ended` all that there were."""
    given = [before or _NEWEST, ended, limit]
    cursor = await connection.execute(SELECT_SUPPRESSIONS, given)
    return [
        SuppressionRecord(number, asset, rule, SuppressionKind(kind), *rest)
        for number, asset, rule, kind, *rest in await cursor.fetchall()
    ]


async def find_silence_changes(
    connection: Connection, *, before: int | None = None, limit: int = 100
) -> list[SilenceChange]:
    """What people did about silences, and the clock where a shelf's time was over."""
    cursor = await connection.execute(SELECT_SILENCE_CHANGES, [before or _NEWEST, limit])
    return [SilenceChange(*row) for row in await cursor.fetchall()]
