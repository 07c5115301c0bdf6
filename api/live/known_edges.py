"""The edges that were ever heard of, kept in the database: one that falls silent stays missed."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

from api.live.database_link import DatabaseLink
from api.live.status_board import StatusBoard
from config.clock import ClockUs, from_us
from config.database import Connection
from config.errors import DatabaseOutdated, DatabaseUnavailable
from config.migrate import require_schema
from config.retry import keep_running

FORGOTTEN_AFTER = timedelta(days=30)
"""An edge that was silent for so long is taken to be gone for good."""

_EVERY_S = 10.0

NOTE_EDGES = """
INSERT INTO known_edge AS known (name, last_heard)
SELECT * FROM unnest(%s::text[], %s::timestamptz[]) AS heard (name, at) ORDER BY name
ON CONFLICT (name) DO UPDATE SET last_heard = excluded.last_heard
WHERE excluded.last_heard > known.last_heard
"""

SELECT_EDGES = "SELECT name, last_heard FROM known_edge WHERE last_heard > %s ORDER BY name"

DELETE_EDGES = "DELETE FROM known_edge WHERE last_heard <= %s"


async def known_edges(connection: Connection, now: datetime) -> dict[str, datetime]:
    """When each edge was last heard of; those silent for 30 days are forgotten."""
    cursor = await connection.execute(SELECT_EDGES, [now - FORGOTTEN_AFTER])
    return dict(await cursor.fetchall())


async def note_edges(connection: Connection, heard: Mapping[str, datetime], now: datetime) -> None:
    """Keep when edges were last heard of, in the caller's transaction."""
    await connection.execute(NOTE_EDGES, [list(heard), list(heard.values())])
    await connection.execute(DELETE_EDGES, [now - FORGOTTEN_AFTER])


class EdgeMemory:
    """Fills a board with the edges of before, and keeps those that it hears of."""

    def __init__(
        self,
        database: DatabaseLink,
        board: StatusBoard,
        clock: ClockUs,
        *,
        every_s: float = _EVERY_S,
    ) -> None:
        self._database = database
        self._board = board
        self._clock = clock
        self._every_s = every_s

    async def keep(self) -> None:
        """Keep on until cancelled, however often the database is away."""
        heals = (DatabaseUnavailable, DatabaseOutdated)
        await keep_running(self._keep, name="known edges", heals=heals)

    async def _keep(self) -> None:
        while True:
            now = from_us(self._clock())
            async with self._database.connection() as connection:
                await require_schema(connection)
                await note_edges(connection, self._board.heard("edge"), now)
                known = await known_edges(connection, now)
            self._board.remember("edge", known)
            await asyncio.sleep(self._every_s)
