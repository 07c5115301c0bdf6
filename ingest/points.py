"""The points of the register, read."""

from collections.abc import Iterable

from psycopg.rows import TupleRow

from config.database import Connection
from ingest.point import Point, PointKind

_KIND = 8

SELECT_POINTS = """
SELECT p.id, p.tag, p.asset_id, a.tag, c.code, p.role, p.name, p.unit, p.kind,
       p.resolution, p.low, p.high, p.rollover, p.jitter, p.max_per_hour
FROM point p JOIN asset a ON a.id = p.asset_id JOIN asset_class c ON c.id = a.class_id
WHERE p.retired_at IS NULL
ORDER BY p.tag
"""

SELECT_POINT_PAGE = """
SELECT p.id, p.tag, p.asset_id, a.tag, c.code, p.role, p.name, p.unit, p.kind,
       p.resolution, p.low, p.high, p.rollover, p.jitter, p.max_per_hour
FROM point p JOIN asset a ON a.id = p.asset_id JOIN asset_class c ON c.id = a.class_id
WHERE p.retired_at IS NULL AND p.tag > %s AND (%s::text IS NULL OR a.tag = %s)
ORDER BY p.tag
LIMIT %s
"""

SELECT_POINTS_OF_TAGS = """
SELECT p.id, p.tag, p.asset_id, a.tag, c.code, p.role, p.name, p.unit, p.kind,
       p.resolution, p.low, p.high, p.rollover
FROM point p JOIN asset a ON a.id = p.asset_id JOIN asset_class c ON c.id = a.class_id
WHERE p.retired_at IS NULL AND p.tag = ANY(%s)
"""


async def load_points(connection: Connection) -> list[Point]:
    """Every point that is not retired, by tag."""
    cursor = await connection.execute(SELECT_POINTS)
    return [_point(row) for row in await cursor.fetchall()]


async def points_of_tags(connection: Connection, tags: Iterable[str]) -> dict[str, Point]:
    """Those of the tags that have a point, with it."""
    cursor = await connection.execute(SELECT_POINTS_OF_TAGS, [list(tags)])
    return {point.tag: point for point in map(_point, await cursor.fetchall())}


async def find_points(
    connection: Connection, *, asset: str | None = None, after: str = "", limit: int = 100
) -> list[Point]:
    """Up to `limit` points with a tag behind `after`, by tag; of one asset if it is given."""
    cursor = await connection.execute(SELECT_POINT_PAGE, [after, asset, asset, limit])
    return [_point(row) for row in await cursor.fetchall()]


def _point(row: TupleRow) -> Point:
    fields = list(row)
    fields[_KIND] = PointKind(fields[_KIND])
    return Point(*fields)
