"""The points of a site with their newest readings."""

from dataclasses import dataclass

import numpy as np

from config.database import Connection
from ingest.history.latest import Latest, latest
from ingest.history.packed import fetch_columns

# One row in all: tags joined by the unit separator, which no tag has.
SELECT_SITE_POINTS = """
SELECT coalesce(string_agg(int4send(p.id), '' ORDER BY p.tag COLLATE "C"), ''),
       coalesce(string_agg(p.tag, chr(31) ORDER BY p.tag COLLATE "C"), '')
FROM point p JOIN asset a ON a.id = p.asset_id JOIN site s ON s.id = a.site_id
WHERE p.retired_at IS NULL AND (%s::text IS NULL OR s.code = %s)
"""


@dataclass(frozen=True, slots=True)
class SiteReading:
    """A point and its newest reading, if it has one."""

    tag: str
    reading: Latest | None


async def site_latest(connection: Connection, site: str | None) -> list[SiteReading]:
    """Every point of a site, or of all, by tag; those without a reading too."""
    packed, tags = await fetch_columns(connection, SELECT_SITE_POINTS, [site, site])
    ids = np.frombuffer(packed, ">i4").tolist()
    found = await latest(connection, ids)
    names = str(tags).split("\x1f") if ids else []
    return [SiteReading(tag, found.get(point)) for tag, point in zip(names, ids, strict=True)]
