"""Readings as they were stored, all at once or a bounded number at a time."""

from collections.abc import AsyncGenerator

import numpy as np

from config.clock import from_us
from config.database import Connection
from ingest.history.packed import fetch_columns, floats, times
from ingest.history.series import Series

CHUNK_ROWS = 50_000

SELECT_RAW = """
SELECT coalesce(string_agg(timestamptz_send(ts), '' ORDER BY ts), ''),
       coalesce(string_agg(float8send(coalesce(value, 'NaN')), '' ORDER BY ts), ''),
       coalesce(string_agg(int2send(quality), '' ORDER BY ts), '')
FROM (SELECT ts, value, quality FROM reading
      WHERE point_id = %s AND ts > %s AND ts <= %s
      ORDER BY ts LIMIT %s) AS wanted
"""


async def raw(
    connection: Connection, point_id: int, *, start_us: int, end_us: int, limit: int = 10_000
) -> Series:
    """The first `limit` readings after `start_us` up to and with `end_us`, in time order."""
    ts, value, quality = await fetch_columns(
        connection, SELECT_RAW, [point_id, from_us(start_us), from_us(end_us), limit]
    )
    return Series(times(ts), floats(value), np.frombuffer(quality, ">i2").astype(np.uint8))


async def raw_chunks(
    connection: Connection,
    point_id: int,
    *,
    start_us: int,
    end_us: int,
    rows: int = CHUNK_ROWS,
) -> AsyncGenerator[Series, None]:
    """The readings in (start, end] in time order, up to `rows` at a time; at least one chunk.

    Each chunk is a statement of its own that goes on behind the last reading of the one before.
    """
    while True:
        chunk = await raw(connection, point_id, start_us=start_us, end_us=end_us, limit=rows)
        yield chunk
        if len(chunk) < rows:
            return
        start_us = int(chunk.ts[-1])
