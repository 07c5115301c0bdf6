"""Writes of points; what is gone is retired, its readings stay."""

from collections.abc import Sequence
from dataclasses import fields

from config.database import Connection
from config.difference import Stored
from ingest.point import PointKind
from ingest.point_file import PointDefinition

STORED_POINTS = """
SELECT point.tag, asset.tag, point.role, point.name, point.unit, point.kind,
       point.resolution, point.low, point.high, point.rollover, point.jitter, point.max_per_hour,
       point.retired_at IS NOT NULL
  FROM point JOIN asset ON asset.id = point.asset_id
"""

UPSERT_POINTS = """
INSERT INTO point (tag, asset_id, role, name, unit, kind, resolution, low, high, rollover, jitter,
                   max_per_hour)
SELECT wanted.tag, asset.id, wanted.role, wanted.name, wanted.unit, wanted.kind,
       wanted.resolution, wanted.low, wanted.high, wanted.rollover, wanted.jitter, wanted.max_per_hour
  FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
              %s::float8[], %s::float8[], %s::float8[], %s::float8[], %s::float8[], %s::float8[])
       AS wanted (tag, asset, role, name, unit, kind, resolution, low, high, rollover, jitter,
                  max_per_hour)
  LEFT JOIN asset ON asset.tag = wanted.asset
    ON CONFLICT (tag) DO UPDATE
   SET name = excluded.name, unit = excluded.unit, kind = excluded.kind,
       resolution = excluded.resolution, low = excluded.low, high = excluded.high,
       rollover = excluded.rollover, jitter = excluded.jitter,
       max_per_hour = excluded.max_per_hour, retired_at = NULL
"""

RETIRE_POINTS = """
UPDATE point SET retired_at = now() WHERE tag = ANY(%s) AND retired_at IS NULL
"""

NOTIFY_REGISTER = "SELECT pg_notify('register', '')"

_COLUMNS = tuple(field.name for field in fields(PointDefinition))


async def stored_points(connection: Connection) -> dict[str, Stored[PointDefinition]]:
    """Every point by tag, the retired ones too."""
    cursor = await connection.execute(STORED_POINTS)
    return {
        tag: Stored(PointDefinition(tag, asset, role, name, unit, PointKind(kind), *rest), retired)
        for tag, asset, role, name, unit, kind, *rest, retired in await cursor.fetchall()
    }


async def write_points(connection: Connection, points: Sequence[PointDefinition]) -> None:
    """Make or change points, reviving retired ones."""
    columns = [[getattr(point, name) for point in points] for name in _COLUMNS]
    await connection.execute(UPSERT_POINTS, columns)


async def retire_points(connection: Connection, tags: Sequence[str]) -> None:
    """Retire points; their tags are unknown from now on."""
    await connection.execute(RETIRE_POINTS, [list(tags)])


async def notify_register(connection: Connection) -> None:
    """Tell those who keep the points in memory to read them again."""
    await connection.execute(NOTIFY_REGISTER)
