"""The newest reading of points, for thousands of them at once.

A living point's newest reading lies in the hours that are not summed up yet: one or two days'
partitions, and one look into an index for each point. For the others, and where so many are wanted
that the looks add up, there is `point_latest`, which ingest keeps (ingest/latest_table.py).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np

from config.database import Connection, fetch_one
from ingest.history.packed import fetch_columns, floats, times

Latest = tuple[int, float | None, int]
"""A reading: time in µs since 1970, value or None, quality byte."""

MOST_LOOKS = 1_000
"""So many points are looked up one by one; more are taken from what ingest keeps."""

SELECT_BOUNDS = """
SELECT rolled_to, date_bin('1 day', greatest(now(), rolled_to), '2000-01-01Z') + interval '1 day'
FROM rollup_state
"""

# Days ahead have partitions, and hardly ever a reading: one look serves for all points.
SELECT_ANY_AHEAD = "SELECT EXISTS (SELECT FROM reading WHERE ts >= %s)"

# The bounds stand in the statement as constants: other days are left out before it runs.
SELECT_NEWEST = """
SELECT coalesce(string_agg(int4send(p.id), ''), ''),
       coalesce(string_agg(timestamptz_send(r.ts), ''), ''),
       coalesce(string_agg(float8send(coalesce(r.value, 'NaN')), ''), ''),
       coalesce(string_agg(int2send(r.quality), ''), '')
FROM unnest(%s::integer[]) AS p (id)
CROSS JOIN LATERAL (
    SELECT ts, value, quality FROM reading
    WHERE point_id = p.id AND ts >= %s AND ts < %s ORDER BY ts DESC LIMIT 1
) AS r
"""

SELECT_NEWEST_AHEAD = """
SELECT coalesce(string_agg(int4send(p.id), ''), ''),
       coalesce(string_agg(timestamptz_send(r.ts), ''), ''),
       coalesce(string_agg(float8send(coalesce(r.value, 'NaN')), ''), ''),
       coalesce(string_agg(int2send(r.quality), ''), '')
FROM unnest(%s::integer[]) AS p (id)
CROSS JOIN LATERAL (
    SELECT ts, value, quality FROM reading
    WHERE point_id = p.id AND ts >= %s ORDER BY ts DESC LIMIT 1
) AS r
"""

SELECT_KEPT = """
SELECT coalesce(string_agg(int4send(point_id), ''), ''),
       coalesce(string_agg(timestamptz_send(ts), ''), ''),
       coalesce(string_agg(float8send(coalesce(value, 'NaN')), ''), ''),
       coalesce(string_agg(int2send(quality), ''), '')
FROM point_latest WHERE point_id = ANY(%s::integer[])
"""

# A late reading may be newer than the one that is kept.
SELECT_DUE = """
SELECT array_agg(DISTINCT point_id), min(hour) FROM rollup_due
WHERE point_id = ANY(%s::integer[])
"""


async def latest(connection: Connection, point_ids: Sequence[int]) -> dict[int, Latest]:
    """The newest reading of each point that has one; of very many, as ingest last noted it.

    Up to 1,000 points are looked up and exact; more come from a table that is seconds behind.
    """
    if len(point_ids) > MOST_LOOKS:
        return await _ask(connection, SELECT_KEPT, [_array(point_ids)])
    return await exact_latest(connection, point_ids)


async def exact_latest(connection: Connection, point_ids: Sequence[int]) -> dict[int, Latest]:
    """The newest reading of each point that has one, each looked up."""
    bounds = await fetch_one(connection, SELECT_BOUNDS)
    assert bounds is not None  # noqa: S101 - the migration makes the row
    rolled_to, tomorrow = bounds
    found = await _ahead(connection, point_ids, tomorrow)
    missing = [point for point in point_ids if point not in found]
    if missing:
        found |= await _ask(connection, SELECT_NEWEST, [_array(missing), rolled_to, tomorrow])
    missing = [point for point in missing if point not in found]
    if missing:
        found |= await _kept(connection, missing, rolled_to)
    return found


async def _ahead(
    connection: Connection, point_ids: Sequence[int], tomorrow: datetime
) -> dict[int, Latest]:
    row = await fetch_one(connection, SELECT_ANY_AHEAD, [tomorrow])
    if not (row and row[0]):
        return {}
    return await _ask(connection, SELECT_NEWEST_AHEAD, [_array(point_ids), tomorrow])


async def _kept(
    connection: Connection, point_ids: list[int], rolled_to: datetime
) -> dict[int, Latest]:
    """What is kept of points without a reading since `rolled_to`, or what came late since."""
    late = await fetch_one(connection, SELECT_DUE, [_array(point_ids)])
    kept = await _ask(connection, SELECT_KEPT, [_array(point_ids)])
    if late is None or late[0] is None:
        return kept
    newer = await _ask(connection, SELECT_NEWEST, [late[0], late[1], rolled_to])
    return kept | {
        point: reading
        for point, reading in newer.items()
        if point not in kept or reading[0] > kept[point][0]
    }


def _array(ids: Sequence[int]) -> str:
    """Integers as the server reads an array; an object for each would take longer than the query."""
    return f"{{{','.join(map(str, ids))}}}"


async def _ask(connection: Connection, sql: Any, parameters: Sequence[Any]) -> dict[int, Latest]:
    ids, ts, value, quality = await fetch_columns(connection, sql, parameters)
    numbers = [None if number != number else number for number in floats(value).tolist()]
    readings = zip(times(ts).tolist(), numbers, np.frombuffer(quality, ">i2").tolist(), strict=True)
    return dict(zip(np.frombuffer(ids, ">i4").tolist(), readings, strict=True))
