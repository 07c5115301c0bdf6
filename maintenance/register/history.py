"""Reads of an asset's history: where it stood and how it was, then and since when, and who did it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

from config.database import Connection, fetch_one
from maintenance.register.asset import Criticality, OperatingState

PLACEMENTS = """
SELECT site.code, location.code, parent.tag, h.since, h.until, h.actor, h.reason
  FROM asset_placement h
  JOIN site ON site.id = h.site_id
  LEFT JOIN location ON location.id = h.location_id
  LEFT JOIN asset AS parent ON parent.id = h.parent_id
 WHERE h.asset_id = %s
 ORDER BY h.since DESC
"""

STATES = """
SELECT state, since, until, actor, reason FROM asset_state
 WHERE asset_id = %(asset_id)s
   AND (%(start)s::timestamptz IS NULL OR coalesce(until, 'infinity') > %(start)s)
   AND (%(end)s::timestamptz IS NULL OR since < %(end)s)
 ORDER BY since DESC
 LIMIT %(limit)s
"""

CRITICALITIES = """
SELECT criticality, since, until, actor, reason FROM asset_criticality
 WHERE asset_id = %s ORDER BY since DESC
"""

CHANGES: Final[LiteralString] = """
SELECT id, version, action, fields, actor, reason, at FROM asset_change
 WHERE asset_id = %(asset_id)s AND (%(after)s::bigint IS NULL OR id < %(after)s)
 ORDER BY id DESC LIMIT %(limit)s
"""

AS_OF = """
SELECT site.code, location.code, parent.tag, c.criticality, s.state
  FROM asset_placement p
  JOIN site ON site.id = p.site_id
  LEFT JOIN location ON location.id = p.location_id
  LEFT JOIN asset AS parent ON parent.id = p.parent_id
  LEFT JOIN asset_criticality c ON c.asset_id = p.asset_id
       AND c.since <= %(at)s AND (c.until IS NULL OR c.until > %(at)s)
  LEFT JOIN asset_state s ON s.asset_id = p.asset_id
       AND s.since <= %(at)s AND (s.until IS NULL OR s.until > %(at)s)
 WHERE p.asset_id = %(asset_id)s
   AND p.since <= %(at)s AND (p.until IS NULL OR p.until > %(at)s)
"""

PARTS_AS_OF = """
SELECT asset.tag
  FROM asset_placement p
  JOIN asset ON asset.id = p.asset_id
 WHERE p.parent_id = %(asset_id)s
   AND p.since <= %(at)s AND (p.until IS NULL OR p.until > %(at)s)
   AND (asset.retired_at IS NULL OR asset.retired_at > %(at)s)
 ORDER BY asset.tag
"""


@dataclass(frozen=True, slots=True)
class PlacementSegment:
    """Where an asset stood from `since` until before `until`; None: it stands there still."""

    site: str
    location: str | None
    parent: str | None
    since: datetime
    until: datetime | None
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class StateSegment:
    """The operating state that an asset was in from `since` until before `until`."""

    state: OperatingState
    since: datetime
    until: datetime | None
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class CriticalitySegment:
    """How much depended on an asset from `since` until before `until`, and why."""

    criticality: Criticality
    since: datetime
    until: datetime | None
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class AssetChange:
    """One row of the audit trail; `fields` have a name, and the old and the new value."""

    id: int
    version: int
    action: str
    fields: Sequence[dict[str, Any]]
    actor: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AssetThen:
    """An asset as it was at a moment."""

    site: str
    location: str | None
    parent: str | None
    criticality: Criticality | None
    operating_state: OperatingState | None
    parts: Sequence[str]


async def placements_of(connection: Connection, asset_id: int) -> list[PlacementSegment]:
    """Where an asset stood, latest first."""
    cursor = await connection.execute(PLACEMENTS, [asset_id])
    return [PlacementSegment(*row) for row in await cursor.fetchall()]


async def states_of(
    connection: Connection,
    asset_id: int,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    limit: int = 100,
) -> list[StateSegment]:
    """An asset's segments of operating state that touch `[start, end)`, whole, latest first."""
    given = {"asset_id": asset_id, "start": start, "end": end, "limit": limit}
    cursor = await connection.execute(STATES, given)
    return [StateSegment(OperatingState(state), *rest) for state, *rest in await cursor.fetchall()]


async def criticalities_of(connection: Connection, asset_id: int) -> list[CriticalitySegment]:
    """How critical an asset was, latest first."""
    cursor = await connection.execute(CRITICALITIES, [asset_id])
    return [CriticalitySegment(Criticality(each), *rest) for each, *rest in await cursor.fetchall()]


async def changes_of_asset(
    connection: Connection, asset_id: int, *, after: int | None = None, limit: int = 100
) -> list[AssetChange]:
    """An asset's audit trail, latest first; `after` is the id of the last one that you have."""
    given = {"asset_id": asset_id, "after": after, "limit": limit}
    cursor = await connection.execute(CHANGES, given)
    return [AssetChange(*row) for row in await cursor.fetchall()]


async def asset_at(connection: Connection, asset_id: int, at: datetime) -> AssetThen | None:
    """An asset as it was at a moment; None: it was not in the register then."""
    given = {"asset_id": asset_id, "at": at}
    row = await fetch_one(connection, AS_OF, given)
    if row is None:
        return None
    site, location, parent, criticality, state = row
    parts = await (await connection.execute(PARTS_AS_OF, given)).fetchall()
    return AssetThen(
        site=site,
        location=location,
        parent=parent,
        criticality=Criticality(criticality) if criticality else None,
        operating_state=OperatingState(state) if state else None,
        parts=[tag for (tag,) in parts],
    )
