"""The points of a site with their newest readings, in columns: no object for each of thousands."""

from dataclasses import dataclass

import numpy as np

from config.database import Connection
from edge.reading import Float64s, Int64s
from ingest.history.buckets import Marks
from ingest.history.latest import MOST_LOOKS, Latest, exact_latest
from ingest.history.packed import fetch_columns, floats, short_integers, times

# One row in all: tags joined by the unit separator, which no tag has.
SELECT_SITE_LATEST = """
SELECT coalesce(string_agg(tag, chr(31)), ''),
       coalesce(string_agg(int4send(id), ''), ''),
       coalesce(string_agg(boolsend(ts IS NOT NULL), ''), ''),
       coalesce(string_agg(timestamptz_send(coalesce(ts, 'epoch')), ''), ''),
       coalesce(string_agg(float8send(coalesce(value, 'NaN')), ''), ''),
       coalesce(string_agg(int2send(coalesce(quality, 0::smallint)), ''), '')
FROM (
    SELECT p.tag, p.id, l.ts, l.value, l.quality
    FROM point p JOIN asset a ON a.id = p.asset_id JOIN site s ON s.id = a.site_id
    LEFT JOIN point_latest l ON l.point_id = p.id
    WHERE p.retired_at IS NULL AND (%s::text IS NULL OR s.code = %s)
    ORDER BY p.tag COLLATE "C"
) AS wanted
"""


@dataclass(frozen=True, slots=True, eq=False)
class SiteReadings:
    """Points by tag with their newest readings: `ts` in µs since 1970, NaN where there is no number.

    Only where `known` is true there is a reading.
    """

    tag: list[str]
    known: Marks
    ts: Int64s
    value: Float64s
    quality: Int64s


async def site_latest(connection: Connection, site: str | None) -> SiteReadings:
    """Every point of a site, or of all; up to 1,000 are exact, more are seconds behind."""
    tags, ids, known, ts, value, quality = await fetch_columns(
        connection, SELECT_SITE_LATEST, [site, site]
    )
    points = np.frombuffer(ids, ">i4").tolist()
    names = str(tags).split("\x1f") if points else []
    if len(points) <= MOST_LOOKS:
        found = await exact_latest(connection, points)
        return _of_rows(names, [found.get(point) for point in points])
    return SiteReadings(
        names, np.frombuffer(known, np.bool_), times(ts), floats(value), short_integers(quality)
    )


def _of_rows(tags: list[str], rows: list[Latest | None]) -> SiteReadings:
    known = [row is not None for row in rows]
    whole = [row or (0, None, 0) for row in rows]
    return SiteReadings(
        tags,
        np.array(known, np.bool_),
        np.array([ts for ts, _, _ in whole], np.int64),
        np.array([value for _, value, _ in whole], np.float64),
        np.array([quality for _, _, quality in whole], np.int64),
    )
