"""Work requests over HTTP."""

from typing import Any

import httpx
import pytest

from api.access.roles import Role
from tests.api.conftest import ClientOf

pytestmark = [pytest.mark.store, pytest.mark.usefixtures("plant")]

LEAK = {"asset": "P-101", "title": "Seal drips"}
AT = "/api/v1/requests"


async def reported(client: httpx.AsyncClient, **given: Any) -> dict[str, Any]:
    answer = await client.post(AT, json={**LEAK, **given})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_request_becomes_an_order_that_lists_it(client: httpx.AsyncClient) -> None:
    made = await reported(client)
    assert made["allowed_transitions"] == ["accept", "reject", "join", "withdraw"]
    seen = await client.get(f"{AT}/{made['number']}")
    held = {"If-Match": seen.headers["ETag"]}
    answer = await client.post(f"{AT}/{made['number']}/accept", headers=held, json={"priority": 2})
    assert answer.status_code == 200, answer.text
    order = (await client.get(f"/api/v1/work-orders/{answer.json()['work_order']}")).json()
    assert (order["origin"], order["priority"]) == ("request", 2)
    changes = (await client.get(f"{AT}/{made['number']}/changes")).json()["items"]
    assert [each["action"] for each in changes] == ["create", "accept"]


async def test_the_same_key_gives_the_same_request(client: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "7"}
    first = await client.post(AT, json=LEAK, headers=key)
    again = await client.post(AT, json=LEAK, headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    other = await client.post(AT, json={**LEAK, "title": "Noise"}, headers=key)
    assert other.status_code == 422


async def test_the_same_external_id_gives_the_same_request(client: httpx.AsyncClient) -> None:
    first = await reported(client, external_id="sap-17")
    again = await client.post(AT, json={**LEAK, "external_id": "sap-17"})
    assert (again.status_code, again.json()["number"]) == (200, first["number"])


async def test_triage_needs_what_was_read(client: httpx.AsyncClient) -> None:
    made = await reported(client)
    at = f"{AT}/{made['number']}/reject"
    assert (await client.post(at, json={"reason": "no"})).status_code == 428
    stale = await client.post(at, json={"reason": "no"}, headers={"If-Match": '"7"'})
    assert stale.status_code == 412


async def test_a_requester_does_not_triage_and_speaks_only_for_themselves(
    client: httpx.AsyncClient, client_of: ClientOf
) -> None:
    requester = await client_of(Role.REQUESTER)
    own, others = await reported(requester), await reported(client)
    held = {"If-Match": '"1"'}
    refused = await requester.post(f"{AT}/{own['number']}/accept", headers=held)
    assert refused.status_code == 403
    assert (await requester.post(f"{AT}/{others['number']}/withdraw")).status_code == 403
    assert (await requester.post(f"{AT}/{own['number']}/withdraw")).json()["state"] == "withdrawn"


async def test_what_may_be_the_same_is_offered(client: httpx.AsyncClient) -> None:
    made = await reported(client)
    asked = {"asset": "P-101", "text": "the seal is dripping"}
    (found,) = (await client.get(f"{AT}/similar", params=asked)).json()["items"]
    assert (found["number"], found["why"]) == (
        made["number"],
        "the same asset; both say seal, dripping",
    )


async def test_a_duplicate_follows_the_first_one(client: httpx.AsyncClient) -> None:
    first, second = await reported(client), await reported(client, title="Puddle")
    held = {"If-Match": '"1"'}
    joined = await client.post(
        f"{AT}/{second['number']}/join", headers=held, json={"first": first["number"]}
    )
    assert (joined.json()["state"], joined.json()["duplicate_of"]) == ("duplicate", first["number"])
    itself = await client.post(
        f"{AT}/{first['number']}/join", headers=held, json={"first": first["number"]}
    )
    assert itself.status_code == 409


async def test_the_list_filters_and_pages(client: httpx.AsyncClient) -> None:
    for title in ("One", "Two", "Three"):
        await reported(client, title=title)
    page = (await client.get(AT, params={"limit": 2, "state": "new"})).json()
    assert [each["title"] for each in page["items"]] == ["Three", "Two"]
    rest = (await client.get(AT, params={"limit": 2, "cursor": page["next"]})).json()
    assert [each["title"] for each in rest["items"]] == ["One"]
    assert (await client.get(AT, params={"channel": "email"})).json()["items"] == []


async def test_a_file_sent_after_acceptance_is_at_the_order_too(client: httpx.AsyncClient) -> None:
    made = await reported(client)
    held = {"If-Match": '"1"'}
    order = (await client.post(f"{AT}/{made['number']}/accept", headers=held)).json()["work_order"]
    of_request = {"subject": "request", "key": made["number"], "name": "leak.txt"}
    sent = await client.post("/api/v1/attachments", params=of_request, content=b"drips")
    assert sent.status_code == 201, sent.text
    of_order = {"subject": "order", "key": order}
    files = (await client.get("/api/v1/attachments", params=of_order)).json()["items"]
    assert [file["name"] for file in files] == ["leak.txt"]


async def test_what_is_not_done_is_not_confirmed(client: httpx.AsyncClient) -> None:
    made = await reported(client)
    refused = await client.post(f"{AT}/{made['number']}/confirm", json={"fixed": True})
    assert refused.status_code == 422
    assert (await client.post(f"{AT}/{made['number']}/rate", json={"rating": 6})).status_code == 422


async def test_a_file_of_requests_is_tried_then_taken_in(client: httpx.AsyncClient) -> None:
    csv = "title,asset\nSeal drips,P-101\n"
    kind = {"Content-Type": "text/csv"}
    tried = await client.post(f"{AT}/import?dry_run=true", content=csv, headers=kind)
    assert (tried.status_code, tried.json()) == (200, {"new": 1, "made": [], "known": []})
    made = (await client.post(f"{AT}/import", content=csv, headers=kind)).json()["made"]
    assert len(made) == 1
    wrong = await client.post(f"{AT}/import", content="title,asset\nx,P-9\n", headers=kind)
    assert (wrong.status_code, wrong.json()["detail"]) == (422, "line 2: there is no asset P-9")
