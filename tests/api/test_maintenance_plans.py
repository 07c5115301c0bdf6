"""Maintenance plans over the API."""

from typing import Any

import httpx
import pytest

from api.access.roles import Role
from config.database import Connection
from maintenance.plans.generation import generate

pytestmark = pytest.mark.store

BASE = "/api/v1/maintenance-plans"
PLAN: dict[str, Any] = {
    "code": "grease",
    "name": "Grease the bearings",
    "applies_to": {"classes": ["centrifugal_pump"]},
    "time": {"rule": "FREQ=MONTHLY", "start": "2026-01-31T06:00"},
    "lead": "7d",
    "work": {"craft": "mechanical", "estimated_minutes": 30},
}


@pytest.fixture
async def planner(client_of: Any, plant: Any) -> httpx.AsyncClient:
    """A planner of a plant with pumps."""
    client: httpx.AsyncClient = await client_of(Role.PLANNER)
    return client


async def made(planner: httpx.AsyncClient, connection: Connection) -> httpx.Response:
    """A plan with what it has ahead."""
    answer = await planner.post(BASE, json=PLAN)
    assert answer.status_code == 201, answer.text
    await generate(connection)
    return answer


async def test_a_plan_is_made_read_and_changed(
    planner: httpx.AsyncClient, connection: Connection
) -> None:
    answer = await made(planner, connection)
    assert answer.headers["ETag"] == '"1"'
    found = (await planner.get(f"{BASE}/grease")).json()
    assert (found["lead"], found["assets"], found["trouble"]) == ("7d", 2, "")
    changed = await planner.put(
        f"{BASE}/grease", json=PLAN | {"name": "Other"}, headers={"If-Match": '"1"'}
    )
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    late = await planner.put(f"{BASE}/grease", json=PLAN, headers={"If-Match": '"1"'})
    assert late.status_code == 412
    listed = (await planner.get(BASE, params={"asset": "P-101"})).json()
    assert [plan["code"] for plan in listed["items"]] == ["grease"]


async def test_a_plan_sent_again_with_its_key_is_one_plan(planner: httpx.AsyncClient) -> None:
    sent = [
        await planner.post(BASE, json=PLAN, headers={"Idempotency-Key": "k1"}) for _ in range(2)
    ]
    assert [answer.status_code for answer in sent] == [201, 201]
    assert (await planner.post(BASE, json=PLAN)).status_code == 412


async def test_a_rule_that_cannot_be_used_is_refused_with_the_remedy(
    planner: httpx.AsyncClient,
) -> None:
    wrong = PLAN | {"time": {"rule": "FREQ=HOURLY", "start": "2026-01-31"}}
    answer = await planner.post(BASE, json=wrong)
    assert answer.status_code == 422
    assert "BYHOUR" in answer.text


async def test_a_preview_shows_the_calendar_and_keeps_nothing(
    planner: httpx.AsyncClient, connection: Connection
) -> None:
    answer = await planner.post(f"{BASE}/calendar-preview", json=PLAN, params={"days": 370})
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["items"]) in {24, 26}
    assert (await planner.get(f"{BASE}/grease")).status_code == 404
    row = await (await connection.execute("SELECT count(*) FROM plan_occurrence")).fetchone()
    assert row == (0,)


async def test_work_ahead_is_listed_page_by_page_skipped_released_and_noted_as_done(
    planner: httpx.AsyncClient, connection: Connection
) -> None:
    await made(planner, connection)
    first = (await planner.get(f"{BASE}/grease/occurrences", params={"limit": 3})).json()
    ids = [each["id"] for each in first["items"]]
    following = await planner.get(
        f"{BASE}/grease/occurrences", params={"limit": 3, "cursor": first["next"]}
    )
    assert not set(ids) & {each["id"] for each in following.json()["items"]}
    at = f"{BASE}/grease/occurrences"
    skipped = await planner.post(f"{at}/{ids[0]}/skip", json={"reason": "shutdown"})
    assert (skipped.json()["state"], skipped.json()["reason"]) == ("skipped", "shutdown")
    released = await planner.post(f"{at}/{ids[1]}/release")
    assert released.json()["work_order"] == "WO-000001"
    assert (await planner.post(f"{at}/{ids[1]}/release")).status_code == 409
    due = first["items"][2]["due_at"]
    done = await planner.post(f"{at}/{ids[2]}/completion", json={"reason": "x", "done_at": due})
    assert done.json()["state"] == "done"
    story = (await planner.get(f"{BASE}/grease/changes")).json()["items"]
    assert [change["action"] for change in story] == ["complete", "release", "skip", "create"]


async def test_calendars_and_load_tell_the_year(
    planner: httpx.AsyncClient, connection: Connection
) -> None:
    await made(planner, connection)
    one = (await planner.get(f"{BASE}/grease/calendar")).json()["items"]
    everything = (await planner.get(f"{BASE}/calendar")).json()["items"]
    assert one == everything
    assert len(one) in {24, 26}
    load = (await planner.get(f"{BASE}/load-forecast")).json()["items"]
    assert sum(week["minutes"] for week in load) in {30 * 24, 30 * 26}
    assert {week["craft"] for week in load} == {"mechanical"}


async def test_a_plan_is_paused_resumed_and_retired(
    planner: httpx.AsyncClient, connection: Connection
) -> None:
    await made(planner, connection)
    paused = await planner.post(f"{BASE}/grease/pause", json={"reason": "strike"})
    assert paused.json()["pause_reason"] == "strike"
    assert (await planner.post(f"{BASE}/grease/resume")).json()["paused_at"] is None
    retired = await planner.post(f"{BASE}/grease/retirement", json={"reason": "sold"})
    assert retired.json()["retired_at"] is not None
    assert (await planner.get(f"{BASE}/grease/calendar")).json()["items"] == []


async def test_who_may_not_plan_only_reads(client_of: Any, plant: Any) -> None:
    viewer: httpx.AsyncClient = await client_of(Role.VIEWER)
    assert (await viewer.get(BASE)).status_code == 200
    assert (await viewer.post(BASE, json=PLAN)).status_code == 403
    assert (await viewer.post(f"{BASE}/calendar-preview", json=PLAN)).status_code == 403
