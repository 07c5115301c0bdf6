"""SQL writes of the time that people worked; transactions are the service's."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Final, LiteralString

import psycopg

from config.database import Connection
from maintenance.errors import TimeOverlaps
from maintenance.orders.labour import LabourEntry, TimeWorked
from maintenance.orders.work_order import WorkOrder

INSERT_ENTRY: Final[LiteralString] = """
INSERT INTO labour_entry (
    work_order_id, person, craft, started_at, finished_at, minutes, note, entered_by, entered_at
) VALUES (
    %(order_id)s, %(person)s, %(craft)s, %(started_at)s, %(finished_at)s, %(minutes)s, %(note)s,
    %(actor)s, %(at)s
)
RETURNING id
"""

# A stopped timer has worked a moment at least: a span of nothing would take no time of its person.
STOP_TIMERS: Final[LiteralString] = """
UPDATE labour_entry
SET finished_at = greatest(%(at)s, started_at + interval '1 microsecond'),
    minutes = greatest(1, round(extract(epoch FROM %(at)s - started_at) / 60))::integer
WHERE work_order_id = %(order_id)s AND minutes IS NULL
  AND (%(person)s::text IS NULL OR person = %(person)s)
RETURNING id, person, minutes
"""

MARK_REVERSED: Final[LiteralString] = """
UPDATE labour_entry SET reversed_at = %(at)s WHERE id = %(id)s AND reversed_at IS NULL
"""

INSERT_REVERSAL: Final[LiteralString] = """
INSERT INTO labour_entry (
    work_order_id, person, craft, minutes, note, entered_by, entered_at, reverses_id
)
SELECT work_order_id, person, craft, -minutes, %(note)s, %(actor)s, %(at)s, id
FROM labour_entry WHERE id = %(id)s
RETURNING id
"""

# Whose time it overlaps: the entry that the constraint met, read after it refused.
OVERLAPPED: Final[LiteralString] = """
SELECT o.number
FROM labour_entry entry JOIN work_order o ON o.id = entry.work_order_id
WHERE entry.person = %(person)s AND entry.started_at IS NOT NULL AND entry.reverses_id IS NULL
  AND entry.reversed_at IS NULL
  AND tstzrange(entry.started_at, entry.finished_at)
      && tstzrange(%(started_at)s::timestamptz, %(finished_at)s::timestamptz)
ORDER BY entry.id DESC LIMIT 1
"""


async def insert_entry(
    connection: Connection, order: WorkOrder, worked: TimeWorked, *, actor: str, at: datetime
) -> int:
    """Write an entry of a held order; its id. Raises `TimeOverlaps`."""
    given = {**asdict(worked), "order_id": order.id, "actor": actor, "at": at}
    try:
        async with connection.transaction():
            return await _id(connection, INSERT_ENTRY, given)
    except psycopg.errors.ExclusionViolation as error:
        cursor = await connection.execute(OVERLAPPED, given)
        row = await cursor.fetchone()
        raise TimeOverlaps(worked.person, number=row[0] if row else "another order") from error


async def stop_timers(
    connection: Connection, order_id: int, *, person: str | None, at: datetime
) -> list[tuple[int, str, int]]:
    """End the timers of an order, of one person or (None) of all: id, person, minutes of each."""
    given = {"order_id": order_id, "person": person, "at": at}
    cursor = await connection.execute(STOP_TIMERS, given)
    return [(row[0], row[1], row[2]) for row in await cursor.fetchall()]


async def reverse_entry(
    connection: Connection, entry: LabourEntry, *, note: str, actor: str, at: datetime
) -> int:
    """Take an entry of a held order back; the id of what reverses it."""
    given = {"id": entry.id, "note": note, "actor": actor, "at": at}
    await connection.execute(MARK_REVERSED, given)
    return await _id(connection, INSERT_REVERSAL, given)


async def _id(connection: Connection, sql: LiteralString, given: dict[str, Any]) -> int:
    cursor = await connection.execute(sql, given)
    row = await cursor.fetchone()
    assert row is not None, "an insert that returns has a row"  # noqa: S101 - SQL says so
    return int(row[0])
