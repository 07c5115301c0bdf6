"""Everything that ingest writes, in SQL; the caller opens the transaction."""

from collections.abc import Iterable, Sequence

import numpy as np
from psycopg.types.json import Jsonb

from config.clock import from_us, to_us
from config.database import Connection, fetch_one
from config.log import Position, Record
from edge.reading import ReadingBatch, SensorAlarm
from ingest.batch import DeadLetter
from ingest.binary_copy import HEADER, TRAILER
from ingest.chunks import DAY_US
from ingest.column import doubles, integers, smallints, times
from ingest.cursor import Cursor
from ingest.footing import Footing
from ingest.sorting import Rows
from ingest.unknown_rows import UnknownCount

# One number for all locks of ingest; the second key is the partition.
LOCK_CLASS = 0x6F696C

TRY_LOCK_PARTITION = "SELECT pg_try_advisory_lock(%s, %s)"

TERMINATE_OWNER = """
SELECT pg_terminate_backend(l.pid)
FROM pg_locks l JOIN pg_database d ON d.oid = l.database
WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.granted
      AND l.classid = %s::bigint AND l.objid = %s::bigint AND l.objsubid = 2
"""

LOCK_CURSOR = """
SELECT stream, sequence, edges FROM log_cursor WHERE reader = %s AND partition = %s FOR UPDATE
"""

UPSERT_CURSOR = """
INSERT INTO log_cursor (reader, partition, stream, sequence, edges)
VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (reader, partition) DO UPDATE
SET stream = excluded.stream, sequence = excluded.sequence, edges = excluded.edges,
    updated_at = now()
"""

COPY_READINGS = "COPY reading (point_id, ts, value, quality) FROM STDIN (FORMAT binary)"

INSERT_READINGS = """
INSERT INTO reading (point_id, ts, value, quality)
SELECT point_id, ts, nullif(value, 'NaN'), quality
FROM unnest(%s::integer[], %s::timestamptz[], %s::float8[], %s::smallint[])
     AS late (point_id, ts, value, quality)
ON CONFLICT DO NOTHING
"""

# The same where there is no unique index: the first of those that are not there yet.
INSERT_UNSEEN_READINGS = """
INSERT INTO reading (point_id, ts, value, quality)
SELECT DISTINCT ON (point_id, ts) point_id, ts, nullif(value, 'NaN'), quality
FROM unnest(%s::integer[], %s::timestamptz[], %s::float8[], %s::smallint[])
     WITH ORDINALITY AS late (point_id, ts, value, quality, place)
WHERE NOT EXISTS (
    SELECT FROM reading r
    WHERE r.point_id = late.point_id AND r.ts = late.ts AND r.ts >= %s AND r.ts <= %s
)
ORDER BY point_id, ts, place
"""

# Large batches are compressed as they come, where the server can.
COMPRESS_DIRECTLY = """
SELECT set_config(name, 'on', true) FROM pg_settings
WHERE name = 'timescaledb.enable_direct_compress_copy'
"""

SELECT_LATEST_TIMES = """
SELECT p.id, r.ts
FROM unnest(%s::integer[]) AS p (id)
CROSS JOIN LATERAL (
    SELECT ts FROM reading WHERE point_id = p.id AND ts > %s ORDER BY ts DESC LIMIT 1
) AS r
"""

INSERT_UNKNOWN_READINGS = """
INSERT INTO unknown_reading (tag, ts, value, quality)
SELECT (%s::text[])[tag + 1], ts, nullif(value, 'NaN'), quality
FROM unnest(%s::integer[], %s::timestamptz[], %s::float8[], %s::smallint[])
     AS kept (tag, ts, value, quality)
ON CONFLICT DO NOTHING
"""

UPSERT_UNKNOWN_TAG = """
INSERT INTO unknown_tag (tag, edge, source, count, first_ts, last_ts, last_value)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (tag, edge, source) DO UPDATE
SET count = unknown_tag.count + excluded.count,
    first_ts = least(unknown_tag.first_ts, excluded.first_ts),
    last_ts = greatest(unknown_tag.last_ts, excluded.last_ts),
    last_value = CASE WHEN excluded.last_ts >= unknown_tag.last_ts
                      THEN excluded.last_value ELSE unknown_tag.last_value END
"""

INSERT_SENSOR_ALARM = """
INSERT INTO sensor_alarm (asset_tag, code, ts, active, severity, message, acknowledged_by)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING
"""

INSERT_DEAD_LETTER = """
INSERT INTO dead_letter (
    reader, partition, stream, sequence, batch, edge, kind, reason, rows, data,
    source, address, received_at
)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, coalesce(%s, now()))
"""

DELETE_OLD_UNKNOWN_READINGS = "DELETE FROM unknown_reading WHERE ts < %s"

DELETE_SILENT_UNKNOWN_TAGS = "DELETE FROM unknown_tag WHERE last_ts < %s"


async def try_lock_partition(connection: Connection, partition: int) -> bool:
    """Own a partition until the connection ends, unless another session owns it."""
    row = await fetch_one(connection, TRY_LOCK_PARTITION, [LOCK_CLASS, partition])
    return bool(row and row[0])


async def end_owner(connection: Connection, partition: int) -> bool:
    """End the session that owns a partition, and with it whatever it has not committed.

    False where there is none. It is of our own role, so no privilege is needed.
    """
    row = await fetch_one(connection, TERMINATE_OWNER, [LOCK_CLASS, partition])
    return bool(row and row[0])


async def lock_cursor(connection: Connection, reader: str, partition: int) -> Cursor:
    """The reader's cursor, its row locked; the start of everything where there is none yet."""
    row = await fetch_one(connection, LOCK_CURSOR, [reader, partition])
    if row is None:
        return Cursor()
    stream, sequence, edges = row
    return Cursor(
        Position(stream, sequence), {edge: (last[0], last[1]) for edge, last in edges.items()}
    )


async def move_cursor(connection: Connection, reader: str, partition: int, cursor: Cursor) -> None:
    """Write where the reader stands now."""
    position = cursor.position
    edges = {edge: list(last) for edge, last in cursor.edges.items()}
    await connection.execute(
        UPSERT_CURSOR, [reader, partition, position.stream, position.sequence, Jsonb(edges)]
    )


async def copy_rows(connection: Connection, data: bytes) -> None:
    """Store rows in binary COPY form (`encode_rows`) that are known to be new."""
    async with connection.cursor().copy(COPY_READINGS) as copy:
        await copy.write(HEADER)
        await copy.write(memoryview(data))
        await copy.write(TRAILER)


async def insert_rows(connection: Connection, rows: Rows, footing: Footing) -> int:
    """Store those of the rows that are not there yet; returns how many."""
    if footing.guarded:
        return (await connection.execute(INSERT_READINGS, _columns(rows))).rowcount
    stored, day = 0, rows.ts // DAY_US
    # A day at a time: its chunk alone is searched.
    for each in np.unique(day):
        some = rows.take(day == each)
        bounds = [from_us(int(some.ts.min())), from_us(int(some.ts.max()))]
        stored += (
            await connection.execute(INSERT_UNSEEN_READINGS, [*_columns(some), *bounds])
        ).rowcount
    return stored


async def compress_directly(connection: Connection) -> None:
    """Have what is copied from now on compressed at once, until the transaction ends.

    Nothing where the server cannot, or where a unique index would not let it.
    """
    await connection.execute(COMPRESS_DIRECTLY)


def _columns(rows: Rows) -> list[object]:
    return [
        integers(rows.point_id),
        times(rows.ts),
        doubles(rows.value),
        smallints(rows.quality),
    ]


async def latest_times(
    connection: Connection, point_ids: Sequence[int], *, after_us: int
) -> dict[int, int]:
    """Newest stored time of each point that has a reading after a time; µs since 1970."""
    cursor = connection.cursor(binary=True)
    await cursor.execute(SELECT_LATEST_TIMES, [list(point_ids), from_us(after_us)])
    return {point_id: to_us(ts) for point_id, ts in await cursor.fetchall()}


async def insert_unknown_rows(connection: Connection, rows: ReadingBatch) -> None:
    """Keep readings of unknown tags; one that is kept already stays as it is."""
    columns = [integers(rows.tag_index), times(rows.ts), doubles(rows.value)]
    await connection.execute(
        INSERT_UNKNOWN_READINGS, [list(rows.tags), *columns, smallints(rows.quality)]
    )


async def count_unknown(connection: Connection, counts: Iterable[UnknownCount]) -> None:
    """Add to what is known of unknown tags, in the order of the tags so that writers cannot meet."""
    for item in sorted(counts, key=lambda item: (item.tag, item.origin.edge, item.origin.source)):
        await connection.execute(
            UPSERT_UNKNOWN_TAG,
            [
                item.tag,
                item.origin.edge,
                item.origin.source,
                item.count,
                from_us(item.first_us),
                from_us(item.last_us),
                item.last_value,
            ],
        )


async def insert_alarms(connection: Connection, alarms: Iterable[SensorAlarm]) -> int:
    """Store changes of sensor alarms, each once; returns how many were not there yet."""
    async with connection.cursor() as cursor:
        await cursor.executemany(
            INSERT_SENSOR_ALARM,
            [
                (
                    item.asset,
                    item.code,
                    from_us(item.ts),
                    item.active,
                    item.severity,
                    item.message,
                    item.acknowledged_by,
                )
                for item in alarms
            ],
        )
        return max(0, cursor.rowcount)


async def insert_dead_letters(
    connection: Connection, reader: str, letters: Iterable[DeadLetter]
) -> None:
    """Keep what cannot be stored, with the reason."""
    for letter in letters:
        record: Record = letter.record
        source = letter.rejected
        await connection.execute(
            INSERT_DEAD_LETTER,
            [
                reader,
                record.partition,
                record.position.stream,
                record.position.sequence,
                str(record.batch),
                record.batch.edge,
                letter.kind,
                letter.reason,
                letter.rows,
                letter.data,
                source.source if source else "",
                source.address if source else "",
                from_us(source.received_us) if source else None,
            ],
        )


async def delete_old_unknown(connection: Connection, before_us: int) -> int:
    """Drop readings of unknown tags from before a time, and the tags that have no later ones.

    Returns how many readings.
    """
    cursor = await connection.execute(DELETE_OLD_UNKNOWN_READINGS, [from_us(before_us)])
    await connection.execute(DELETE_SILENT_UNKNOWN_TAGS, [from_us(before_us)])
    return cursor.rowcount
