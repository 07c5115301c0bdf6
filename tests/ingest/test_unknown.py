"""Readings of unknown tags are shown, and belong to their point once it is there."""

from collections.abc import Awaitable, Callable

import pytest

from config.clock import from_us
from config.database import Connection, fetch_one
from ingest.history.raw import raw
from ingest.known_points import KnownPoints
from ingest.store import delete_old_unknown
from ingest.unknown import bind_unknown, unknown_tags

pytestmark = pytest.mark.store

AddPoint = Callable[[str], Awaitable[int]]
T0 = 1_790_000_000_000_000


async def keep(connection: Connection, tag: str, values: list[float]) -> None:
    for place, value in enumerate(values):
        await connection.execute(
            "INSERT INTO unknown_reading VALUES (%s, %s, %s, 0)", [tag, from_us(T0 + place), value]
        )
    await connection.execute(
        "INSERT INTO unknown_tag VALUES (%s, 'edge-1', %s, %s, %s, %s)",
        [tag, len(values), from_us(T0), from_us(T0 + len(values) - 1), values[-1]],
    )


async def test_unknown_tags_are_shown_with_what_they_sent(
    connection: Connection, points: dict[str, int]
) -> None:
    await keep(connection, "P-101.new", [1.0, 2.0])
    [tag] = await unknown_tags(connection, limit=10)
    assert (tag.tag, tag.edge, tag.count, tag.last_value) == ("P-101.new", "edge-1", 2, 2.0)


async def test_readings_move_to_the_point_that_was_made(
    connection: Connection, points: dict[str, int], add_point: AddPoint
) -> None:
    await keep(connection, "P-101.new", [1.0, 2.0])
    await keep(connection, "P-101.other", [3.0])
    async with connection.transaction():
        point = await add_point("P-101.new")
        assert await bind_unknown(connection) == 2
    series = await raw(connection, point, start_us=T0 - 1, end_us=T0 + 9)
    assert series.value.tolist() == [1.0, 2.0]
    assert [tag.tag for tag in await unknown_tags(connection, limit=10)] == ["P-101.other"]


async def test_binding_again_moves_nothing(
    connection: Connection, points: dict[str, int], add_point: AddPoint
) -> None:
    await keep(connection, "P-101.new", [1.0])
    await add_point("P-101.new")
    assert await bind_unknown(connection) == 1
    assert await bind_unknown(connection) == 0


async def test_a_reading_that_is_there_already_stays(
    connection: Connection, points: dict[str, int], add_point: AddPoint
) -> None:
    point = await add_point("P-101.new")
    await keep(connection, "P-101.new", [1.0])
    await bind_unknown(connection)
    await keep(connection, "P-101.new", [9.0])
    await bind_unknown(connection)
    assert (await raw(connection, point, start_us=0, end_us=T0)).value.tolist() == [1.0]
    assert await fetch_one(connection, "SELECT count(*) FROM unknown_reading") == (0,)


async def test_known_points_are_read_again_only_when_the_register_changed(
    connection: Connection, points: dict[str, int], add_point: AddPoint
) -> None:
    known = KnownPoints()
    assert await known.refresh(connection)
    assert set(known.by_tag) == set(points)
    assert not await known.refresh(connection)
    await connection.execute("UPDATE point SET high = 5 WHERE tag = 'P-101.vib'")
    assert await known.refresh(connection)
    assert known.by_tag["P-101.vib"].high == 5.0


async def test_refreshing_binds_what_was_kept_while_the_change_was_on_its_way(
    connection: Connection, points: dict[str, int], add_point: AddPoint
) -> None:
    known = KnownPoints()
    point = await add_point("P-101.new")
    await known.refresh(connection)
    await keep(connection, "P-101.new", [1.0])
    assert await known.refresh(connection)
    assert len(await raw(connection, point, start_us=0, end_us=T0)) == 1


async def test_tags_that_fell_silent_are_forgotten_with_their_readings(
    connection: Connection,
) -> None:
    await keep(connection, "P-101.new", [1.0, 2.0])
    await keep(connection, "P-102.old", [1.0])
    assert await delete_old_unknown(connection, T0 + 1) == 2
    assert [tag.tag for tag in await unknown_tags(connection, limit=10)] == ["P-101.new"]
