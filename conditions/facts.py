"""Reads what silences events: shelves, outages, suppressions, and where assets stand."""

from collections.abc import Collection, Mapping
from datetime import datetime
from itertools import chain

from psycopg.rows import TupleRow

from conditions.rule_shape import SuppressionShape
from conditions.silence import Facts, Outage, Place, Shelf, Standing
from conditions.suppression import DateWindow, Suppression, SuppressionKind, WeeklyWindow
from conditions.suppression_file import read_suppression
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
SELECT id, asset_id, rule, reason, kind, parent_rule, states, weekdays, starts, ends,
       first_day, last_day
FROM alarm_suppression WHERE ended_at IS NULL ORDER BY id
"""

SELECT_SUPPRESSIONS_OF_RULES = """
SELECT rule, definition #> '{rules,0,suppress}' FROM rule_version
WHERE state = 'active' AND rule = ANY(%s) AND jsonb_array_length(
    CASE jsonb_typeof(definition #> '{rules,0,suppress}')
        WHEN 'array' THEN definition #> '{rules,0,suppress}' ELSE '[]' END
) > 0
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


async def load_facts(
    connection: Connection, alarms: Collection[tuple[int, str]], *, now: datetime
) -> Facts:
    """What decides about some alarms, each an asset's id and a rule, at a moment."""
    shelves = await connection.execute(SELECT_SHELVES_IN_FORCE, [now])
    outages = await connection.execute(SELECT_OUTAGES_IN_FORCE)
    given = await connection.execute(SELECT_SUPPRESSIONS_IN_FORCE)
    standing = [_standing(row) for row in await given.fetchall()]
    of_rule = await _of_rules(connection, {rule for _, rule in alarms})
    places = await load_places(connection, {asset_id for asset_id, _ in alarms})
    everything = chain((one.what for one in standing), *of_rule.values())
    on_parents = any(one.kind is SuppressionKind.PARENT for one in everything)
    return Facts(
        shelves=[Shelf(*row) for row in await shelves.fetchall()],
        outages=[Outage(*row) for row in await outages.fetchall()],
        standing=standing,
        of_rule=of_rule,
        places=places,
        active=await _active(connection, places) if on_parents else frozenset(),
    )


async def load_places(connection: Connection, asset_ids: Collection[int]) -> dict[int, Place]:
    """Where some assets and those above them stand, by id."""
    cursor = await connection.execute(SELECT_PLACES, [list(asset_ids)])
    return {row[0]: Place(*row[1:]) for row in await cursor.fetchall()}


async def _of_rules(connection: Connection, rules: Collection[str]) -> dict[str, list[Suppression]]:
    cursor = await connection.execute(SELECT_SUPPRESSIONS_OF_RULES, [list(rules)])
    return {
        rule: [read_suppression(SuppressionShape.model_validate(one)) for one in said]
        for rule, said in await cursor.fetchall()
    }


async def _active(
    connection: Connection, places: Mapping[int, Place]
) -> frozenset[tuple[int, str]]:
    cursor = await connection.execute(SELECT_ACTIVE_ALARMS, [list(places)])
    return frozenset((asset_id, rule) for asset_id, rule in await cursor.fetchall())


def _standing(row: TupleRow) -> Standing:
    number, asset_id, rule, reason, kind, parent_rule, states, *times = row
    weekdays, starts, ends, first, last = times
    window: WeeklyWindow | DateWindow | None = None
    if weekdays is not None:
        window = WeeklyWindow(frozenset(weekdays), starts, ends)
    elif first is not None:
        window = DateWindow(first, last)
    what = Suppression(SuppressionKind(kind), parent_rule or "", frozenset(states or ()), window)
    return Standing(number, asset_id, rule, what, reason)
