"""Channels, automations and messages over the API, and their page."""

import base64
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from api.access.roles import Role
from config.clock import now_us
from config.database import Connection
from maintenance.automation.routing import route
from tests.api import test_pages as pages

browser, open_page = pages.browser, pages.open_page

SECRET = base64.b64encode(b"a secret of thirty-two bytes, yes").decode()
HOOK = {
    "code": "hook",
    "name": "Our own program",
    "kind": "webhook",
    "address": "http://kim:hidden@127.0.0.1:9/path",
    "secret": SECRET,
}
RULE: dict[str, Any] = {
    "code": "tell",
    "when": "work_order.create",
    "if": {"priority": {"at_most": 5}},
    "then": [{"notify": {"channels": ["hook"]}}],
}
ORDER = {"asset": "P-101", "title": "Seal drips", "type": "corrective"}


async def arranged(client: httpx.AsyncClient) -> None:
    assert (await client.put("/api/v1/channels/hook", json=HOOK)).status_code == 200
    assert (await client.put("/api/v1/automations/tell", json=RULE)).status_code == 200


async def test_no_secret_of_a_channel_is_shown(client_of: Any) -> None:
    client = await client_of(Role.ADMINISTRATOR)
    await arranged(client)
    answer = await client.get("/api/v1/channels")
    assert answer.json()["items"][0]["address"] == "http://127.0.0.1:9/…"
    assert "hidden" not in answer.text
    assert SECRET not in answer.text


async def test_only_an_administrator_sees_and_changes_channels(client_of: Any) -> None:
    planner = await client_of(Role.PLANNER)
    assert (await planner.get("/api/v1/channels")).status_code == 403
    assert (await planner.put("/api/v1/channels/hook", json=HOOK)).status_code == 403
    assert (await planner.put("/api/v1/automations/tell", json=RULE)).status_code == 403
    assert (await planner.get("/api/v1/automations")).status_code == 200


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"secret": None}, "a webhook needs a secret"),
        ({"secret": "%%%"}, "a secret is base64"),
        ({"address": "nowhere"}, "no URL"),
        ({"quiet_from": "22:00"}, "two ends"),
        ({"time_zone": "Mars"}, "is not a time zone"),
        ({"kind": "apprise", "secret": None, "address": "nonsense://x"}, "Apprise does not know"),
    ],
)
async def test_a_channel_that_cannot_be_is_refused(
    client_of: Any, change: dict[str, Any], said: str
) -> None:
    client = await client_of(Role.ADMINISTRATOR)
    answer = await client.put("/api/v1/channels/hook", json=HOOK | change)
    assert answer.status_code == 422
    assert said in answer.text


async def test_an_automation_names_channels_that_exist(client_of: Any) -> None:
    client = await client_of(Role.ADMINISTRATOR)
    answer = await client.put("/api/v1/automations/tell", json=RULE)
    assert (answer.status_code, answer.json()["detail"]) == (404, "there is no channel hook")


async def test_a_change_is_a_new_version_and_the_same_again_is_none(client_of: Any) -> None:
    client = await client_of(Role.ADMINISTRATOR)
    await arranged(client)
    again = await client.put("/api/v1/automations/tell", json=RULE)
    changed = await client.put("/api/v1/automations/tell", json=RULE | {"when": "work_order.*"})
    assert (again.json()["version"], changed.json()["version"]) == (1, 2)


async def test_path_and_body_name_the_same(client_of: Any) -> None:
    client = await client_of(Role.ADMINISTRATOR)
    answer = await client.put("/api/v1/channels/other", json=HOOK)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/code-mismatch")


async def test_what_files_keep_is_changed_there(
    client_of: Any, plant: Any, connection: Connection
) -> None:
    client = await client_of(Role.ADMINISTRATOR)
    await arranged(client)
    await connection.execute("UPDATE channel SET kept_in = 'files'")
    for answer in (
        await client.put("/api/v1/channels/hook", json=HOOK),
        await client.delete("/api/v1/channels/hook"),
    ):
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/kept-in-files")


async def test_what_was_retired_does_nothing_more(
    client_of: Any, plant: Any, connection: Connection
) -> None:
    client = await client_of(Role.ADMINISTRATOR)
    await arranged(client)
    assert (await client.delete("/api/v1/automations/tell")).status_code == 200
    await client.post("/api/v1/work-orders", json=ORDER)
    await route(connection, clock=now_us)
    assert (await client.get("/api/v1/messages")).json()["items"] == []
    assert (await client.delete("/api/v1/automations/tell")).status_code == 404


async def test_messages_and_runs_are_listed_page_by_page(
    client_of: Any, plant: Any, connection: Connection
) -> None:
    client = await client_of(Role.ADMINISTRATOR)
    await arranged(client)
    for _ in range(3):
        await client.post("/api/v1/work-orders", json=ORDER)
    await route(connection, clock=now_us)
    for resource in ("messages", "automation-runs"):
        first = (await client.get(f"/api/v1/{resource}", params={"limit": 2})).json()
        assert len(first["items"]) == 2
        rest = await client.get(f"/api/v1/{resource}", params={"limit": 2, "cursor": first["next"]})
        assert len(rest.json()["items"]) == 1
        assert rest.json()["next"] is None


@pytest.mark.page
@pytest.mark.usefixtures("person")
async def test_a_message_that_may_be_lost_is_sent_again_by_a_button(
    client_of: Any, plant: Any, connection: Connection, open_page: Any
) -> None:
    client = await client_of(Role.ADMINISTRATOR)
    await arranged(client)
    await client.post("/api/v1/work-orders", json=ORDER)
    await route(connection, clock=now_us)
    await connection.execute("UPDATE delivery SET state = 'given_up', error = 'no answer'")
    await connection.execute("UPDATE person SET role = 'administrator'")
    page: Page = await open_page()
    await pages.sign_in(page)
    await page.goto("/automation")
    await expect(page.get_by_text("priority is at most 5")).to_be_visible()
    await page.get_by_role("button", name="Send again").click()
    await expect(page.get_by_role("cell", name="waiting")).to_be_visible()
