"""Writes of the register; what is gone is retired, its history stays."""

from collections.abc import Sequence

from psycopg.types.json import Jsonb

from config.database import Connection
from config.difference import Stored
from maintenance.register.asset import (
    AssetClass,
    AssetDefinition,
    Criticality,
    Location,
    LocationLevel,
    Site,
)
from maintenance.register.role_json import roles_from_json, roles_to_json

STORED_SITES = "SELECT code, name, time_zone, retired_at IS NOT NULL FROM site"

UPSERT_SITES = """
INSERT INTO site (code, name, time_zone)
SELECT code, name, time_zone
  FROM unnest(%s::text[], %s::text[], %s::text[]) AS wanted (code, name, time_zone)
    ON CONFLICT (code) DO UPDATE
   SET name = excluded.name, time_zone = excluded.time_zone, retired_at = NULL
"""

RETIRE_SITES = "UPDATE site SET retired_at = now() WHERE code = ANY(%s) AND retired_at IS NULL"

STORED_LOCATIONS = """
SELECT site.code, location.code, location.name, location.level, parent.code,
       location.retired_at IS NOT NULL
  FROM location
  JOIN site ON site.id = location.site_id
  LEFT JOIN location AS parent ON parent.id = location.parent_id
"""

UPSERT_LOCATIONS = """
INSERT INTO location (site_id, code, name, level)
SELECT site.id, wanted.code, wanted.name, wanted.level
  FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]) AS wanted (site, code, name, level)
  LEFT JOIN site ON site.code = wanted.site
    ON CONFLICT (site_id, code) DO UPDATE
   SET name = excluded.name, level = excluded.level, retired_at = NULL
"""

# A second step, since a parent may have been made by the first.
SET_LOCATION_PARENTS = """
UPDATE location
   SET parent_id = parent.id
  FROM unnest(%s::text[], %s::text[], %s::text[]) AS wanted (site, code, parent)
  JOIN site ON site.code = wanted.site
  LEFT JOIN location AS parent ON parent.site_id = site.id AND parent.code = wanted.parent
 WHERE location.site_id = site.id AND location.code = wanted.code
"""

RETIRE_LOCATIONS = """
UPDATE location SET retired_at = now()
  FROM site
 WHERE site.id = location.site_id AND site.code || '/' || location.code = ANY(%s)
   AND location.retired_at IS NULL
"""

STORED_ASSET_CLASSES = "SELECT code, name, roles, retired_at IS NOT NULL FROM asset_class"

UPSERT_ASSET_CLASSES = """
INSERT INTO asset_class (code, name, roles)
SELECT code, name, roles
  FROM unnest(%s::text[], %s::text[], %s::jsonb[]) AS wanted (code, name, roles)
    ON CONFLICT (code) DO UPDATE
   SET name = excluded.name, roles = excluded.roles, retired_at = NULL
"""

RETIRE_ASSET_CLASSES = """
UPDATE asset_class SET retired_at = now() WHERE code = ANY(%s) AND retired_at IS NULL
"""

STORED_ASSETS = """
SELECT asset.tag, asset.name, class.code, site.code, location.code, parent.tag, asset.criticality,
       asset.retired_at IS NOT NULL
  FROM asset
  JOIN asset_class AS class ON class.id = asset.class_id
  JOIN site ON site.id = asset.site_id
  LEFT JOIN location ON location.id = asset.location_id
  LEFT JOIN asset AS parent ON parent.id = asset.parent_id
"""

UPSERT_ASSETS = """
INSERT INTO asset (tag, name, class_id, site_id, location_id, criticality)
SELECT wanted.tag, wanted.name, class.id, site.id, location.id, wanted.criticality
  FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
       AS wanted (tag, name, class, site, location, criticality)
  LEFT JOIN asset_class AS class ON class.code = wanted.class
  LEFT JOIN site ON site.code = wanted.site
  LEFT JOIN location ON location.site_id = site.id AND location.code = wanted.location
    ON CONFLICT (tag) DO UPDATE
   SET name = excluded.name, class_id = excluded.class_id, site_id = excluded.site_id,
       location_id = excluded.location_id, criticality = excluded.criticality,
       version = asset.version + 1, updated_at = now(), retired_at = NULL
"""

SET_ASSET_PARENTS = """
UPDATE asset
   SET parent_id = parent.id
  FROM unnest(%s::text[], %s::text[]) AS wanted (tag, parent)
  LEFT JOIN asset AS parent ON parent.tag = wanted.parent
 WHERE asset.tag = wanted.tag AND asset.parent_id IS DISTINCT FROM parent.id
"""

RETIRE_ASSETS = """
UPDATE asset SET retired_at = now(), updated_at = now(), version = version + 1
 WHERE tag = ANY(%s) AND retired_at IS NULL
"""

NOTIFY_REGISTER = "SELECT pg_notify('register', '')"


async def stored_sites(connection: Connection) -> dict[str, Stored[Site]]:
    """Every site by code, the retired ones too."""
    cursor = await connection.execute(STORED_SITES)
    return {code: Stored(Site(code, *rest), gone) for code, *rest, gone in await cursor.fetchall()}


async def write_sites(connection: Connection, sites: Sequence[Site]) -> None:
    """Make, change or revive sites."""
    await connection.execute(UPSERT_SITES, _columns(sites, "code", "name", "time_zone"))


async def retire_sites(connection: Connection, codes: Sequence[str]) -> None:
    """Retire sites by code."""
    await connection.execute(RETIRE_SITES, [list(codes)])


async def stored_locations(connection: Connection) -> dict[str, Stored[Location]]:
    """Every location by `site/code`, the retired ones too."""
    cursor = await connection.execute(STORED_LOCATIONS)
    return {
        f"{site}/{code}": Stored(Location(site, code, name, LocationLevel(level), parent), gone)
        for site, code, name, level, parent, gone in await cursor.fetchall()
    }


async def write_locations(connection: Connection, locations: Sequence[Location]) -> None:
    """Make, change or revive locations, with their parents; the sites are there."""
    columns = _columns(locations, "site", "code", "name", "level")
    await connection.execute(UPSERT_LOCATIONS, columns)
    await connection.execute(SET_LOCATION_PARENTS, _columns(locations, "site", "code", "parent"))


async def retire_locations(connection: Connection, keys: Sequence[str]) -> None:
    """Retire locations by `site/code`."""
    await connection.execute(RETIRE_LOCATIONS, [list(keys)])


async def stored_asset_classes(connection: Connection) -> dict[str, Stored[AssetClass]]:
    """Every asset class by code, the retired ones too."""
    cursor = await connection.execute(STORED_ASSET_CLASSES)
    return {
        code: Stored(AssetClass(code, name, roles_from_json(roles)), gone)
        for code, name, roles, gone in await cursor.fetchall()
    }


async def write_asset_classes(connection: Connection, classes: Sequence[AssetClass]) -> None:
    """Make, change or revive asset classes."""
    roles = [Jsonb(roles_to_json(each.roles)) for each in classes]
    await connection.execute(UPSERT_ASSET_CLASSES, [*_columns(classes, "code", "name"), roles])


async def retire_asset_classes(connection: Connection, codes: Sequence[str]) -> None:
    """Retire asset classes by code."""
    await connection.execute(RETIRE_ASSET_CLASSES, [list(codes)])


async def stored_assets(connection: Connection) -> dict[str, Stored[AssetDefinition]]:
    """Every asset by tag, the retired ones too."""
    cursor = await connection.execute(STORED_ASSETS)
    return {
        tag: Stored(
            AssetDefinition(tag, name, code, site, location, parent, Criticality(criticality)), gone
        )
        for tag, name, code, site, location, parent, criticality, gone in await cursor.fetchall()
    }


async def write_assets(connection: Connection, assets: Sequence[AssetDefinition]) -> None:
    """Make, change or revive assets, with their parents; sites, locations and classes are there."""
    columns = _columns(assets, "tag", "name", "asset_class", "site", "location", "criticality")
    await connection.execute(UPSERT_ASSETS, columns)
    await connection.execute(SET_ASSET_PARENTS, _columns(assets, "tag", "parent"))


async def retire_assets(connection: Connection, tags: Sequence[str]) -> None:
    """Retire assets by tag."""
    await connection.execute(RETIRE_ASSETS, [list(tags)])


async def notify_register(connection: Connection) -> None:
    """Tell those who keep the register in memory to read it again."""
    await connection.execute(NOTIFY_REGISTER)


def _columns(rows: Sequence[object], *names: str) -> list[list[object]]:
    """Columns of rows, as `unnest` takes them; an enum goes as its text."""
    return [[_plain(getattr(row, name)) for row in rows] for name in names]


def _plain(value: object) -> object:
    return str(value) if isinstance(value, str) else value
