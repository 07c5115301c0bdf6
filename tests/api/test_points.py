"""Points and their readings over HTTP."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from config.clock import to_us

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


async def test_raw_readings_of_a_window_leave_its_start_out(
    client: httpx.AsyncClient, plant: Any
) -> None:
    query = {
        "start": plant.start.isoformat(),
        "end": (plant.start + timedelta(seconds=30)).isoformat(),
    }
    readings = (await client.get(f"{VIBRATION}/readings", params=query)).json()
    start = to_us(plant.start)
    assert readings["kind"] == "raw"
    assert readings["ts"] == [start + n * 10_000_000 for n in (1, 2, 3)]
    assert readings["next"] is None


async def test_raw_readings_go_on_where_they_were_cut(
    client: httpx.AsyncClient, plant: Any
) -> None:
    query: dict[str, Any] = {
        "start": plant.start.isoformat(),
        "end": (plant.start + timedelta(hours=1)).isoformat(),
        "limit": 100,
    }
    seen: list[int] = []
    qualities: list[int] = []
    while True:
        page = (await client.get(f"{VIBRATION}/readings", params=query)).json()
        seen += page["ts"]
        qualities += page["quality"]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert seen == [to_us(plant.start) + n * 10_000_000 for n in range(1, 360)]
    assert qualities.count(128) == 1


async def test_buckets_sum_up_and_leave_bad_readings_out(
    client: httpx.AsyncClient, plant: Any
) -> None:
    query = {
        "start": plant.start.isoformat(),
        "end": (plant.start + timedelta(hours=1)).isoformat(),
        "width": "60s",
    }
    readings = (await client.get(f"{VIBRATION}/readings", params=query)).json()
    assert (readings["kind"], readings["width_us"]) == ("buckets", 60_000_000)
    assert sum(readings["count"]) == 358
    assert all(
        least <= mean <= most
        for least, mean, most in zip(readings["min"], readings["avg"], readings["max"], strict=True)
    )


@pytest.mark.parametrize(
    "query",
    [
        {"start": "2026-01-02T00:00:00Z", "end": "2026-01-01T00:00:00Z"},
        {"start": "2026-01-01T00:00:00"},
        {"width": "soon"},
        {"width": "0s"},
        {"width": "1ms"},
    ],
)
@pytest.mark.usefixtures("plant")
async def test_a_range_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, query: dict[str, str]
) -> None:
    answer = await client.get(f"{VIBRATION}/readings", params=query)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/range-invalid")
