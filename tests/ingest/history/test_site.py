"""The newest readings of a site come in columns, the same whether looked up or taken as kept."""

import numpy as np
import pytest

from config.clock import from_us
from config.database import Connection
from edge.reading import Quality
from ingest.chunks import DAY_US, ensure_days
from ingest.history.site import SiteReadings, site_latest
from ingest.latest_table import refresh_latest

pytestmark = pytest.mark.store

T0 = 1_790_000_000_000_000

MORE_POINTS = """
INSERT INTO point (tag, asset_id, role, unit)
SELECT a.tag || '.x' || n, a.id, 'x' || n, '1' FROM asset a, generate_series(1, %s) AS n
"""


async def insert(connection: Connection, point: int, value: float | None, quality: int) -> None:
    async with connection.transaction():
        await ensure_days(connection, [T0 // DAY_US])
        await connection.execute(
            "INSERT INTO reading VALUES (%s, %s, %s, %s)", [point, from_us(T0), value, quality]
        )


def of(found: SiteReadings, tag: str) -> tuple[bool, int, float, int]:
    row = found.tag.index(tag)
    return bool(found.known[row]), *(
        column[row].item() for column in (found.ts, found.value, found.quality)
    )


@pytest.mark.parametrize("more", [0, 600])
async def test_every_point_has_its_newest_reading(
    connection: Connection, points: dict[str, int], more: int
) -> None:
    await insert(connection, points["P-101.temp"], 2.5, 0)
    await insert(connection, points["P-101.vib"], None, Quality.BAD)
    await connection.execute(MORE_POINTS, [more])
    await refresh_latest(connection)
    found = await site_latest(connection, None)
    assert found.tag == sorted(found.tag)
    assert len(found.tag) == 3 + 2 * more == len(found.value)
    assert of(found, "P-101.temp") == (True, T0, 2.5, 0)
    known, ts, value, quality = of(found, "P-101.vib")
    assert (known, ts, quality) == (True, T0, Quality.BAD)
    assert np.isnan(value)
    assert not of(found, "P-102.temp")[0]


async def test_another_site_and_retired_points_are_left_out(
    connection: Connection, points: dict[str, int]
) -> None:
    await connection.execute(
        "UPDATE point SET retired_at = now() WHERE id = %s", [points["P-101.vib"]]
    )
    assert (await site_latest(connection, "S")).tag == ["P-101.temp", "P-102.temp"]
    assert (await site_latest(connection, "T")).tag == []
