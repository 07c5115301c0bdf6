"""From level 2 to level 3: the hypertable gets a columnstore in place, while all roles run.

The days that are there are converted one by one, newest first; what is killed goes on where it was.
Then the unique index goes, since it would keep COPY from writing columns directly: from then on
writers agree among themselves (docs/decisions/0011).
"""

import asyncio

from psycopg.errors import LockNotAvailable

from config.database import Connection, Level
from config.migrate import restate_level
from ingest.upgrade.progress import Tell, UpgradeProgress

# The switch waits for whoever reads, and all others wait behind it: so not for long, but again.
_LOCK_TIMEOUT = "2s"
_BETWEEN_SWITCHES_S = 0.5

# The same as in config/migrations/0013_reading_writers.level3.sql.
TIMESCALE_ENABLE_COLUMNSTORE = """
ALTER TABLE reading SET (
    timescaledb.enable_columnstore, timescaledb.segmentby = 'point_id', timescaledb.orderby = 'ts'
)
"""

TIMESCALE_ADD_POLICY = """
CALL add_columnstore_policy('reading', after => INTERVAL '1 day', if_not_exists => true)
"""

SET_LOCK_TIMEOUT = "SELECT set_config('lock_timeout', %s, true)"

LOCK_READING = "LOCK TABLE ONLY reading IN ACCESS EXCLUSIVE MODE"

NEXT_EPOCH = "UPDATE reading_epoch SET epoch = epoch + 1"

# Days that nothing new is expected in, the newest first.
TIMESCALE_SELECT_ROW_CHUNKS = """
SELECT quote_ident(chunk_schema) || '.' || quote_ident(chunk_name)
FROM timescaledb_information.chunks
WHERE hypertable_name = 'reading' AND hypertable_schema = current_schema() AND NOT is_compressed
      AND range_end < now() - INTERVAL '1 day'
ORDER BY range_end DESC
"""

TIMESCALE_CONVERT_CHUNK = "CALL convert_to_columnstore(%s::regclass)"


async def upgrade_to_columnstore(connection: Connection, tell: Tell) -> None:
    """Bring a database of level 2 to level 3; what an earlier run has done stays done.

    The connection is in autocommit mode.
    """
    await connection.execute(TIMESCALE_ENABLE_COLUMNSTORE)
    # First, so that the new index has next to nothing to hold.
    await convert_chunks(connection, tell)
    while not await _switch(connection):
        pass


async def convert_chunks(connection: Connection, tell: Tell) -> None:
    """Convert the days behind us that are kept by row, each in a transaction of its own."""
    cursor = await connection.execute(TIMESCALE_SELECT_ROW_CHUNKS)
    chunks = [name for (name,) in await cursor.fetchall()]
    for place, name in enumerate(chunks, 1):
        await connection.execute(TIMESCALE_CONVERT_CHUNK, [name])
        tell(UpgradeProgress(Level.COLUMNSTORE, place, len(chunks), 0))


async def _switch(connection: Connection) -> bool:
    """Have an ordinary index for the unique one; False where somebody reads for so long that others would wait."""
    try:
        async with connection.transaction():
            await connection.execute(SET_LOCK_TIMEOUT, [_LOCK_TIMEOUT])
            await connection.execute(LOCK_READING)
            await connection.execute("DROP INDEX reading_point_ts")
            await connection.execute("CREATE INDEX reading_point_ts ON reading (point_id, ts)")
            await connection.execute(NEXT_EPOCH)
            await connection.execute(TIMESCALE_ADD_POLICY)
            await restate_level(connection, Level.COLUMNSTORE)
    except LockNotAvailable:
        await asyncio.sleep(_BETWEEN_SWITCHES_S)
        return False
    return True
