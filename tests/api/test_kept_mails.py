"""Mails that were kept aside, over HTTP and on their page."""

import httpx
import pytest

from api.access.roles import Role
from config.database import Connection
from maintenance.requests.mail.service import keep_aside
from tests.api.conftest import ClientOf

pytestmark = [pytest.mark.store, pytest.mark.usefixtures("plant")]

AT = "/api/v1/kept-mails"
MAIL = b"From: lee@example.com\r\nSubject: P-101 drips\r\nMessage-ID: <one@x>\r\n\r\nOil.\r\n"


async def test_a_kept_mail_is_read_again_and_becomes_a_request(
    client: httpx.AsyncClient, connection: Connection
) -> None:
    await keep_aside(connection, MAIL, reason="not one who may write")
    (kept,) = (await client.get(AT)).json()["items"]
    assert (kept["sender"], kept["reason"]) == ("lee@example.com", "not one who may write")
    content = await client.get(f"{AT}/{kept['id']}/content")
    assert (content.content, content.headers["content-type"]) == (MAIL, "message/rfc822")
    answer = await client.post(f"{AT}/{kept['id']}/read-again")
    assert answer.status_code == 200, answer.text
    request = (await client.get(f"/api/v1/requests/{answer.json()['request']}")).json()
    assert (request["asset"], request["channel"]) == ("P-101", "email")
    assert (await client.get(AT)).json()["items"] == []
    assert (await client.get(f"{AT}/{kept['id']}/content")).status_code == 404


async def test_what_still_cannot_be_read_is_said(
    client: httpx.AsyncClient, connection: Connection
) -> None:
    await keep_aside(connection, b"no mail", reason="it says nothing")
    (kept,) = (await client.get(AT)).json()["items"]
    answer = await client.post(f"{AT}/{kept['id']}/read-again")
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/mail-unreadable")


async def test_a_mail_is_discarded_once(client: httpx.AsyncClient, connection: Connection) -> None:
    await keep_aside(connection, MAIL, reason="spam")
    (kept,) = (await client.get(AT)).json()["items"]
    assert (await client.post(f"{AT}/{kept['id']}/discard")).json()["state"] == "discarded"
    assert (await client.post(f"{AT}/{kept['id']}/discard")).status_code == 404


async def test_mails_are_for_planners(client_of: ClientOf, connection: Connection) -> None:
    requester = await client_of(Role.REQUESTER)
    assert (await requester.get(AT)).status_code == 403


async def test_the_page_shows_what_waits(client: httpx.AsyncClient, connection: Connection) -> None:
    await keep_aside(connection, MAIL, reason="spam")
    page = await client.get("/kept-mails")
    assert page.status_code == 200
    assert "P-101 drips" in page.text
    assert "Mails kept aside: 1" in (await client.get("/requests")).text
