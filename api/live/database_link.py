"""The way to the database that comes and goes with it: while it is away, callers are told so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg_pool import PoolClosed, PoolTimeout

from config.database import Connection, Pool, open_pool
from config.errors import DatabaseUnavailable
from config.retry import keep_running

_WAIT_S = 3.0


class DatabaseLink:
    """A pool of connections that is opened as soon as the database can be reached."""

    def __init__(self, url: str, *, max_size: int = 8) -> None:
        self.url = url
        self._max_size = max_size
        self._pool: Pool | None = None
        self._opened = asyncio.Event()
        self._reachable = False

    @property
    def reachable(self) -> bool:
        """Did the last one who wanted a connection get it and keep it?"""
        return self._pool is not None and self._reachable

    async def keep_open(self) -> None:
        """Hold the pool until cancelled, however often the database is away."""
        await keep_running(self._hold, name="database of the API")

    async def _hold(self) -> None:
        async with open_pool(self.url, max_size=self._max_size) as pool:
            self._pool = pool
            self._reachable = True
            self._opened.set()
            try:
                await asyncio.Event().wait()
            finally:
                self._pool = None
                self._opened.clear()

    async def wait_open(self, timeout_s: float) -> bool:
        """Has the pool been opened within a time?"""
        try:
            async with asyncio.timeout(timeout_s):
                await self._opened.wait()
        except TimeoutError:
            return False
        return True

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection with one transaction around the block, which an error rolls back.

        Raises `DatabaseUnavailable`, also where the database is lost on the way.
        """
        if self._pool is None:
            raise DatabaseUnavailable("the database cannot be reached")
        try:
            async with self._pool.connection(timeout=_WAIT_S) as connection:
                yield connection
            self._reachable = True
        except (psycopg.OperationalError, PoolTimeout, PoolClosed) as error:
            self._reachable = False
            raise DatabaseUnavailable(f"the database was lost: {error}") from error
