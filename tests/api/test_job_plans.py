"""Job plans and the steps of orders over HTTP."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.access.roles import Role
from config.database import Connection
from tests.api.conftest import ClientOf
from tests.maintenance.scene import Plant, build_plant

pytestmark = pytest.mark.store

PLANS = "/api/v1/job-plans"
PLAN: dict[str, Any] = {
    "code": "inspect-bearing",
    "name": "Inspect the bearing",
    "asset_class": "pump",
    "estimated_minutes": 90,
    "crafts": ["mechanical"],
    "parts": [{"part": "BRG-6309", "quantity": "0.5", "unit": "pcs"}],
    "steps": [
        {"text": "Locked out", "on_fail": "stop"},
        {
            "kind": "number",
            "text": "Vibration",
            "unit": "mm/s",
            "limits": {"reject_above": 7.1},
            "on_fail": "follow_up",
        },
    ],
}


@pytest.fixture
async def plant(connection: Connection) -> Plant:
    return await build_plant(connection)


async def order_in_work(client: httpx.AsyncClient) -> str:
    await client.post(PLANS, json=PLAN)
    new = {"asset": "P-101", "title": "Look", "type": "inspection", "job_plan": PLAN["code"]}
    order = (await client.post("/api/v1/work-orders", json=new)).json()
    address = f"/api/v1/work-orders/{order['number']}"
    for version, action in enumerate(("approve", "start"), start=order["version"]):
        answer = await client.post(f"{address}/{action}", headers={"If-Match": f'"{version}"'})
        assert answer.status_code == 200, answer.text
    return address


async def test_a_plan_is_made_and_read(client: httpx.AsyncClient) -> None:
    made = await client.post(PLANS, json=PLAN)
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    read = await client.get(made.headers["location"])
    assert read.json() == made.json()
    assert read.json()["steps"][1]["limits"]["reject_above"] == 7.1
    assert [one["code"] for one in (await client.get(PLANS)).json()["items"]] == [PLAN["code"]]


async def test_the_same_key_makes_one_plan(client: httpx.AsyncClient) -> None:
    keyed = {"Idempotency-Key": "one"}
    first = await client.post(PLANS, json=PLAN, headers=keyed)
    again = await client.post(PLANS, json=PLAN, headers=keyed)
    assert (again.status_code, again.json()) == (201, first.json())
    assert (await client.post(PLANS, json=PLAN)).status_code == 412


async def test_a_dry_run_changes_nothing(client: httpx.AsyncClient) -> None:
    tried = await client.post(PLANS, json=PLAN, params={"dry_run": True})
    assert (tried.status_code, tried.json()["version"]) == (201, 1)
    assert (await client.get(f"{PLANS}/{PLAN['code']}")).status_code == 404


async def test_a_change_is_a_version_of_what_was_read(client: httpx.AsyncClient) -> None:
    await client.post(PLANS, json=PLAN)
    address, changed = f"{PLANS}/{PLAN['code']}", {**PLAN, "name": "Look at the bearing"}
    assert (await client.put(address, json=changed)).status_code == 428
    made = await client.put(address, json=changed, headers={"If-Match": '"1"'})
    assert (made.status_code, made.headers["etag"]) == (200, '"2"')
    assert (await client.put(address, json=PLAN, headers={"If-Match": '"1"'})).status_code == 412
    versions = (await client.get(f"{address}/versions")).json()["items"]
    assert [(one["version"], one["current"]) for one in versions] == [(2, True), (1, False)]


async def test_a_step_that_does_not_fit_its_kind_is_refused(client: httpx.AsyncClient) -> None:
    wrong = {**PLAN, "steps": [{"kind": "number", "text": "Level"}]}
    answer = await client.post(PLANS, json=wrong)
    assert answer.status_code == 422
    assert "needs a unit" in answer.json()["detail"]


async def test_a_retired_plan_is_listed_no_more(client: httpx.AsyncClient) -> None:
    await client.post(PLANS, json=PLAN)
    retired = await client.post(f"{PLANS}/{PLAN['code']}/retirement")
    assert retired.json()["retired"]
    assert (await client.get(PLANS)).json()["items"] == []


async def test_a_technician_records_and_a_viewer_does_not(
    client: httpx.AsyncClient, client_of: ClientOf, plant: Plant
) -> None:
    address = await order_in_work(client)
    said = {"said": "ok", "expected_revision": 0}
    viewer, technician = await client_of(Role.VIEWER), await client_of(Role.TECHNICIAN)
    assert (await viewer.post(f"{address}/steps/1/results", json=said)).status_code == 403
    assert (await technician.post(f"{address}/steps/1/results", json=said)).status_code == 201
    steps = (await viewer.get(f"{address}/steps")).json()
    assert steps["progress"] == {
        "total": 2,
        "done": 1,
        "failed": 0,
        "missing": ["Vibration"],
        "ready": False,
    }


async def test_a_number_beyond_its_limit_leads_to_an_order(
    client: httpx.AsyncClient, plant: Plant
) -> None:
    address = await order_in_work(client)
    said = {"value": 9.0, "expected_revision": 0, "request": str(uuid4())}
    failed = await client.post(f"{address}/steps/2/results", json=said)
    assert (failed.status_code, failed.json()["outcome"]) == (201, "failed")
    follow_up = await client.get(f"/api/v1/work-orders/{failed.json()['follow_up']}")
    assert follow_up.json()["origin"] == "step"
    again = await client.post(f"{address}/steps/2/results", json=said)
    assert again.json() == failed.json()


async def test_a_correction_names_what_it_corrects(client: httpx.AsyncClient, plant: Plant) -> None:
    address = f"{await order_in_work(client)}/steps/2/results"
    await client.post(address, json={"value": 70, "expected_revision": 0})
    stale = await client.post(address, json={"value": 7.0, "expected_revision": 0})
    assert (stale.status_code, stale.json()["type"]) == (412, "/problems/step-stale")
    await client.post(address, json={"value": 7.0, "expected_revision": 1})
    assert [one["value"] for one in (await client.get(address)).json()["items"]] == [70, 7]


async def test_what_a_step_does_not_ask_for_is_refused(
    client: httpx.AsyncClient, plant: Plant
) -> None:
    address = await order_in_work(client)
    said = {"said": "fine", "expected_revision": 0}
    refused = await client.post(f"{address}/steps/1/results", json=said)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/step-value-invalid")
    assert (await client.get(f"{address}/steps/9/results")).status_code == 404
