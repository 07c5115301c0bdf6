"""The register: written as a difference, read by page, nothing ever deleted."""

import pytest

from config.database import Connection, fetch_one
from config.difference import ChangeKind
from ingest.point import PointKind
from maintenance.register.asset import (
    Asset,
    AssetClass,
    AssetDefinition,
    Criticality,
    Location,
    LocationLevel,
    OperatingState,
    Role,
    Site,
)
from maintenance.register.queries import (
    AssetFilters,
    children,
    get_asset,
    list_asset_classes,
    list_assets,
    list_locations,
    list_sites,
)
from maintenance.register.service import Register, apply_register

SITE = Site("berlin", "Works Berlin", "Europe/Berlin")
OTHER_SITE = Site("oslo", "Works Oslo", "Europe/Oslo")
AREA = Location("berlin", "area", "Area", LocationLevel.AREA, None)
# Stands before its parent in every order by name.
HALL = Location("berlin", "a-hall", "Hall", LocationLevel.WORK_CENTER, "area")
PUMP = AssetClass("pump", "Pump", {"speed": Role("Speed", "rpm", PointKind.GAUGE)})
FAN = AssetClass("fan", "Fan", {})


def asset(
    tag: str,
    *,
    parent: str | None = None,
    asset_class: str = "pump",
    site: str = "berlin",
    location: str | None = None,
    name: str = "An asset",
) -> AssetDefinition:
    """An asset; what a test does not say does not matter to it."""
    return AssetDefinition(tag, name, asset_class, site, location, parent, Criticality.B)


def register(*assets: AssetDefinition) -> Register:
    """A register of two sites with these assets."""
    return Register((SITE, OTHER_SITE), (AREA, HALL), (PUMP, FAN), assets)


async def test_what_is_written_is_read(connection: Connection) -> None:
    await apply_register(
        connection, register(asset("P-1", parent="U-1", location="a-hall"), asset("U-1"))
    )
    assert await list_sites(connection) == [SITE, OTHER_SITE]
    assert await list_locations(connection, site="berlin") == [HALL, AREA]
    assert await list_locations(connection, site="oslo") == []
    assert await list_asset_classes(connection) == [FAN, PUMP]
    pump = await get_asset(connection, "P-1")
    assert pump == Asset(
        id=pump.id if pump else 0,
        tag="P-1",
        name="An asset",
        asset_class="pump",
        site="berlin",
        location="a-hall",
        parent="U-1",
        criticality=Criticality.B,
        operating_state=OperatingState.OPERATING,
        version=1,
        retired_at=None,
    )


async def test_an_unknown_tag_has_no_asset(connection: Connection) -> None:
    assert await get_asset(connection, "none") is None


async def test_assets_come_by_tag_page_by_page(connection: Connection) -> None:
    await apply_register(connection, register(*(asset(f"P-{number}") for number in range(5))))
    first = await list_assets(connection, limit=3)
    rest = await list_assets(connection, after=first[-1].tag, limit=3)
    assert [each.tag for each in [*first, *rest]] == [f"P-{number}" for number in range(5)]


@pytest.mark.parametrize(
    ("filters", "tags"),
    [
        ({"site": "oslo"}, ["P-3"]),
        ({"asset_class": "fan"}, ["P-2"]),
        ({"parent": "P-1"}, ["P-2", "P-3"]),
        ({"parent": "P-1", "site": "berlin"}, ["P-2"]),
    ],
)
async def test_assets_are_filtered(
    filters: dict[str, str], tags: list[str], connection: Connection
) -> None:
    await apply_register(
        connection,
        register(
            asset("P-1"),
            asset("P-2", parent="P-1", asset_class="fan"),
            asset("P-3", parent="P-1", site="oslo"),
        ),
    )
    assert [each.tag for each in await list_assets(connection, AssetFilters(**filters))] == tags


async def test_children_are_those_directly_below(connection: Connection) -> None:
    tree = register(asset("A"), asset("B", parent="A"), asset("C", parent="B"))
    await apply_register(connection, tree)
    assert [each.tag for each in await children(connection, "A")] == ["B"]


async def test_a_second_time_nothing_is_written(connection: Connection) -> None:
    wanted = register(asset("P-1", location="area"), asset("P-2", parent="P-1"))
    await apply_register(connection, wanted)
    again = await apply_register(connection, wanted)
    assert (again.changes, again.unchanged) == ((), 8)
    assert await fetch_one(connection, "SELECT max(version) FROM asset") == (1,)


async def test_a_change_counts_the_version_and_leaves_the_state_alone(
    connection: Connection,
) -> None:
    await apply_register(connection, register(asset("P-1")))
    await connection.execute("UPDATE asset SET operating_state = 'standby'")
    await apply_register(connection, register(asset("P-1", name="Renamed")))
    found = await get_asset(connection, "P-1")
    assert found is not None
    assert (found.name, found.version) == ("Renamed", 2)
    assert found.operating_state is OperatingState.STANDBY


async def test_what_is_gone_is_retired_and_comes_back_as_itself(connection: Connection) -> None:
    await apply_register(connection, register(asset("P-1")))
    first = await get_asset(connection, "P-1")
    gone = await apply_register(connection, Register())
    assert {change.kind for change in gone.changes} == {ChangeKind.RETIRED}
    assert await list_assets(connection) == []
    assert await list_sites(connection) == []
    assert await list_locations(connection) == []
    assert await list_asset_classes(connection) == []
    retired = await get_asset(connection, "P-1")
    assert retired is not None
    assert retired.retired_at is not None
    back = await apply_register(connection, register(asset("P-1")))
    assert {change.kind for change in back.changes} == {ChangeKind.REVIVED}
    found = await get_asset(connection, "P-1")
    assert found is not None
    assert first is not None
    assert (found.id, found.retired_at) == (first.id, None)


async def test_what_stays_retired_is_not_told_again(connection: Connection) -> None:
    await apply_register(connection, register(asset("P-1")))
    await apply_register(connection, Register())
    assert (await apply_register(connection, Register())).changes == ()


async def test_a_parent_may_change_places_with_its_child(connection: Connection) -> None:
    await apply_register(connection, register(asset("A"), asset("B", parent="A")))
    await apply_register(connection, register(asset("A", parent="B"), asset("B")))
    assert [each.tag for each in await children(connection, "B")] == ["A"]
    assert await children(connection, "A") == []


async def test_a_code_of_a_location_is_its_sites_own(connection: Connection) -> None:
    there = Location("oslo", "area", "Area in Oslo", LocationLevel.AREA, None)
    wanted = Register(
        (SITE, OTHER_SITE), (AREA, there), (PUMP,), (asset("P-1", site="oslo", location="area"),)
    )
    await apply_register(connection, wanted)
    assert (await apply_register(connection, wanted)).changes == ()
    row = await fetch_one(
        connection,
        "SELECT location.name FROM asset JOIN location ON location.id = asset.location_id",
    )
    assert row == ("Area in Oslo",)
