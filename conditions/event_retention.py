"""How long cleared events are kept of which no work came."""

import asyncio
from datetime import datetime, timedelta

import psycopg

from conditions import event_store
from config.clock import ClockUs, from_us, now_us
from config.database import Connection, connect
from config.diagnostics import logger
from config.errors import DatabaseOutdated, DatabaseUnavailable
from config.migrate import require_schema
from config.retry import keep_running

_EVERY_S = 3600.0
_AT_ONCE = 5_000

log = logger(__name__)


async def keep_events(database_url: str, *, days: int, clock: ClockUs = now_us) -> None:
    """Drop what is past its time each hour until cancelled; survives the loss of the database."""

    async def run() -> None:
        try:
            async with await connect(database_url, autocommit=True) as connection:
                await require_schema(connection)
                while True:
                    before = from_us(clock()) - timedelta(days=days)
                    if dropped := await drop_events(connection, before=before):
                        log.info("cleared events dropped", events=dropped, kept_days=days)
                    await asyncio.sleep(_EVERY_S)
        except psycopg.OperationalError as error:
            raise DatabaseUnavailable(f"the database was lost: {error}") from error

    await keep_running(
        run, name="retention of events", heals=(DatabaseUnavailable, DatabaseOutdated)
    )


async def drop_events(connection: Connection, *, before: datetime, at_once: int = _AT_ONCE) -> int:
    """Drop events that cleared before a time, some in each transaction; returns how many.

    An event stays that a work order names, that is on a shelf or has to be reset, or whose changes
    were not handled yet. What people did to one that goes stays in the audit trail.
    """
    dropped = 0
    while True:
        async with connection.transaction():
            found = await event_store.delete_cleared(connection, before=before, most=at_once)
        dropped += found
        if found < at_once:
            return dropped
