"""Writes of sites, locations and classes; what is gone is retired, its history stays."""

from collections.abc import Sequence

from psycopg.types.json import Jsonb

from config.database import Connection
from config.difference import Stored
from maintenance.register.asset import (
    AssetClass,
    KeptIn,
    Location,
    LocationLevel,
    Site,
)
from maintenance.register.json_content import attributes_to_json, roles_to_json
from maintenance.register.queries import asset_class_of_row

STORED_SITES = "SELECT code, name, time_zone, kept_in, retired_at IS NOT NULL FROM site"

UPSERT_SITES = """
INSERT INTO site (code, name, time_zone, kept_in)
SELECT code, name, time_zone, kept_in
  FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[])
       AS wanted (code, name, time_zone, kept_in)
    ON CONFLICT (code) DO UPDATE
   SET name = excluded.name, time_zone = excluded.time_zone, kept_in = excluded.kept_in,
       retired_at = NULL
"""

RETIRE_SITES = "UPDATE site SET retired_at = now() WHERE code = ANY(%s) AND retired_at IS NULL"

STORED_LOCATIONS = """
SELECT site.code, location.code, location.name, location.level, parent.code, location.kept_in,
       location.retired_at IS NOT NULL
  FROM location
  JOIN site ON site.id = location.site_id
  LEFT JOIN location AS parent ON parent.id = location.parent_id
"""

UPSERT_LOCATIONS = """
INSERT INTO location (site_id, code, name, level, kept_in)
SELECT site.id, wanted.code, wanted.name, wanted.level, wanted.kept_in
  FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
       AS wanted (site, code, name, level, kept_in)
  LEFT JOIN site ON site.code = wanted.site
    ON CONFLICT (site_id, code) DO UPDATE
   SET name = excluded.name, level = excluded.level, kept_in = excluded.kept_in, retired_at = NULL
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

STORED_ASSET_CLASSES = """
SELECT code, name, roles, equipment, attributes, failure_modes, kept_in, retired_at IS NOT NULL
  FROM asset_class
"""

UPSERT_ASSET_CLASSES = """
INSERT INTO asset_class (code, name, equipment, kept_in, roles, attributes, failure_modes)
SELECT code, name, equipment, kept_in, roles, attributes, failure_modes
  FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::jsonb[], %s::jsonb[], %s::jsonb[])
       AS wanted (code, name, equipment, kept_in, roles, attributes, failure_modes)
    ON CONFLICT (code) DO UPDATE
   SET name = excluded.name, equipment = excluded.equipment, kept_in = excluded.kept_in,
       roles = excluded.roles, attributes = excluded.attributes,
       failure_modes = excluded.failure_modes, retired_at = NULL
"""

RETIRE_ASSET_CLASSES = """
UPDATE asset_class SET retired_at = now() WHERE code = ANY(%s) AND retired_at IS NULL
"""

NOTIFY_REGISTER = "SELECT pg_notify('register', '')"


async def stored_sites(connection: Connection) -> dict[str, Stored[Site]]:
    """Every site by code, the retired ones too."""
    cursor = await connection.execute(STORED_SITES)
    return {
        code: Stored(Site(code, name, time_zone, KeptIn(kept_in)), gone)
        for code, name, time_zone, kept_in, gone in await cursor.fetchall()
    }


async def write_sites(connection: Connection, sites: Sequence[Site]) -> None:
    """Make, change or revive sites."""
    await connection.execute(UPSERT_SITES, columns(sites, "code", "name", "time_zone", "kept_in"))


async def retire_sites(connection: Connection, codes: Sequence[str]) -> None:
    """Retire sites by code."""
    await connection.execute(RETIRE_SITES, [list(codes)])


async def stored_locations(connection: Connection) -> dict[str, Stored[Location]]:
    """Every location by `site/code`, the retired ones too."""
    cursor = await connection.execute(STORED_LOCATIONS)
    return {
        f"{site}/{code}": Stored(
            Location(site, code, name, LocationLevel(level), parent, KeptIn(kept_in)), gone
        )
        for site, code, name, level, parent, kept_in, gone in await cursor.fetchall()
    }


async def write_locations(connection: Connection, locations: Sequence[Location]) -> None:
    """Make, change or revive locations, with their parents; the sites are there."""
    given = columns(locations, "site", "code", "name", "level", "kept_in")
    await connection.execute(UPSERT_LOCATIONS, given)
    await connection.execute(SET_LOCATION_PARENTS, columns(locations, "site", "code", "parent"))


async def retire_locations(connection: Connection, keys: Sequence[str]) -> None:
    """Retire locations by `site/code`."""
    await connection.execute(RETIRE_LOCATIONS, [list(keys)])


async def stored_asset_classes(connection: Connection) -> dict[str, Stored[AssetClass]]:
    """Every asset class by code, the retired ones too."""
    cursor = await connection.execute(STORED_ASSET_CLASSES)
    return {
        row[0]: Stored(asset_class_of_row(row[:-1]), row[-1]) for row in await cursor.fetchall()
    }


async def write_asset_classes(connection: Connection, classes: Sequence[AssetClass]) -> None:
    """Make, change or revive asset classes."""
    content = [
        [Jsonb(roles_to_json(each.roles)) for each in classes],
        [Jsonb(attributes_to_json(each.attributes)) for each in classes],
        [Jsonb(dict(each.failure_modes)) for each in classes],
    ]
    plain = columns(classes, "code", "name", "equipment", "kept_in")
    await connection.execute(UPSERT_ASSET_CLASSES, [*plain, *content])


async def retire_asset_classes(connection: Connection, codes: Sequence[str]) -> None:
    """Retire asset classes by code."""
    await connection.execute(RETIRE_ASSET_CLASSES, [list(codes)])


async def notify_register(connection: Connection) -> None:
    """Tell those who keep the register in memory to read it again."""
    await connection.execute(NOTIFY_REGISTER)


def columns(rows: Sequence[object], *names: str) -> list[list[object]]:
    """Columns of rows, as `unnest` takes them; an enum goes as its text."""
    return [[_plain(getattr(row, name)) for row in rows] for name in names]


def _plain(value: object) -> object:
    return str(value) if isinstance(value, str) else value
