"""Usage of many meters at once, from the days that are stored: what forecasts are made of.

It says where each meter stood at the end of its last stored day, which is a day or two ago; where
it stands now says `ingest.meters`, for one at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, LiteralString

from config.database import Connection

# Only days that hold are read: those of the point's present rules, and before what is marked.
SELECT_USAGE: Final[LiteralString] = """
SELECT d.point_id, d.day, d.ends_at, d.usage, d.life_to_date
FROM unnest(%(points)s::integer[]) AS wanted (point_id)
JOIN meter_point mp ON mp.point_id = wanted.point_id
JOIN meter m ON m.point_id = mp.point_id AND m.rules = mp.rules
JOIN meter_day d ON d.point_id = m.point_id AND d.day >= %(first)s
 AND d.ends_at <= least(
     m.counted_to,
     (SELECT min(since) FROM meter_due WHERE point_id = m.point_id),
     (SELECT min(hour) FROM rollup_due WHERE point_id = m.point_id)
 )
ORDER BY d.point_id, d.day
"""


@dataclass(frozen=True, slots=True)
class StoredUsage:
    """Life to date at the end of the last stored day, and usage by the day, oldest first.

    Days without a reading in between count as nothing; the first day is left out.
    """

    life_to_date: float
    at: datetime
    daily: tuple[float, ...]


async def stored_usage(
    connection: Connection, points: Sequence[int], *, at: datetime, days: int
) -> dict[int, StoredUsage]:
    """Usage of the last `days` before a moment, by id of the point; without those not stored."""
    first = (at - timedelta(days=days)).date()
    given = {"points": list(points), "first": first}
    cursor = await connection.execute(SELECT_USAGE, given)
    found: dict[int, list[tuple[date, datetime, float, float]]] = {}
    for point, *day in await cursor.fetchall():
        found.setdefault(point, []).append((day[0], day[1], day[2], day[3]))
    return {point: _of(rows) for point, rows in found.items()}


def _of(rows: Sequence[tuple[date, datetime, float, float]]) -> StoredUsage:
    first, (last, ends_at, _, life) = rows[0][0], rows[-1]
    daily = [0.0] * ((last - first).days + 1)
    for day, _, usage, _ in rows:
        daily[(day - first).days] = usage
    # The first day of a meter is a part of one.
    return StoredUsage(life, ends_at, tuple(daily[1:]))
