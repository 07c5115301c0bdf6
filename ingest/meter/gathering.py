"""The readings that a meter is counted from: by the hour or the minute where these say it all."""

from collections.abc import Sequence

import numpy as np

from config.database import Connection
from edge.reading import Int64s
from ingest.history.edges import HOUR_US, MINUTE_US, grain_us
from ingest.history.raw import raw
from ingest.history.series import Believed
from ingest.history.summed import Source, narrow_buckets
from ingest.meter.days import Rows
from ingest.meter.rules import Rules
from ingest.meter.summaries import ends_of, in_time_order, runs, unclear

_ALL_ROWS = 2_147_483_647


async def gather(
    connection: Connection,
    point_id: int,
    *,
    edges: Int64s,
    end_us: int,
    rules: Rules,
    facts_us: Sequence[int],
) -> Rows:
    """What counts from the first edge up to `end_us`, without it; no bucket crosses an edge.

    Counted, it gives the same as all the readings would, and is a small part of them.
    """
    grain, start_us = grain_us(edges), int(edges[0])
    if grain % MINUTE_US:
        return await _readings(connection, point_id, start_us, end_us)
    source, width = (Source.MINUTES, MINUTE_US) if grain % HOUR_US else (Source.HOURS, HOUR_US)
    whole_us = max(start_us, end_us // width * width)
    summed = await _summed(
        connection, point_id, (start_us, whole_us), source=source, rules=rules, facts_us=facts_us
    )
    if whole_us == end_us:
        return summed
    return in_time_order([summed, await _readings(connection, point_id, whole_us, end_us)])


async def _summed(
    connection: Connection,
    point_id: int,
    bounds: tuple[int, int],
    *,
    source: Source,
    rules: Rules,
    facts_us: Sequence[int],
) -> Rows:
    start_us, end_us = bounds
    parts = await narrow_buckets(
        connection, point_id, start_us=start_us, end_us=end_us, source=source
    )
    looked_into = unclear(parts, rules, facts_us)
    found = [ends_of(parts.take(~looked_into))]
    for run in runs(looked_into):
        first_us, last_us = int(parts.first_ts[run.start]), int(parts.last_ts[run.stop - 1])
        rows = await _readings(connection, point_id, first_us, last_us + 1)
        # Readings past retention are gone; what their hours say of them stays.
        found.append(rows if len(rows.ts) else ends_of(parts.take(np.arange(run.start, run.stop))))
    return in_time_order(found)


async def _readings(connection: Connection, point_id: int, start_us: int, end_us: int) -> Rows:
    series = await raw(
        connection, point_id, start_us=start_us - 1, end_us=end_us - 1, limit=_ALL_ROWS
    )
    seen = series.counted(Believed.NOT_BAD)
    return Rows(seen.ts, seen.value)
