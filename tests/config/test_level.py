"""The level of a database is what its tables are, not what its server could do."""

import pytest

from config.database import Connection, Level, connect, find_level, offered_level
from config.migrate import migrate, require_schema

pytestmark = pytest.mark.store


async def need_timescale(connection: Connection) -> None:
    if await offered_level(connection) is Level.PARTITIONS:
        pytest.skip("the server has no TimescaleDB")


async def test_a_new_database_gets_what_its_server_offers(connection: Connection) -> None:
    assert await find_level(connection) is await offered_level(connection)


async def test_an_empty_database_is_of_the_level_that_the_server_offers(
    empty_database_url: str, connection: Connection
) -> None:
    async with await connect(empty_database_url) as empty:
        assert await find_level(empty) is await offered_level(connection)


async def test_tables_of_level_1_stay_level_1_whatever_the_server_offers(
    empty_database_url: str,
) -> None:
    await migrate(empty_database_url, highest=Level.PARTITIONS)
    assert await migrate(empty_database_url) == []
    async with await connect(empty_database_url) as opened:
        assert await find_level(opened) is Level.PARTITIONS
        await require_schema(opened)


async def test_the_extension_alone_does_not_raise_the_level(
    empty_database_url: str, connection: Connection
) -> None:
    await need_timescale(connection)
    await migrate(empty_database_url, highest=Level.PARTITIONS)
    async with await connect(empty_database_url, autocommit=True) as opened:
        await opened.execute("CREATE EXTENSION timescaledb")
        assert await find_level(opened) is Level.PARTITIONS
        assert await offered_level(opened) is Level.HYPERTABLE


async def test_a_hypertable_without_a_unique_index_is_level_3(connection: Connection) -> None:
    await need_timescale(connection)
    await connection.execute("DROP INDEX reading_point_ts")
    assert await find_level(connection) is Level.COLUMNSTORE
