"""From level 1 to level 2: the readings of the partitions into a hypertable, while all roles run.

The hypertable `reading_next` is filled beside, day by day, newest first, and takes the name
`reading` once it holds every day. Until then everything is read from the partitions and written to
them: a partition has a trigger before it is copied, which writes what still comes to both. So
history never has a hole, and what is killed at any moment goes on where it was.
"""

import asyncio

from psycopg.errors import LockNotAvailable, UndefinedTable
from psycopg.sql import SQL, Identifier

from config.database import Connection, Level, fetch_one
from config.migrate import make_extension, restate_level
from ingest.chunks import lock_days
from ingest.upgrade.progress import Tell, UpgradeProgress

# The swap waits for whoever reads, and all others wait behind it: so not for long, but again.
_LOCK_TIMEOUT = "2s"
_BETWEEN_SWAPS_S = 0.5

TIMESCALE_MAKE_HYPERTABLE = """
SELECT create_hypertable(
    %s::regclass, by_range('ts', INTERVAL '1 day'), create_default_indexes => false
)
"""

MAKE_TABLE = "CREATE TABLE reading_next (LIKE reading INCLUDING DEFAULTS)"

MAKE_INDEX = "CREATE UNIQUE INDEX reading_next_point_ts ON reading_next (point_id, ts)"

MAKE_MIRROR = """
CREATE FUNCTION mirror_reading() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reading_next SELECT NEW.* ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$
"""

# The newest first: the names end with the day.
SELECT_MISSING = """
SELECT c.relname
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = to_regclass('reading') -- locked, or looked at again when it is
      AND NOT EXISTS (SELECT FROM upgrade_partition u WHERE u.name = c.relname)
ORDER BY c.relname DESC
"""

SELECT_OLD = """
SELECT c.relname
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = to_regclass('reading_old')
ORDER BY c.relname
"""

SELECT_TABLE_EXISTS = "SELECT to_regclass(%s) IS NOT NULL"

SELECT_MIRRORED = """
SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND tgname = 'mirror_reading')
"""

MAKE_TRIGGER = """
CREATE TRIGGER mirror_reading AFTER INSERT ON {} FOR EACH ROW EXECUTE FUNCTION mirror_reading()
"""

INSERT_COPIED = "INSERT INTO upgrade_partition (name) VALUES (%s) ON CONFLICT DO NOTHING"

COUNT_COPIED = "SELECT count(*) FROM upgrade_partition"

DELETE_COPIED = "DELETE FROM upgrade_partition"

SET_LOCK_TIMEOUT = "SELECT set_config('lock_timeout', %s, true)"

LOCK_READING = "LOCK TABLE ONLY reading IN ACCESS EXCLUSIVE MODE"

RENAMES = (
    "ALTER TABLE reading RENAME TO reading_old",
    "ALTER INDEX reading_point_ts RENAME TO reading_old_point_ts",
    "ALTER TABLE reading_next RENAME TO reading",
    "ALTER INDEX reading_next_point_ts RENAME TO reading_point_ts",
)


async def upgrade_to_hypertable(connection: Connection, tell: Tell) -> None:
    """Bring a database of level 1 to level 2; what an earlier run has done stays done.

    The connection is in autocommit mode. Raises `MigrationError` where the extension cannot be made.
    """
    await make_extension(connection)
    await _make_next(connection)
    await _copy_missing(connection, tell)
    while not await _swap(connection):
        await asyncio.sleep(_BETWEEN_SWAPS_S)
        await _copy_missing(connection, tell)
    await drop_old(connection)


async def drop_old(connection: Connection) -> None:
    """Drop the partitions that the hypertable has replaced, each by itself; nothing without them."""
    cursor = await connection.execute(SELECT_OLD)
    for (name,) in await cursor.fetchall():
        await connection.execute(SQL("DROP TABLE {}").format(Identifier(name)))
    await connection.execute("DROP TABLE IF EXISTS reading_old")
    await connection.execute("DROP FUNCTION IF EXISTS mirror_reading()")


async def _make_next(connection: Connection) -> None:
    async with connection.transaction():
        if await _is(connection, SELECT_TABLE_EXISTS, "reading_next"):
            return
        await connection.execute(MAKE_TABLE)
        await connection.execute(TIMESCALE_MAKE_HYPERTABLE, ["reading_next"])
        await connection.execute(MAKE_INDEX)
        await connection.execute(MAKE_MIRROR)
        await connection.execute(DELETE_COPIED)


async def _copy_missing(connection: Connection, tell: Tell) -> None:
    missing = await _missing(connection)
    row = await fetch_one(connection, COUNT_COPIED)
    before = int(row[0]) if row else 0
    for place, name in enumerate(missing, 1):
        try:
            rows = await _copy(connection, name)
        except UndefinedTable:
            continue  # It went past retention.
        tell(UpgradeProgress(Level.HYPERTABLE, before + place, before + len(missing), rows))


async def _copy(connection: Connection, name: str) -> int:
    """Copy a partition whose readings to come are written to both tables from now on.

    Making the trigger waits for those who are writing into the partition, so that what they wrote
    is there to be copied.
    """
    async with connection.transaction():
        if not await _is(connection, SELECT_MIRRORED, name):
            await connection.execute(SQL(MAKE_TRIGGER).format(Identifier(name)))
    async with connection.transaction():
        copied = await connection.execute(
            SQL(
                "INSERT INTO reading_next (point_id, ts, value, quality)"
                " SELECT point_id, ts, value, quality FROM {} ORDER BY point_id, ts"
                " ON CONFLICT DO NOTHING"
            ).format(Identifier(name))
        )
        await connection.execute(INSERT_COPIED, [name])
        return copied.rowcount


async def _swap(connection: Connection) -> bool:
    """Give the hypertable its name, if it holds every partition; False while it does not.

    False too where somebody reads for so long that all others would have to wait.
    """
    try:
        async with connection.transaction():
            await connection.execute(SET_LOCK_TIMEOUT, [_LOCK_TIMEOUT])
            await lock_days(connection)
            await connection.execute(LOCK_READING)
            if await _missing(connection):
                return False
            for rename in RENAMES:
                await connection.execute(rename)
            await connection.execute(DELETE_COPIED)
            await restate_level(connection, Level.HYPERTABLE)
    except LockNotAvailable:
        return False
    return True


async def _missing(connection: Connection) -> list[str]:
    cursor = await connection.execute(SELECT_MISSING)
    return [name for (name,) in await cursor.fetchall()]


async def _is(connection: Connection, question: str, name: str) -> bool:
    row = await fetch_one(connection, question, [name])
    return bool(row and row[0])
