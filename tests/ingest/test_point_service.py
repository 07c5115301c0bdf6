"""Points are brought in line with what is wanted; their readings stay theirs."""

from dataclasses import replace

import pytest

from config.database import Connection, fetch_one
from config.difference import ChangeKind, FieldChange
from ingest.point import PointKind
from ingest.point_file import PointDefinition
from ingest.point_service import apply_points
from ingest.points import load_points

pytestmark = [pytest.mark.store, pytest.mark.usefixtures("points")]


def point(role: str, *, high: float | None = None) -> PointDefinition:
    """A point of P-101."""
    return PointDefinition(
        tag=f"P-101.{role}",
        asset="P-101",
        role=role,
        name=role,
        unit="mm/s",
        kind=PointKind.GAUGE,
        resolution=None,
        low=None,
        high=high,
        rollover=None,
    )


async def test_a_new_point_is_there_with_all_that_was_said(connection: Connection) -> None:
    counts = {"resolution": 0.1, "low": 0.0, "rollover": 1e6, "jitter": 0.2, "max_per_hour": 400.0}
    wanted = replace(point("energy"), kind=PointKind.COUNTER, unit="kWh", **counts)
    await apply_points(connection, [wanted])
    (found,) = await load_points(connection)
    for name in ("tag", "asset", "role", "name", "unit", "kind", *counts):
        assert getattr(found, name) == getattr(wanted, name)


async def test_a_second_time_nothing_changes(connection: Connection) -> None:
    wanted = [point("vib", high=50.0), point("temp")]
    await apply_points(connection, wanted)
    again = await apply_points(connection, wanted)
    assert (again.changes, again.unchanged) == ((), 2)


async def test_a_change_is_told_and_keeps_the_point(
    connection: Connection, points: dict[str, int]
) -> None:
    await apply_points(connection, [point("vib", high=50.0)])
    difference = await apply_points(connection, [point("vib", high=60.0)])
    (change,) = difference.changes
    assert change.fields == (FieldChange("high", 50.0, 60.0),)
    (found,) = await load_points(connection)
    assert found.id == points["P-101.vib"]


async def test_a_point_that_is_gone_is_retired_and_comes_back_with_its_readings(
    connection: Connection, points: dict[str, int]
) -> None:
    gone = await apply_points(connection, [])
    assert {change.kind for change in gone.changes} == {ChangeKind.RETIRED}
    assert await load_points(connection) == []
    back = await apply_points(connection, [point("vib")])
    assert [change.kind for change in back.changes] == [ChangeKind.REVIVED]
    (found,) = await load_points(connection)
    assert found.id == points["P-101.vib"]


async def test_ten_thousand_points_go_in_one_statement(connection: Connection) -> None:
    difference = await apply_points(connection, [point(f"r{n}") for n in range(10_000)])
    assert len(difference.write) == 10_000
    assert await fetch_one(connection, "SELECT count(*) FROM point WHERE retired_at IS NULL") == (
        10_000,
    )
