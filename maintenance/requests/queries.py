"""Reads of work requests. Lists are keyset pages, newest first."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, LiteralString

from config.database import Connection, fetch_dicts
from maintenance.errors import NotFound
from maintenance.requests.request import Channel, RequestState, Urgency, WorkRequest

REQUESTS: Final[LiteralString] = """
SELECT r.id, r.number, r.asset_id, asset.tag AS asset, asset.name AS asset_name,
       coalesce(own_site.code, site.code) AS site, location.code AS location,
       location.name AS location_name, r.place, r.title, r.description, r.failure_mode, r.urgency,
       r.requester, r.contact, r.channel, r.external_id, r.state, r.version, r.reason,
       r.triaged_by, r.triaged_at, o.number AS work_order, first.number AS duplicate_of,
       r.fixed, r.answered_at, r.rating, r.remark, r.rated_at, r.created_at, r.updated_at
  FROM work_request r
  LEFT JOIN asset ON asset.id = r.asset_id
  LEFT JOIN site AS own_site ON own_site.id = asset.site_id
  LEFT JOIN location ON location.id = r.location_id
  LEFT JOIN site ON site.id = location.site_id
  LEFT JOIN work_request first ON first.id = r.duplicate_of
  LEFT JOIN work_order o ON o.id = coalesce(r.work_order_id, first.work_order_id)
"""

REQUEST_BY_NUMBER: Final[LiteralString] = REQUESTS + " WHERE r.number = %(number)s"

REQUEST_FOR_CHANGE: Final[LiteralString] = REQUEST_BY_NUMBER + " FOR UPDATE OF r"

REQUEST_BY_ID: Final[LiteralString] = REQUESTS + " WHERE r.id = %(id)s"

REQUEST_BY_FOLLOW: Final[LiteralString] = REQUESTS + " WHERE r.follow_hash = %(follow_hash)s"

REQUEST_BY_EXTERNAL_ID: Final[LiteralString] = (
    REQUESTS + " WHERE r.channel = %(channel)s AND r.external_id = %(external_id)s"
)

FIND_REQUESTS: Final[LiteralString] = (
    REQUESTS  # noqa: S608 - two literals, joined
    + """
 WHERE (%(states)s::text[] IS NULL OR r.state = ANY (%(states)s))
   AND (%(channel)s::text IS NULL OR r.channel = %(channel)s)
   AND (%(asset)s::text IS NULL OR r.asset_id = (SELECT id FROM asset WHERE tag = %(asset)s))
   AND (%(requester)s::text IS NULL OR r.requester = %(requester)s)
   AND (%(after)s::bigint IS NULL OR r.id < %(after)s)
 ORDER BY r.id DESC
 LIMIT %(limit)s
"""
)

# Those that led to it or joined it, and the duplicates of these.
REQUESTS_OF_ORDER: Final[LiteralString] = (
    REQUESTS  # noqa: S608 - two literals, joined
    + """
 WHERE r.state <> 'new' AND r.id IN (
    SELECT own.id FROM work_request own WHERE own.work_order_id = %(order_id)s
    UNION ALL
    SELECT twin.id FROM work_request own JOIN work_request twin ON twin.duplicate_of = own.id
     WHERE own.work_order_id = %(order_id)s
 )
 ORDER BY r.id LIMIT 100
"""
)

CHANGES_OF_REQUEST: Final[LiteralString] = """
SELECT version, action, from_state, to_state, actor, reason, details, at
  FROM work_request_change WHERE work_request_id = %(id)s ORDER BY version
"""

COUNT_BY_STATE: Final[LiteralString] = "SELECT state, count(*) FROM work_request GROUP BY state"


@dataclass(frozen=True, slots=True)
class RequestFilters:
    """Which requests to list; what is None (or empty) does not filter."""

    states: frozenset[RequestState] = field(default_factory=frozenset)
    channel: Channel | None = None
    asset: str | None = None
    requester: str | None = None


@dataclass(frozen=True, slots=True)
class RequestChange:
    """One row of the audit trail: what made `version` of a request."""

    version: int
    action: str
    from_state: RequestState | None
    to_state: RequestState
    actor: str
    reason: str
    details: dict[str, Any]
    at: datetime


async def find_requests(
    connection: Connection, filters: RequestFilters, *, after: int | None = None, limit: int = 50
) -> list[WorkRequest]:
    """A page of requests, newest first."""
    given = {
        "states": [state.value for state in filters.states] or None,
        "channel": filters.channel,
        "asset": filters.asset,
        "requester": filters.requester,
        "after": after,
        "limit": limit,
    }
    return [request_of_row(row) for row in await fetch_dicts(connection, FIND_REQUESTS, given)]


async def get_request(connection: Connection, number: str) -> WorkRequest:
    """The request of that number. Raises `NotFound`."""
    return await _one(connection, REQUEST_BY_NUMBER, {"number": number}, number)


async def get_request_for_change(connection: Connection, number: str) -> WorkRequest:
    """The same, held: nobody else changes it in the transaction. Raises `NotFound`."""
    return await _one(connection, REQUEST_FOR_CHANGE, {"number": number}, number)


async def request_by_id(connection: Connection, request_id: int) -> WorkRequest:
    """The request of that id. Raises `NotFound`."""
    return await _one(connection, REQUEST_BY_ID, {"id": request_id}, str(request_id))


async def request_of_link(connection: Connection, follow_hash: bytes) -> WorkRequest:
    """The request that a secret link leads to. Raises `NotFound`."""
    return await _one(connection, REQUEST_BY_FOLLOW, {"follow_hash": follow_hash}, "of this link")


async def request_of_external_id(
    connection: Connection, channel: Channel, external_id: str
) -> WorkRequest | None:
    """The request that a mail or a row has led to."""
    given = {"channel": channel, "external_id": external_id}
    rows = await fetch_dicts(connection, REQUEST_BY_EXTERNAL_ID, given)
    return request_of_row(rows[0]) if rows else None


async def requests_of_order(connection: Connection, order_id: int) -> list[WorkRequest]:
    """The requests that led to an order or joined it, oldest first."""
    rows = await fetch_dicts(connection, REQUESTS_OF_ORDER, {"order_id": order_id})
    return [request_of_row(row) for row in rows]


async def changes_of(connection: Connection, request: WorkRequest) -> list[RequestChange]:
    """The request's audit trail, oldest first."""
    rows = await fetch_dicts(connection, CHANGES_OF_REQUEST, {"id": request.id})
    return [
        RequestChange(
            **{
                **row,
                "from_state": RequestState(row["from_state"]) if row["from_state"] else None,
                "to_state": RequestState(row["to_state"]),
            }
        )
        for row in rows
    ]


async def count_by_state(connection: Connection) -> dict[RequestState, int]:
    """How many requests are in each state; every state is there."""
    cursor = await connection.execute(COUNT_BY_STATE)
    return dict.fromkeys(RequestState, 0) | {
        RequestState(state): count for state, count in await cursor.fetchall()
    }


def request_of_row(row: Mapping[str, Any]) -> WorkRequest:
    """A request from a row with the columns of `REQUESTS`."""
    return WorkRequest(
        **{
            **row,
            "urgency": Urgency(row["urgency"]),
            "channel": Channel(row["channel"]),
            "state": RequestState(row["state"]),
        }
    )


async def _one(
    connection: Connection, sql: LiteralString, given: Mapping[str, Any], key: str
) -> WorkRequest:
    rows = await fetch_dicts(connection, sql, given)
    if not rows:
        raise NotFound("request", key)
    return request_of_row(rows[0])
