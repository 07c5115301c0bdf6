"""Condition events and rules over HTTP."""

from typing import Any

import httpx
import pytest

from api.access.roles import Role

pytestmark = pytest.mark.store

EVENTS = "/api/v1/condition-events"


async def test_events_come_latest_raise_first_each_once(
    client: httpx.AsyncClient, plant: Any
) -> None:
    ids = [await plant.add_event(minutes=minutes) for minutes in (5, 25, 15, 35)]
    seen: list[int] = []
    query: dict[str, Any] = {"limit": 1}
    while True:
        page = (await client.get(EVENTS, params=query)).json()
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert seen == [ids[3], ids[1], ids[2], ids[0]]


async def test_events_are_filtered(client: httpx.AsyncClient, plant: Any) -> None:
    low = await plant.add_event(severity=1, minutes=1)
    high = await plant.add_event(severity=3, asset="P-102", minutes=2)

    async def ids(**query: str) -> list[int]:
        return [item["id"] for item in (await client.get(EVENTS, params=query)).json()["items"]]

    assert await ids(severity="medium") == [high]
    assert await ids(asset="P-101") == [low]
    assert await ids(state="cleared") == []
    assert await ids(state="active", rule="centrifugal_pump/vibration_zone") == [high, low]


async def test_one_event_comes_with_the_readings_that_caused_it(
    client: httpx.AsyncClient, plant: Any
) -> None:
    event = (await client.get(f"{EVENTS}/{await plant.add_event()}")).json()
    assert event["severity"] == "high"
    assert event["evidence"]["points"][0]["tag"] == "P-101.de_vibration"
    assert len(event["evidence"]["points"][0]["readings"]) == 41


async def test_who_acknowledged_first_stays(client_of: Any, plant: Any) -> None:
    event = await plant.add_event()
    first = await client_of(Role.TECHNICIAN)
    second = await client_of(Role.ADMINISTRATOR)
    once = (await first.post(f"{EVENTS}/{event}/acknowledge")).json()
    again = (await second.post(f"{EVENTS}/{event}/acknowledge")).json()
    assert once["acknowledged_by"] == "key:test technician"
    assert again["acknowledged_by"] == once["acknowledged_by"]
    assert again["acknowledged_at"] == once["acknowledged_at"]


@pytest.mark.parametrize("path", ["/9", "/9/acknowledge"])
async def test_an_unknown_event_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    method = "POST" if path.endswith("acknowledge") else "GET"
    assert (await client.request(method, EVENTS + path)).status_code == 404


@pytest.mark.usefixtures("plant")
async def test_rules_have_their_versions(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/api/v1/rules")).json()["items"]
    assert [rule["rule"] for rule in listed] == ["centrifugal_pump/vibration_zone"]
    one = (await client.get("/api/v1/rules/centrifugal_pump/vibration_zone")).json()
    assert (one["file"], one["line"]) == ("rules/pump.yaml", 12)
    assert [version["version"] for version in one["versions"]] == [1]
    missing = await client.get("/api/v1/rules/centrifugal_pump/nothing")
    assert missing.status_code == 404
