"""The time zone that a point's days are counted in: that of its site."""

from zoneinfo import ZoneInfo

from config.database import Connection, fetch_one

SELECT_ZONE = """
SELECT s.time_zone
FROM point p JOIN asset a ON a.id = p.asset_id JOIN site s ON s.id = a.site_id
WHERE p.id = %s
"""


async def zone_of(connection: Connection, point_id: int) -> ZoneInfo:
    """The time zone of a point's site."""
    row = await fetch_one(connection, SELECT_ZONE, [point_id])
    return ZoneInfo(row[0] if row else "UTC")
