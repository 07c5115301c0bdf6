"""The page of what is silenced, in a real browser: suppressed by design, out of service, and back."""

import os
from typing import Any

import pytest
from playwright.async_api import Page, expect

from config.database import Connection
from tests.api import test_pages as pages

browser, open_page = pages.browser, pages.open_page

pytestmark = [pytest.mark.page, pytest.mark.usefixtures("plant", "person")]


@pytest.fixture
async def engineer(open_page: Any, connection: Connection) -> Page:
    """A page of Kim, here a reliability engineer, on what is silenced."""
    await connection.execute("UPDATE person SET role = 'reliability_engineer'")
    opened: Page = await open_page()
    await pages.sign_in(opened)
    await expect(opened.get_by_role("button", name="Sign out")).to_be_visible()
    await opened.goto("/alarm-silences")
    return opened


async def shot(page: Page, name: str) -> None:
    """A picture to look at, where somebody wants one."""
    if folder := os.environ.get("OILCAN_SCREENSHOTS"):
        await page.screenshot(path=f"{folder}/{name}.png", full_page=True)


async def test_one_rule_of_an_asset_goes_out_of_service_from_its_event_and_back(
    engineer: Page, plant: Any
) -> None:
    event = await plant.add_event()
    await engineer.goto(f"/condition-events/{event}")
    await engineer.get_by_role("button", name="Take this rule out of service").click()
    dialog = engineer.get_by_role("dialog")
    await dialog.get_by_label("Why").fill("the sensor is loose")
    await shot(engineer, "outage")
    await dialog.get_by_role("button", name="Take out of service").click()
    await expect(engineer.locator("#actions")).to_contain_text(
        "out of service. the sensor is loose"
    )
    await engineer.get_by_role("link", name="What is out of service").click()
    outages = engineer.get_by_role("region", name="Out of service")
    await expect(outages.get_by_role("row", name="P-101")).to_contain_text("vibration zone")
    await outages.get_by_role("button", name="Return").click()
    await expect(outages).to_contain_text("Everything is in service.")
    record = engineer.get_by_role("region", name="On record")
    await expect(record).to_contain_text("returned to service: P-101, vibration zone")
    await expect(record).to_contain_text("the sensor is loose")


KINDS: list[tuple[str, dict[str, str], str]] = [
    ("an asset above", {"Of one rule": "vibration_zone"}, "an event of vibration_zone"),
    ("in a state", {"standby": "", "down": ""}, "down, standby"),
    ("hours of the week", {"Sat": "", "Starts": "22:00", "Ends": "06:00"}, "Sat 22:00 to 06:00"),
    ("some days", {"First": "2098-12-24", "Last": "2099-01-02"}, "2098-12-24 to 2099-01-02"),
]


async def test_each_kind_of_suppression_is_made_listed_with_who_and_why_and_ended(
    engineer: Page,
) -> None:
    suppressed = engineer.get_by_role("region", name="Suppressed by design")
    dialog = engineer.get_by_role("dialog")
    for kind, fill, said in KINDS:
        await suppressed.get_by_role("button", name="Suppress").click()
        await dialog.get_by_label("Asset with its parts").fill("P-101")
        choice = dialog.get_by_label("While")
        named = await choice.locator("option", has_text=kind).inner_text()
        await choice.select_option(label=named)
        for label, text in fill.items():
            field = dialog.get_by_label(label)
            await (field.fill(text) if text else field.check())
        await dialog.get_by_label("Why").fill(f"by design: {kind}")
        await shot(engineer, f"suppress {kind}")
        await dialog.get_by_role("button", name="Suppress").click()
        row = suppressed.get_by_role("row", name=kind)
        await expect(row).to_contain_text(said)
        await expect(row).to_contain_text(pages.LOGIN)
    await shot(engineer, "suppressions")
    for kind, _, _ in KINDS:
        await suppressed.get_by_role("row", name=kind).get_by_role("button", name="End").click()
        await expect(suppressed.get_by_role("row", name=kind)).to_have_count(0)
    await expect(suppressed).to_contain_text("Nobody suppresses anything.")


async def test_a_suppression_without_a_state_is_not_sent(engineer: Page) -> None:
    suppressed = engineer.get_by_role("region", name="Suppressed by design")
    await suppressed.get_by_role("button", name="Suppress").click()
    dialog = engineer.get_by_role("dialog")
    await dialog.get_by_label("While").select_option("asset_state")
    await dialog.get_by_label("Why").fill("by design")
    await dialog.get_by_role("button", name="Suppress").click()
    await expect(dialog).to_be_visible()
    await dialog.get_by_label("standby").check()
    await dialog.get_by_role("button", name="Suppress").click()
    await expect(suppressed.get_by_role("row", name="every asset")).to_contain_text("standby")


async def test_a_planner_sees_what_is_silenced_and_cannot_suppress(open_page: Any) -> None:
    page: Page = await open_page()
    await pages.sign_in(page)
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    await page.goto("/alarm-silences")
    await expect(page.get_by_role("region", name="Suppressed by design")).to_be_visible()
    await expect(page.get_by_role("button", name="Suppress")).to_have_count(0)
    await expect(page.get_by_role("button", name="Take out of service")).to_have_count(0)
