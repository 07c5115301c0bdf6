"""Applying a plant: a difference, in one transaction, with nothing lost."""

import asyncio
import shutil
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from psycopg import sql
from rich.console import Console

from config.database import Connection, connect, fetch_one
from config.difference import ChangeKind
from config.errors import DatabaseOutdated, DatabaseUnavailable
from ingest.points import load_points
from maintenance.register.queries import get_asset, list_assets
from oilcan.plant.apply import ApplyMode, apply_plant
from oilcan.plant.diff import PlantDiff
from oilcan.plant.folder import load_plant
from oilcan.plant.report import print_report

Edit = Callable[[str, str, str], None]

pytestmark = pytest.mark.store


@pytest.fixture
def apply(database_url: str, folder: Path) -> Callable[[], asyncio.Future[PlantDiff]]:
    """Load and apply the folder as it stands."""
    return lambda: asyncio.ensure_future(apply_plant(database_url, load_plant(folder)))


Apply = Callable[[], asyncio.Future[PlantDiff]]


async def test_the_first_time_everything_is_added(apply: Apply, connection: Connection) -> None:
    diff = await apply()
    assert {change.kind for change in diff.changes} == {ChangeKind.ADDED}
    assert str(diff).splitlines() == [
        "+ site berlin",
        "+ location berlin/hall-1",
        "+ location berlin/utilities",
        "+ class centrifugal_pump",
        "+ class system",
        "+ asset P-101",
        "+ asset W-100",
        "+ point P-101.de_vibration",
        "+ point P-101.energy",
        "+ point P-101.pressure",
        "+ point P-101.speed",
        "+ rule centrifugal_pump/vibration",
        "+ parameter P-101.vib_trip",
        "13 added, 0 unchanged",
    ]
    pump = await get_asset(connection, "P-101")
    assert pump is not None
    assert (pump.parent, pump.location, pump.version) == ("W-100", "hall-1", 1)


async def test_the_second_time_nothing_changes(apply: Apply, connection: Connection) -> None:
    await apply()
    before = await rows(connection, "asset")
    assert str(await apply()) == "nothing to change, 13 unchanged"
    assert await rows(connection, "asset") == before


async def test_a_changed_field_is_told_with_old_and_new(apply: Apply, edit: Edit) -> None:
    await apply()
    edit("assets.yaml", "unit: kPa", "unit: mbar")
    edit("assets.yaml", "    parent: W-100\n", "")
    edit("plant.yaml", "speed: {unit: rpm}", "speed: {unit: Hz}")
    assert str(await apply()).splitlines() == [
        "~ class centrifugal_pump roles.speed.unit rpm -> Hz",
        "~ asset P-101 parent W-100 -> none",
        "~ point P-101.pressure unit kPa -> mbar (stored readings keep their numbers)",
        "~ point P-101.speed unit rpm -> Hz (stored readings keep their numbers)",
        "4 changed, 9 unchanged",
    ]


async def test_a_changed_asset_has_a_new_version(
    apply: Apply, edit: Edit, connection: Connection
) -> None:
    await apply()
    edit("assets.yaml", "Cooling water pump 1", "Cooling pump")
    await apply()
    pump = await get_asset(connection, "P-101")
    assert pump is not None
    assert (pump.name, pump.version) == ("Cooling pump", 2)


async def test_what_vanishes_is_retired_and_what_comes_back_is_revived(
    apply: Apply, folder: Path, connection: Connection
) -> None:
    await apply()
    ids = {point.tag: point.id for point in await load_points(connection)}
    kept = (folder / "assets.yaml").read_text("utf-8")
    (folder / "assets.yaml").write_text(kept[: kept.index("  - tag: P-101")], "utf-8")
    shutil.move(folder / "sources", folder.parent)
    assert str(await apply()).splitlines() == [
        "- asset P-101",
        "- point P-101.de_vibration",
        "- point P-101.energy",
        "- point P-101.pressure",
        "- point P-101.speed",
        "- parameter P-101.vib_trip",
        "6 retired, 7 unchanged",
    ]
    assert [asset.tag for asset in await list_assets(connection)] == ["W-100"]
    (folder / "assets.yaml").write_text(kept, "utf-8")
    assert "+ asset P-101 (was retired)" in str(await apply()).splitlines()
    assert {point.tag: point.id for point in await load_points(connection)} == ids


async def test_a_dry_run_says_the_same_and_writes_nothing(
    database_url: str, folder: Path, connection: Connection
) -> None:
    plant = load_plant(folder)
    dry = await apply_plant(database_url, plant, mode=ApplyMode.DRY_RUN)
    assert await rows(connection, "site") == []
    assert str(dry).endswith("dry run, nothing was changed")
    assert (await apply_plant(database_url, plant)).changes == dry.changes


async def test_two_at_once_take_turns(database_url: str, folder: Path) -> None:
    plant = load_plant(folder)
    one, other = await asyncio.gather(
        apply_plant(database_url, plant), apply_plant(database_url, plant)
    )
    assert sorted([len(one.changes), len(other.changes)]) == [0, 13]


async def test_readings_kept_aside_are_bound_to_their_new_point(
    apply: Apply, connection: Connection
) -> None:
    await connection.execute(
        "INSERT INTO unknown_tag VALUES ('P-101.speed', 'edge-1', 1, now(), now(), 1480)"
    )
    await connection.execute(
        "INSERT INTO unknown_reading (tag, ts, value) VALUES ('P-101.speed', now(), 1480)"
    )
    diff = await apply()
    assert diff.bound == 1
    assert "1 waiting readings bound" in str(diff)
    assert await fetch_one(connection, "SELECT value FROM reading") == (1480,)


async def test_a_change_is_notified_and_no_change_is_not(apply: Apply, database_url: str) -> None:
    listener = await connect(database_url, autocommit=True)
    for channel in ("register", "rule"):
        await listener.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
    await apply()
    heard = {notice.channel async for notice in listener.notifies(timeout=1, stop_after=2)}
    assert heard == {"register", "rule"}
    await apply()
    assert [notice async for notice in listener.notifies(timeout=0.2)] == []
    await listener.close()


async def test_a_database_without_the_schema_is_refused(
    empty_database_url: str, folder: Path
) -> None:
    with pytest.raises(DatabaseOutdated):
        await apply_plant(empty_database_url, load_plant(folder))


async def test_a_database_that_is_away_is_told(folder: Path) -> None:
    with pytest.raises(DatabaseUnavailable):
        await apply_plant("postgresql://127.0.0.1:1/none", load_plant(folder))


async def test_the_report_has_a_line_for_each_change(apply: Apply) -> None:
    output = StringIO()
    diff = await apply()
    print_report(diff, Console(file=output, width=20))
    assert output.getvalue().splitlines() == str(diff).splitlines()


async def rows(connection: Connection, table: str) -> list[tuple[object, ...]]:
    """Every row of a table."""
    query = sql.SQL("SELECT * FROM {} ORDER BY id").format(sql.Identifier(table))
    return await (await connection.execute(query)).fetchall()
