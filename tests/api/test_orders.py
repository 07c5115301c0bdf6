"""Work orders over HTTP: life, versions, idempotency, and who may do what."""

import asyncio
from typing import Any

import httpx
import pytest

from api.access.roles import Role
from config.database import Connection, connect
from maintenance.people.service import save_staff
from maintenance.people.staff import Staff

pytestmark = pytest.mark.store

ORDERS = "/api/v1/work-orders"
NEW = {"asset": "P-101", "title": "Seal drips", "type": "corrective"}


@pytest.fixture
async def order(client: httpx.AsyncClient, plant: Any) -> httpx.Response:
    """The answer that made a draft order."""
    assert plant
    return await client.post(ORDERS, json=NEW)


async def act(client: httpx.AsyncClient, action: str, version: int, **said: str) -> httpx.Response:
    """Move WO-000001 on from a version."""
    headers = {"If-Match": f'"{version}"'}
    return await client.post(f"{ORDERS}/WO-000001/{action}", headers=headers, json=said)


async def test_a_new_order_is_a_draft_with_address_and_version(order: httpx.Response) -> None:
    assert order.status_code == 201
    assert order.headers["Location"] == f"{ORDERS}/WO-000001"
    assert order.headers["ETag"] == '"1"'
    assert order.json()["state"] == "draft"
    assert order.json()["created_by"] == "key:test administrator"
    assert order.json()["allowed_transitions"] == ["approve", "cancel"]


@pytest.mark.usefixtures("order")
async def test_an_order_goes_through_its_life(client: httpx.AsyncClient) -> None:
    steps = [("approve", {}), ("start", {}), ("complete", {"resolution": "New seal"})]
    for version, (action, said) in enumerate([*steps, ("close", {})], start=1):
        answer = await act(client, action, version, **said)
        assert answer.status_code == 200, answer.text
        assert answer.headers["ETag"] == f'"{version + 1}"'
    whole = (await client.get(f"{ORDERS}/WO-000001")).json()
    assert whole["state"] == "closed"
    assert whole["resolution"] == "New seal"
    actions = [change["action"] for change in whole["changes"]]
    assert actions == ["create", "approve", "start", "complete", "close"]
    alone = (await client.get(f"{ORDERS}/WO-000001/changes")).json()["items"]
    assert alone == whole["changes"]


@pytest.mark.usefixtures("order")
async def test_a_stale_version_is_refused_and_changes_nothing(client: httpx.AsyncClient) -> None:
    await act(client, "approve", 1)
    stale = await act(client, "cancel", 1, reason="no")
    assert (stale.status_code, stale.json()["type"]) == (412, "/problems/stale-version")
    assert (await client.get(f"{ORDERS}/WO-000001")).json()["state"] == "approved"


@pytest.mark.usefixtures("order")
async def test_an_action_needs_to_know_what_it_changes(client: httpx.AsyncClient) -> None:
    missing = await client.post(f"{ORDERS}/WO-000001/approve")
    assert (missing.status_code, missing.json()["type"]) == (428, "/problems/precondition-missing")
    wild = await client.post(f"{ORDERS}/WO-000001/approve", headers={"If-Match": "*"})
    assert (wild.status_code, wild.json()["type"]) == (400, "/problems/precondition-invalid")


@pytest.mark.usefixtures("order")
async def test_a_refused_transition_says_what_is_allowed(client: httpx.AsyncClient) -> None:
    answer = await act(client, "close", 1)
    assert answer.status_code == 409
    assert answer.json()["allowed_transitions"] == ["approve", "cancel"]


@pytest.mark.usefixtures("order")
async def test_a_cancellation_needs_a_reason(client: httpx.AsyncClient) -> None:
    answer = await act(client, "cancel", 1)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/requirement-missing")


@pytest.mark.usefixtures("order")
async def test_an_order_is_not_given_to_a_code_that_nobody_has(
    client: httpx.AsyncClient, connection: Connection
) -> None:
    await save_staff(connection, Staff("kim", "Kim"))
    answer = await client.put(
        f"{ORDERS}/WO-000001/assignee", headers={"If-Match": '"1"'}, json={"assignee": "kmi"}
    )
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, "/problems/assignee-unknown")
    assert (problem["errors"][0]["field"], problem["known"]) == ("assignee", ["kim"])


@pytest.mark.usefixtures("order")
async def test_an_order_is_given_to_somebody(client: httpx.AsyncClient) -> None:
    headers = {"If-Match": '"1"'}
    path = f"{ORDERS}/WO-000001/assignee"
    answer = await client.put(path, headers=headers, json={"assignee": "lee"})
    assert (answer.json()["assignee"], answer.headers["ETag"]) == ("lee", '"2"')
    mine = (await client.get(ORDERS, params={"assignee": "lee"})).json()["items"]
    assert [item["number"] for item in mine] == ["WO-000001"]


@pytest.mark.usefixtures("order")
async def test_a_remark_stands_in_the_audit_trail(client: httpx.AsyncClient) -> None:
    said = await client.post(f"{ORDERS}/WO-000001/comments", json={"text": "Kit is ordered"})
    assert said.status_code == 201
    changes = (await client.get(f"{ORDERS}/WO-000001/changes")).json()["items"]
    assert changes[-1]["reason"] == "Kit is ordered"


async def test_orders_come_newest_first_each_once(client: httpx.AsyncClient, plant: Any) -> None:
    numbers = [await plant.add_order() for _ in range(5)]
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = (await client.get(ORDERS, params=query)).json()
        seen += [item["number"] for item in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert seen == numbers[::-1]


@pytest.mark.usefixtures("order")
async def test_states_are_filtered_any_of_many(client: httpx.AsyncClient) -> None:
    async def count(*states: str) -> int:
        answer = await client.get(ORDERS, params={"state": list(states)})
        return len(answer.json()["items"])

    assert [await count("approved", "draft"), await count("approved")] == [1, 0]


async def test_an_order_shows_evidence_and_events(client: httpx.AsyncClient, plant: Any) -> None:
    event = await plant.add_event()
    number = await plant.add_order(event=event)
    order = (await client.get(f"{ORDERS}/{number}")).json()
    assert order["evidence"]["rule"]["raise"] == 7.1
    assert [item["event"]["id"] for item in order["events"]] == [event]
    alone = (await client.get(f"{ORDERS}/{number}/events")).json()["items"]
    assert alone == order["events"]


async def test_an_order_for_an_unknown_asset_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post(ORDERS, json=NEW | {"asset": "P-999"})
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


async def test_a_second_order_about_an_open_problem_is_refused(
    client: httpx.AsyncClient, plant: Any
) -> None:
    assert plant
    same = NEW | {"failure_mode": "ELU"}
    assert (await client.post(ORDERS, json=same)).status_code == 201
    second = await client.post(ORDERS, json=same)
    assert (second.status_code, second.json()["type"]) == (409, "/problems/problem-open")


KEY = {"Idempotency-Key": "report-17"}


class TestIdempotency:
    @pytest.mark.usefixtures("plant")
    async def test_the_same_request_again_gives_the_same_answer(
        self, client: httpx.AsyncClient
    ) -> None:
        first = await client.post(ORDERS, json=NEW, headers=KEY)
        again = await client.post(ORDERS, json=NEW, headers=KEY)
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()
        assert again.headers["ETag"] == '"1"'
        assert len((await client.get(ORDERS)).json()["items"]) == 1

    @pytest.mark.usefixtures("plant")
    async def test_another_request_with_the_key_is_refused(self, client: httpx.AsyncClient) -> None:
        await client.post(ORDERS, json=NEW, headers=KEY)
        other = await client.post(ORDERS, json=NEW | {"title": "Other"}, headers=KEY)
        assert other.status_code == 422
        assert other.json()["type"] == "/problems/idempotency-key-reused"

    @pytest.mark.usefixtures("plant")
    async def test_a_key_belongs_to_its_caller(
        self, client: httpx.AsyncClient, client_of: Any
    ) -> None:
        other = await client_of(Role.PLANNER)
        numbers = [
            (await caller.post(ORDERS, json=NEW, headers=KEY)).json()["number"]
            for caller in (client, other)
        ]
        assert len(set(numbers)) == 2

    async def test_a_refusal_may_be_tried_again(
        self, client: httpx.AsyncClient, plant: Any
    ) -> None:
        refused = await client.post(ORDERS, json=NEW | {"asset": "P-9"}, headers=KEY)
        assert refused.status_code == 404
        assert plant
        done = await client.post(ORDERS, json=NEW, headers=KEY)
        assert done.status_code == 201

    @pytest.mark.usefixtures("plant")
    async def test_while_the_first_is_worked_on_the_second_is_told(
        self, client: httpx.AsyncClient, database_url: str, connection: Connection
    ) -> None:
        holder = await connect(database_url)
        row = await connection.execute("SELECT 'key:' || max(id) FROM api_key")
        caller = (await row.fetchone() or ("",))[0]
        await holder.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{caller}\x1freport-17"]
        )
        busy = await client.post(ORDERS, json=NEW, headers=KEY)
        await holder.close()
        assert (busy.status_code, busy.json()["type"]) == (
            409,
            "/problems/idempotency-key-in-flight",
        )

    @pytest.mark.usefixtures("plant")
    async def test_many_at_once_make_one_order(self, client: httpx.AsyncClient) -> None:
        answers = await asyncio.gather(
            *(client.post(ORDERS, json=NEW, headers=KEY) for _ in range(6))
        )
        assert {answer.status_code for answer in answers} <= {201, 409}
        assert len((await client.get(ORDERS)).json()["items"]) == 1

    @pytest.mark.usefixtures("plant")
    async def test_an_answer_is_forgotten_after_a_day(
        self, client: httpx.AsyncClient, connection: Connection
    ) -> None:
        await client.post(ORDERS, json=NEW, headers=KEY)
        await connection.execute(
            "UPDATE idempotency_key SET created_at = now() - interval '25 hours'"
        )
        again = await client.post(ORDERS, json=NEW, headers=KEY)
        assert again.json()["number"] == "WO-000002"


DOES = [
    ("GET", "/api/v1/assets", Role.VIEWER),
    ("GET", "/api/v1/points", Role.VIEWER),
    ("GET", "/api/v1/rules", Role.VIEWER),
    ("GET", "/api/v1/condition-events", Role.VIEWER),
    ("GET", ORDERS, Role.VIEWER),
    ("GET", "/api/v1/status", Role.VIEWER),
    ("GET", "/api/v1/unknown-tags", Role.VIEWER),
    ("GET", "/api/v1/dead-letters", Role.VIEWER),
    ("GET", "/api/v1/dead-letters/count", Role.VIEWER),
    ("GET", "/api/v1/dead-letters/9", Role.VIEWER),
    ("POST", "/api/v1/dead-letters/9/retry", Role.ADMINISTRATOR),
    ("POST", "/api/v1/dead-letters/9/discard", Role.ADMINISTRATOR),
    ("POST", ORDERS, Role.REQUESTER),
    ("POST", f"{ORDERS}/WO-000009/comments", Role.REQUESTER),
    ("POST", "/api/v1/condition-events/9/acknowledge", Role.TECHNICIAN),
    ("POST", f"{ORDERS}/WO-000009/start", Role.TECHNICIAN),
    ("POST", f"{ORDERS}/WO-000009/complete", Role.TECHNICIAN),
    ("POST", f"{ORDERS}/WO-000009/approve", Role.PLANNER),
    ("POST", f"{ORDERS}/WO-000009/cancel", Role.PLANNER),
    ("POST", f"{ORDERS}/WO-000009/close", Role.PLANNER),
    ("PUT", f"{ORDERS}/WO-000009/assignee", Role.PLANNER),
]

BODIES = {
    "/api/v1/dead-letters/9/discard": {"reason": "x"},
    ORDERS: NEW,
    f"{ORDERS}/WO-000009/comments": {"text": "x"},
    f"{ORDERS}/WO-000009/assignee": {"assignee": "lee"},
}


@pytest.mark.parametrize("role", Role)
async def test_each_role_may_do_what_it_is_for(client_of: Any, plant: Any, role: Role) -> None:
    assert plant
    client = await client_of(role)
    order = list(Role)
    for method, path, least in DOES:
        body = BODIES.get(path) if method != "GET" else None
        answer = await client.request(method, path, json=body, headers={"If-Match": '"1"'})
        allowed = order.index(role) >= order.index(least)
        assert (answer.status_code != 403) is allowed, (method, path, answer.text)
        if not allowed:
            assert answer.json()["type"] == "/problems/not-permitted"


@pytest.mark.parametrize(("method", "path", "least"), DOES)
async def test_nobody_unknown_gets_in(
    stranger: httpx.AsyncClient, method: str, path: str, least: Role
) -> None:
    assert least
    answer = await stranger.request(method, path, json=BODIES.get(path))
    assert answer.status_code == 401
