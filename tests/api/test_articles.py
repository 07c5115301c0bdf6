"""Articles and recommendations over HTTP."""

from typing import Any

import httpx
import pytest

from api.access.roles import Role
from config.database import Connection
from tests.api.conftest import ClientOf
from tests.maintenance.scene import Plant, build_plant

pytestmark = pytest.mark.store

ARTICLES = "/api/v1/articles"
ARTICLE: dict[str, Any] = {
    "code": "seal-leak",
    "title": "Mechanical seal leaks",
    "symptoms": ["water drips at the shaft"],
    "failure_modes": ["ELP"],
    "body": "Check the **flush line** first.",
}
HELP = "/api/v1/knowledge/recommendations"


@pytest.fixture
async def plant(connection: Connection) -> Plant:
    return await build_plant(connection)


async def publish(client: httpx.AsyncClient) -> None:
    assert (await client.post(ARTICLES, json=ARTICLE)).status_code == 201
    assert (await client.post(f"{ARTICLES}/seal-leak/publication")).status_code == 200


async def test_a_reader_sees_an_article_once_it_is_published(
    client: httpx.AsyncClient, client_of: ClientOf
) -> None:
    reader = await client_of(Role.VIEWER)
    made = await client.post(ARTICLES, json=ARTICLE)
    assert (made.status_code, made.json()["state"]) == (201, "draft")
    assert (await reader.get(made.headers["location"])).status_code == 404
    assert (await reader.get(ARTICLES, params={"drafts": True})).status_code == 403
    await client.post(f"{ARTICLES}/seal-leak/publication")
    assert (await reader.get(made.headers["location"])).json()["state"] == "published"
    assert [one["code"] for one in (await reader.get(ARTICLES)).json()["items"]] == ["seal-leak"]


async def test_a_change_is_a_draft_of_what_was_read(
    client: httpx.AsyncClient, client_of: ClientOf
) -> None:
    await publish(client)
    address, changed = f"{ARTICLES}/seal-leak", {**ARTICLE, "title": "Seal drips"}
    made = await client.put(address, json=changed, headers={"If-Match": '"1"'})
    assert (made.status_code, made.json()["version"], made.json()["state"]) == (200, 2, "draft")
    assert (await client.put(address, json=ARTICLE, headers={"If-Match": '"1"'})).status_code == 412
    seen = await (await client_of(Role.VIEWER)).get(address)
    assert seen.json()["title"] == ARTICLE["title"]
    assert len((await client.get(f"{address}/versions")).json()["items"]) == 2


async def test_the_same_key_drafts_one_article(client: httpx.AsyncClient) -> None:
    keyed = {"Idempotency-Key": "one"}
    first = await client.post(ARTICLES, json=ARTICLE, headers=keyed)
    assert (await client.post(ARTICLES, json=ARTICLE, headers=keyed)).json() == first.json()


async def test_what_somebody_types_finds_what_helps(
    client: httpx.AsyncClient, client_of: ClientOf
) -> None:
    await publish(client)
    reader = await client_of(Role.REQUESTER)
    [one] = (await reader.get(HELP, params={"text": "seel is driping"})).json()["articles"]
    assert one["code"] == "seal-leak"
    assert "driping" in one["because"]
    await client.post(f"{ARTICLES}/seal-leak/retirement")
    assert (await reader.get(HELP, params={"text": "seal"})).json() == {
        "articles": [],
        "orders": [],
    }


async def test_an_order_carries_what_may_help(client: httpx.AsyncClient, plant: Plant) -> None:
    await publish(client)
    new = {"asset": "P-101", "title": "Look at it", "failure_mode": "ELP"}
    order = (await client.post("/api/v1/work-orders", json=new)).json()["number"]
    found = (await client.get(f"/api/v1/work-orders/{order}/knowledge")).json()
    assert [one["code"] for one in found["articles"]] == ["seal-leak"]


async def test_readers_say_whether_an_article_helped(
    client: httpx.AsyncClient, client_of: ClientOf
) -> None:
    await publish(client)
    voted = await client.put(f"{ARTICLES}/seal-leak/vote", json={"useful": True})
    assert (voted.json()["useful"], voted.json()["useless"]) == (1, 0)
    viewer = await client_of(Role.VIEWER)
    refused = await viewer.put(f"{ARTICLES}/seal-leak/vote", json={"useful": False})
    assert refused.status_code == 403
