"""A small plant with real connections to a real database."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from config.database import Connection, connect
from tests.maintenance.materials.shelf import build_storerooms
from tests.maintenance.scene import Plant, build_plant


@pytest.fixture
async def plant(connection: Connection) -> Plant:
    """Three pumps of criticality A, B and C at one site."""
    return await build_plant(connection)


@pytest.fixture
async def stocked(connection: Connection, plant: Plant) -> Connection:
    """A connection to the plant with two empty storerooms and two parts."""
    await build_storerooms(connection)
    return connection


@pytest.fixture
async def open_connection(
    database_url: str,
) -> AsyncIterator[Callable[[], Awaitable[Connection]]]:
    """Opens further connections in autocommit mode, as other workers and people have them."""
    opened: list[Connection] = []

    async def one_more() -> Connection:
        opened.append(await connect(database_url, autocommit=True))
        return opened[-1]

    yield one_more
    for connection in opened:
        await connection.close()
