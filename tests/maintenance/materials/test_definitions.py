"""Parts and storerooms from plant files and over the API."""

from dataclasses import replace
from decimal import Decimal

import pytest

from config.database import Connection
from config.difference import ChangeKind
from maintenance.errors import KeptInFiles, NotFound, StaleVersion
from maintenance.materials.definitions import apply_parts, apply_storerooms, put_part, retire_part
from maintenance.materials.part import PartDefinition, Stocking, StoreroomDefinition
from tests.maintenance.materials.shelf import ANA, BEARING, MAIN, on_hand, value
from tests.maintenance.scene import Plant

ROOM = StoreroomDefinition("WEST", "West store", "north", ("W-1", "W-2"))
STOCKED = Stocking("WEST", "W-1", Decimal(1), Decimal(6), Decimal(2), opening=Decimal(3))
OIL = PartDefinition("OIL-46", "Oil", unit="l", standard_cost_minor=680, stock=(STOCKED,))


async def applied(connection: Connection, *parts: PartDefinition) -> list[tuple[ChangeKind, str]]:
    await apply_storerooms(connection, [ROOM])
    difference = await apply_parts(connection, parts)
    return [(change.kind, change.key) for change in difference.changes]


async def test_files_make_parts_once_and_open_their_books_once(
    connection: Connection, plant: Plant
) -> None:
    assert await applied(connection, OIL) == [(ChangeKind.ADDED, "OIL-46")]
    more = replace(OIL, stock=(replace(STOCKED, opening=Decimal(99)),))
    assert await applied(connection, more) == []
    assert await on_hand(connection, "OIL-46", "WEST") == 3
    assert await value(connection, "SELECT value_minor FROM stock_ledger") == 2_040


async def test_files_retire_what_they_kept_and_nothing_else(stocked: Connection) -> None:
    await applied(stocked, OIL)
    assert await applied(stocked) == [(ChangeKind.RETIRED, "OIL-46")]
    assert await value(stocked, "SELECT retired_at FROM part WHERE code = %s", BEARING) is None
    assert await applied(stocked, OIL) == [(ChangeKind.REVIVED, "OIL-46")]


async def test_files_take_over_what_they_name(stocked: Connection) -> None:
    bearing = PartDefinition(BEARING, "Bearing 6309", stock=(Stocking(MAIN, "A"),))
    assert await applied(stocked, bearing) == [(ChangeKind.CHANGED, BEARING)]
    with pytest.raises(KeptInFiles):
        await put_part(stocked, bearing, expected_version=2, said=ANA)


async def test_a_part_that_changed_meanwhile_is_read_again(stocked: Connection) -> None:
    part = PartDefinition(BEARING, "Another name")
    with pytest.raises(StaleVersion):
        await put_part(stocked, part, expected_version=None, said=ANA)
    await put_part(stocked, part, expected_version=1, said=ANA)
    with pytest.raises(StaleVersion):
        await put_part(stocked, part, expected_version=1, said=ANA)


async def test_a_part_is_not_stocked_where_there_is_no_storeroom(stocked: Connection) -> None:
    nowhere = PartDefinition("X-1", "Nothing", stock=(Stocking("MOON", "A"),))
    with pytest.raises(NotFound, match="MOON"):
        await put_part(stocked, nowhere, expected_version=None, said=ANA)


async def test_a_retired_part_comes_back_with_its_history(stocked: Connection) -> None:
    await retire_part(stocked, BEARING, expected_version=1)
    with pytest.raises(NotFound):
        await retire_part(stocked, BEARING, expected_version=2)
    again = PartDefinition(BEARING, "Bearing 6309")
    await put_part(stocked, again, expected_version=None, said=ANA)
    assert await value(stocked, "SELECT version FROM part WHERE code = %s", BEARING) == 3
