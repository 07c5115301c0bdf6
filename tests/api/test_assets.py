"""Assets over HTTP."""

from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.store


@pytest.mark.usefixtures("plant")
async def test_assets_come_by_tag_page_by_page_each_once(client: httpx.AsyncClient) -> None:
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 1}
    while True:
        page = (await client.get("/api/v1/assets", params=query)).json()
        seen += [item["tag"] for item in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert seen == ["B-301", "P-101", "P-102"]


@pytest.mark.usefixtures("plant")
@pytest.mark.parametrize(
    ("query", "tags"),
    [
        ({"asset_class": "conveyor"}, ["B-301"]),
        ({"site": "north", "asset_class": "centrifugal_pump"}, ["P-101", "P-102"]),
        ({"site": "south"}, []),
        ({"parent": "P-101"}, []),
    ],
)
async def test_filters_all_have_to_fit(
    client: httpx.AsyncClient, query: dict[str, str], tags: list[str]
) -> None:
    answer = await client.get("/api/v1/assets", params=query)
    assert [item["tag"] for item in answer.json()["items"]] == tags


async def test_one_asset_comes_with_all_that_hangs_on_it(
    client: httpx.AsyncClient, plant: Any
) -> None:
    event = await plant.add_event()
    number = await plant.add_order(event=event)
    await plant.add_event(asset="P-102")
    asset = (await client.get("/api/v1/assets/P-101")).json()
    assert asset["location"] == "pump-house"
    assert [point["tag"] for point in asset["points"]] == [
        "P-101.bearing_temp",
        "P-101.de_vibration",
        "P-101.running",
    ]
    assert asset["points"][0]["latest"]["quality"] == "good"
    assert [item["id"] for item in asset["open_events"]] == [event]
    assert [item["number"] for item in asset["open_orders"]] == [number]
    for part, key in [("condition-events", "id"), ("work-orders", "number"), ("points", "tag")]:
        alone = (await client.get(f"/api/v1/assets/P-101/{part}")).json()["items"]
        whole = {"condition-events": "open_events", "work-orders": "open_orders"}.get(part, part)
        assert [item[key] for item in alone] == [item[key] for item in asset[whole]]


@pytest.mark.parametrize("part", ["", "/points", "/condition-events", "/work-orders"])
async def test_an_unknown_asset_is_not_found(client: httpx.AsyncClient, part: str) -> None:
    answer = await client.get(f"/api/v1/assets/P-999{part}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
