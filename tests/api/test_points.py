"""Points over HTTP."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.store

VIBRATION = "/api/v1/points/P-101.de_vibration"


@pytest.mark.usefixtures("plant")
async def test_points_of_an_asset(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/points", params={"asset": "P-101", "limit": 2})
    page = answer.json()
    assert [item["tag"] for item in page["items"]] == ["P-101.bearing_temp", "P-101.de_vibration"]
    rest = await client.get("/api/v1/points", params={"asset": "P-101", "cursor": page["next"]})
    assert [item["tag"] for item in rest.json()["items"]] == ["P-101.running"]


async def test_one_point_has_its_unit_and_latest_reading(
    client: httpx.AsyncClient, plant: Any
) -> None:
    point = (await client.get(VIBRATION)).json()
    assert point["unit"] == "mm/s"
    latest = plant.start + timedelta(seconds=3590)
    assert point["latest"]["ts"] == latest.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("tag", ["P-101.nothing", "P-999.de_vibration", "P-101"])
@pytest.mark.usefixtures("plant")
async def test_an_unknown_point_is_not_found(client: httpx.AsyncClient, tag: str) -> None:
    assert (await client.get(f"/api/v1/points/{tag}")).status_code == 404
    assert (await client.get(f"/api/v1/points/{tag}/readings")).status_code == 404


@pytest.mark.usefixtures("plant")
async def test_the_latest_readings_of_a_site_come_at_once(
    client: httpx.AsyncClient, plant: Any
) -> None:
    await plant.connection.execute(
        "DELETE FROM reading WHERE point_id = (SELECT id FROM point WHERE tag = 'B-301.load')"
    )
    found = (await client.get("/api/v1/latest-readings", params={"site": "north"})).json()
    assert found["tag"] == sorted(found["tag"])
    assert len(found["tag"]) == 5
    one = dict(zip(found["tag"], found["ts"], strict=True))
    assert one["B-301.load"] is None
    assert one["P-101.running"] == one["P-101.de_vibration"] > 0
    nowhere = (await client.get("/api/v1/latest-readings", params={"site": "south"})).json()
    assert nowhere == {"tag": [], "ts": [], "value": [], "quality": []}
