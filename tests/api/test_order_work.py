"""What is done on work orders over HTTP: holds, time, permits, signatures, edits, many at once."""

from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.store

ORDERS = "/api/v1/work-orders"
NUMBER = "WO-000001"
ORDER = f"{ORDERS}/{NUMBER}"


class Desk:
    """Somebody at work on orders, who always has read the newest version."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def make(self, **more: object) -> dict[str, Any]:
        new = {"asset": "P-101", "title": "Seal drips", **more}
        answer = await self.client.post(ORDERS, json=new)
        assert answer.status_code == 201, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def etag(self, number: str = NUMBER) -> dict[str, str]:
        return {"If-Match": (await self.client.get(f"{ORDERS}/{number}")).headers["ETag"]}

    async def act(self, action: str, number: str = NUMBER, **said: object) -> httpx.Response:
        headers = await self.etag(number)
        return await self.client.post(f"{ORDERS}/{number}/{action}", headers=headers, json=said)

    async def started(self) -> None:
        await self.make()
        for action in ("approve", "start"):
            assert (await self.act(action)).status_code == 200


@pytest.fixture
async def desk(client: httpx.AsyncClient, plant: Any) -> Desk:
    assert plant
    return Desk(client)


async def test_an_order_says_what_is_possible_and_what_is_missing(desk: Desk) -> None:
    await desk.started()
    await desk.client.post(f"{ORDER}/timer/start")
    possible = {
        one["action"]: one
        for one in (await desk.client.get(f"{ORDER}/transitions")).json()["items"]
    }
    assert set(possible) == {"hold", "complete", "cancel"}
    assert [lack["field"] for lack in possible["hold"]["asks"]] == ["hold_reason"]
    assert possible["complete"]["allowed"] is False
    assert [lack["code"] for lack in possible["complete"]["missing"]] == ["timer_running"]
    assert (await desk.client.get(ORDER)).json()["transitions"] == list(possible.values())


async def test_what_is_missing_is_told_in_the_refusal(desk: Desk) -> None:
    await desk.started()
    await desk.client.post(f"{ORDER}/timer/start", json={"person": "kim"})
    refused = await desk.act("complete", resolution="done")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-ready")
    assert refused.json()["missing"] == [
        {"code": "timer_running", "message": "the timer of kim runs"}
    ]


async def test_an_order_is_held_resumed_completed_and_reopened(desk: Desk) -> None:
    await desk.started()
    held = (await desk.act("hold", hold_reason="waiting_parts")).json()
    assert (held["state"], held["hold_reason"]) == ("on_hold", "waiting_parts")
    assert (await desk.act("resume")).json()["state"] == "in_progress"
    failure = {"failure_mode": "ELP", "mechanism": "1.1"}
    done = (await desk.act("complete", resolution="New seal", failure=failure)).json()
    assert done["state"] == "completed"
    report = (await desk.client.get(f"{ORDER}/failure-report")).json()
    assert (report["failure_mode"], report["mechanism"]) == ("ELP", "1.1")
    again = (await desk.act("reopen", reason="drips again")).json()
    assert (again["state"], again["reopened"], again["completed_at"]) == ("in_progress", 1, None)


async def test_an_unknown_hold_reason_is_refused_with_those_that_there_are(desk: Desk) -> None:
    await desk.started()
    refused = await desk.act("hold", hold_reason="rain")
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/code-unknown")
    listed = (await desk.client.get("/api/v1/hold-reasons")).json()["items"]
    assert sorted(one["code"] for one in listed) == refused.json()["known"]


async def test_an_order_is_scheduled_into_its_window(desk: Desk) -> None:
    await desk.make()
    await desk.act("approve")
    lacking = await desk.act("schedule")
    assert lacking.status_code == 422
    done = await desk.act("schedule", planned_start="2026-05-04T06:00:00Z")
    assert done.json()["planned_start"] == "2026-05-04T06:00:00Z"


async def test_a_patch_tells_null_from_nothing_said(desk: Desk) -> None:
    await desk.make(due_at="2026-05-04T06:00:00Z", craft="mechanical")
    answer = await desk.client.patch(
        ORDER, headers=await desk.etag(), json={"due_at": None, "title": "Seal leaks"}
    )
    body = answer.json()
    assert (body["due_at"], body["craft"], body["title"]) == (None, "mechanical", "Seal leaks")


async def test_a_patch_of_an_older_version_is_refused(desk: Desk) -> None:
    await desk.make()
    before = await desk.etag()
    await desk.act("approve")
    answer = await desk.client.patch(ORDER, headers=before, json={"title": "x"})
    assert answer.status_code == 412


async def test_time_is_entered_once_for_a_key(desk: Desk) -> None:
    await desk.started()
    said = {"person": "kim", "minutes": 45}
    first, second = [
        await desk.client.post(f"{ORDER}/labour", json=said, headers={"Idempotency-Key": "a"})
        for _ in range(2)
    ]
    assert first.status_code == 201, first.text
    assert first.json() == second.json()
    assert len((await desk.client.get(f"{ORDER}/labour")).json()["items"]) == 1


async def test_time_that_overlaps_is_refused_and_a_correction_frees_it(desk: Desk) -> None:
    await desk.started()
    said = {
        "person": "kim",
        "started_at": "2026-01-04T06:00:00Z",
        "finished_at": "2026-01-04T07:00:00Z",
    }
    entry = (await desk.client.post(f"{ORDER}/labour", json=said)).json()
    refused = await desk.client.post(f"{ORDER}/labour", json=said)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/time-overlaps")
    back = await desk.client.post(
        f"{ORDER}/labour/{entry['id']}/reverse", json={"reason": "another order"}
    )
    assert (back.json()["minutes"], back.json()["reverses"]) == (-60, entry["id"])
    assert (await desk.client.post(f"{ORDER}/labour", json=said)).status_code == 201


async def test_a_timer_belongs_to_who_asks(desk: Desk) -> None:
    await desk.started()
    running = (await desk.client.post(f"{ORDER}/timer/start")).json()
    assert (running["person"], running["minutes"]) == ("key:test administrator", None)
    assert (await desk.client.post(f"{ORDER}/timer/stop")).json()["minutes"] == 1
    assert (await desk.client.post(f"{ORDER}/timer/stop")).status_code == 409


async def test_work_waits_for_its_permit(desk: Desk) -> None:
    await desk.make()
    await desk.act("approve")
    new = {"kind": "lockout", "isolations": [{"tag": "Q-101", "energy": "electrical"}]}
    permit = (await desk.client.post(f"{ORDER}/permits", json=new)).json()
    refused = await desk.act("start")
    assert {lack["code"] for lack in refused.json()["missing"]} == {
        "permit_to_issue",
        "isolation_to_verify",
    }
    at = f"{ORDER}/permits/{permit['id']}"
    assert (await desk.client.post(f"{at}/issue")).json()["state"] == "issued"
    applied = await desk.client.post(f"{at}/isolations/Q-101/apply")
    assert applied.json()["isolations"][0]["next"] == "verify"
    same = await desk.client.post(f"{at}/isolations/Q-101/verify")
    assert (same.status_code, same.json()["type"]) == (409, "/problems/permit-refused")


async def test_a_signature_is_shown_with_what_was_signed(desk: Desk) -> None:
    await desk.started()
    await desk.act("complete", resolution="New seal")
    answer = await desk.client.post(
        f"{ORDER}/signatures", headers=await desk.etag(), json={"meaning": "performed"}
    )
    assert answer.status_code == 201
    (signature,) = (await desk.client.get(f"{ORDER}/signatures")).json()["items"]
    assert (signature["meaning"], signature["holds"]) == ("performed", True)
    assert "New seal" in signature["content"]


async def test_many_orders_move_together_or_not_at_all(desk: Desk) -> None:
    one, two = await desk.make(), await desk.make()
    seen = [{"number": order["number"], "version": order["version"]} for order in (one, two)]
    moved = await desk.client.post(f"{ORDERS}/bulk/approve", json={"orders": seen})
    assert [order["state"] for order in moved.json()["items"]] == ["approved", "approved"]
    refused = await desk.client.post(f"{ORDERS}/bulk/start", json={"orders": seen})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/bulk-refused")
    assert [row["type"] for row in refused.json()["refused"]] == ["/problems/stale-version"] * 2


async def test_many_orders_are_given_to_somebody(desk: Desk) -> None:
    order = await desk.make()
    seen = [{"number": order["number"], "version": 1}]
    said = {"orders": seen, "assignee": "kim"}
    given = await desk.client.post(f"{ORDERS}/bulk/assignee", json=said)
    assert given.json()["items"][0]["assignee"] == "kim"


async def test_parts_and_follow_ups_name_where_they_belong(desk: Desk) -> None:
    whole = await desk.make()
    part = await desk.make(parent=whole["number"])
    later = await desk.make(follows=part["number"])
    assert (part["parent"], later["follows"], later["origin"]) == (NUMBER, part["number"], "order")
    parts = (await desk.client.get(f"{ORDER}/children")).json()["items"]
    assert [one["number"] for one in parts] == [part["number"]]
    assert (await desk.client.get(f"{ORDER}/progress")).json()["parts"] == 1
    ring = await desk.client.put(
        f"{ORDER}/parent", headers=await desk.etag(), json={"parent": part["number"]}
    )
    assert (ring.status_code, ring.json()["type"]) == (409, "/problems/family-refused")


async def test_the_list_is_filtered_by_whatever_is_given(desk: Desk) -> None:
    first = await desk.make(title="Seal drips", due_at="2020-01-01T00:00:00Z")
    second = await desk.make(title="Motor hums", type="inspection", priority=1)
    for query, expected in (
        ("text=sea", [first]),
        ("text=wo-000002", [second]),
        ("type=inspection&site=north", [second]),
        ("overdue=true", [first]),
        ("priority=1", [second]),
        ("state=draft&state=approved", [second, first]),
        ("site=nowhere", []),
        ("below=P-101&text=seal", [first]),
        ("at_risk=true", []),
        ("text=%3A%26'%21", [second, first]),
    ):
        items = (await desk.client.get(f"{ORDERS}?{query}")).json()["items"]
        assert [one["number"] for one in items] == [one["number"] for one in expected], query


async def test_failure_codes_are_those_of_the_assets_class(desk: Desk) -> None:
    found = (await desk.client.get("/api/v1/failure-codes?asset=P-101")).json()["items"]
    assert {"kind": "mode", "code": "VIB", "name": "Vibration", "asset_class": None} in found
