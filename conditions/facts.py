"""Reads what silences events: shelves, outages, suppressions, and where assets stand."""

from collections.abc import Collection, Mapping
from datetime import datetime

from psycopg.rows import TupleRow

from conditions.silence import Cause, Facts, Hours, Outage, Place, Shelf, Suppression
from config.database import Connection

SELECT_SHELVES_IN_FORCE = """
SELECT s.id, s.asset_id, s.rule, CASE WHEN s.one_shot THEN e.key END, s.reason
FROM alarm_shelf s JOIN condition_event e ON e.id = s.event_id
WHERE s.ended_at IS NULL AND s.until > %s
ORDER BY s.id
"""

SELECT_OUTAGES_IN_FORCE = """
SELECT id, asset_id, rule, reason FROM alarm_outage WHERE ended_at IS NULL ORDER BY id
"""

SELECT_SUPPRESSIONS_IN_FORCE = """
SELECT id, asset_id, rule, cause, reason, parent_rule, states, weekdays, starts, ends
FROM alarm_suppression WHERE ended_at IS NULL ORDER BY id
"""

# Some assets with all that is above them; a circle in the register ends where it closes.
SELECT_PLACES = """
WITH RECURSIVE line AS (
    SELECT id, parent_id FROM asset WHERE id = ANY(%s)
    UNION
    SELECT above.id, above.parent_id FROM asset above JOIN line ON above.id = line.parent_id
)
SELECT asset.id, asset.tag, asset.parent_id, asset.operating_state, site.time_zone
FROM line JOIN asset ON asset.id = line.id JOIN site ON site.id = asset.site_id
"""

SELECT_ACTIVE_ALARMS = """
SELECT DISTINCT asset_id, rule FROM condition_event
WHERE state = 'active' AND asset_id = ANY(%s) AND NOT 'out_of_service' = ANY(silenced)
"""


async def load_facts(connection: Connection, asset_ids: Collection[int], *, now: datetime) -> Facts:
    """What decides about events of some assets at a moment."""
    shelves = await connection.execute(SELECT_SHELVES_IN_FORCE, [now])
    outages = await connection.execute(SELECT_OUTAGES_IN_FORCE)
    given = await connection.execute(SELECT_SUPPRESSIONS_IN_FORCE)
    suppressions = [_suppression(row) for row in await given.fetchall()]
    places = await load_places(connection, asset_ids)
    on_parents = any(one.cause is Cause.PARENT_EVENT for one in suppressions)
    return Facts(
        shelves=[Shelf(*row) for row in await shelves.fetchall()],
        outages=[Outage(*row) for row in await outages.fetchall()],
        suppressions=suppressions,
        places=places,
        active=await _active(connection, places) if on_parents else frozenset(),
    )


async def load_places(connection: Connection, asset_ids: Collection[int]) -> dict[int, Place]:
    """Where some assets and those above them stand, by id."""
    cursor = await connection.execute(SELECT_PLACES, [list(asset_ids)])
    return {row[0]: Place(*row[1:]) for row in await cursor.fetchall()}


async def _active(
    connection: Connection, places: Mapping[int, Place]
) -> frozenset[tuple[int, str]]:
    cursor = await connection.execute(SELECT_ACTIVE_ALARMS, [list(places)])
    return frozenset((asset_id, rule) for asset_id, rule in await cursor.fetchall())


def _suppression(row: TupleRow) -> Suppression:
    number, asset_id, rule, cause, reason, parent_rule, states, weekdays, starts, ends = row
    return Suppression(
        id=number,
        asset_id=asset_id,
        rule=rule,
        cause=Cause(cause),
        reason=reason,
        parent_rule=parent_rule,
        states=frozenset(states or ()),
        hours=Hours(frozenset(weekdays), starts, ends) if weekdays is not None else None,
    )
