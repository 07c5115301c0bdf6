"""What the readings of a point were: raw, in buckets, and the latest; columns, not rows.

The server packs each column into one byte string (`…send` is the type's binary form, big-endian),
so a series of any length reaches NumPy without an object per reading.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from config.clock import from_us, to_us
from config.database import Connection
from edge.reading import Float64s, Int64s, UInt8s
from ingest.binary_copy import EPOCH_US


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Readings of one point in time order: `ts` in µs since 1970, NaN where there is no number."""

    ts: Int64s
    value: Float64s
    quality: UInt8s

    def __len__(self) -> int:
        return len(self.ts)


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """Readings of one point by time: `ts` is the bucket's start in µs since 1970.

    Bad readings and readings without a number count for nothing; empty buckets are absent.
    """

    ts: Int64s
    avg: Float64s
    min: Float64s
    max: Float64s
    count: Int64s

    def __len__(self) -> int:
        return len(self.ts)


Latest = tuple[int, float | None, int]
"""A reading: time in µs since 1970, value or None, quality byte."""

SELECT_RAW = """
SELECT coalesce(string_agg(timestamptz_send(ts), '' ORDER BY ts), ''),
       coalesce(string_agg(float8send(coalesce(value, 'NaN')), '' ORDER BY ts), ''),
       coalesce(string_agg(int2send(quality), '' ORDER BY ts), '')
FROM (SELECT ts, value, quality FROM reading
      WHERE point_id = %s AND ts > %s AND ts <= %s
      ORDER BY ts LIMIT %s) AS wanted
"""

# The buckets' edges are counted from 2000-01-03, a Monday, so that weeks begin on one.
SELECT_BUCKETS = """
SELECT coalesce(string_agg(timestamptz_send(bucket), '' ORDER BY bucket), ''),
       coalesce(string_agg(float8send(avg), '' ORDER BY bucket), ''),
       coalesce(string_agg(float8send(min), '' ORDER BY bucket), ''),
       coalesce(string_agg(float8send(max), '' ORDER BY bucket), ''),
       coalesce(string_agg(int8send(count), '' ORDER BY bucket), '')
FROM (SELECT date_bin(%s * interval '1 microsecond', ts, '2000-01-03Z') AS bucket,
             avg(value) AS avg, min(value) AS min, max(value) AS max, count(*) AS count
      FROM reading
      WHERE point_id = %s AND ts > %s AND ts <= %s AND quality < 128 AND value IS NOT NULL
      GROUP BY 1) AS wanted
"""

SELECT_LATEST = """
SELECT p.id, r.ts, r.value, r.quality
FROM unnest(%s::integer[]) AS p (id)
CROSS JOIN LATERAL (
    SELECT ts, value, quality FROM reading
    WHERE point_id = p.id ORDER BY ts DESC LIMIT 1
) AS r
"""


async def raw(
    connection: Connection, point_id: int, *, start_us: int, end_us: int, limit: int = 10_000
) -> Series:
    """The first `limit` readings after `start_us` up to and with `end_us`, in time order."""
    ts, value, quality = await _columns(
        connection, SELECT_RAW, [point_id, from_us(start_us), from_us(end_us), limit]
    )
    return Series(_times(ts), _floats(value), np.frombuffer(quality, ">i2").astype(np.uint8))


async def bucketed(
    connection: Connection, point_id: int, *, start_us: int, end_us: int, width_us: int
) -> Buckets:
    """Average, least, greatest and count of the readings in (start, end], by buckets of a width."""
    ts, avg, least, greatest, count = await _columns(
        connection, SELECT_BUCKETS, [width_us, point_id, from_us(start_us), from_us(end_us)]
    )
    return Buckets(
        _times(ts),
        _floats(avg),
        _floats(least),
        _floats(greatest),
        np.frombuffer(count, ">i8").astype(np.int64),
    )


async def latest(connection: Connection, point_ids: Sequence[int]) -> dict[int, Latest]:
    """The newest reading of each point that has one."""
    cursor = connection.cursor(binary=True)
    await cursor.execute(SELECT_LATEST, [list(point_ids)])
    return {
        point_id: (to_us(ts), value, quality)
        for point_id, ts, value, quality in await cursor.fetchall()
    }


async def _columns(connection: Connection, sql: Any, parameters: Sequence[Any]) -> Sequence[bytes]:
    cursor = connection.cursor(binary=True)
    await cursor.execute(sql, parameters)
    row = await cursor.fetchone()
    assert row is not None  # noqa: S101 - an aggregate without GROUP BY always gives a row
    return row


def _times(data: bytes) -> Int64s:
    return np.frombuffer(data, ">i8").astype(np.int64) + EPOCH_US


def _floats(data: bytes) -> Float64s:
    return np.frombuffer(data, ">f8").astype(np.float64)
