"""Inspection rounds over HTTP."""

from typing import Any

import httpx
import pytest

from api.access.roles import Role
from config.database import Connection
from tests.api.conftest import ClientOf
from tests.maintenance.scene import Plant, build_plant

pytestmark = pytest.mark.store

ROUNDS = "/api/v1/rounds"
ROUND: dict[str, Any] = {
    "code": "morning-round",
    "name": "Morning round",
    "asset": "P-101",
    "stops": [
        {"asset": "P-102", "place": "Hall", "steps": [{"text": "No leak", "on_fail": "follow_up"}]},
        {"asset": "P-101", "steps": [{"kind": "number", "text": "Level", "unit": "%"}]},
    ],
}


@pytest.fixture
async def plant(connection: Connection) -> Plant:
    return await build_plant(connection)


async def test_a_round_is_made_read_changed_and_retired(
    client: httpx.AsyncClient, plant: Plant
) -> None:
    made = await client.post(ROUNDS, json=ROUND)
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    read = await client.get(made.headers["location"])
    assert [stop["asset"] for stop in read.json()["stops"]] == ["P-102", "P-101"]
    changed = {**ROUND, "name": "Evening round"}
    address = f"{ROUNDS}/{ROUND['code']}"
    put = await client.put(address, json=changed, headers={"If-Match": '"1"'})
    assert (put.status_code, put.json()["version"]) == (200, 2)
    assert len((await client.get(f"{address}/versions")).json()["items"]) == 2
    assert (await client.post(f"{address}/retirement")).json()["retired"]
    assert (await client.get(ROUNDS)).json()["items"] == []


async def test_an_asset_that_is_not_there_is_refused(
    client: httpx.AsyncClient, plant: Plant
) -> None:
    answer = await client.post(ROUNDS, json={**ROUND, "asset": "P-999"})
    assert (answer.status_code, answer.json()["detail"]) == (404, "there is no asset P-999")


async def test_a_job_plan_is_no_round(client: httpx.AsyncClient, plant: Plant) -> None:
    await client.post("/api/v1/job-plans", json={"code": "inspect", "name": "Inspect"})
    assert (await client.get(f"{ROUNDS}/inspect")).status_code == 404
    await client.post(ROUNDS, json=ROUND)
    assert (await client.get(f"/api/v1/job-plans/{ROUND['code']}")).status_code == 404


async def test_a_technician_walks_a_round_once_at_a_time(
    client: httpx.AsyncClient, client_of: ClientOf, plant: Plant
) -> None:
    await client.post(ROUNDS, json=ROUND)
    address = f"{ROUNDS}/{ROUND['code']}/walks"
    assert (await (await client_of(Role.REQUESTER)).post(address)).status_code == 403
    technician = await client_of(Role.TECHNICIAN)
    begun = await technician.post(address)
    assert (begun.status_code, begun.json()["state"]) == (201, "in_progress")
    assert (await technician.post(address)).json()["number"] == begun.json()["number"]
    [walk] = (await client.get(address)).json()["items"]
    assert (walk["number"], walk["steps"], walk["done"]) == (begun.json()["number"], 2, 0)


async def test_a_finding_on_a_walk_is_an_order_about_the_asset_at_the_stop(
    client: httpx.AsyncClient, plant: Plant
) -> None:
    await client.post(ROUNDS, json=ROUND)
    order = (await client.post(f"{ROUNDS}/{ROUND['code']}/walks")).json()["number"]
    said = {"said": "not ok", "note": "drips", "expected_revision": 0}
    step = await client.post(f"/api/v1/work-orders/{order}/steps/1/results", json=said)
    follow_up = await client.get(f"/api/v1/work-orders/{step.json()['follow_up']}")
    assert follow_up.json()["asset"] == "P-102"
    assert "Place: Hall" in follow_up.json()["description"]
