"""Downtime: no overlap, open while it lasts, each asset's own."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from config.database import Connection
from maintenance.errors import DowntimeEnded, DowntimeOverlaps, NotFound, RegisterConflict
from maintenance.register.downtime.interval import Downtime, DowntimeKind, NewDowntime
from maintenance.register.downtime.queries import downtimes_of, downtimes_of_order, open_downtime
from maintenance.register.downtime.service import (
    end_downtime,
    record_downtime,
    withdraw_downtime,
)
from tests.maintenance.scene import START, Plant

HOUR = timedelta(hours=1)
NOW = START + 24 * HOUR


@pytest.fixture
async def pump(plant: Plant) -> int:
    """Id of P-101."""
    return int(await plant.value("SELECT id FROM asset WHERE tag = 'P-101'"))


async def down(
    connection: Connection, asset: int, start: float, end: float | None, **more: Any
) -> Downtime:
    """An interval from and to so many hours after the start."""
    new = NewDowntime(
        asset, DowntimeKind.UNPLANNED, _after(start), None if end is None else _after(end), **more
    )
    return await record_downtime(connection, new, actor="kim", at=NOW)


def _after(hours: float) -> datetime:
    return START + hours * HOUR


async def test_an_interval_is_open_until_it_is_ended(connection: Connection, pump: int) -> None:
    made = await down(connection, pump, 1, None, reason="Seal gone")
    assert await open_downtime(connection, pump) == made
    ended = await end_downtime(connection, made.id, ended_at=_after(3), actor="lee", at=NOW)
    assert (ended.ended_at, ended.ended_by, ended.is_open) == (_after(3), "lee", False)
    assert await open_downtime(connection, pump) is None


@pytest.mark.parametrize(("start", "end"), [(0, 3), (3, 5), (2.5, 3), (0, None), (3.5, None)])
async def test_an_asset_is_down_only_once(
    connection: Connection, pump: int, start: float, end: float | None
) -> None:
    made = await down(connection, pump, 2, 4)
    with pytest.raises(DowntimeOverlaps, match=f"downtime {made.id}"):
        await down(connection, pump, start, end)


async def test_intervals_may_touch(connection: Connection, pump: int) -> None:
    await down(connection, pump, 2, 4)
    await down(connection, pump, 4, 5)
    await down(connection, pump, 1, 2)
    assert len(await downtimes_of(connection, pump)) == 3


async def test_of_two_at_once_one_is_told_of_the_other(
    connection: Connection, pump: int, open_connection: Callable[[], Awaitable[Connection]]
) -> None:
    other = await open_connection()
    done = await asyncio.gather(
        down(connection, pump, 1, None), down(other, pump, 2, None), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in done) == ["Downtime", "DowntimeOverlaps"]


async def test_a_part_that_is_down_does_not_take_the_assets_above_down(
    connection: Connection, plant: Plant, pump: int
) -> None:
    await connection.execute("UPDATE asset SET parent_id = %s WHERE tag = 'P-102'", [pump])
    part = int(await plant.value("SELECT id FROM asset WHERE tag = 'P-102'"))
    await down(connection, part, 1, None)
    assert await downtimes_of(connection, pump) == []


async def test_an_ended_interval_is_not_ended_again(connection: Connection, pump: int) -> None:
    made = await down(connection, pump, 1, 2)
    with pytest.raises(DowntimeEnded):
        await end_downtime(connection, made.id, ended_at=_after(3), actor="kim", at=NOW)


async def test_what_was_withdrawn_makes_room(connection: Connection, pump: int) -> None:
    made = await down(connection, pump, 1, 2)
    await withdraw_downtime(connection, made.id, reason="wrong pump", actor="kim", at=NOW)
    await down(connection, pump, 1, 2)
    assert len(await downtimes_of(connection, pump)) == 1
    with pytest.raises(NotFound):
        await withdraw_downtime(connection, made.id, reason="again", actor="kim", at=NOW)


@pytest.mark.parametrize(
    ("start", "end", "field"), [(25, None, "started_at"), (1, 25, "ended_at"), (2, 2, "ended_at")]
)
async def test_times_that_cannot_be_are_refused(
    connection: Connection, pump: int, start: float, end: float | None, field: str
) -> None:
    with pytest.raises(RegisterConflict, match=field):
        await down(connection, pump, start, end)


async def test_an_end_before_the_start_is_refused(connection: Connection, pump: int) -> None:
    made = await down(connection, pump, 5, None)
    with pytest.raises(RegisterConflict, match="before the start"):
        await end_downtime(connection, made.id, ended_at=_after(4), actor="kim", at=NOW)


async def test_intervals_that_touch_a_window_come_whole(connection: Connection, pump: int) -> None:
    for start, end in [(1, 2), (3, 6), (8, 9)]:
        await down(connection, pump, start, end)
    found = await downtimes_of(connection, pump, start=_after(5), end=_after(8))
    assert [(each.started_at, each.ended_at) for each in found] == [(_after(3), _after(6))]


async def test_an_order_has_the_downtime_that_was_recorded_with_it(
    connection: Connection, plant: Plant, pump: int
) -> None:
    order = int(
        await plant.value(
            "INSERT INTO work_order (asset_id, site_id, type, origin, title, priority,"
            " priority_reason, created_by) SELECT id, site_id, 'corrective', 'person', 't', 3, 'r',"
            " 'kim' FROM asset WHERE id = %s RETURNING id",
            pump,
        )
    )
    made = await down(connection, pump, 1, 2, work_order_id=order)
    assert made.work_order == "WO-000001"
    assert await downtimes_of_order(connection, order) == [made]
