"""Alarm performance and groups of events over HTTP."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.store

API = "/api/v1"
TOLD = """
INSERT INTO condition_outbox (event_id, kind, severity, at, annunciated)
SELECT id, 'raised', severity, raised_at, %s FROM condition_event WHERE id = %s
"""


async def tell(plant: Any, event: int, *, annunciated: bool = True) -> None:
    await plant.connection.execute(TOLD, [annunciated, event])


async def figures(client: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    response = await client.get(f"{API}/alarm-performance", params=query)
    assert response.status_code == 200, response.text
    return {figure["name"]: figure for figure in response.json()["figures"]}


async def test_figures_come_with_their_formula_and_rows(
    client: httpx.AsyncClient, plant: Any
) -> None:
    for minutes, severity in ((1, 1), (2, 2), (3, 3)):
        await tell(plant, await plant.add_event(minutes=minutes, severity=severity))
    silent = await plant.add_event(minutes=4)
    await tell(plant, silent, annunciated=False)
    found = await figures(client, start=plant.start.isoformat())
    assert found["top_ten"]["value"] == 1
    assert found["top_ten"]["rows"] == [
        {"asset": "P-101", "rule": "centrifugal_pump/vibration_zone", "alarms": 3, "share": 1.0}
    ]
    assert found["average_rate"]["population"] == 3
    assert found["average_rate"]["formula"].startswith("annunciations / hours")
    assert [row["alarms"] for row in found["priorities"]["rows"]] == [1, 1, 1]


async def test_an_event_from_before_the_period_that_is_still_active_is_stale(
    client: httpx.AsyncClient, plant: Any
) -> None:
    event = await plant.add_event(minutes=-2 * 24 * 60)
    await tell(plant, event)
    found = await figures(client, start=plant.start.isoformat())
    assert [row["event_id"] for row in found["stale"]["rows"]] == [event]
    assert found["average_rate"]["population"] == 0


async def test_the_time_to_acknowledge_is_from_the_annunciation(
    client: httpx.AsyncClient, plant: Any
) -> None:
    event = await plant.add_event(minutes=5)
    await tell(plant, event)
    await client.post(f"{API}/condition-events/{event}/acknowledge")
    (row,) = (await figures(client))["time_to_acknowledge"]["rows"]
    assert row["event_id"] == event
    assert row["s"] > 50 * 60


async def test_figures_are_of_an_asset_with_its_parts(
    client: httpx.AsyncClient, plant: Any
) -> None:
    await tell(plant, await plant.add_event(asset="P-101", minutes=1))
    await tell(plant, await plant.add_event(asset="P-102", minutes=2))
    assert (await figures(client))["average_rate"]["population"] == 2
    assert (await figures(client, below="P-102"))["average_rate"]["population"] == 1


async def test_a_period_that_cannot_be_is_refused(client: httpx.AsyncClient, plant: Any) -> None:
    for start in (plant.start + timedelta(days=1), plant.start - timedelta(days=400)):
        response = await client.get(f"{API}/alarm-performance", params={"start": start.isoformat()})
        assert response.status_code == 400
        assert response.json()["type"] == "/problems/range-invalid"


async def test_open_events_of_one_tree_are_a_group(client: httpx.AsyncClient, plant: Any) -> None:
    await plant.connection.execute(
        "UPDATE asset SET parent_id = (SELECT id FROM asset WHERE tag = 'B-301')"
        " WHERE tag LIKE 'P-%'"
    )
    first = await plant.add_event(asset="P-102", minutes=1)
    second = await plant.add_event(asset="P-101", minutes=2)
    later = await plant.add_event(asset="P-101", minutes=30)
    groups = (await client.get(f"{API}/condition-event-groups")).json()["items"]
    assert [(one["asset"], one["event_ids"]) for one in groups] == [
        ("B-301", [first, second]),
        ("P-101", [later]),
    ]
    assert groups[0]["cause"]["id"] == first
    assert groups[0]["failure_modes"] == {"VIB": 2}
