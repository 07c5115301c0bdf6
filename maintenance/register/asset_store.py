"""Writes of assets, one or a hundred thousand alike, and the locks under them."""

from collections.abc import Sequence
from datetime import date, datetime

from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from config.database import Connection, fetch_one
from config.difference import Stored
from maintenance.register.asset import AssetDefinition, Criticality, KeptIn, Nameplate
from maintenance.register.store import columns
from maintenance.register.warranty_terms import WarrantyTerms

StoredAsset = Stored[AssetDefinition]

# "tree": whoever moves assets holds it to the end, so that two moves cannot close a ring together.
_TREE_LOCK = 0x74726565

LOCK_TREE = "SELECT pg_advisory_xact_lock(%s)"

STORED_ASSETS = """
SELECT asset.tag, asset.name, class.code, site.code, location.code, parent.tag, asset.criticality,
       asset.manufacturer, asset.model, asset.serial, asset.year, asset.attributes,
       asset.external_ids,
       coalesce((SELECT jsonb_agg(jsonb_build_array(vendor, starts_on, ends_on, terms) ORDER BY id)
                   FROM warranty
                  WHERE warranty.asset_id = asset.id AND warranty.kept_in = 'files'
                    AND withdrawn_at IS NULL), '[]'),
       asset.kept_in, asset.retired_at IS NOT NULL
  FROM asset
  JOIN asset_class AS class ON class.id = asset.class_id
  JOIN site ON site.id = asset.site_id
  LEFT JOIN location ON location.id = asset.location_id
  LEFT JOIN asset AS parent ON parent.id = asset.parent_id
"""

STORED_ASSETS_OF_TAGS = STORED_ASSETS + " WHERE asset.tag = ANY(%s)"

HOLD_ASSET = "SELECT id, version, retired_at IS NOT NULL FROM asset WHERE tag = %s FOR UPDATE"

UPSERT_ASSETS = """
INSERT INTO asset (tag, name, class_id, site_id, location_id, criticality, kept_in, manufacturer,
                   model, serial, year, attributes, external_ids, created_at, updated_at)
SELECT wanted.tag, wanted.name, class.id, site.id, location.id, wanted.criticality, wanted.kept_in,
       wanted.manufacturer, wanted.model, wanted.serial, wanted.year, wanted.attributes,
       wanted.external_ids, %(at)s, %(at)s
  FROM unnest(%(tag)s::text[], %(name)s::text[], %(class)s::text[], %(site)s::text[],
              %(location)s::text[], %(criticality)s::text[], %(kept_in)s::text[],
              %(manufacturer)s::text[], %(model)s::text[], %(serial)s::text[],
              %(year)s::smallint[], %(attributes)s::jsonb[], %(external_ids)s::jsonb[])
       AS wanted (tag, name, class, site, location, criticality, kept_in, manufacturer, model,
                  serial, year, attributes, external_ids)
  LEFT JOIN asset_class AS class ON class.code = wanted.class
  LEFT JOIN site ON site.code = wanted.site
  LEFT JOIN location ON location.site_id = site.id AND location.code = wanted.location
    ON CONFLICT (tag) DO UPDATE
   SET name = excluded.name, class_id = excluded.class_id, site_id = excluded.site_id,
       location_id = excluded.location_id, criticality = excluded.criticality,
       kept_in = excluded.kept_in, manufacturer = excluded.manufacturer, model = excluded.model,
       serial = excluded.serial, year = excluded.year, attributes = excluded.attributes,
       external_ids = excluded.external_ids, version = asset.version + 1,
       updated_at = excluded.updated_at, retired_at = NULL
"""

# A second step, since a parent may have been made by the first.
SET_ASSET_PARENTS = """
UPDATE asset
   SET parent_id = parent.id
  FROM unnest(%s::text[], %s::text[]) AS wanted (tag, parent)
  LEFT JOIN asset AS parent ON parent.tag = wanted.parent
 WHERE asset.tag = wanted.tag AND asset.parent_id IS DISTINCT FROM parent.id
"""

RETIRE_ASSETS = """
UPDATE asset SET retired_at = %(at)s, updated_at = %(at)s, version = version + 1
 WHERE tag = ANY(%(tags)s) AND retired_at IS NULL
"""

# Nobody waits for a retired asset to work again.
END_DOWNTIME_OF_RETIRED = """
UPDATE downtime d
   SET ended_at = greatest(%(at)s, d.started_at + interval '1 microsecond'), ended_by = %(actor)s
  FROM asset
 WHERE asset.id = d.asset_id AND asset.tag = ANY(%(tags)s)
   AND d.ended_at IS NULL AND d.withdrawn_at IS NULL
"""

SET_STATE = """
UPDATE asset SET operating_state = %(state)s, updated_at = %(at)s, version = version + 1
 WHERE id = %(id)s
"""

WITHDRAW_FILE_WARRANTIES = """
UPDATE warranty SET withdrawn_at = %(at)s
  FROM asset, unnest(%(tag)s::text[], %(wanted)s::jsonb[]) AS wanted (tag, terms)
 WHERE asset.tag = wanted.tag AND warranty.asset_id = asset.id AND warranty.kept_in = 'files'
   AND warranty.withdrawn_at IS NULL
   AND NOT wanted.terms @> jsonb_build_array(
       jsonb_build_array(warranty.vendor, warranty.starts_on, warranty.ends_on, warranty.terms))
"""

ADD_FILE_WARRANTIES = """
INSERT INTO warranty (asset_id, kept_in, vendor, starts_on, ends_on, terms, actor)
SELECT asset.id, 'files', each ->> 0, (each ->> 1)::date, (each ->> 2)::date, each ->> 3, %(actor)s
  FROM unnest(%(tag)s::text[], %(wanted)s::jsonb[]) AS wanted (tag, terms)
  JOIN asset ON asset.tag = wanted.tag
 CROSS JOIN jsonb_array_elements(wanted.terms) AS each
 WHERE NOT EXISTS (
       SELECT FROM warranty w
        WHERE w.asset_id = asset.id AND w.kept_in = 'files' AND w.withdrawn_at IS NULL
          AND jsonb_build_array(w.vendor, w.starts_on, w.ends_on, w.terms) = each
 )
"""

ADD_WARRANTY = """
INSERT INTO warranty (asset_id, vendor, starts_on, ends_on, terms, actor)
VALUES (%s, %s, %s, %s, %s, %s) RETURNING id
"""

WITHDRAW_WARRANTY = """
UPDATE warranty SET withdrawn_at = %s
 WHERE id = %s AND asset_id = %s AND withdrawn_at IS NULL AND kept_in = 'database'
RETURNING id
"""


async def lock_tree(connection: Connection) -> None:
    """Be the only one who moves assets until the transaction ends."""
    await connection.execute(LOCK_TREE, [_TREE_LOCK])


async def stored_assets(
    connection: Connection, tags: Sequence[str] | None = None
) -> dict[str, Stored[AssetDefinition]]:
    """Assets by tag, the retired ones too: every one, or those of some tags."""
    if tags is None:
        cursor = await connection.execute(STORED_ASSETS)
    else:
        cursor = await connection.execute(STORED_ASSETS_OF_TAGS, [list(tags)])
    return {row[0]: Stored(_definition(row), row[-1]) for row in await cursor.fetchall()}


async def hold_asset(connection: Connection, tag: str) -> tuple[int, int, bool] | None:
    """Hold an asset until the transaction ends; its id and version, and whether it is retired."""
    row = await fetch_one(connection, HOLD_ASSET, [tag])
    return (row[0], row[1], row[2]) if row else None


async def write_assets(
    connection: Connection, assets: Sequence[AssetDefinition], *, actor: str, at: datetime
) -> None:
    """Make, change or revive assets, with their parents; sites, locations and classes are there."""
    await connection.execute(UPSERT_ASSETS, {**_asset_columns(assets), "at": at})
    await connection.execute(SET_ASSET_PARENTS, columns(assets, "tag", "parent"))
    of_files = [asset for asset in assets if asset.kept_in is KeptIn.FILES]
    given = {
        "tag": [asset.tag for asset in of_files],
        "wanted": [Jsonb([_terms(each) for each in asset.warranties]) for asset in of_files],
        "actor": actor,
        "at": at,
    }
    await connection.execute(WITHDRAW_FILE_WARRANTIES, given)
    await connection.execute(ADD_FILE_WARRANTIES, given)


async def retire_assets(
    connection: Connection, tags: Sequence[str], *, actor: str, at: datetime
) -> None:
    """Retire assets by tag; an open downtime ends with it."""
    given = {"tags": list(tags), "actor": actor, "at": at}
    await connection.execute(RETIRE_ASSETS, given)
    await connection.execute(END_DOWNTIME_OF_RETIRED, given)


async def set_state(connection: Connection, asset_id: int, state: str, *, at: datetime) -> None:
    """Say what state an asset is in."""
    await connection.execute(SET_STATE, {"id": asset_id, "state": state, "at": at})


async def add_warranty(
    connection: Connection, asset_id: int, terms: WarrantyTerms, *, actor: str
) -> int:
    """Note a warranty that the database keeps; gives its id."""
    given = [asset_id, terms.vendor, terms.starts_on, terms.ends_on, terms.terms, actor]
    row = await fetch_one(connection, ADD_WARRANTY, given)
    assert row is not None  # noqa: S101 - RETURNING always gives the row
    return int(row[0])


async def withdraw_warranty(
    connection: Connection, asset_id: int, warranty_id: int, *, at: datetime
) -> bool:
    """Have a warranty that the database keeps count for nothing; False where there is none."""
    row = await fetch_one(connection, WITHDRAW_WARRANTY, [at, warranty_id, asset_id])
    return row is not None


def _asset_columns(assets: Sequence[AssetDefinition]) -> dict[str, list[object]]:
    names = ("tag", "name", "site", "location", "criticality", "kept_in")
    plain = dict(zip(names, columns(assets, *names), strict=True))
    plates = [asset.nameplate for asset in assets]
    of_plate = ("manufacturer", "model", "serial", "year")
    return {
        **plain,
        **dict(zip(of_plate, columns(plates, *of_plate), strict=True)),
        "class": [asset.asset_class for asset in assets],
        "attributes": [Jsonb(dict(asset.attributes)) for asset in assets],
        "external_ids": [Jsonb(dict(asset.external_ids)) for asset in assets],
    }


def _terms(terms: WarrantyTerms) -> list[str]:
    return [terms.vendor, terms.starts_on.isoformat(), terms.ends_on.isoformat(), terms.terms]


def _definition(row: TupleRow) -> AssetDefinition:
    tag, name, asset_class, site, location, parent, criticality, *rest = row
    manufacturer, model, serial, year, attributes, external_ids, warranties, kept_in, _ = rest
    return AssetDefinition(
        tag=tag,
        name=name,
        asset_class=asset_class,
        site=site,
        location=location,
        parent=parent,
        criticality=Criticality(criticality),
        nameplate=Nameplate(manufacturer, model, serial, year),
        attributes=attributes,
        external_ids=external_ids,
        warranties=tuple(
            WarrantyTerms(vendor, date.fromisoformat(start), date.fromisoformat(end), terms)
            for vendor, start, end, terms in warranties
        ),
        kept_in=KeptIn(kept_in),
    )
