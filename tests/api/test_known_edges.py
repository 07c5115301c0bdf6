"""Which edges there are outlives the process that heard of them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from api.live.database_link import DatabaseLink
from api.live.known_edges import FORGOTTEN_AFTER, EdgeMemory, known_edges, note_edges
from api.live.status_board import StatusBoard
from config.clock import from_us, now_us
from config.database import Connection
from config.status import Status
from config.tasks import end_tasks

pytestmark = pytest.mark.store

NOW = from_us(1_790_000_000_000_000)


async def test_an_edge_is_known_until_it_was_silent_for_long(connection: Connection) -> None:
    late, early = NOW - timedelta(days=1), NOW - timedelta(days=2)
    await note_edges(connection, {"hall-1": late, "hall-2": early}, NOW)
    await note_edges(connection, {"hall-1": early}, NOW)
    assert await known_edges(connection, NOW) == {"hall-1": late, "hall-2": early}
    after = early + FORGOTTEN_AFTER
    assert await known_edges(connection, after) == {"hall-1": late}
    await note_edges(connection, {}, after)
    assert await known_edges(connection, NOW) == {"hall-1": late}


async def kept_until(
    database_url: str, board: StatusBoard, done: Callable[[], Awaitable[bool]]
) -> None:
    """Keep the edges of a board, as a process of the API does, until something is so."""
    database = DatabaseLink(database_url)
    memory = EdgeMemory(database, board, now_us, every_s=0.01)
    tasks = [asyncio.create_task(database.keep_open()), asyncio.create_task(memory.keep())]
    for _ in range(3_000):
        if await done():
            break
        await asyncio.sleep(0.01)
    await end_tasks(tasks)


async def test_a_silent_edge_is_known_after_a_restart(
    connection: Connection, database_url: str
) -> None:
    before, after = StatusBoard(), StatusBoard()
    before.take(Status("edge", "hall-1", now_us(), healthy=True))

    async def kept() -> bool:
        return bool(await known_edges(connection, from_us(now_us())))

    async def remembered() -> bool:
        return bool(after.roles())

    await kept_until(database_url, before, kept)
    await kept_until(database_url, after, remembered)
    [state] = after.roles()
    assert (state.status.role, state.status.name, state.status.healthy) == ("edge", "hall-1", False)
