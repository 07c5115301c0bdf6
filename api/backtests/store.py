"""SQL of backtests: each is asked for once, runs once, and is kept with its result."""

from typing import Any

from psycopg.types.json import Jsonb

from config.database import Connection, fetch_one

# Held by the session that runs a backtest: who else gets it knows that nobody runs it.
LOCK_SPACE = 0x62616B74

TRY_LOCK = "SELECT pg_try_advisory_lock(%s, %s)"

INSERT_BACKTEST = """
INSERT INTO backtest (kind, request, requested_by) VALUES (%s, %s, %s) RETURNING id
"""

START_BACKTEST = """
UPDATE backtest SET state = 'running', started_at = clock_timestamp()
WHERE id = %s AND state = 'waiting' RETURNING request
"""

SET_PROGRESS = """
UPDATE backtest SET progress = %s, readings = %s WHERE id = %s AND state = 'running' RETURNING id
"""

FINISH_BACKTEST = """
UPDATE backtest
SET state = 'done', progress = 1, readings = %s, result = %s, finished_at = clock_timestamp()
WHERE id = %s AND state = 'running'
"""

END_BACKTEST = """
UPDATE backtest SET state = %s, error = %s, finished_at = clock_timestamp()
WHERE id = %s AND state IN ('waiting', 'running') RETURNING id
"""

# One that began while the other looked still holds its lock.
END_INTERRUPTED = """
UPDATE backtest SET state = 'interrupted', finished_at = clock_timestamp()
WHERE id = %s AND state = 'running' AND NOT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND classid = %s AND objid = backtest.id AND objsubid = 2
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
"""

DELETE_BACKTEST = "DELETE FROM backtest WHERE id = %s AND state NOT IN ('waiting', 'running')"


async def try_lock(connection: Connection, backtest_id: int) -> bool:
    """Be the one who runs a backtest, until the session ends."""
    row = await fetch_one(connection, TRY_LOCK, [LOCK_SPACE, backtest_id])
    return bool(row and row[0])


async def insert(connection: Connection, kind: str, request: dict[str, Any], *, by: str) -> int:
    """Keep what is asked; returns the id."""
    row = await fetch_one(connection, INSERT_BACKTEST, [kind, Jsonb(request), by])
    assert row is not None  # noqa: S101 - the statement returns a row
    return int(row[0])


async def start(connection: Connection, backtest_id: int) -> dict[str, Any] | None:
    """Begin; returns the request, None where it waits no more."""
    row = await fetch_one(connection, START_BACKTEST, [backtest_id])
    return row[0] if row else None


async def set_progress(
    connection: Connection, backtest_id: int, share: float, readings: int
) -> bool:
    """Note how far it is; False where it is not to go on."""
    given = [share, readings, backtest_id]
    return await fetch_one(connection, SET_PROGRESS, given) is not None


async def finish(
    connection: Connection, backtest_id: int, readings: int, result: dict[str, Any]
) -> None:
    """Keep the result."""
    await connection.execute(FINISH_BACKTEST, [readings, Jsonb(result), backtest_id])


async def end(connection: Connection, backtest_id: int, state: str, error: str | None) -> bool:
    """End one that waits or runs; False where it had ended before."""
    return await fetch_one(connection, END_BACKTEST, [state, error, backtest_id]) is not None


async def end_interrupted(connection: Connection, backtest_id: int) -> None:
    """End one that says it runs though nobody runs it."""
    await connection.execute(END_INTERRUPTED, [backtest_id, LOCK_SPACE])


async def delete(connection: Connection, backtest_id: int) -> None:
    """Forget one that has ended."""
    await connection.execute(DELETE_BACKTEST, [backtest_id])
