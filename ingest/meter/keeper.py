"""Keep the days of meters stored, behind the rollups and again after late readings and new facts.

A day is stored once all its hours are summed up. Whoever writes into one of them later leaves a
mark there, which the rollup hands on when it takes it (`mark_hours`): in one transaction, so at
any moment a stored day is right or marked. Marked days are removed, and counted again from the
last one before them. What is wanting is counted by who asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from config.clock import from_us, to_us
from config.database import Connection, fetch_one
from ingest.meter.counted import beginning, count_from
from ingest.meter.days import MeterDay, edges_from
from ingest.meter.store import Stored, columns_of, stored_meter

# Who counts: one at a time, or two would overwrite each other's with what they saw before.
_KEEPER = 0x6D657465
# Bounds of a transaction.
_DAYS_AT_ONCE = 100

# Meters that are marked, of other rules, new, or a full day behind the rollups.
SELECT_BEHIND = """
SELECT mp.point_id FROM meter_point mp
CROSS JOIN rollup_state s
LEFT JOIN meter m ON m.point_id = mp.point_id AND m.rules = mp.rules
WHERE m.point_id IS NULL
   OR m.counted_to < date_trunc('day', s.rolled_to AT TIME ZONE mp.time_zone)
                     AT TIME ZONE mp.time_zone
   OR EXISTS (SELECT FROM meter_due d WHERE d.point_id = mp.point_id)
ORDER BY mp.point_id
"""

TRY_KEEPER = "SELECT pg_try_advisory_xact_lock(%s)"

DELETE_DUE = """
WITH taken AS (DELETE FROM meter_due WHERE point_id = %s RETURNING since)
SELECT min(since) FROM taken
"""

DELETE_DAYS = "DELETE FROM meter_day WHERE point_id = %s AND ends_at > %s"

# Days whose readings are gone can no more be counted by other rules: they stand. Without any such
# day all of them are counted again.
SELECT_STANDING = """
WITH kept AS MATERIALIZED (
    SELECT coalesce((SELECT ts FROM reading WHERE point_id = %(point)s ORDER BY ts LIMIT 1),
                    'infinity') AS since
)
SELECT max(d.ends_at) FROM meter_day d CROSS JOIN kept
WHERE d.point_id = %(point)s AND d.ends_at - interval '1 day' <= kept.since
  AND EXISTS (SELECT FROM meter_day e WHERE e.point_id = %(point)s AND e.ends_at <= kept.since
                                        AND e.held IS NOT NULL)
"""

SELECT_COUNTED = """
SELECT m.counted_to, m.rules = mp.rules, s.rolled_to
FROM meter_point mp CROSS JOIN rollup_state s LEFT JOIN meter m ON m.point_id = mp.point_id
WHERE mp.point_id = %s
"""

UPSERT_METER = """
INSERT INTO meter (point_id, rules, counted_to)
SELECT point_id, rules, %s FROM meter_point WHERE point_id = %s
ON CONFLICT (point_id) DO UPDATE SET rules = excluded.rules, counted_to = excluded.counted_to
"""

# A day is there already only where the time zone of the site has changed, and days older than
# readings are kept stand in the other one: then this is the rest of it.
UPSERT_DAY = """
INSERT INTO meter_day AS kept
    (point_id, day, ends_at, usage, corrected, life_to_date, notices, kept_out,
     held, seen_at, doubted, doubted_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (point_id, day) DO UPDATE
SET ends_at = excluded.ends_at, usage = kept.usage + excluded.usage,
    corrected = kept.corrected + excluded.corrected, life_to_date = excluded.life_to_date,
    notices = kept.notices || excluded.notices, kept_out = kept.kept_out + excluded.kept_out,
    held = excluded.held, seen_at = excluded.seen_at,
    doubted = excluded.doubted, doubted_at = excluded.doubted_at
"""


@dataclass(frozen=True, slots=True)
class _Counted:
    """How far a meter is counted, and how far its hours are summed up."""

    to: datetime | None
    rules_hold: bool
    rolled_to: datetime


async def keep_meters(connection: Connection) -> None:
    """Store every day of every meter that can be stored, and count marked ones again.

    Each step is a transaction of its own and may be cut off; another process that does the same
    is left to it. The connection is in autocommit mode.
    """
    cursor = await connection.execute(SELECT_BEHIND)
    for (point_id,) in await cursor.fetchall():
        while await keep_meter(connection, point_id):
            pass


async def keep_meter(connection: Connection, point_id: int) -> bool:
    """Store the next days of a meter, some at once; False where there are no more."""
    async with connection.transaction():
        row = await fetch_one(connection, TRY_KEEPER, [_KEEPER])
        if row is None or not row[0]:
            return False
        # Marks first: what is read after that is as new as the marks, or newer.
        due = await fetch_one(connection, DELETE_DUE, [point_id])
        counted = await _counted(connection, point_id)
        if counted is None:
            return False
        marked = due is not None and due[0] is not None
        if not counted.rules_hold:
            await _begin_again(connection, point_id)
        elif due is not None and marked:
            await connection.execute(DELETE_DAYS, [point_id, due[0]])
        return await _go_on(connection, point_id, counted, marked=marked)


async def standing_to(connection: Connection, point_id: int) -> datetime | None:
    """The end of the days that stand as they are: their readings are gone. None: no such day."""
    cursor = await connection.execute(SELECT_STANDING, {"point": point_id})
    row = await cursor.fetchone()
    return row[0] if row else None


async def _counted(connection: Connection, point_id: int) -> _Counted | None:
    row = await fetch_one(connection, SELECT_COUNTED, [point_id])
    return None if row is None else _Counted(row[0], bool(row[1]), row[2])


async def _begin_again(connection: Connection, point_id: int) -> None:
    standing = await standing_to(connection, point_id) or from_us(0)
    await connection.execute(DELETE_DAYS, [point_id, standing])
    await connection.execute(UPSERT_METER, [standing, point_id])


async def _go_on(connection: Connection, point_id: int, counted: _Counted, *, marked: bool) -> bool:
    stored = await stored_meter(connection, point_id, first=date.max, end=counted.rolled_to)
    if stored is None:
        return False
    start_us = await _start(connection, point_id, stored, counted, marked=marked)
    edges = edges_from(start_us, to_us(counted.rolled_to), stored.zone)
    edges = edges[edges <= to_us(counted.rolled_to)]
    end_us = int(edges[: _DAYS_AT_ONCE + 1][-1]) if len(edges) else start_us
    await connection.execute(DELETE_DAYS, [point_id, from_us(start_us)])
    if end_us > start_us:
        days = await count_from(connection, point_id, stored, bounds=(start_us, end_us))
        await _write(connection, point_id, days)
    await connection.execute(UPSERT_METER, [from_us(end_us), point_id])
    return len(edges) > _DAYS_AT_ONCE + 1


async def _start(
    connection: Connection,
    point_id: int,
    stored: Stored,
    counted: _Counted,
    *,
    marked: bool,
) -> int:
    """Where to count on: behind the last day that holds, and behind empty ones after it."""
    holds = counted.rules_hold and not marked
    if holds and counted.to is not None and stored.holds_to >= counted.to:
        return to_us(counted.to)
    if stored.days:
        return stored.days[-1].ends_us
    first_us = await beginning(connection, point_id, stored)
    return to_us(counted.rolled_to) if first_us is None else first_us


async def _write(connection: Connection, point_id: int, days: Sequence[MeterDay]) -> None:
    cursor = connection.cursor()
    await cursor.executemany(UPSERT_DAY, [[point_id, *columns_of(day)] for day in days])
