"""Migrations apply in order, once, and refuse what was changed behind them."""

import pytest

from config.database import Connection, connect, fetch_one
from config.errors import DatabaseOutdated, MigrationError
from config.migrate import migrate, require_schema

pytestmark = pytest.mark.store


async def test_a_second_run_applies_nothing(empty_database_url: str) -> None:
    first = await migrate(empty_database_url)
    numbers = [item.number for item in first]
    assert numbers == sorted(set(numbers))
    assert await migrate(empty_database_url) == []


async def test_an_applied_migration_that_differs_is_refused(database_url: str) -> None:
    connection = await connect(database_url, autocommit=True)
    await connection.execute("UPDATE schema_migration SET checksum = 'other' WHERE number = 1")
    await connection.close()
    with pytest.raises(MigrationError, match="0001_register"):
        await migrate(database_url)


async def test_an_empty_database_is_told_to_migrate(empty_database_url: str) -> None:
    connection = await connect(empty_database_url)
    with pytest.raises(DatabaseOutdated, match="oilcan migrate"):
        await require_schema(connection)
    await connection.close()


async def test_a_migrated_database_is_accepted(connection: Connection) -> None:
    await require_schema(connection)
    row = await fetch_one(connection, "SELECT count(*) FROM reading")
    assert row == (0,)
