"""Reach the database: connections, the pool, its level, and being woken by NOTIFY."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import IntEnum
from typing import Any, LiteralString

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow, dict_row
from psycopg.sql import SQL, Identifier
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from config.errors import DatabaseUnavailable

Connection = AsyncConnection[TupleRow]
Pool = AsyncConnectionPool[Connection]
Parameters = Sequence[Any] | Mapping[str, Any]

_CONNECT_TIMEOUT_S = 5

# A partitioned table is level 1; a hypertable is an ordinary one, on level 3 without a unique index.
# By name, not `to_regclass`: its cache is behind within a transaction when an upgrade swaps tables.
SELECT_TABLE_LEVEL = """
SELECT CASE WHEN relkind = 'p' THEN 1
            WHEN EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisunique) THEN 2
            ELSE 3 END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = 'reading' AND n.nspname = current_schema()
"""

# The package alone is not enough: the server must have loaded it at its start, which makes a setting.
SELECT_OFFER = """
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')
       OR EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
          AND current_setting('timescaledb.disable_load', true) IS NOT NULL,
       current_setting('timescaledb.license', true)
"""


class Level(IntEnum):
    """What the tables of the database are; found out by itself, never configured."""

    PARTITIONS = 1
    """PostgreSQL: native range partitions per day."""
    HYPERTABLE = 2
    """TimescaleDB, Apache edition: hypertable, drop_chunks, time_bucket."""
    COLUMNSTORE = 3
    """TimescaleDB, Community edition: columnstore, continuous aggregates, policies."""


async def connect(url: str, *, autocommit: bool = False) -> Connection:
    """One connection in UTC. Raises `DatabaseUnavailable`."""
    try:
        connection = await AsyncConnection.connect(
            url,
            autocommit=autocommit,
            connect_timeout=_CONNECT_TIMEOUT_S,
            options="-c timezone=UTC",
        )
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"the database cannot be reached: {error}") from error
    return connection


@asynccontextmanager
async def open_pool(url: str, *, min_size: int = 1, max_size: int = 8) -> AsyncIterator[Pool]:
    """A pool of connections in UTC, closed on leaving. Raises `DatabaseUnavailable`."""
    pool: Pool = AsyncConnectionPool(
        url,
        min_size=min_size,
        max_size=max_size,
        open=False,
        kwargs={"connect_timeout": _CONNECT_TIMEOUT_S, "options": "-c timezone=UTC"},
        check=AsyncConnectionPool.check_connection,
    )
    try:
        await pool.open(wait=True, timeout=_CONNECT_TIMEOUT_S * 2)
    except PoolTimeout as error:
        await pool.close()
        raise DatabaseUnavailable(f"the database cannot be reached: {error}") from error
    try:
        yield pool
    finally:
        await pool.close()


async def find_level(connection: Connection) -> Level:
    """The level of the database behind a connection: what its tables are.

    Where there are none yet, what the server offers. A server that gains TimescaleDB later does not
    change the tables that are there: `oilcan migrate --upgrade` does.
    """
    row = await fetch_one(connection, SELECT_TABLE_LEVEL)
    return await offered_level(connection) if row is None else Level(row[0])


async def offered_level(connection: Connection) -> Level:
    """What the server offers: is TimescaleDB there, and under which licence?

    The licence is known only where the extension is made in this database already.
    """
    row = await fetch_one(connection, SELECT_OFFER)
    offered, licence = row or (False, None)
    if not offered:
        return Level.PARTITIONS
    return Level.COLUMNSTORE if licence == "timescale" else Level.HYPERTABLE


async def fetch_one(
    connection: Connection, sql: Any, parameters: Parameters = ()
) -> TupleRow | None:
    """First row of a query, or None."""
    cursor = await connection.execute(sql, parameters)
    return await cursor.fetchone()


async def fetch_dict(
    connection: Connection, sql: LiteralString, parameters: Parameters | None = None
) -> dict[str, Any] | None:
    """First row of a query, its values by the names of the columns; or None."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(sql, parameters)
        return await cursor.fetchone()


async def fetch_dicts(
    connection: Connection,
    sql: LiteralString,
    parameters: Parameters | None = None,
    *,
    prepare: bool | None = None,
) -> list[dict[str, Any]]:
    """All rows of a query, their values by the names of the columns.

    `prepare=False` has the server plan it anew for its parameters each time; otherwise a query that comes
    often gets one plan for all of them.
    """
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(sql, parameters, prepare=prepare)
        return await cursor.fetchall()


async def listen(url: str, channel: str, *, timeout_s: float) -> AsyncGenerator[str | None]:
    """Payloads notified on `channel`; None after each `timeout_s` of silence, the time to poll.

    The first one is None, as soon as nothing can be missed any more.
    Raises `DatabaseUnavailable` when the connection is lost.
    """
    connection = await connect(url, autocommit=True)
    try:
        await connection.execute(SQL("LISTEN {}").format(Identifier(channel)))
        yield None
        while True:
            heard = False
            async for notice in connection.notifies(timeout=timeout_s, stop_after=1):
                heard = True
                yield notice.payload
            if not heard:
                yield None
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"the database was lost: {error}") from error
    finally:
        await connection.close()
