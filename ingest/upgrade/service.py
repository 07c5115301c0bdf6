"""Bring a database to the level that its server offers, one step after the other."""

import psycopg

from config.database import Connection, Level, connect, find_level, offered_level
from config.errors import DatabaseUnavailable, MigrationError
from config.migrate import lock_schema, require_schema
from ingest.upgrade.columnstore import upgrade_to_columnstore
from ingest.upgrade.hypertable import drop_old, upgrade_to_hypertable
from ingest.upgrade.progress import Tell


async def upgrade(url: str, tell: Tell) -> tuple[Level, Level]:
    """Bring a database to the highest level that its server offers; the levels before and after.

    Whatever moment it is broken off at, nothing is lost or doubled, and a second run goes on.
    Raises `DatabaseUnavailable`, `DatabaseOutdated`, or `MigrationError` where a step fails.
    """
    connection = await connect(url, autocommit=True)
    try:
        await lock_schema(connection)
        await require_schema(connection)
        before = await find_level(connection)
        return before, await _climb(connection, before, tell)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"the database was lost: {error}") from error
    except psycopg.Error as error:
        raise MigrationError(f"the upgrade failed: {error}") from error
    finally:
        await connection.close()


async def _climb(connection: Connection, level: Level, tell: Tell) -> Level:
    offered = await offered_level(connection)
    if level is Level.PARTITIONS and offered > level:
        await upgrade_to_hypertable(connection, tell)
        # The licence is known once the extension is there.
        level, offered = Level.HYPERTABLE, await offered_level(connection)
    # What an earlier run had not come to any more.
    await drop_old(connection)
    if level is Level.HYPERTABLE and offered > level:
        await upgrade_to_columnstore(connection, tell)
        level = Level.COLUMNSTORE
    return level
