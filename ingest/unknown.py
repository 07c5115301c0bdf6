"""Readings of tags that no point has: shown, and bound once the point is there."""

from dataclasses import dataclass
from datetime import datetime

from config.clock import to_us
from config.database import Connection
from ingest.chunks import DAY_US, ensure_days
from ingest.footing import join_as_guest


@dataclass(frozen=True, slots=True)
class UnknownTag:
    """A tag that no point has: which source of which edge sends it, how many readings, and when."""

    tag: str
    edge: str
    source: str
    """Empty where the edge does not say."""
    count: int
    first_ts: datetime
    last_ts: datetime
    last_value: float | None


SELECT_UNKNOWN_TAGS = """
SELECT tag, edge, source, count, first_ts, last_ts, last_value
FROM unknown_tag ORDER BY last_ts DESC, tag, edge, source LIMIT %s
"""

COUNT_UNKNOWN_BY_SOURCE = """
SELECT edge, source, count(*) FROM unknown_tag WHERE source <> '' GROUP BY edge, source
"""

SELECT_BINDABLE_DAYS = """
SELECT DISTINCT date_bin('1 day', u.ts, '2000-01-01Z')
FROM unknown_reading u JOIN point p ON p.tag = u.tag AND p.retired_at IS NULL
"""

# Hours that are summed up already are to be summed up again (ingest/rollup.py).
MARK_BINDABLE = """
INSERT INTO rollup_due (point_id, hour)
SELECT DISTINCT p.id, date_bin('1 hour', u.ts, '2000-01-01Z')
FROM unknown_reading u JOIN point p ON p.tag = u.tag AND p.retired_at IS NULL
WHERE u.ts < (SELECT rollup_closed_to())
"""

# What is already there won: a reading is one per point and time.
MOVE_BINDABLE = """
WITH bound AS (
    DELETE FROM unknown_reading u USING point p
    WHERE p.tag = u.tag AND p.retired_at IS NULL
    RETURNING p.id, u.ts, u.value, u.quality
)
INSERT INTO reading (point_id, ts, value, quality)
SELECT id, ts, value, quality FROM bound b
WHERE NOT EXISTS (
    SELECT FROM reading r
    WHERE r.point_id = b.id AND r.ts = b.ts
          AND r.ts >= (SELECT min(ts) FROM bound) AND r.ts <= (SELECT max(ts) FROM bound)
)
ORDER BY id, ts
ON CONFLICT DO NOTHING
"""

DELETE_BOUND_TAGS = """
DELETE FROM unknown_tag u USING point p WHERE p.tag = u.tag AND p.retired_at IS NULL
"""


async def unknown_tags(connection: Connection, *, limit: int) -> list[UnknownTag]:
    """Tags that no point has, those heard last first."""
    cursor = await connection.execute(SELECT_UNKNOWN_TAGS, [limit])
    return [UnknownTag(*row) for row in await cursor.fetchall()]


async def unknown_by_source(connection: Connection) -> dict[tuple[str, str], int]:
    """How many tags without a point each source sends, by edge and source."""
    cursor = await connection.execute(COUNT_UNKNOWN_BY_SOURCE)
    return {(edge, source): count for edge, source, count in await cursor.fetchall()}


async def bind_unknown(connection: Connection) -> int:
    """Move what was kept for tags that now have a point into `reading`; returns rows moved.

    Runs inside the caller's transaction, which also made the points.
    """
    cursor = await connection.execute(SELECT_BINDABLE_DAYS)
    days = [to_us(day) // DAY_US for (day,) in await cursor.fetchall()]
    if days:
        await ensure_days(connection, days)
    await join_as_guest(connection)
    await connection.execute(MARK_BINDABLE)
    moved = await connection.execute(MOVE_BINDABLE)
    await connection.execute(DELETE_BOUND_TAGS)
    return moved.rowcount
