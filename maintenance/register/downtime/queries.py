"""Reads of downtime; what was withdrawn is left out."""

from datetime import datetime
from typing import Final, LiteralString

from psycopg.rows import TupleRow

from config.database import Connection, fetch_one
from maintenance.errors import NotFound
from maintenance.register.downtime.interval import Downtime, DowntimeKind

DOWNTIMES: Final[LiteralString] = """
SELECT d.id, d.asset_id, asset.tag, d.kind, d.started_at, d.ended_at, d.reason, o.number, d.actor,
       d.ended_by
  FROM downtime d
  JOIN asset ON asset.id = d.asset_id
  LEFT JOIN work_order o ON o.id = d.work_order_id
 WHERE d.withdrawn_at IS NULL
"""

OF_ASSET: Final[LiteralString] = (
    DOWNTIMES
    + """
   AND d.asset_id = %(asset_id)s
   AND (%(start)s::timestamptz IS NULL OR coalesce(d.ended_at, 'infinity') > %(start)s)
   AND (%(end)s::timestamptz IS NULL OR d.started_at < %(end)s)
   AND (%(before)s::timestamptz IS NULL OR d.started_at < %(before)s)
 ORDER BY d.started_at DESC
 LIMIT %(limit)s
"""
)

OF_ORDER: Final[LiteralString] = DOWNTIMES + " AND d.work_order_id = %s ORDER BY d.started_at"

OPEN: Final[LiteralString] = DOWNTIMES + " AND d.asset_id = %s AND d.ended_at IS NULL"

ONE: Final[LiteralString] = DOWNTIMES + " AND d.id = %s"

OVERLAPPING: Final[LiteralString] = (
    DOWNTIMES
    + """
   AND d.asset_id = %s AND tstzrange(d.started_at, d.ended_at) && tstzrange(%s, %s)
 ORDER BY d.started_at LIMIT 1
"""
)


async def downtimes_of(
    connection: Connection,
    asset_id: int,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    before: datetime | None = None,
    limit: int = 100,
) -> list[Downtime]:
    """An asset's intervals that touch `[start, end)`, whole, latest first; `before` is a keyset."""
    given = {"asset_id": asset_id, "start": start, "end": end, "before": before, "limit": limit}
    cursor = await connection.execute(OF_ASSET, given)
    return [_downtime(row) for row in await cursor.fetchall()]


async def downtimes_of_order(connection: Connection, work_order_id: int) -> list[Downtime]:
    """The intervals that were recorded with an order, of whatever asset, earliest first."""
    cursor = await connection.execute(OF_ORDER, [work_order_id])
    return [_downtime(row) for row in await cursor.fetchall()]


async def open_downtime(connection: Connection, asset_id: int) -> Downtime | None:
    """The interval in which the asset is down now, or None."""
    row = await fetch_one(connection, OPEN, [asset_id])
    return _downtime(row) if row else None


async def get_downtime(connection: Connection, downtime_id: int) -> Downtime:
    """One interval. Raises `NotFound`."""
    row = await fetch_one(connection, ONE, [downtime_id])
    if row is None:
        raise NotFound("downtime", str(downtime_id))
    return _downtime(row)


async def overlapping(
    connection: Connection, asset_id: int, start: datetime, end: datetime | None
) -> Downtime | None:
    """The earliest interval of the asset that has a moment of `[start, end)`, or None."""
    row = await fetch_one(connection, OVERLAPPING, [asset_id, start, end])
    return _downtime(row) if row else None


def _downtime(row: TupleRow) -> Downtime:
    identity, asset_id, asset, kind, *rest = row
    return Downtime(identity, asset_id, asset, DowntimeKind(kind), *rest)
