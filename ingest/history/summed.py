"""Readings summed up by time, taken from where it is cheapest: by the hour, the minute, or raw.

Hours and minutes are kept ready for what counts by default; another choice of what counts, or of
the longest stretch to bridge, is worked out from the readings.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

import numpy as np

from config.clock import from_us
from config.database import Connection, fetch_one
from edge.reading import Float64s, Int64s
from ingest.history.buckets import Buckets, in_time_order, join, of_readings, widen
from ingest.history.counter import Counter, increase
from ingest.history.edges import HOUR_US, MINUTE_US, grain_us
from ingest.history.packed import fetch_columns, floats, integers, times
from ingest.history.raw import raw
from ingest.history.series import Believed

_ALL_ROWS = 2_147_483_647


class Source(Enum):
    """What buckets are made from."""

    READINGS = "readings"
    MINUTES = "minutes"
    HOURS = "hours"


@dataclass(frozen=True, slots=True)
class Policy:
    """What counts, and the longest stretch between readings that count that a value bridges."""

    gap_us: int
    believed: Believed = Believed.NOT_BAD


SELECT_GAP = "SELECT (date_part('epoch', gap) * 1e6)::bigint FROM rollup_state"

SELECT_HOURS = """
SELECT coalesce(string_agg(timestamptz_send(bucket), ''), ''),
       coalesce(string_agg(int8send(count), ''), ''),
       coalesce(string_agg(float8send(avg), ''), ''),
       coalesce(string_agg(float8send(min), ''), ''),
       coalesce(string_agg(float8send(max), ''), ''),
       coalesce(string_agg(timestamptz_send(first_ts), ''), ''),
       coalesce(string_agg(float8send(first), ''), ''),
       coalesce(string_agg(timestamptz_send(last_ts), ''), ''),
       coalesce(string_agg(float8send(last), ''), ''),
       coalesce(string_agg(float8send(integral), ''), ''),
       coalesce(string_agg(float8send(covered), ''), ''),
       coalesce(string_agg(int8send(drops), ''), '')
FROM reading_hours(%s, %s, %s)
"""

SELECT_MINUTES = """
SELECT coalesce(string_agg(timestamptz_send(bucket), ''), ''),
       coalesce(string_agg(int8send(count), ''), ''),
       coalesce(string_agg(float8send(avg), ''), ''),
       coalesce(string_agg(float8send(min), ''), ''),
       coalesce(string_agg(float8send(max), ''), ''),
       coalesce(string_agg(timestamptz_send(first_ts), ''), ''),
       coalesce(string_agg(float8send(first), ''), ''),
       coalesce(string_agg(timestamptz_send(last_ts), ''), ''),
       coalesce(string_agg(float8send(last), ''), ''),
       coalesce(string_agg(float8send(integral), ''), ''),
       coalesce(string_agg(float8send(covered), ''), ''),
       coalesce(string_agg(int8send(drops), ''), '')
FROM reading_minutes(%s, %s, %s)
"""

SELECT_SUMMARY = """
SELECT coalesce(string_agg(timestamptz_send(bucket), ''), ''),
       coalesce(string_agg(int8send(count), ''), ''),
       coalesce(string_agg(float8send(avg), ''), ''),
       coalesce(string_agg(float8send(min), ''), ''),
       coalesce(string_agg(float8send(max), ''), ''),
       coalesce(string_agg(timestamptz_send(first_ts), ''), ''),
       coalesce(string_agg(float8send(first), ''), ''),
       coalesce(string_agg(timestamptz_send(last_ts), ''), ''),
       coalesce(string_agg(float8send(last), ''), ''),
       coalesce(string_agg(float8send(integral), ''), ''),
       coalesce(string_agg(float8send(covered), ''), ''),
       coalesce(string_agg(int8send(drops), ''), '')
FROM reading_summary(%s, %s, %s, %s, %s, %s)
"""


async def default_policy(connection: Connection) -> Policy:
    """The policy of the stored hours and minutes."""
    row = await fetch_one(connection, SELECT_GAP)
    assert row is not None  # noqa: S101 - the migration makes the row
    return Policy(row[0])


async def bucketed(
    connection: Connection, point_id: int, edges: Int64s, *, policy: Policy | None = None
) -> Buckets:
    """The readings between ascending edges (µs since 1970), summed up; empty buckets are absent.

    Without a policy the stored hours or minutes serve, where the edges lie on them.
    """
    default = await default_policy(connection)
    narrow = await _narrow(connection, point_id, edges, policy or default, default)
    return widen(narrow, edges, gap_us=(policy or default).gap_us)


async def counted(
    connection: Connection,
    point_id: int,
    edges: Int64s,
    *,
    counter: Counter,
    policy: Policy | None = None,
) -> tuple[Buckets, Float64s]:
    """As `bucketed`, and beside it what a counter point counted in each bucket."""
    default = await default_policy(connection)
    own = policy or default
    narrow = await _narrow(connection, point_id, edges, own, default)
    wide = widen(narrow, edges, gap_us=own.gap_us)
    exact = await _without_drops(connection, point_id, narrow, own.believed)
    rises = increase(exact, edges, counter)
    return wide, rises[np.searchsorted(edges, wide.ts)]


async def narrow_buckets(
    connection: Connection, point_id: int, *, start_us: int, end_us: int, source: Source
) -> Buckets:
    """The stored hours or minutes in [start, end), in time order; both are full ones."""
    sql = SELECT_HOURS if source is Source.HOURS else SELECT_MINUTES
    return await _fetch(connection, sql, [point_id, from_us(start_us), from_us(end_us)])


def source_of(grain: int, policy: Policy, default: Policy) -> Source:
    """What buckets of this grain are best made from."""
    if policy != default or grain % MINUTE_US:
        return Source.READINGS
    return Source.MINUTES if grain % HOUR_US else Source.HOURS


async def _narrow(
    connection: Connection, point_id: int, edges: Int64s, policy: Policy, default: Policy
) -> Buckets:
    """Buckets that fit between the edges, and those around them that may reach in."""
    grain = grain_us(edges)
    source = source_of(grain, policy, default)
    width = {Source.HOURS: HOUR_US, Source.MINUTES: MINUTE_US}.get(source, grain)
    reach = -(-policy.gap_us // width) * width
    start_us, end_us = int(edges[0]) - reach, int(edges[-1]) + reach
    if source is not Source.READINGS:
        return await narrow_buckets(
            connection, point_id, start_us=start_us, end_us=end_us, source=source
        )
    return await _fetch(
        connection,
        SELECT_SUMMARY,
        [
            point_id,
            from_us(start_us),
            from_us(end_us),
            timedelta(microseconds=width),
            timedelta(microseconds=policy.gap_us),
            int(policy.believed),
        ],
    )


async def _without_drops(
    connection: Connection, point_id: int, narrow: Buckets, believed: Believed
) -> Buckets:
    """The readings themselves in the place of each bucket in which the counter fell."""
    parts = [narrow.take(narrow.drops == 0)]
    for row in np.flatnonzero(narrow.drops).tolist():
        start_us, end_us = int(narrow.first_ts[row]) - 1, int(narrow.last_ts[row])
        series = await raw(connection, point_id, start_us=start_us, end_us=end_us, limit=_ALL_ROWS)
        seen = series.counted(believed)
        parts.append(of_readings(seen.ts, seen.value))
    return in_time_order(join(parts))


async def _fetch(connection: Connection, sql: Any, parameters: list[Any]) -> Buckets:
    packed = await fetch_columns(connection, sql, parameters)
    ts, count, avg, least, greatest, first_ts, first, last_ts, last, integral, covered, drops = (
        packed
    )
    return in_time_order(
        Buckets(
            ts=times(ts),
            count=integers(count),
            avg=floats(avg),
            min=floats(least),
            max=floats(greatest),
            first_ts=times(first_ts),
            first=floats(first),
            last_ts=times(last_ts),
            last=floats(last),
            integral=floats(integral),
            covered=floats(covered),
            drops=integers(drops),
        )
    )
