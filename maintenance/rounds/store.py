"""SQL writes of rounds and of readings on their way into the log; transactions are the service's."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final, LiteralString

from psycopg.types.json import Jsonb

from config.database import Connection, fetch_one
from maintenance.rounds.round import Missed

INSERT_REPORT: Final[LiteralString] = """
WITH report AS (
    INSERT INTO round_report (work_order_id, stops, missed, told_at)
    VALUES (%(order_id)s, %(stops)s, %(missed)s, %(at)s)
    ON CONFLICT (work_order_id) DO NOTHING
    RETURNING work_order_id
)
INSERT INTO outbox (topic, payload)
SELECT 'round.missed', jsonb_build_object(
    'number', %(number)s::text, 'round', %(code)s::text, 'missed', %(missed)s::jsonb
)
FROM report WHERE jsonb_array_length(%(missed)s::jsonb) > 0
"""

HOLD_EDGE: Final[LiteralString] = "SELECT session, last_batch FROM manual_edge FOR UPDATE"

# What waits gets its batch before it is sent: sent again after a crash, a batch is the same.
ASSIGN_BATCH: Final[LiteralString] = """
WITH waiting AS (
    SELECT id FROM manual_reading
    WHERE batch IS NULL AND published_at IS NULL ORDER BY id LIMIT %(limit)s FOR UPDATE
), assigned AS (
    UPDATE manual_reading SET batch = %(batch)s
    FROM waiting WHERE manual_reading.id = waiting.id
    RETURNING manual_reading.id
)
SELECT count(*) FROM assigned
"""

ADVANCE_EDGE: Final[LiteralString] = "UPDATE manual_edge SET last_batch = %(batch)s"

WAITING_BATCH: Final[LiteralString] = """
SELECT batch, tag, ts, value, quality FROM manual_reading
WHERE published_at IS NULL
  AND batch = (SELECT min(batch) FROM manual_reading WHERE published_at IS NULL)
ORDER BY id
"""

MARK_PUBLISHED: Final[LiteralString] = """
UPDATE manual_reading SET published_at = %(at)s WHERE batch = %(batch)s AND published_at IS NULL
"""


async def insert_report(
    connection: Connection,
    walk: tuple[int, str, str],
    *,
    stops: int,
    missed: Sequence[Missed],
    at: datetime,
) -> None:
    """Say what a walk (id, number, round) missed, once; others are told where it is anything."""
    order_id, number, code = walk
    given = {
        "order_id": order_id,
        "number": number,
        "code": code,
        "stops": stops,
        "missed": Jsonb([asdict(one) for one in missed]),
        "at": at,
    }
    await connection.execute(INSERT_REPORT, given)


async def hold_edge(connection: Connection) -> tuple[str, int]:
    """Session and last batch of the manual edge; nobody else sends in the transaction."""
    row = await fetch_one(connection, HOLD_EDGE)
    assert row is not None, "its one row is made with its table"  # noqa: S101 - 0022 says so
    return str(row[0]), int(row[1])


async def assign_batch(connection: Connection, batch: int, *, limit: int) -> int:
    """Put up to `limit` readings that wait into a batch; gives how many."""
    row = await fetch_one(connection, ASSIGN_BATCH, {"batch": batch, "limit": limit})
    count = int(row[0]) if row else 0
    if count:
        await connection.execute(ADVANCE_EDGE, {"batch": batch})
    return count


async def waiting_batch(
    connection: Connection,
) -> tuple[int, list[tuple[str, datetime, float, int]]] | None:
    """The oldest batch that is not published: its number, and (tag, time, value, quality)."""
    cursor = await connection.execute(WAITING_BATCH)
    rows = await cursor.fetchall()
    return (rows[0][0], [(row[1], row[2], row[3], row[4]) for row in rows]) if rows else None


async def mark_published(connection: Connection, batch: int, *, at: datetime) -> None:
    """The log has a batch."""
    await connection.execute(MARK_PUBLISHED, {"batch": batch, "at": at})
