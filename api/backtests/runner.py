"""Runs backtests that wait, one after the other, each in a process of its own beside the API.

What it reads and reckons never keeps a page waiting. A backtest whose process is gone, with the API
or without it, is told as interrupted.
"""

import asyncio
import os
import sys
from contextlib import suppress

import psycopg

from api.backtests import store
from api.backtests.queries import running_ids, waiting_ids
from config.database import connect
from config.diagnostics import logger
from config.errors import DatabaseOutdated, DatabaseUnavailable
from config.migrate import require_schema
from config.retry import keep_running

_LOOK_S = 10.0

log = logger(__name__)


class Runner:
    """Looks for backtests that wait; `wake` says that there is one."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Look at once."""
        self._wake.set()

    async def keep_going(self) -> None:
        """Run what waits until cancelled; a process that runs then is ended."""
        await keep_running(
            self._run, name="backtests", heals=(DatabaseUnavailable, DatabaseOutdated)
        )

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            for backtest_id in await self._waiting():
                await self._run_one(backtest_id)
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._wake.wait()

    async def _waiting(self) -> list[int]:
        """The backtests that wait, oldest first; those that nobody runs any more are told."""
        try:
            async with await connect(self._database_url, autocommit=True) as connection:
                await require_schema(connection)
                for backtest_id in await running_ids(connection):
                    await store.end_interrupted(connection, backtest_id)
                return await waiting_ids(connection)
        except psycopg.OperationalError as error:
            raise DatabaseUnavailable(f"the database was lost: {error}") from error

    async def _run_one(self, backtest_id: int) -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "api.backtests.program", str(backtest_id)),
            env={**os.environ, "OILCAN_DATABASE_URL": self._database_url},
            stdin=asyncio.subprocess.DEVNULL,
        )
        try:
            code = await process.wait()
        finally:
            if process.returncode is None:
                process.terminate()
                await asyncio.shield(process.wait())
        if code:
            log.warning("a backtest did not end well", backtest_id=backtest_id, exit_code=code)
