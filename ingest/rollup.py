"""Sum readings up by the hour and the minute, behind ingest (docs/decisions/0009).

An hour is closed, and only then summed up. Whoever writes readings into a closed hour marks it in
the same transaction, and marked hours are summed up again. At any moment what is stored is right or
known to be wanting, and who reads works out what is wanting from the readings.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import numpy as np
from psycopg.errors import LockNotAvailable

from config.clock import ClockUs, from_us
from config.database import Connection, fetch_one
from config.diagnostics import logger
from edge.reading import Int32s, Int64s
from ingest.column import integers, times
from ingest.meter.store import mark_hours
from ingest.sorting import Rows

_HOUR_US = 3_600_000_000
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
# Most readings of an hour are there by then; those that are not only cost a mark.
_CLOSED_AFTER_US = 300_000_000
# Bounds of a transaction: points summed up in one, and marks taken.
_POINTS_AT_ONCE = 200
_MARKS_AT_ONCE = 2_000
# Closing waits for writers, and new writers wait behind it: so not for long.
_LOCK_TIMEOUT = "2s"
# Who sums up: one at a time, or two would overwrite each other's with what they saw before.
_ROLLER = 0x726F6C6D

log = logger(__name__)

SELECT_CLOSED_TO = "SELECT rollup_closed_to()"

INSERT_DUE = """
INSERT INTO rollup_due (point_id, hour)
SELECT point_id, hour FROM unnest(%s::integer[], %s::timestamptz[]) AS due (point_id, hour)
"""

SELECT_ROLLUP_STATE = "SELECT closed_to, rolled_to FROM rollup_state"

TRY_ROLLER = "SELECT pg_try_advisory_xact_lock(%s)"

SET_LOCK_TIMEOUT = "SELECT set_config('lock_timeout', %s, true)"

# The key of rollup_closed_to(): waits for every transaction that has asked where marks begin.
LOCK_CLOSING = "SELECT pg_advisory_xact_lock(1919904876)"

UPDATE_CLOSED_TO = "UPDATE rollup_state SET closed_to = %s WHERE closed_to < %s"

UPDATE_ROLLED_TO = "UPDATE rollup_state SET rolled_to = %s WHERE rolled_to = %s"

SELECT_POINT_IDS = "SELECT id FROM point ORDER BY id"

SELECT_FIRST_FROM = """
SELECT date_bin('1 hour', min(r.ts), '2000-01-01Z')
FROM point p CROSS JOIN LATERAL (
    SELECT ts FROM reading WHERE point_id = p.id AND ts >= %s ORDER BY ts LIMIT 1
) AS r
"""

DELETE_DUE = """
DELETE FROM rollup_due WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM rollup_due ORDER BY point_id, hour LIMIT %s
)) RETURNING point_id, hour
"""

# Minutes from the readings, the hour from its minutes: what lies between two of them is added.
UPSERT_ROLLUPS = """
WITH minute AS MATERIALIZED (
    SELECT p.id AS point_id, date_bin('1 hour', b.bucket, '2000-01-01Z') AS hour, b.*,
           date_part('epoch', s.gap) AS bridged
    FROM unnest(%(points)s::integer[]) AS p (id)
    CROSS JOIN rollup_state s
    CROSS JOIN LATERAL reading_summary(
        p.id, %(start)s, %(stop)s, '1 minute', s.gap, 128::smallint) AS b
), joined AS (
    SELECT *, lag(last) OVER own AS before, lead(bucket) OVER own IS NULL AS closes,
           lag(bucket) OVER own IS NULL AS opens,
           date_part('epoch', first_ts - lag(last_ts) OVER own) AS seconds
    FROM minute WINDOW own AS (PARTITION BY point_id, hour ORDER BY bucket)
), hours AS (
    INSERT INTO rollup_hour AS h
    SELECT point_id, hour, sum(count), sum(avg * count) / sum(count), min(min), max(max),
           min(first_ts), max(first) FILTER (WHERE opens),
           max(last_ts), max(last) FILTER (WHERE closes),
           sum(integral) + coalesce(sum(before * seconds) FILTER (WHERE seconds <= bridged), 0),
           sum(covered) + coalesce(sum(seconds) FILTER (WHERE seconds <= bridged), 0),
           sum(drops) + count(*) FILTER (WHERE first < before)
    FROM joined GROUP BY point_id, hour
    ON CONFLICT (point_id, bucket) DO UPDATE
    SET count = excluded.count, avg = excluded.avg, min = excluded.min, max = excluded.max,
        first_ts = excluded.first_ts, first = excluded.first,
        last_ts = excluded.last_ts, last = excluded.last, integral = excluded.integral,
        covered = excluded.covered, drops = excluded.drops
)
INSERT INTO rollup_minute AS m
SELECT point_id, hour, array_agg(bucket ORDER BY bucket), array_agg(count ORDER BY bucket),
       array_agg(avg ORDER BY bucket), array_agg(min ORDER BY bucket),
       array_agg(max ORDER BY bucket), array_agg(first_ts ORDER BY bucket),
       array_agg(first ORDER BY bucket), array_agg(last_ts ORDER BY bucket),
       array_agg(last ORDER BY bucket), array_agg(integral ORDER BY bucket),
       array_agg(covered ORDER BY bucket), array_agg(drops ORDER BY bucket)
FROM minute GROUP BY point_id, hour
ON CONFLICT (point_id, hour) DO UPDATE
SET bucket = excluded.bucket, count = excluded.count, avg = excluded.avg, min = excluded.min,
    max = excluded.max, first_ts = excluded.first_ts, first = excluded.first,
    last_ts = excluded.last_ts, last = excluded.last, integral = excluded.integral,
    covered = excluded.covered, drops = excluded.drops
"""

UPSERT_LATEST = """
INSERT INTO point_latest AS kept (point_id, ts, value, quality)
SELECT p.id, r.ts, r.value, r.quality
FROM unnest(%s::integer[]) AS p (id)
CROSS JOIN LATERAL (
    SELECT ts, value, quality FROM reading
    WHERE point_id = p.id AND ts >= %s AND ts < %s ORDER BY ts DESC LIMIT 1
) AS r
ON CONFLICT (point_id) DO UPDATE
SET ts = excluded.ts, value = excluded.value, quality = excluded.quality
WHERE excluded.ts >= kept.ts
"""

DELETE_OLD_MINUTES = "DELETE FROM rollup_minute WHERE hour < %s"


async def mark_due(connection: Connection, *parts: Rows) -> None:
    """Mark the hours of readings that came too late, in the transaction that writes the readings.

    It holds up the closing of an hour until it ends. Costs one short statement where nothing is late.
    """
    row = await fetch_one(connection, SELECT_CLOSED_TO)
    assert row is not None  # noqa: S101 - the migration makes the row
    closed_us = round(row[0].timestamp()) * 1_000_000
    for rows in parts:
        late = rows.ts < closed_us
        if late.any():
            points, hours = _hours_of(rows.take(late))
            await connection.execute(INSERT_DUE, [integers(points), times(hours * _HOUR_US)])


async def roll_up(connection: Connection, clock: ClockUs) -> None:
    """Close what is to be closed, and sum up all that is closed and not summed up yet.

    Each step is a transaction of its own and may be cut off; another process that does the same
    is left to it. The connection is in autocommit mode.
    """
    await close_hours(connection, now_us=clock())
    marked = closed = True
    while marked or closed:
        marked, closed = await roll_marked(connection), await roll_closed(connection)


async def close_hours(connection: Connection, *, now_us: int) -> None:
    """Close the hours that ended a while ago: from now on, who writes into them marks them."""
    stop = from_us((now_us - _CLOSED_AFTER_US) // _HOUR_US * _HOUR_US)
    row = await fetch_one(connection, SELECT_ROLLUP_STATE)
    if row is None or row[0] >= stop:
        return
    try:
        async with connection.transaction():
            await connection.execute(SET_LOCK_TIMEOUT, [_LOCK_TIMEOUT])
            await connection.execute(LOCK_CLOSING)
            await connection.execute(UPDATE_CLOSED_TO, [stop, stop])
    except LockNotAvailable:
        log.info("readings are being written by a long transaction; the hour is closed later")


async def roll_closed(connection: Connection) -> bool:
    """Sum up the next hours that are closed, of one day at most; False where there are none."""
    row = await fetch_one(connection, SELECT_ROLLUP_STATE)
    if row is None or row[0] == row[1]:
        return False
    closed_to, rolled_to = row
    start = await _next_hour(connection, rolled_to, closed_to)
    stop = min(closed_to, _midnight_after(start))
    for points in await _point_groups(connection) if start < stop else ():
        if not await _roll(connection, points, start, stop):
            return False
    await connection.execute(UPDATE_ROLLED_TO, [stop, rolled_to])
    return True


async def roll_marked(connection: Connection) -> bool:
    """Sum up some of the marked hours again; False where there are none."""
    async with connection.transaction():
        if not await _alone(connection):
            return False
        cursor = await connection.execute(DELETE_DUE, [_MARKS_AT_ONCE])
        marks = await cursor.fetchall()
        await mark_hours(connection, marks)
        by_hour = defaultdict[datetime, set[int]](set)
        for point_id, hour in marks:
            by_hour[hour].add(point_id)
        for hour, points in sorted(by_hour.items()):
            await _sum_up(connection, sorted(points), hour, hour + _HOUR)
    return bool(by_hour)


async def drop_minutes(connection: Connection, *, before_us: int) -> int:
    """Drop the minutes of hours before a time; the hours stay. Returns how many hours' minutes."""
    return (await connection.execute(DELETE_OLD_MINUTES, [from_us(before_us)])).rowcount


def _hours_of(rows: Rows) -> tuple[Int32s, Int64s]:
    """Points and hours of rows that are sorted by point and time; unsorted, some come twice."""
    hours = rows.ts // _HOUR_US
    changes = (rows.point_id[1:] != rows.point_id[:-1]) | (hours[1:] != hours[:-1])
    firsts = np.append(True, changes)
    return rows.point_id[firsts], hours[firsts]


async def _roll(
    connection: Connection, points: Sequence[int], start: datetime, stop: datetime
) -> bool:
    async with connection.transaction():
        if not await _alone(connection):
            return False
        await _sum_up(connection, points, start, stop)
    return True


async def _sum_up(
    connection: Connection, points: Sequence[int], start: datetime, stop: datetime
) -> None:
    """Inside the roller's transaction: every statement sees what is committed when it begins."""
    await connection.execute(UPSERT_ROLLUPS, {"points": list(points), "start": start, "stop": stop})
    await connection.execute(UPSERT_LATEST, [list(points), start, stop])


async def _alone(connection: Connection) -> bool:
    row = await fetch_one(connection, TRY_ROLLER, [_ROLLER])
    return bool(row and row[0])


async def _next_hour(connection: Connection, rolled_to: datetime, closed_to: datetime) -> datetime:
    """Where to go on: far behind, the first hour with a reading."""
    if closed_to - rolled_to <= _DAY:
        return rolled_to
    row = await fetch_one(connection, SELECT_FIRST_FROM, [rolled_to])
    first = row[0] if row else None
    return closed_to if first is None else min(first, closed_to)


async def _point_groups(connection: Connection) -> Iterator[list[int]]:
    cursor = await connection.execute(SELECT_POINT_IDS)
    ids = [row[0] for row in await cursor.fetchall()]
    return (ids[at : at + _POINTS_AT_ONCE] for at in range(0, len(ids), _POINTS_AT_ONCE))


def _midnight_after(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
