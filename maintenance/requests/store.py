"""SQL writes of work requests; transactions are the service's.

Every change is one UPDATE that raises the version, followed by `record`, which writes the row of
the audit trail and of the outbox and wakes who waits for work orders.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, LiteralString

from psycopg.types.json import Jsonb

from config.database import Connection, fetch_one
from maintenance.requests.request import NewRequest, RequestState, WorkRequest

# Held: a place of the register does not go away before the request stands.
SHARE_ASSET: Final[LiteralString] = "SELECT id FROM asset WHERE tag = %s FOR SHARE"

SHARE_LOCATION: Final[LiteralString] = """
SELECT location.id FROM location JOIN site ON site.id = location.site_id
 WHERE site.code = %s AND location.code = %s AND location.retired_at IS NULL
   FOR SHARE OF location
"""

INSERT_REQUEST: Final[LiteralString] = """
INSERT INTO work_request (
    asset_id, location_id, place, title, description, failure_mode, urgency, requester, contact,
    channel, external_id, follow_hash, created_at, updated_at
) VALUES (
    %(asset_id)s, %(location_id)s, %(place)s, %(title)s, %(description)s, %(failure_mode)s,
    %(urgency)s, %(requester)s, %(contact)s, %(channel)s, %(external_id)s, %(follow_hash)s, %(at)s,
    %(at)s
)
ON CONFLICT (channel, external_id) DO NOTHING
RETURNING id
"""

TRIAGE: Final[LiteralString] = """
UPDATE work_request
   SET state = %(target)s, version = version + 1, updated_at = %(at)s, reason = %(reason)s,
       triaged_by = %(actor)s, triaged_at = %(at)s,
       asset_id = coalesce(%(asset_id)s, asset_id),
       work_order_id = coalesce(%(work_order_id)s, work_order_id),
       duplicate_of = %(duplicate_of)s
 WHERE id = %(id)s AND version = %(version)s AND state = %(source)s
RETURNING version
"""

MOVE_DUPLICATES: Final[LiteralString] = """
UPDATE work_request
   SET state = %(target)s, duplicate_of = %(first)s, reason = %(reason)s, version = version + 1,
       updated_at = %(at)s
 WHERE duplicate_of = %(id)s AND state = 'duplicate'
RETURNING id, version
"""

ANSWER: Final[LiteralString] = """
UPDATE work_request
   SET fixed = %(fixed)s, answered_at = %(at)s, version = version + 1, updated_at = %(at)s
 WHERE id = %(id)s AND version = %(version)s
RETURNING version
"""

RATE: Final[LiteralString] = """
UPDATE work_request
   SET rating = %(rating)s, remark = %(remark)s, rated_at = %(at)s, version = version + 1,
       updated_at = %(at)s
 WHERE id = %(id)s AND version = %(version)s
RETURNING version
"""

TOUCH: Final[LiteralString] = """
UPDATE work_request SET version = version + 1, updated_at = %(at)s
 WHERE id = %(id)s AND version = %(version)s
RETURNING version
"""

RECORD: Final[LiteralString] = """
WITH change AS (
    INSERT INTO work_request_change (
        work_request_id, version, action, from_state, to_state, actor, reason, details, at
    ) VALUES (
        %(id)s, %(version)s, %(action)s, %(from_state)s, %(to_state)s, %(actor)s, %(reason)s,
        %(details)s, %(at)s
    )
    RETURNING *
), told AS (
    INSERT INTO outbox (topic, payload)
    SELECT 'request.' || change.action, jsonb_build_object(
        'id', r.id, 'request', r.number, 'work_order', o.number, 'version', change.version,
        'action', change.action, 'from_state', change.from_state, 'to_state', change.to_state,
        'actor', change.actor, 'reason', change.reason, 'details', change.details, 'at', change.at,
        'title', r.title, 'asset', asset.tag, 'urgency', r.urgency, 'channel', r.channel,
        'requester', r.requester, 'contact', r.contact, 'fixed', r.fixed, 'rating', r.rating
    )
    FROM change
    JOIN work_request r ON r.id = change.work_request_id
    LEFT JOIN work_request first ON first.id = r.duplicate_of
    LEFT JOIN work_order o ON o.id = coalesce(r.work_order_id, first.work_order_id)
    LEFT JOIN asset ON asset.id = r.asset_id
)
SELECT pg_notify('work_order', '') FROM change
"""


@dataclass(frozen=True, slots=True)
class Triage:
    """Where a planner sends a request; None leaves asset and order as they are."""

    target: RequestState
    actor: str
    at: datetime
    reason: str = ""
    asset_id: int | None = None
    work_order_id: int | None = None
    duplicate_of: int | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the audit trail, and of what others are told."""

    id: int
    version: int
    action: str
    from_state: RequestState | None
    to_state: RequestState
    actor: str
    at: datetime
    reason: str = ""
    details: dict[str, Any] = field(default_factory=dict)


async def share_asset(connection: Connection, tag: str) -> int | None:
    """Id of an asset, which stays to the end of the transaction."""
    return await _first(connection, SHARE_ASSET, [tag])


async def share_location(connection: Connection, site: str, code: str) -> int | None:
    """Id of a location, which stays to the end of the transaction."""
    return await _first(connection, SHARE_LOCATION, [site, code])


async def insert_request(
    connection: Connection,
    new: NewRequest,
    *,
    place: Mapping[str, int | None],
    actor: str,
    at: datetime,
) -> int | None:
    """Id of the new request; None where its channel has brought it before."""
    given = {
        "place": new.place,
        "title": new.title,
        "description": new.description,
        "failure_mode": new.failure_mode,
        "urgency": new.urgency,
        "requester": actor,
        "contact": new.contact,
        "channel": new.channel,
        "external_id": new.external_id,
        "follow_hash": new.follow_hash,
        "at": at,
        **place,
    }
    return await _first(connection, INSERT_REQUEST, given)


async def triage(connection: Connection, request: WorkRequest, move: Triage) -> int | None:
    """Move a request on if it still is what the caller read; its new version, else None."""
    given = {
        "id": request.id,
        "version": request.version,
        "source": request.state,
        "target": move.target,
        "actor": move.actor,
        "at": move.at,
        "reason": move.reason,
        "asset_id": move.asset_id,
        "work_order_id": move.work_order_id,
        "duplicate_of": move.duplicate_of,
    }
    return await _first(connection, TRIAGE, given)


async def move_duplicates(
    connection: Connection,
    request: WorkRequest,
    target: RequestState,
    *,
    first: int | None,
    reason: str,
    at: datetime,
) -> list[tuple[int, int]]:
    """Move the duplicates of a request on; id and new version of each."""
    given = {"id": request.id, "target": target, "first": first, "reason": reason, "at": at}
    cursor = await connection.execute(MOVE_DUPLICATES, given)
    return [(row[0], row[1]) for row in await cursor.fetchall()]


async def answer(
    connection: Connection, request: WorkRequest, *, fixed: bool, at: datetime
) -> int | None:
    """Write down whether the work helped; the new version, None if the request has changed."""
    given = {"id": request.id, "version": request.version, "fixed": fixed, "at": at}
    return await _first(connection, ANSWER, given)


async def rate(
    connection: Connection, request: WorkRequest, rating: int, remark: str, *, at: datetime
) -> int | None:
    """Write down what the requester thinks of the work; the new version, None if changed."""
    given = {"id": request.id, "version": request.version, "rating": rating, "remark": remark}
    return await _first(connection, RATE, given | {"at": at})


async def touch(connection: Connection, request: WorkRequest, *, at: datetime) -> int | None:
    """Raise the version where only the audit trail grows; the new one, None if changed."""
    given = {"id": request.id, "version": request.version, "at": at}
    return await _first(connection, TOUCH, given)


async def record(connection: Connection, change: Record) -> None:
    """Write the audit row and the outbox row of a change, and wake who waits for it."""
    given = {name: getattr(change, name) for name in change.__slots__}
    await connection.execute(RECORD, given | {"details": Jsonb(change.details)})


async def _first(connection: Connection, sql: LiteralString, given: Any) -> int | None:
    row = await fetch_one(connection, sql, given)
    return int(row[0]) if row else None
