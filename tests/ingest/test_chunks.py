"""Days are there before readings need them, and go when they are past retention."""

import asyncio

import pytest

from config.clock import from_us
from config.database import Connection, Level, connect, fetch_one, find_level
from ingest.chunks import DAY_US, drop_days, ensure_days, existing_days
from ingest.housekeeping import keep_days

pytestmark = pytest.mark.store

TODAY = 20_000
NOW = TODAY * DAY_US + DAY_US // 2


async def only_partitions(connection: Connection) -> None:
    if await find_level(connection) is not Level.PARTITIONS:
        pytest.skip("TimescaleDB makes its chunks by itself")


async def insert(connection: Connection, day: int) -> None:
    await connection.execute(
        "INSERT INTO reading VALUES (1, %s, 1, 0)", [from_us(day * DAY_US + 5)]
    )


async def test_days_are_made_once(connection: Connection) -> None:
    await only_partitions(connection)
    for days in ([TODAY, TODAY + 1], [TODAY + 1, TODAY + 2], []):
        async with connection.transaction():
            await ensure_days(connection, days)
    assert await existing_days(connection) == {TODAY, TODAY + 1, TODAY + 2}


async def test_two_sessions_may_make_the_same_day(
    connection: Connection, database_url: str
) -> None:
    async def make() -> None:
        own = await connect(database_url)
        async with own.transaction():
            await ensure_days(own, [TODAY])
            await asyncio.sleep(0.05)
        await own.close()

    await asyncio.gather(*(make() for _ in range(4)))
    await insert(connection, TODAY)
    assert await fetch_one(connection, "SELECT count(*) FROM reading") == (1,)


async def test_a_day_is_made_beside_a_reader(connection: Connection, database_url: str) -> None:
    reader = await connect(database_url)
    await reader.execute("SELECT count(*) FROM reading")
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '2s'")
        await ensure_days(connection, [TODAY])
    await insert(connection, TODAY)
    await reader.close()


async def test_only_whole_days_before_the_limit_are_dropped(connection: Connection) -> None:
    days = range(TODAY - 3, TODAY + 1)
    async with connection.transaction():
        await ensure_days(connection, days)
        for day in days:
            await insert(connection, day)
    async with connection.transaction():
        assert await drop_days(connection, NOW - DAY_US) == 2
    cursor = await connection.execute("SELECT ts FROM reading ORDER BY ts")
    kept = [from_us(day * DAY_US + 5) for day in (TODAY - 1, TODAY)]
    assert [ts for (ts,) in await cursor.fetchall()] == kept


async def test_housekeeping_makes_days_ahead_and_drops_old_ones(connection: Connection) -> None:
    async with connection.transaction():
        await ensure_days(connection, [TODAY - 9])
        await insert(connection, TODAY - 9)
    await connection.execute(
        "INSERT INTO unknown_reading VALUES ('old', %s, 1, 0), ('new', %s, 1, 0)",
        [from_us(NOW - 9 * DAY_US), from_us(NOW)],
    )
    await keep_days(connection, now_us=NOW, retention_days=7)
    assert await fetch_one(connection, "SELECT count(*) FROM reading") == (0,)
    assert await fetch_one(connection, "SELECT array_agg(tag) FROM unknown_reading") == (["new"],)
    await insert(connection, TODAY + 1)
