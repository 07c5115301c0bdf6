"""The clock of alarms: ends shelves and suppressions when their time is over, and tells what follows.

Any number of processes may do it. All that it goes by is in the database, so that a restart forgets
nothing and a second one finds nothing left to tell.
"""

import asyncio

import psycopg

from conditions.alarm_service import settle
from config.clock import ClockUs, from_us, now_us
from config.database import connect
from config.errors import DatabaseOutdated, DatabaseUnavailable
from config.migrate import require_schema
from config.retry import keep_running

_EVERY_S = 1.0


async def keep_settling(database_url: str) -> None:
    """Settle each second until cancelled; survives the loss of the database."""
    await keep_running(
        lambda: settle_again_and_again(database_url),
        name="clock of alarms",
        heals=(DatabaseUnavailable, DatabaseOutdated),
    )


async def settle_again_and_again(
    database_url: str, *, every_s: float = _EVERY_S, clock: ClockUs = now_us
) -> None:
    """Settle on one connection. Raises `DatabaseUnavailable`, `DatabaseOutdated`."""
    connection = await connect(database_url, autocommit=True)
    try:
        await require_schema(connection)
        while True:
            async with connection.transaction():
                await settle(connection, now=from_us(clock()))
            await asyncio.sleep(every_s)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"the database was lost: {error}") from error
    finally:
        await connection.close()
