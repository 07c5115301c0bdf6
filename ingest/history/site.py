"""The points of a site with their newest readings."""

from dataclasses import dataclass

from config.database import Connection
from ingest.history.latest import Latest, latest

SELECT_SITE_POINTS = """
SELECT p.id, p.tag
FROM point p JOIN asset a ON a.id = p.asset_id JOIN site s ON s.id = a.site_id
WHERE p.retired_at IS NULL AND (%s::text IS NULL OR s.code = %s)
ORDER BY p.tag COLLATE "C"
"""


@dataclass(frozen=True, slots=True)
class SiteReading:
    """A point and its newest reading, if it has one."""

    tag: str
    reading: Latest | None


async def site_latest(connection: Connection, site: str | None) -> list[SiteReading]:
    """Every point of a site, or of all, by tag; those without a reading too."""
    cursor = connection.cursor(binary=True)
    await cursor.execute(SELECT_SITE_POINTS, [site, site])
    points = await cursor.fetchall()
    found = await latest(connection, [point_id for point_id, _ in points])
    return [SiteReading(tag, found.get(point_id)) for point_id, tag in points]
