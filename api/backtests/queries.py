"""Reads of backtests."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from conditions.errors import BacktestNotFound
from config.database import Connection, fetch_one


@dataclass(frozen=True, slots=True)
class Backtest:
    """A backtest as it stands; `result` is there once it is done."""

    id: int
    kind: str
    state: str
    request: dict[str, Any]
    progress: float
    readings: int
    error: str | None
    requested_by: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


SELECT_BACKTESTS = """
SELECT id, kind, state, request, progress, readings, error, requested_by, requested_at, started_at,
       finished_at
FROM backtest WHERE (%s::bigint IS NULL OR id < %s) ORDER BY id DESC LIMIT %s
"""

SELECT_BACKTEST = """
SELECT id, kind, state, request, progress, readings, error, requested_by, requested_at, started_at,
       finished_at
FROM backtest WHERE id = %s
"""

SELECT_RESULT = "SELECT result FROM backtest WHERE id = %s"

SELECT_WAITING = "SELECT id FROM backtest WHERE state = 'waiting' ORDER BY id"

SELECT_RUNNING = "SELECT id FROM backtest WHERE state = 'running'"


async def find_backtests(
    connection: Connection, *, before: int | None = None, limit: int = 100
) -> list[Backtest]:
    """Up to `limit` backtests, newest first."""
    cursor = await connection.execute(SELECT_BACKTESTS, [before, before, limit])
    return [Backtest(*row) for row in await cursor.fetchall()]


async def get_backtest(connection: Connection, backtest_id: int) -> Backtest:
    """One backtest. Raises `BacktestNotFound`."""
    row = await fetch_one(connection, SELECT_BACKTEST, [backtest_id])
    if row is None:
        raise BacktestNotFound(f"there is no backtest {backtest_id}")
    return Backtest(*row)


async def result_of(connection: Connection, backtest_id: int) -> dict[str, Any] | None:
    """The result of a backtest that is done."""
    row = await fetch_one(connection, SELECT_RESULT, [backtest_id])
    return row[0] if row else None


async def running_ids(connection: Connection) -> list[int]:
    """Those that say that they run."""
    cursor = await connection.execute(SELECT_RUNNING)
    return [row[0] for row in await cursor.fetchall()]


async def waiting_ids(connection: Connection) -> list[int]:
    """Those that wait to be run, oldest first."""
    cursor = await connection.execute(SELECT_WAITING)
    return [row[0] for row in await cursor.fetchall()]
