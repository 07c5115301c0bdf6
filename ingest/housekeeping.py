"""What must be done from time to time: days made ahead, old readings dropped, the log trimmed."""

from psycopg.errors import LockNotAvailable

from config.database import Connection
from config.diagnostics import logger
from ingest import store
from ingest.chunks import DAY_US, drop_days, ensure_days

# So that no reading of a new day waits for its partition, even where this did not run for a while.
_DAYS_AHEAD = 3

# Dropping waits for whoever reads, and all others wait behind it: so not for long.
_LOCK_TIMEOUT = "2s"

SET_LOCK_TIMEOUT = "SELECT set_config('lock_timeout', %s, true)"

log = logger(__name__)


async def keep_days(connection: Connection, *, now_us: int, retention_days: int) -> None:
    """Make the days to come and drop what is older than readings are kept, each by itself."""
    today = now_us // DAY_US
    async with connection.transaction():
        await ensure_days(connection, range(today, today + _DAYS_AHEAD + 1))
    before_us = now_us - retention_days * DAY_US
    async with connection.transaction():
        await store.delete_old_unknown(connection, before_us)
    try:
        async with connection.transaction():
            await connection.execute(SET_LOCK_TIMEOUT, [_LOCK_TIMEOUT])
            dropped = await drop_days(connection, before_us)
    except LockNotAvailable:
        log.info("readings past retention are being read; they are dropped next time")
        return
    if dropped:
        log.info("dropped readings past retention", days=dropped, retention_days=retention_days)
