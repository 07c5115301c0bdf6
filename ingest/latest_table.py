"""Keep the newest reading of every point in one table, for those who want thousands at once.

It is read from `reading` itself, by the index and in a statement of its own: nothing is asked of
the writer, and nothing is to be mended after a crash. The table is behind by the time between two rounds.
"""

from config.clock import monotonic
from config.database import Connection, fetch_one

# A round may take this share of the time, so that more points make it slower, never heavier.
_SHARE = 0.05
_SHORTEST_S = 1.0

SELECT_OPEN_HOURS = """
SELECT rolled_to, date_bin('1 day', greatest(now(), rolled_to), '2000-01-01Z') + interval '2 days',
       (SELECT array_agg(id ORDER BY id) FROM point)
FROM rollup_state
"""

# In the order of the ids, as whoever sums up does: two who write the same rows never wait in a ring.
REFRESH_LATEST = """
INSERT INTO point_latest AS kept (point_id, ts, value, quality)
SELECT p.id, r.ts, r.value, r.quality
FROM unnest(%s::integer[]) AS p (id)
CROSS JOIN LATERAL (
    SELECT ts, value, quality FROM reading
    WHERE point_id = p.id AND ts >= %s AND ts < %s ORDER BY ts DESC LIMIT 1
) AS r
LEFT JOIN point_latest AS known ON known.point_id = p.id
WHERE known.ts IS NULL OR r.ts > known.ts
ON CONFLICT (point_id) DO UPDATE
SET ts = excluded.ts, value = excluded.value, quality = excluded.quality
WHERE excluded.ts > kept.ts
"""


async def refresh_latest(connection: Connection) -> None:
    """Take in the newest readings of the hours that are not summed up yet (ingest/rollup.py)."""
    row = await fetch_one(connection, SELECT_OPEN_HOURS)
    if row is not None and row[2]:
        rolled_to, stop, points = row
        await connection.execute(REFRESH_LATEST, [points, rolled_to, stop])


async def refresh_and_rest(connection: Connection) -> float:
    """Refresh once; returns the seconds to rest before the next time."""
    begun = monotonic()
    await refresh_latest(connection)
    return max(_SHORTEST_S, (monotonic() - begun) / _SHARE)
