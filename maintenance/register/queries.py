"""Reads of the asset register; what is retired is left out of every list unless it is asked for.

Lists are keyset pages by tag. Each filter is a clause of its own, so that a page is planned for the
filters that it has: it reads about as many rows as it shows, of however many there are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, LiteralString

from psycopg.rows import TupleRow

from config.database import Connection, fetch_one
from maintenance.register.asset import (
    Asset,
    AssetClass,
    Criticality,
    KeptIn,
    Location,
    LocationLevel,
    Nameplate,
    OperatingState,
    Site,
)
from maintenance.register.json_content import attributes_from_json, roles_from_json

SITES = """
SELECT code, name, time_zone, kept_in FROM site WHERE retired_at IS NULL ORDER BY code
"""

LOCATIONS = """
SELECT site.code, location.code, location.name, location.level, parent.code, location.kept_in
  FROM location
  JOIN site ON site.id = location.site_id
  LEFT JOIN location AS parent ON parent.id = location.parent_id
 WHERE location.retired_at IS NULL
   AND (%(site)s::text IS NULL OR site.code = %(site)s)
 ORDER BY site.code, location.code
"""

ASSET_CLASSES = """
SELECT code, name, roles, equipment, attributes, failure_modes, kept_in FROM asset_class
 WHERE retired_at IS NULL ORDER BY code
"""

ASSETS: Final[LiteralString] = """
SELECT asset.id, asset.tag, asset.name, class.code, site.code, location.code, parent.tag,
       asset.criticality, asset.operating_state, asset.version, asset.retired_at, asset.kept_in,
       asset.manufacturer, asset.model, asset.serial, asset.year, asset.attributes,
       asset.external_ids
  FROM asset
  JOIN asset_class AS class ON class.id = asset.class_id
  JOIN site ON site.id = asset.site_id
  LEFT JOIN location ON location.id = asset.location_id
  LEFT JOIN asset AS parent ON parent.id = asset.parent_id
"""

ASSET: Final[LiteralString] = ASSETS + " WHERE asset.tag = %s"

CHILDREN: Final[LiteralString] = (
    ASSETS + " WHERE asset.retired_at IS NULL AND parent.tag = %s ORDER BY asset.tag"
)

# What stands above an asset, from the top down; a ring in the register ends where it closes.
ABOVE: Final[LiteralString] = """
WITH RECURSIVE line AS (
    SELECT asset.id, asset.parent_id, 0 AS depth, ARRAY[asset.id] AS seen
      FROM asset WHERE asset.tag = %s
    UNION ALL
    SELECT up.id, up.parent_id, line.depth + 1, line.seen || up.id
      FROM asset up JOIN line ON up.id = line.parent_id WHERE up.id <> ALL (line.seen)
)
SELECT asset.tag, asset.name FROM line JOIN asset ON asset.id = line.id
 WHERE line.depth > 0 ORDER BY line.depth DESC
"""

BELOW: Final[LiteralString] = """
WITH RECURSIVE part AS (
    SELECT id FROM asset WHERE tag = %(subtree)s
    UNION
    SELECT below.id FROM asset below JOIN part ON below.parent_id = part.id
)
SELECT id FROM part
"""

COUNT_CHILDREN = """
SELECT parent.tag, count(*) FROM asset JOIN asset AS parent ON parent.id = asset.parent_id
 WHERE parent.tag = ANY(%s) AND asset.retired_at IS NULL GROUP BY parent.tag
"""

_CLAUSES: Mapping[str, LiteralString] = {
    "after": "asset.tag > %(after)s",
    "site": "asset.site_id = (SELECT id FROM site WHERE code = %(site)s)",
    "asset_class": "asset.class_id = (SELECT id FROM asset_class WHERE code = %(asset_class)s)",
    "parent": "asset.parent_id = (SELECT id FROM asset WHERE tag = %(parent)s)",
    "location": "location.code = %(location)s",
    "criticality": "asset.criticality = %(criticality)s",
    "operating_state": "asset.operating_state = %(operating_state)s",
    # Materialized: the parts are found first, from the top down, and never once for each asset.
    "subtree": "asset.id IN (WITH part AS MATERIALIZED ("  # noqa: S608 - literals, joined
    + BELOW
    + ") SELECT id FROM part)",
}

_PRESENT: Final[LiteralString] = "asset.retired_at IS NULL"
_RETIRED: Final[LiteralString] = "asset.retired_at IS NOT NULL"
_ROOTS: Final[LiteralString] = "asset.parent_id IS NULL"
_WORDS: Final[tuple[LiteralString, ...]] = (
    "lower(asset.tag || ' ' || asset.name) LIKE %(word_0)s",
    "lower(asset.tag || ' ' || asset.name) LIKE %(word_1)s",
    "lower(asset.tag || ' ' || asset.name) LIKE %(word_2)s",
    "lower(asset.tag || ' ' || asset.name) LIKE %(word_3)s",
)
_PAGE: Final[LiteralString] = " ORDER BY asset.tag LIMIT %(limit)s"


@dataclass(frozen=True, slots=True)
class AssetFilters:
    """Which assets are wanted; all that are given have to fit.

    `words` are fragments of tag or name, at most four of them; `roots` are assets without a parent.
    """

    site: str | None = None
    asset_class: str | None = None
    parent: str | None = None
    location: str | None = None
    subtree: str | None = None
    criticality: Criticality | None = None
    operating_state: OperatingState | None = None
    words: str = ""
    roots: bool = False
    retired: bool = False


async def list_sites(connection: Connection) -> list[Site]:
    """Every site, by code."""
    cursor = await connection.execute(SITES)
    return [
        Site(code, name, time_zone, KeptIn(kept_in))
        for code, name, time_zone, kept_in in await cursor.fetchall()
    ]


async def list_locations(connection: Connection, *, site: str | None = None) -> list[Location]:
    """Every location, or those of one site, by site and code."""
    cursor = await connection.execute(LOCATIONS, {"site": site})
    return [
        Location(site_code, code, name, LocationLevel(level), parent, KeptIn(kept_in))
        for site_code, code, name, level, parent, kept_in in await cursor.fetchall()
    ]


async def list_asset_classes(connection: Connection) -> list[AssetClass]:
    """Every asset class with its roles, by code."""
    cursor = await connection.execute(ASSET_CLASSES)
    return [asset_class_of_row(row) for row in await cursor.fetchall()]


async def list_assets(
    connection: Connection,
    filters: AssetFilters = AssetFilters(),
    *,
    after: str | None = None,
    limit: int = 100,
) -> list[Asset]:
    """Up to `limit` assets with a tag greater than `after`, by tag."""
    given = dict(_given(filters))
    if after is not None:
        given["after"] = after
    cursor = await connection.execute(page_of(filters, given), {**given, "limit": limit})
    return [_asset(row) for row in await cursor.fetchall()]


def page_of(filters: AssetFilters, given: Mapping[str, Any]) -> LiteralString:
    """The statement of a page of assets with these filters and parameters."""
    clauses: list[LiteralString] = []
    clauses.append(_RETIRED if filters.retired else _PRESENT)
    clauses.extend([_ROOTS] if filters.roots else [])
    clauses.extend(clause for name, clause in _CLAUSES.items() if name in given)
    clauses.extend(word for number, word in enumerate(_WORDS) if f"word_{number}" in given)
    return ASSETS + " WHERE " + " AND ".join(clauses) + _PAGE


def _given(filters: AssetFilters) -> Iterator[tuple[str, Any]]:
    for name in ("site", "asset_class", "parent", "location", "subtree"):
        if (value := getattr(filters, name)) is not None:
            yield name, value
    for name in ("criticality", "operating_state"):
        if (value := getattr(filters, name)) is not None:
            yield name, str(value)
    for number, word in enumerate(filters.words.lower().split()[: len(_WORDS)]):
        yield f"word_{number}", f"%{_literally(word)}%"


def _literally(word: str) -> str:
    """A word in which LIKE finds no signs of its own."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def get_asset(connection: Connection, tag: str) -> Asset | None:
    """The asset of a tag, a retired one too (see `retired_at`), or None."""
    row = await fetch_one(connection, ASSET, [tag])
    return _asset(row) if row else None


async def children(connection: Connection, tag: str) -> list[Asset]:
    """The assets directly below one, by tag."""
    cursor = await connection.execute(CHILDREN, [tag])
    return [_asset(row) for row in await cursor.fetchall()]


async def above(connection: Connection, tag: str) -> list[tuple[str, str]]:
    """Tag and name of each asset that stands above one, from the top down."""
    cursor = await connection.execute(ABOVE, [tag])
    return [(found, name) for found, name in await cursor.fetchall()]


async def count_children(connection: Connection, tags: list[str]) -> dict[str, int]:
    """How many assets stand directly below each of some; those without any are left out."""
    cursor = await connection.execute(COUNT_CHILDREN, [tags])
    return dict(await cursor.fetchall())


def asset_class_of_row(row: TupleRow) -> AssetClass:
    """A class from a row with the columns of `ASSET_CLASSES`."""
    code, name, roles, equipment, attributes, failure_modes, kept_in = row
    return AssetClass(
        code=code,
        name=name,
        roles=roles_from_json(roles),
        equipment=equipment,
        attributes=attributes_from_json(attributes),
        failure_modes=failure_modes,
        kept_in=KeptIn(kept_in),
    )


def _asset(row: TupleRow) -> Asset:
    identity, tag, name, asset_class, site, location, parent, criticality, state, *rest = row
    version, retired_at, kept_in, *plate, attributes, external_ids = rest
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
        kept_in=KeptIn(kept_in),
        nameplate=Nameplate(*plate),
        attributes=attributes,
        external_ids=external_ids,
    )
