"""Reads annunciations: what was put before people in a period, and what reached into it."""

from datetime import datetime

from psycopg.rows import TupleRow

from conditions.alarm_performance import Annunciation
from conditions.event import Severity
from config.clock import to_us
from config.database import Connection

# What was acknowledged before there was an audit trail has its acknowledgement with the event.
SELECT_ANNUNCIATIONS = """
WITH wanted AS (
    SELECT id, event_id, severity, at FROM condition_outbox
    WHERE kind = 'raised' AND annunciated AND at >= %(start)s AND at < %(end)s
    UNION ALL
    (SELECT DISTINCT ON (o.event_id) o.id, o.event_id, o.severity, o.at
     FROM condition_event e JOIN condition_outbox o ON o.event_id = e.id
     WHERE o.kind = 'raised' AND o.annunciated AND o.at < %(start)s
       AND (e.state = 'active' OR e.cleared_at > %(start)s)
     ORDER BY o.event_id, o.id DESC)
)
SELECT w.event_id, a.tag, e.rule, w.severity, w.at, e.raised_at, e.cleared_at,
       coalesce((SELECT min(c.at) FROM alarm_change c
                 WHERE c.event_id = w.event_id AND c.action = 'acknowledge' AND c.at >= w.at),
                e.acknowledged_at)
FROM wanted w
JOIN condition_event e ON e.id = w.event_id
JOIN asset a ON a.id = e.asset_id
WHERE %(below)s::text IS NULL OR e.asset_id IN (
    WITH RECURSIVE part AS (
        SELECT id FROM asset WHERE tag = %(below)s
        UNION
        SELECT child.id FROM asset child JOIN part ON child.parent_id = part.id
    )
    SELECT id FROM part)
ORDER BY w.at, w.id
LIMIT %(limit)s
"""


async def annunciations(
    connection: Connection,
    start: datetime,
    end: datetime,
    *,
    below: str | None = None,
    limit: int = 200_000,
) -> list[Annunciation]:
    """Up to `limit` annunciations in [start, end), and one of each event that was active then."""
    given = {"start": start, "end": end, "below": below, "limit": limit}
    cursor = await connection.execute(SELECT_ANNUNCIATIONS, given)
    return [_annunciation(row) for row in await cursor.fetchall()]


def _annunciation(row: TupleRow) -> Annunciation:
    event_id, asset, rule, severity, *times = row
    at, raised, cleared, acknowledged = (None if one is None else to_us(one) for one in times)
    return Annunciation(
        event_id, asset, rule, Severity(severity), at or 0, raised or 0, cleared, acknowledged
    )
