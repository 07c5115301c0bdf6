"""History gives back what was stored: raw in (start, end], and the latest."""

import numpy as np
import pytest

from config.clock import from_us
from config.database import Connection
from edge.reading import Quality
from ingest.chunks import DAY_US, ensure_days
from ingest.history.latest import latest
from ingest.history.raw import raw, raw_chunks

pytestmark = pytest.mark.store

T0 = 1_790_000_000_000_000


async def insert(
    connection: Connection, point: int, rows: list[tuple[int, float | None, int]]
) -> None:
    async with connection.transaction():
        await ensure_days(connection, {ts // DAY_US for ts, _, _ in rows})
        for ts, value, quality in rows:
            await connection.execute(
                "INSERT INTO reading VALUES (%s, %s, %s, %s)", [point, from_us(ts), value, quality]
            )


async def test_raw_is_open_at_the_start_and_closed_at_the_end(
    connection: Connection, points: dict[str, int]
) -> None:
    point = points["P-101.temp"]
    await insert(connection, point, [(T0 + i, float(i), 0) for i in (3, 1, 2, 4)])
    series = await raw(connection, point, start_us=T0 + 1, end_us=T0 + 3)
    assert series.ts.tolist() == [T0 + 2, T0 + 3]
    assert series.value.tolist() == [2.0, 3.0]


async def test_raw_keeps_missing_numbers_and_quality(
    connection: Connection, points: dict[str, int]
) -> None:
    point = points["P-101.temp"]
    await insert(connection, point, [(T0, None, Quality.BAD), (T0 + 1, 2.5, Quality.UNCERTAIN)])
    series = await raw(connection, point, start_us=T0 - 1, end_us=T0 + 1)
    np.testing.assert_array_equal(series.value, [np.nan, 2.5])
    assert series.quality.tolist() == [Quality.BAD, Quality.UNCERTAIN]


async def test_raw_gives_the_first_readings_up_to_its_limit(
    connection: Connection, points: dict[str, int]
) -> None:
    point = points["P-101.temp"]
    await insert(connection, point, [(T0 + i, 0.0, 0) for i in range(5)])
    series = await raw(connection, point, start_us=0, end_us=T0 + 9, limit=2)
    assert series.ts.tolist() == [T0, T0 + 1]


async def test_chunks_go_on_where_they_were_cut(
    connection: Connection, points: dict[str, int]
) -> None:
    point = points["P-101.temp"]
    await insert(connection, point, [(T0 + i, float(i), 0) for i in range(6)])
    chunks = [
        chunk.ts.tolist()
        async for chunk in raw_chunks(connection, point, start_us=T0, end_us=T0 + 5, rows=2)
    ]
    assert chunks == [[T0 + 1, T0 + 2], [T0 + 3, T0 + 4], [T0 + 5]]


async def test_raw_of_a_silent_point_is_empty(
    connection: Connection, points: dict[str, int]
) -> None:
    assert len(await raw(connection, points["P-101.temp"], start_us=0, end_us=T0)) == 0


async def test_latest_gives_the_newest_of_each_point_that_has_one(
    connection: Connection, points: dict[str, int]
) -> None:
    first, second, silent = points.values()
    await insert(connection, first, [(T0, 1.0, 0), (T0 + DAY_US, 2.0, 0)])
    await insert(connection, second, [(T0, None, int(Quality.BAD))])
    found = await latest(connection, [first, second, silent])
    assert found == {first: (T0 + DAY_US, 2.0, 0), second: (T0, None, int(Quality.BAD))}
