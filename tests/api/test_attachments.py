"""Documents and photos over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from api.access.roles import Role
from tests.api.conftest import ClientOf

pytestmark = [pytest.mark.store, pytest.mark.usefixtures("plant")]

PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 10
ASSET = {"subject": "asset", "key": "P-101"}


async def send(client: httpx.AsyncClient, data: Any = PHOTO, **more: str) -> httpx.Response:
    query = {**ASSET, "name": "leak.jpg", **more}
    return await client.post("/api/v1/attachments", params=query, content=data)


async def test_a_photo_comes_back_as_it_was_sent(client: httpx.AsyncClient) -> None:
    made = (await send(client, caption="At the seal")).json()
    assert (made["media_type"], made["size"]) == ("image/jpeg", len(PHOTO))
    content = await client.get(made["address"])
    assert content.content == PHOTO
    assert content.headers["content-disposition"].startswith("inline")
    listed = (await client.get("/api/v1/attachments", params=ASSET)).json()["items"]
    assert listed == [made]


async def test_a_file_comes_in_pieces_of_any_size(client: httpx.AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(PHOTO), 7):
            yield PHOTO[start : start + 7]

    assert (await send(client, pieces())).json()["size"] == len(PHOTO)


@pytest.mark.parametrize("name", ["page.html", "drawing.svg", "macro.docm"])
async def test_what_could_run_is_only_handed_over_to_be_saved(
    client: httpx.AsyncClient, name: str
) -> None:
    made = (await send(client, b"<svg onload='alert(1)'/>", name=name)).json()
    content = await client.get(made["address"])
    assert content.headers["content-disposition"].startswith("attachment")
    assert content.headers["content-type"] == "application/octet-stream"
    assert content.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in content.headers["content-security-policy"]


async def test_a_name_in_any_script_comes_back(client: httpx.AsyncClient) -> None:
    made = (await send(client, name="Übersicht Pümpe.jpg")).json()
    content = await client.get(made["address"])
    assert "filename*=utf-8''%C3%9Cbersicht" in content.headers["content-disposition"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\nb", "a\\b"])
async def test_a_name_that_is_a_way_is_refused(client: httpx.AsyncClient, name: str) -> None:
    assert (await send(client, name=name)).status_code == 422


async def test_a_file_that_is_too_large_is_refused(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield bytes(1024**2)

    answer = await send(client, endless())
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/file-too-large")


async def test_an_empty_file_is_refused(client: httpx.AsyncClient) -> None:
    assert (await send(client, b"")).json()["type"] == "/problems/file-empty"


async def test_a_file_of_an_unknown_thing_is_refused(client: httpx.AsyncClient) -> None:
    assert (await send(client, key="P-999")).status_code == 404
    assert (await send(client, subject="article", key="7")).status_code == 404


async def test_a_file_of_an_asset_is_linked_to_an_order_and_stays_where_it_is(
    client: httpx.AsyncClient, plant: Any
) -> None:
    number = await plant.add_order()
    made = (await send(client)).json()
    link = {"subject": "order", "key": number}
    answer = await client.post(f"/api/v1/attachments/{made['id']}/links", json=link)
    assert answer.status_code == 201
    assert (await client.post(f"/api/v1/attachments/{made['id']}/remove")).status_code == 200
    of_order = (await client.get("/api/v1/attachments", params=link)).json()["items"]
    assert [each["sha256"] for each in of_order] == [made["sha256"]]
    assert (await client.get(of_order[0]["address"])).content == PHOTO
    assert (await client.get(made["address"])).status_code == 404


async def test_who_reports_a_fault_may_send_a_photo_of_it(client_of: ClientOf) -> None:
    assert (await send(await client_of(Role.VIEWER))).status_code == 403
    made = await send(await client_of(Role.REQUESTER))
    assert made.status_code == 201
    remove = f"/api/v1/attachments/{made.json()['id']}/remove"
    assert (await (await client_of(Role.REQUESTER)).post(remove)).status_code == 403


async def test_an_article_has_files_of_its_own(client: httpx.AsyncClient) -> None:
    article = {"code": "seal-leak", "title": "Seal leaks", "body": "See the drawing."}
    assert (await client.post("/api/v1/articles", json=article)).status_code == 201
    subject = {"subject": "article", "key": "seal-leak"}
    made = (await send(client, name="seal.jpg", **subject)).json()
    listed = (await client.get("/api/v1/attachments", params=subject)).json()["items"]
    assert [each["id"] for each in listed] == [made["id"]]
