"""Writes of an asset's history: segments of placement, state and criticality, and the audit trail.

Before a change, `begin_history` opens what is not kept yet; after it, `keep_history` closes the
segments that are no longer so and opens those that are. Both compare, so doing it twice is harmless.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

from psycopg.types.json import Jsonb

from config.database import Connection
from config.difference import FieldChange
from maintenance.register.asset import By

# Of two changes at one instant the later one stands: a segment without length is taken away.
DROP_EMPTY_PLACEMENTS = """
DELETE FROM asset_placement h USING asset a
 WHERE a.id = h.asset_id AND a.tag = ANY(%(tags)s) AND h.until IS NULL AND h.since >= %(at)s
   AND (h.site_id, h.location_id, h.parent_id) IS DISTINCT FROM (a.site_id, a.location_id, a.parent_id)
"""

CLOSE_PLACEMENTS = """
UPDATE asset_placement h SET until = %(at)s FROM asset a
 WHERE a.id = h.asset_id AND a.tag = ANY(%(tags)s) AND h.until IS NULL
   AND (h.site_id, h.location_id, h.parent_id) IS DISTINCT FROM (a.site_id, a.location_id, a.parent_id)
"""

OPEN_PLACEMENTS = """
INSERT INTO asset_placement (asset_id, site_id, location_id, parent_id, since, actor, reason)
SELECT a.id, a.site_id, a.location_id, a.parent_id,
       coalesce((SELECT greatest(max(h.until), %(at)s) FROM asset_placement h
                  WHERE h.asset_id = a.id HAVING max(h.until) IS NOT NULL), a.created_at),
       %(actor)s, %(reason)s
  FROM asset a
 WHERE a.tag = ANY(%(tags)s)
   AND NOT EXISTS (SELECT FROM asset_placement h WHERE h.asset_id = a.id AND h.until IS NULL)
"""

DROP_EMPTY_STATES = """
DELETE FROM asset_state h USING asset a
 WHERE a.id = h.asset_id AND a.tag = ANY(%(tags)s) AND h.until IS NULL AND h.since >= %(at)s
   AND h.state <> a.operating_state
"""

CLOSE_STATES = """
UPDATE asset_state h SET until = %(at)s FROM asset a
 WHERE a.id = h.asset_id AND a.tag = ANY(%(tags)s) AND h.until IS NULL
   AND h.state <> a.operating_state
"""

OPEN_STATES = """
INSERT INTO asset_state (asset_id, state, since, actor, reason)
SELECT a.id, a.operating_state,
       coalesce((SELECT greatest(max(h.until), %(at)s) FROM asset_state h
                  WHERE h.asset_id = a.id HAVING max(h.until) IS NOT NULL), a.created_at),
       %(actor)s, %(reason)s
  FROM asset a
 WHERE a.tag = ANY(%(tags)s)
   AND NOT EXISTS (SELECT FROM asset_state h WHERE h.asset_id = a.id AND h.until IS NULL)
"""

DROP_EMPTY_CRITICALITIES = """
DELETE FROM asset_criticality h USING asset a
 WHERE a.id = h.asset_id AND a.tag = ANY(%(tags)s) AND h.until IS NULL AND h.since >= %(at)s
   AND h.criticality <> a.criticality
"""

CLOSE_CRITICALITIES = """
UPDATE asset_criticality h SET until = %(at)s FROM asset a
 WHERE a.id = h.asset_id AND a.tag = ANY(%(tags)s) AND h.until IS NULL
   AND h.criticality <> a.criticality
"""

OPEN_CRITICALITIES = """
INSERT INTO asset_criticality (asset_id, criticality, since, actor, reason)
SELECT a.id, a.criticality,
       coalesce((SELECT greatest(max(h.until), %(at)s) FROM asset_criticality h
                  WHERE h.asset_id = a.id HAVING max(h.until) IS NOT NULL), a.created_at),
       %(actor)s, %(reason)s
  FROM asset a
 WHERE a.tag = ANY(%(tags)s)
   AND NOT EXISTS (SELECT FROM asset_criticality h WHERE h.asset_id = a.id AND h.until IS NULL)
"""

RECORD = """
INSERT INTO asset_change (asset_id, version, action, fields, actor, reason, at)
SELECT a.id, a.version, made.action, made.fields, %(actor)s, %(reason)s, %(at)s
  FROM unnest(%(tag)s::text[], %(action)s::text[], %(fields)s::jsonb[])
       AS made (tag, action, fields)
  JOIN asset a ON a.tag = made.tag
"""

_OPEN: Final[tuple[LiteralString, ...]] = (OPEN_PLACEMENTS, OPEN_STATES, OPEN_CRITICALITIES)
_KEEP: Final[tuple[tuple[LiteralString, ...], ...]] = (
    (DROP_EMPTY_PLACEMENTS, DROP_EMPTY_STATES, DROP_EMPTY_CRITICALITIES),
    (CLOSE_PLACEMENTS, CLOSE_STATES, CLOSE_CRITICALITIES),
    _OPEN,
)


@dataclass(frozen=True, slots=True)
class Made:
    """What was done to an asset: `action`, and each field that has another value since."""

    tag: str
    action: str
    fields: Sequence[FieldChange] = ()


async def begin_history(connection: Connection, tags: Sequence[str], at: datetime) -> None:
    """Open the segments of assets that have none, as they are before they are changed."""
    given = {"tags": list(tags), "at": at, "actor": "", "reason": ""}
    for statement in _OPEN:
        await connection.execute(statement, given)


async def keep_history(connection: Connection, tags: Sequence[str], by: By) -> None:
    """Bring the segments of assets in line with what the assets are now."""
    given = {"tags": list(tags), "at": by.at, "actor": by.actor, "reason": by.reason}
    for statements in _KEEP:
        for statement in statements:
            await connection.execute(statement, given)


async def record(connection: Connection, made: Sequence[Made], by: By) -> None:
    """Write what was done into the audit trail."""
    given = {
        "tag": [each.tag for each in made],
        "action": [each.action for each in made],
        "fields": [Jsonb([_told(field) for field in each.fields]) for each in made],
        "actor": by.actor,
        "reason": by.reason,
        "at": by.at,
    }
    await connection.execute(RECORD, given)


def _told(field: FieldChange) -> dict[str, Any]:
    return {"name": field.name, "old": _plain(field.old), "new": _plain(field.new)}


def _plain(value: object) -> object:
    """A value as JSON has it; what is no single value is told in words."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)
