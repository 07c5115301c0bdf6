"""Reads of the asset register; what is retired is left out of every list."""

from psycopg.rows import TupleRow

from config.database import Connection, fetch_one
from maintenance.register.asset import (
    Asset,
    AssetClass,
    Criticality,
    Location,
    LocationLevel,
    OperatingState,
    Site,
)
from maintenance.register.role_json import roles_from_json

SITES = """
SELECT code, name, time_zone FROM site WHERE retired_at IS NULL ORDER BY code
"""

LOCATIONS = """
SELECT site.code, location.code, location.name, location.level, parent.code
  FROM location
  JOIN site ON site.id = location.site_id
  LEFT JOIN location AS parent ON parent.id = location.parent_id
 WHERE location.retired_at IS NULL
   AND (%(site)s::text IS NULL OR site.code = %(site)s)
 ORDER BY site.code, location.code
"""

ASSET_CLASSES = """
SELECT code, name, roles FROM asset_class WHERE retired_at IS NULL ORDER BY code
"""

ASSETS = """
SELECT asset.id, asset.tag, asset.name, class.code, site.code, location.code, parent.tag,
       asset.criticality, asset.operating_state, asset.version, asset.retired_at
  FROM asset
  JOIN asset_class AS class ON class.id = asset.class_id
  JOIN site ON site.id = asset.site_id
  LEFT JOIN location ON location.id = asset.location_id
  LEFT JOIN asset AS parent ON parent.id = asset.parent_id
 WHERE asset.retired_at IS NULL
   AND asset.tag > %(after)s
   AND (%(site)s::text IS NULL OR site.code = %(site)s)
   AND (%(asset_class)s::text IS NULL OR class.code = %(asset_class)s)
   AND (%(parent)s::text IS NULL OR parent.tag = %(parent)s)
 ORDER BY asset.tag
 LIMIT %(limit)s
"""

ASSET = """
SELECT asset.id, asset.tag, asset.name, class.code, site.code, location.code, parent.tag,
       asset.criticality, asset.operating_state, asset.version, asset.retired_at
  FROM asset
  JOIN asset_class AS class ON class.id = asset.class_id
  JOIN site ON site.id = asset.site_id
  LEFT JOIN location ON location.id = asset.location_id
  LEFT JOIN asset AS parent ON parent.id = asset.parent_id
 WHERE asset.tag = %s
"""

CHILDREN = """
SELECT asset.id, asset.tag, asset.name, class.code, site.code, location.code, parent.tag,
       asset.criticality, asset.operating_state, asset.version, asset.retired_at
  FROM asset
  JOIN asset_class AS class ON class.id = asset.class_id
  JOIN site ON site.id = asset.site_id
  LEFT JOIN location ON location.id = asset.location_id
  JOIN asset AS parent ON parent.id = asset.parent_id
 WHERE asset.retired_at IS NULL AND parent.tag = %s
 ORDER BY asset.tag
"""


async def list_sites(connection: Connection) -> list[Site]:
    """Every site, by code."""
    cursor = await connection.execute(SITES)
    return [Site(*row) for row in await cursor.fetchall()]


async def list_locations(connection: Connection, *, site: str | None = None) -> list[Location]:
    """Every location, or those of one site, by site and code."""
    cursor = await connection.execute(LOCATIONS, {"site": site})
    return [
        Location(site_code, code, name, LocationLevel(level), parent)
        for site_code, code, name, level, parent in await cursor.fetchall()
    ]


async def list_asset_classes(connection: Connection) -> list[AssetClass]:
    """Every asset class with its roles, by code."""
    cursor = await connection.execute(ASSET_CLASSES)
    return [
        AssetClass(code, name, roles_from_json(roles))
        for code, name, roles in await cursor.fetchall()
    ]


async def list_assets(
    connection: Connection,
    *,
    site: str | None = None,
    asset_class: str | None = None,
    parent: str | None = None,
    after: str = "",
    limit: int = 100,
) -> list[Asset]:
    """Up to `limit` assets with a tag greater than `after`, by tag; each filter may be left out."""
    cursor = await connection.execute(
        ASSETS,
        {
            "site": site,
            "asset_class": asset_class,
            "parent": parent,
            "after": after,
            "limit": limit,
        },
    )
    return [_asset(row) for row in await cursor.fetchall()]


async def get_asset(connection: Connection, tag: str) -> Asset | None:
    """The asset of a tag, a retired one too (see `retired_at`), or None."""
    row = await fetch_one(connection, ASSET, [tag])
    return _asset(row) if row else None


async def children(connection: Connection, tag: str) -> list[Asset]:
    """The assets directly below one, by tag."""
    cursor = await connection.execute(CHILDREN, [tag])
    return [_asset(row) for row in await cursor.fetchall()]


def _asset(row: TupleRow) -> Asset:
    identity, tag, name, asset_class, site, location, parent, criticality, state, *life = row
    version, retired_at = life
    return Asset(
        id=identity,
        tag=tag,
        name=name,
        asset_class=asset_class,
        site=site,
        location=location,
        parent=parent,
        criticality=Criticality(criticality),
        operating_state=OperatingState(state),
        version=version,
        retired_at=retired_at,
    )
