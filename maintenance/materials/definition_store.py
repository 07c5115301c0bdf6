"""SQL writes of parts and storerooms as they are defined; what is gone is retired, never removed."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final, LiteralString

from psycopg.types.json import Jsonb

from config.database import Connection, fetch_one
from config.difference import Stored
from maintenance.materials.part import (
    ManufacturerNumber,
    NegativeStock,
    PartDefinition,
    Stocking,
    StoreroomDefinition,
)

STORED_PARTS: Final[LiteralString] = """
SELECT part.code, part.name, part.unit, part.classes, part.assets, part.manufacturer_numbers,
       part.alternatives, part.lead_time_days, part.standard_cost_minor,
       coalesce((
           SELECT jsonb_agg(jsonb_build_object(
               'storeroom', room.code, 'bin', bin.code, 'minimum', s.minimum::text,
               'maximum', s.maximum::text, 'reorder_point', s.reorder_point::text
           ) ORDER BY room.code)
           FROM part_stock s
           JOIN storeroom room ON room.id = s.storeroom_id
           JOIN bin ON bin.id = s.bin_id
           WHERE s.part_id = part.id AND s.stocked
       ), '[]'),
       part.kept_in, part.retired_at IS NOT NULL, part.version
FROM part
WHERE %(codes)s::text[] IS NULL OR part.code = ANY (%(codes)s)
"""

HOLD_PART: Final[LiteralString] = """
SELECT kept_in, version, retired_at IS NOT NULL FROM part WHERE code = %(code)s FOR UPDATE
"""

UPSERT_PART: Final[LiteralString] = """
INSERT INTO part (
    code, name, unit, classes, assets, manufacturer_numbers, alternatives, lead_time_days,
    standard_cost_minor, kept_in
) VALUES (
    %(code)s, %(name)s, %(unit)s, %(classes)s, %(assets)s, %(manufacturer_numbers)s,
    %(alternatives)s, %(lead_time_days)s, %(standard_cost_minor)s, %(kept_in)s
)
ON CONFLICT (code) DO UPDATE
SET name = excluded.name, unit = excluded.unit, classes = excluded.classes,
    assets = excluded.assets, manufacturer_numbers = excluded.manufacturer_numbers,
    alternatives = excluded.alternatives, lead_time_days = excluded.lead_time_days,
    standard_cost_minor = excluded.standard_cost_minor, kept_in = excluded.kept_in,
    version = part.version + 1, retired_at = NULL
"""

KEEP_PARTS_IN_FILES: Final[LiteralString] = """
UPDATE part SET kept_in = 'files' WHERE code = ANY (%(codes)s) AND kept_in <> 'files'
"""

RETIRE_PARTS: Final[LiteralString] = """
UPDATE part SET retired_at = now(), version = version + 1
WHERE code = ANY (%(codes)s) AND retired_at IS NULL
"""

FORGET_STOCKING: Final[LiteralString] = """
UPDATE part_stock s
SET stocked = false, minimum = NULL, maximum = NULL, reorder_point = NULL
FROM part WHERE part.id = s.part_id AND part.code = ANY (%(codes)s) AND s.stocked
"""

MAKE_BIN: Final[LiteralString] = """
INSERT INTO bin (storeroom_id, code)
SELECT id, %(bin)s FROM storeroom WHERE code = %(storeroom)s
ON CONFLICT (storeroom_id, code) DO NOTHING
"""

UPSERT_STOCKING: Final[LiteralString] = """
INSERT INTO part_stock (
    part_id, storeroom_id, bin_id, stocked, minimum, maximum, reorder_point
)
SELECT part.id, room.id, bin.id, true, %(minimum)s, %(maximum)s, %(reorder_point)s
FROM part, storeroom room JOIN bin ON bin.storeroom_id = room.id
WHERE part.code = %(part)s AND room.code = %(storeroom)s AND bin.code = %(bin)s
ON CONFLICT (part_id, storeroom_id) DO UPDATE
SET bin_id = excluded.bin_id, stocked = true, minimum = excluded.minimum,
    maximum = excluded.maximum, reorder_point = excluded.reorder_point
"""

STORED_STOREROOMS: Final[LiteralString] = """
SELECT room.code, room.name, site.code, room.bins, room.negative_stock, room.kept_in,
       room.retired_at IS NOT NULL
FROM storeroom room JOIN site ON site.id = room.site_id
"""

HOLD_STOREROOM: Final[LiteralString] = """
SELECT kept_in, version, retired_at IS NOT NULL FROM storeroom WHERE code = %(code)s FOR UPDATE
"""

UPSERT_STOREROOM: Final[LiteralString] = """
INSERT INTO storeroom (code, name, site_id, bins, negative_stock, kept_in)
SELECT %(code)s, %(name)s, site.id, %(bins)s, %(negative_stock)s, %(kept_in)s
FROM site WHERE site.code = %(site)s
ON CONFLICT (code) DO UPDATE
SET name = excluded.name, site_id = excluded.site_id, bins = excluded.bins,
    negative_stock = excluded.negative_stock, kept_in = excluded.kept_in,
    version = storeroom.version + 1, retired_at = NULL
RETURNING id
"""

KEEP_STOREROOMS_IN_FILES: Final[LiteralString] = """
UPDATE storeroom SET kept_in = 'files' WHERE code = ANY (%(codes)s) AND kept_in <> 'files'
"""

RETIRE_STOREROOMS: Final[LiteralString] = """
UPDATE storeroom SET retired_at = now(), version = version + 1
WHERE code = ANY (%(codes)s) AND retired_at IS NULL
"""

Kept = dict[str, tuple[Stored[Any], bool]]
"""Code -> the definition as stored, and whether files keep it."""


async def stored_parts(connection: Connection, codes: Sequence[str] | None = None) -> Kept:
    """Every part, or those of some codes, the retired ones too."""
    cursor = await connection.execute(STORED_PARTS, {"codes": list(codes) if codes else None})
    return {
        row[0]: (Stored(_part(*row[:10]), row[11]), row[10] == "files")
        for row in await cursor.fetchall()
    }


async def stored_storerooms(connection: Connection) -> Kept:
    """Every storeroom, the retired ones too."""
    cursor = await connection.execute(STORED_STOREROOMS)
    return {
        code: (
            Stored(
                StoreroomDefinition(code, name, site, tuple(bins), NegativeStock(negative)), gone
            ),
            kept_in == "files",
        )
        for code, name, site, bins, negative, kept_in, gone in await cursor.fetchall()
    }


async def hold_part(connection: Connection, code: str) -> tuple[str, int, bool] | None:
    """Where a part is kept, its version, and whether it is retired; nobody else changes it."""
    row = await fetch_one(connection, HOLD_PART, {"code": code})
    return (row[0], row[1], row[2]) if row else None


async def hold_storeroom(connection: Connection, code: str) -> tuple[str, int, bool] | None:
    """The same of a storeroom."""
    row = await fetch_one(connection, HOLD_STOREROOM, {"code": code})
    return (row[0], row[1], row[2]) if row else None


async def write_parts(
    connection: Connection, parts: Sequence[PartDefinition], *, kept_in: str
) -> None:
    """Make, change or revive parts, and how they are stocked; the storerooms are there."""
    async with connection.cursor() as cursor:
        await cursor.executemany(UPSERT_PART, [_columns(part, kept_in) for part in parts])
        await cursor.execute(FORGET_STOCKING, {"codes": [part.code for part in parts]})
        stockings = list(_stockings(parts))
        if stockings:
            await cursor.executemany(MAKE_BIN, stockings)
            await cursor.executemany(UPSERT_STOCKING, stockings)


async def retire_parts(connection: Connection, codes: Sequence[str]) -> None:
    """Retire parts; what lies there stays in the books."""
    await connection.execute(RETIRE_PARTS, {"codes": list(codes)})


async def keep_parts_in_files(connection: Connection, codes: Sequence[str]) -> None:
    """Files keep these from now on."""
    await connection.execute(KEEP_PARTS_IN_FILES, {"codes": list(codes)})


async def write_storeroom(
    connection: Connection, room: StoreroomDefinition, *, kept_in: str
) -> bool:
    """Make, change or revive a storeroom with its bins; False: there is no such site."""
    given = {
        "code": room.code,
        "name": room.name,
        "site": room.site,
        "bins": list(room.bins),
        "negative_stock": room.negative_stock.value,
        "kept_in": kept_in,
    }
    if await fetch_one(connection, UPSERT_STOREROOM, given) is None:
        return False
    for code in room.bins:
        await connection.execute(MAKE_BIN, {"storeroom": room.code, "bin": code})
    return True


async def retire_storerooms(connection: Connection, codes: Sequence[str]) -> None:
    """Retire storerooms; nothing comes into them any more."""
    await connection.execute(RETIRE_STOREROOMS, {"codes": list(codes)})


async def keep_storerooms_in_files(connection: Connection, codes: Sequence[str]) -> None:
    """Files keep these from now on."""
    await connection.execute(KEEP_STOREROOMS_IN_FILES, {"codes": list(codes)})


def _columns(part: PartDefinition, kept_in: str) -> dict[str, Any]:
    numbers = [
        {"manufacturer": one.manufacturer, "number": one.number}
        for one in part.manufacturer_numbers
    ]
    return {
        "code": part.code,
        "name": part.name,
        "unit": part.unit,
        "classes": list(part.classes),
        "assets": list(part.assets),
        "manufacturer_numbers": Jsonb(numbers),
        "alternatives": list(part.alternatives),
        "lead_time_days": part.lead_time_days,
        "standard_cost_minor": part.standard_cost_minor,
        "kept_in": kept_in,
    }


def _stockings(parts: Sequence[PartDefinition]) -> Iterator[dict[str, Any]]:
    for part in parts:
        for one in part.stock:
            yield {
                "part": part.code,
                "storeroom": one.storeroom,
                "bin": one.bin,
                "minimum": one.minimum,
                "maximum": one.maximum,
                "reorder_point": one.reorder_point,
            }


def _part(*row: Any) -> PartDefinition:
    code, name, unit, classes, assets, numbers, alternatives, lead_days, cost, stock = row
    return PartDefinition(
        code=code,
        name=name,
        unit=unit,
        classes=tuple(classes),
        assets=tuple(assets),
        manufacturer_numbers=tuple(ManufacturerNumber(**one) for one in numbers),
        alternatives=tuple(alternatives),
        lead_time_days=lead_days,
        standard_cost_minor=cost,
        stock=tuple(stocking_of(one) for one in stock),
    )


def stocking_of(row: dict[str, Any]) -> Stocking:
    """Levels from JSON, where numbers are texts so that they stay exact."""
    levels = {
        name: None if row[name] is None else Decimal(row[name])
        for name in ("minimum", "maximum", "reorder_point")
    }
    return Stocking(row["storeroom"], row["bin"], **levels)
