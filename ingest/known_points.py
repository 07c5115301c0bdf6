"""The points that this process knows: those of the register, read again when it changes."""

from typing import TYPE_CHECKING

from config.database import Connection, fetch_one
from ingest.points import load_points
from ingest.unknown import bind_unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.point import Point

# Changes with every row that is written or removed; cheap enough to ask every few seconds.
SELECT_POINTS_VERSION = """
SELECT count(*), coalesce(sum(xmin::text::bigint), 0), EXISTS (
    SELECT FROM unknown_tag u JOIN point p ON p.tag = u.tag AND p.retired_at IS NULL
)
FROM point
"""


class KnownPoints:
    """Points by tag. The mapping is never changed, only replaced: the same object, the same points."""

    def __init__(self) -> None:
        self.by_tag: Mapping[str, Point] = {}
        self._version: tuple[int, int] | None = None

    async def refresh(self, connection: Connection) -> bool:
        """Read the points again if the register has changed, and bind what was kept for new ones.

        Readings that were kept while the change was on its way are bound at the next call.
        """
        row = await fetch_one(connection, SELECT_POINTS_VERSION)
        assert row is not None  # noqa: S101 - an aggregate without GROUP BY always gives a row
        version, bindable = (int(row[0]), int(row[1])), bool(row[2])
        if bindable:
            async with connection.transaction():
                await bind_unknown(connection)
        if version == self._version and not bindable:
            return False
        points = await load_points(connection)
        self.by_tag = {point.tag: point for point in points}
        self._version = version
        return True
