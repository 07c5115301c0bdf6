"""The portal over HTTP: with a login, or without one where the plant allows it."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from api.access.rate import Rate
from api.application import create_application
from config.database import Connection, fetch_one
from config.settings import Settings
from tests.api.conftest import NO_LOG

pytestmark = [pytest.mark.store, pytest.mark.usefixtures("plant")]

OURS = {"Origin": "http://oilcan", "Accept": "text/html"}


@pytest.fixture
async def passer_by(database_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody unknown at a plant whose portal is open."""
    application = create_application(
        database_url=database_url,
        log_url=NO_LOG,
        settings=Settings(home=tmp_path, portal_open=True),
    )
    async with (
        application.router.lifespan_context(application),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(application), base_url="http://oilcan", headers=OURS
        ) as client,
    ):
        yield client


async def key_of(client: httpx.AsyncClient, asset: str = "P-101") -> str:
    page = await client.get("/report", params={"asset": asset})
    assert page.status_code == 200, page.text
    found = re.search(r'name="key" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


async def send(client: httpx.AsyncClient, key: str, **fields: str) -> httpx.Response:
    return await client.post(
        "/report", data={"key": key, "asset": "P-101", "title": "Seal drips", **fields}
    )


async def test_without_a_login_the_portal_is_closed(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/report?asset=P-101", headers=OURS)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Freport%3Fasset%3DP-101"
    assert (await send(stranger, "x" * 43)).status_code in {401, 403}


async def test_an_open_portal_takes_a_report_and_gives_a_secret_link(
    passer_by: httpx.AsyncClient, connection: Connection
) -> None:
    key = await key_of(passer_by)
    answer = await send(passer_by, key, urgency="danger", contact="gate 2")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/follow/{key}")
    followed = await passer_by.get(f"/follow/{key}")
    assert "Received. Somebody will look at it." in followed.text
    row = await fetch_one(
        connection, "SELECT requester, urgency, contact, external_id, channel FROM work_request"
    )
    assert row is not None
    assert (row[0], row[1], row[2], row[4]) == ("portal", "danger", "gate 2", "portal")
    assert key not in row[3]


async def test_a_form_that_is_sent_twice_is_one_report(
    passer_by: httpx.AsyncClient, connection: Connection
) -> None:
    key = await key_of(passer_by)
    first, again = await send(passer_by, key), await send(passer_by, key)
    assert first.headers["location"] == again.headers["location"]
    assert await fetch_one(connection, "SELECT count(*) FROM work_request") == (1,)


async def test_nothing_of_the_plant_is_shown_but_the_name_of_the_asset(
    passer_by: httpx.AsyncClient,
) -> None:
    page = (await passer_by.get("/report?asset=P-101")).text
    assert "Feed water pump" in page
    for hidden in ("North works", "Pump house", "centrifugal", "Sign out"):
        assert hidden not in page
    assert (await passer_by.get("/api/v1/requests/similar?text=x")).status_code == 401
    assert (await passer_by.get("/requests")).status_code == 303


async def test_an_asset_that_is_not_there_is_said_in_words(passer_by: httpx.AsyncClient) -> None:
    page = (await passer_by.get("/report?asset=P-999")).text
    assert "There is nothing with the tag P-999" in page
    key = await key_of(passer_by, "")
    answer = await send(passer_by, key, asset="", place="behind the boiler")
    assert "behind the boiler" in (await passer_by.get(answer.headers["location"])).text


async def test_what_a_requester_writes_is_never_markup(passer_by: httpx.AsyncClient) -> None:
    key = await key_of(passer_by)
    await send(passer_by, key, title="<script>alert(1)</script>", description="<b>x</b>")
    page = (await passer_by.get(f"/follow/{key}")).text
    assert "&lt;script&gt;alert(1)" in page
    assert "<b>x</b>" not in page


async def test_a_form_of_another_site_is_refused(passer_by: httpx.AsyncClient) -> None:
    key = await key_of(passer_by)
    passer_by.headers["Origin"] = "http://elsewhere"
    assert (await send(passer_by, key)).status_code == 403


async def test_a_link_that_was_not_given_leads_nowhere(passer_by: httpx.AsyncClient) -> None:
    assert (await passer_by.get(f"/follow/{'x' * 43}")).status_code == 404
    assert (await send(passer_by, "short")).status_code == 422


async def test_a_photo_comes_along_and_a_flood_of_bytes_does_not(
    database_url: str, tmp_path: Path, connection: Connection
) -> None:
    settings = Settings(home=tmp_path, portal_open=True, attachment_max_bytes=2048)
    application = create_application(database_url=database_url, log_url=NO_LOG, settings=settings)
    async with (
        application.router.lifespan_context(application),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(application), base_url="http://oilcan", headers=OURS
        ) as client,
    ):
        data = {"key": await key_of(client), "asset": "P-101", "title": "Seal drips"}
        photo = {"files": ("a/../leak.jpg", b"\xff\xd8\xff" + b"0" * 100)}
        assert (await client.post("/report", data=data, files=photo)).status_code == 303
        row = await fetch_one(connection, "SELECT name FROM attachment WHERE subject = 'request'")
        assert row is not None
        assert "/" not in row[0]
        flood = {"files": ("leak.jpg", b"0" * 200_000)}
        assert (await client.post("/report", data=data, files=flood)).status_code == 413


async def test_somebody_unknown_who_reports_without_end_is_stopped(
    passer_by: httpx.AsyncClient,
) -> None:
    key = await key_of(passer_by)
    answers = [(await send(passer_by, key)).status_code for _ in range(8)]
    assert answers[0] == 303
    assert answers[-1] == 429


async def test_a_requester_adds_a_word_and_withdraws(passer_by: httpx.AsyncClient) -> None:
    key = await key_of(passer_by)
    await send(passer_by, key)
    said = await passer_by.post(f"/follow/{key}/comment", data={"remark": "It is by the door"})
    assert said.status_code == 303
    assert "It is by the door" in (await passer_by.get(f"/follow/{key}")).text
    await passer_by.post(f"/follow/{key}/withdraw", data={})
    assert "You have withdrawn it" in (await passer_by.get(f"/follow/{key}")).text
    early = await passer_by.post(f"/follow/{key}/rate", data={"value": "5"})
    assert early.status_code == 409


def test_tokens_come_back_with_time() -> None:
    now = [0]
    rate = Rate(burst=2, every_s=10, clock=lambda: now[0])
    assert [rate.take("a") for _ in range(3)] == [True, True, False]
    assert rate.take("b")
    now[0] += 10_000_000
    assert [rate.take("a") for _ in range(2)] == [True, False]
