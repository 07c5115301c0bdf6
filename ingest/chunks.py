"""Days of `reading`: made before readings need them, dropped when they are past retention.

On level 1 a day is a range partition that we make and drop ourselves; from level 2 on it is a
chunk, which TimescaleDB makes by itself.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from psycopg.sql import SQL, Identifier, Literal

from config.database import Connection, Level, find_level

DAY_US = 86_400_000_000
_EPOCH = date(1970, 1, 1)
_LOCK_KEY = 0x72656164  # "read": one maker of partitions at a time, in every database session

LOCK_CHUNKS = "SELECT pg_advisory_xact_lock(%s)"

SELECT_PARTITIONS = """
SELECT day.relname
FROM pg_inherits i
JOIN pg_class whole ON whole.oid = i.inhparent
JOIN pg_namespace n ON n.oid = whole.relnamespace
JOIN pg_class day ON day.oid = i.inhrelid
WHERE whole.relname = 'reading' AND n.nspname = current_schema()
"""

TIMESCALE_DROP_CHUNKS = "SELECT drop_chunks('reading', older_than => %s::timestamptz)"


def partition_name(day: int) -> str:
    """Name of the partition of a day, counted from 1970-01-01: `reading_20261123`."""
    return f"reading_{_EPOCH + timedelta(days=day):%Y%m%d}"


async def lock_days(connection: Connection) -> None:
    """Be the only one who makes or drops partitions until the transaction ends."""
    await connection.execute(LOCK_CHUNKS, [_LOCK_KEY])


async def existing_days(connection: Connection) -> set[int]:
    """The days, counted from 1970-01-01, that have a partition; level 1 only."""
    cursor = await connection.execute(SELECT_PARTITIONS)
    return {_day(name) for (name,) in await cursor.fetchall()}


async def ensure_days(connection: Connection, days: Iterable[int]) -> None:
    """Make the partitions of some days inside the caller's transaction; nothing above level 1.

    Another session that wants one of them waits for us, then finds it.
    """
    if await find_level(connection) > Level.PARTITIONS:
        return
    await lock_days(connection)
    if await find_level(connection) > Level.PARTITIONS:
        return  # It was upgraded while we waited.
    for day in sorted(set(days) - await existing_days(connection)):
        await _make_partition(connection, day)


async def drop_days(connection: Connection, before_us: int) -> int:
    """Drop every whole day before a time in µs since 1970; returns how many chunks went."""
    if await find_level(connection) > Level.PARTITIONS:
        cursor = await connection.execute(TIMESCALE_DROP_CHUNKS, [_midnight(before_us // DAY_US)])
        return len(await cursor.fetchall())
    await lock_days(connection)
    if await find_level(connection) > Level.PARTITIONS:
        return 0  # It was upgraded while we waited: the next time.
    old = sorted(day for day in await existing_days(connection) if day < before_us // DAY_US)
    for day in old:
        await connection.execute(SQL("DROP TABLE {}").format(Identifier(partition_name(day))))
    return len(old)


async def _make_partition(connection: Connection, day: int) -> None:
    """Make a table and attach it: unlike CREATE TABLE ... PARTITION OF, that waits for no reader."""
    table = Identifier(partition_name(day))
    await connection.execute(SQL("CREATE TABLE {} (LIKE reading INCLUDING ALL)").format(table))
    await connection.execute(
        SQL("ALTER TABLE reading ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})").format(
            table, Literal(_midnight(day)), Literal(_midnight(day + 1))
        )
    )


def _day(partition: str) -> int:
    digits = partition.rpartition("_")[2]
    return (date.fromisoformat(digits) - _EPOCH).days


def _midnight(day: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)
