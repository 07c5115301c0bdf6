"""The pages of the register in a real browser."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from config.database import Connection, fetch_one
from tests.api.test_pages import browser as browser
from tests.api.test_pages import open_page as open_page
from tests.api.test_pages import page as page
from tests.api.test_pages import sign_in

pytestmark = [pytest.mark.page, pytest.mark.usefixtures("plant", "person")]


async def test_the_state_of_an_asset_is_changed_on_its_page(
    page: Page, connection: Connection
) -> None:
    await page.goto("/assets/P-101")
    await page.get_by_role("button", name="Change state").click()
    await page.get_by_label("It is now").select_option("maintenance")
    await page.get_by_label("Why").first.fill("Seal is changed")
    await page.get_by_role("button", name="Say so").click()
    story = page.get_by_role("region", name="What became of it")
    await expect(story).to_contain_text("operating → maintenance")
    await expect(story).to_contain_text("Seal is changed")
    row = await fetch_one(connection, "SELECT operating_state FROM asset WHERE tag = 'P-101'")
    assert row == ("maintenance",)


async def test_downtime_is_recorded_and_ended(page: Page) -> None:
    await page.goto("/assets/P-101")
    await page.get_by_role("button", name="Record downtime").click()
    await page.locator("#ask-down").get_by_label("Why").fill("Seal failed")
    await page.get_by_role("button", name="Record", exact=True).click()
    downtime = page.get_by_role("region", name="Downtime")
    await expect(downtime).to_contain_text("still down")
    await page.get_by_role("button", name="It works again").click()
    await expect(page.get_by_role("button", name="Record downtime")).to_be_visible()
    await expect(downtime).not_to_contain_text("still down")


async def test_a_photo_is_attached_and_shown(page: Page, tmp_path: Path) -> None:
    await page.goto("/assets/P-101")
    photo = tmp_path / "leak.png"
    await page.screenshot(path=photo)
    await page.get_by_label("Add a file").set_input_files(photo)
    documents = page.get_by_role("region", name="Documents and photos")
    await expect(documents.get_by_role("link", name="leak.png")).to_be_visible()
    shown = documents.locator("img")
    await shown.scroll_into_view_if_needed()
    await expect(shown).to_have_js_property("complete", value=True)
    assert await shown.evaluate("image => image.naturalWidth") > 0


async def test_a_nameplate_is_written_and_what_a_like_asset_costs_is_set_against_it(
    page: Page, connection: Connection
) -> None:
    await connection.execute("UPDATE asset SET kept_in = 'database' WHERE tag = 'P-101'")
    await page.goto("/assets/P-101")
    await page.get_by_role("button", name="Change", exact=True).click()
    asked = page.get_by_role("dialog", name="Change P-101")
    await asked.get_by_label("Manufacturer").fill("Sterling")
    await asked.get_by_label("Year").fill("2022")
    await asked.get_by_role("button", name="Save").press("Enter")
    await expect(page.get_by_role("region", name="Facts")).to_contain_text("Sterling")
    worth = page.get_by_role("region", name="Repair or replace")
    await expect(worth).to_contain_text("Nobody has said")
    await page.get_by_role("button", name="Say what a like one costs").click()
    await page.get_by_role("dialog").get_by_label("With its installation").fill("12500,50")
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await expect(worth).to_contain_text("12\u202f500.50 EUR")
    await expect(worth).to_contain_text("cost 0 % of what a like asset would cost")


async def test_an_asset_is_made_found_moved_and_retired(page: Page) -> None:
    await page.goto("/register?parent=P-101")
    await page.get_by_role("button", name="New asset").click()
    await page.get_by_label("Tag", exact=True).fill("P-101-M")
    await page.get_by_label("Name", exact=True).fill("Motor of P-101")
    await page.get_by_role("button", name="Make it").click()
    await expect(page.get_by_role("link", name="P-101-M")).to_be_visible()
    await page.goto("/register")
    await expect(page.get_by_role("link", name="1 part")).to_be_visible()
    await page.get_by_role("searchbox").fill("motor")
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name="P-101-M").click()
    await page.get_by_role("button", name="Move").click()
    await page.get_by_label("Location").select_option("hall-2")
    await page.get_by_label("Part of").fill("")
    await page.locator("#ask-move").get_by_role("button", name="Move").click()
    story = page.get_by_role("region", name="What became of it")
    await expect(story).to_contain_text("parent P-101 → none")
    await page.get_by_role("button", name="Retire").click()
    await page.locator("#ask-retire").get_by_label("Why").fill("Scrapped")
    await page.locator("#ask-retire").get_by_role("button", name="Retire").click()
    await expect(page.get_by_text("it takes no work")).to_be_visible()
    await page.goto("/register?retired=true")
    await expect(page.get_by_role("link", name="P-101-M")).to_be_visible()


async def test_a_table_is_looked_at_before_it_is_taken_in(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    # A page of its own: the browser's console tells of the refusal, as it should.
    page = await (await browser.new_context(base_url=address)).new_page()
    await sign_in(page)
    await expect(page.get_by_text("North works").first).to_be_visible()
    table = tmp_path / "assets.csv"
    table.write_text("tag,name,class,site\nP-103,Sump pump,centrifugal_pmp,north\n")
    await page.goto("/register")
    await page.locator("#table").set_input_files(table)
    await expect(page.get_by_text("row 2, column class")).to_be_visible()
    table.write_text("tag,name,class,site\nP-103,Sump pump,centrifugal_pump,north\n")
    await page.locator("#table").set_input_files([])
    await page.locator("#table").set_input_files(table)
    await expect(page.get_by_role("row", name="P-103 added")).to_be_visible()
    await page.get_by_role("button", name="Take it in").click()
    await expect(page.get_by_role("link", name="P-103")).to_be_visible()


async def test_an_order_for_an_asset_under_warranty_says_so(
    page: Page, plant: Any, connection: Connection
) -> None:
    number = await plant.add_order()
    await connection.execute(
        "INSERT INTO warranty (asset_id, vendor, starts_on, ends_on, actor)"
        " SELECT id, 'Sterling', '2020-01-01', '2099-12-31', 'kim' FROM asset WHERE tag = 'P-101'"
    )
    await page.goto(f"/work-orders/{number}")
    await expect(page.get_by_role("note")).to_contain_text("Sterling answers for it")


async def test_labels_are_ready_to_print(page: Page) -> None:
    await page.goto("/register")
    await page.get_by_role("link", name="Labels").click()
    await expect(page.get_by_role("img", name="Label of P-101")).to_be_visible()
    await expect(page.get_by_role("button", name="Print")).to_be_enabled()


async def test_the_register_fits_on_a_phone(page: Page) -> None:
    await page.set_viewport_size({"width": 375, "height": 800})
    for address in ("/register", "/assets/P-101", "/labels"):
        await page.goto(address)
        await expect(page).to_have_url(re.compile(address))
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= 375, address
