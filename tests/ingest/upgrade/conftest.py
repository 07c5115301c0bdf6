"""Databases of level 1 on a server that has TimescaleDB since."""

from collections.abc import AsyncIterator

import pytest

from config.clock import from_us
from config.database import Connection, Level, connect, offered_level
from config.migrate import migrate
from ingest.chunks import DAY_US, ensure_days

FIRST_DAY = 20_000
DAYS = 6
ROWS_A_DAY = 50


@pytest.fixture
async def level_1(empty_database_url: str) -> str:
    """The address of a database of level 1 with some days of readings."""
    async with await connect(empty_database_url) as connection:
        if await offered_level(connection) is Level.PARTITIONS:
            pytest.skip("the server has no TimescaleDB")
    await migrate(empty_database_url, highest=Level.PARTITIONS)
    async with await connect(empty_database_url, autocommit=True) as connection:
        async with connection.transaction():
            await ensure_days(connection, range(FIRST_DAY, FIRST_DAY + DAYS))
        await connection.execute(
            "INSERT INTO reading SELECT row %% 5, %s + day * interval '1 day'"
            " + row * interval '1 minute', row, 0"
            " FROM generate_series(0, %s - 1) day, generate_series(1, %s) row",
            [from_us(FIRST_DAY * DAY_US), DAYS, ROWS_A_DAY],
        )
    return empty_database_url


@pytest.fixture
async def upgrading(level_1: str) -> AsyncIterator[Connection]:
    """A connection to that database, in autocommit mode."""
    opened = await connect(level_1, autocommit=True)
    yield opened
    await opened.close()
