"""The pages of parts, purchases and costs in a real browser."""

import os
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from config.database import Connection
from tests.api import test_pages as pages
from tests.api.test_stock import an_order, done, stocked

__all__ = ["stocked"]

browser, open_page = pages.browser, pages.open_page

pytestmark = [pytest.mark.page, pytest.mark.usefixtures("person")]


@pytest.fixture
async def page(open_page: Any) -> Page:
    """A page of Kim, a planner who has signed in."""
    opened: Page = await open_page()
    await pages.sign_in(opened)
    await expect(opened.get_by_role("button", name="Sign out")).to_be_visible()
    return opened


async def shot(page: Page, name: str) -> None:
    """A picture to look at, where somebody wants one."""
    if folder := os.environ.get("OILCAN_SCREENSHOTS"):
        await page.screenshot(path=f"{folder}/{name}.png", full_page=True)


async def test_a_shelf_is_counted_on_the_page_of_its_part(
    stocked: httpx.AsyncClient, page: Page
) -> None:
    await page.goto("/stock")
    await shot(page, "parts")
    await page.get_by_role("link", name="BRG-6309").click()
    await page.get_by_role("button", name="Count").click()
    await page.get_by_label("Counted").fill("3")
    await page.get_by_role("button", name="Book the count").click()
    await expect(page.locator(".head .pill")).to_have_text("3 available")
    await expect(page.get_by_role("cell", name="adjustment", exact=True)).to_be_visible()
    await shot(page, "part")


async def test_what_is_asked_for_is_approved_sent_and_taken_in(
    stocked: httpx.AsyncClient, page: Page
) -> None:
    price = {"part": "BRG-6309", "price": "38.90", "valid_from": "2020-01-01"}
    vendor = {"code": "trade", "name": "Bearing Trade", "lead_time_days": 2, "prices": [price]}
    await done(stocked.put("/api/v1/vendors/trade", json=vendor))
    new = {"part": "BRG-6309", "storeroom": "MAIN", "quantity": "4", "reason": "spares"}
    await done(stocked.post("/api/v1/requisitions", json=new))
    await page.goto("/procurement")
    await shot(page, "procurement")
    await page.get_by_role("button", name="Approve RQ-000001").click()
    send = page.get_by_role("button", name="Send PO-000001")
    await send.click()
    # A page that is left at once takes its request with it.
    await expect(send).to_have_count(0)
    await page.get_by_role("link", name="PO-000001").click()
    await page.get_by_role("button", name="Take in BRG-6309").click()
    await page.get_by_label("Delivery note").fill("LS 4711")
    await page.get_by_role("button", name="Take in", exact=True).last.click()
    await expect(page.locator(".head .pill")).to_have_text("closed")
    await expect(page.get_by_text("LS 4711")).to_be_visible()
    await shot(page, "purchase")


async def test_an_order_shows_its_parts_and_costs(stocked: httpx.AsyncClient, page: Page) -> None:
    number = await an_order(stocked)
    wish = {"part": "BRG-6309", "storeroom": "MAIN", "quantity": "2"}
    await done(stocked.post(f"/api/v1/work-orders/{number}/reservations", json=wish))
    issue = wish | {"work_order": number, "quantity": "1"}
    await done(stocked.post("/api/v1/stock/issues", json=issue))
    await page.goto(f"/work-orders/{number}")
    await expect(page.get_by_role("heading", name="Parts")).to_be_visible()
    await expect(page.get_by_text("40.00 EUR").first).to_be_visible()
    await shot(page, "order")
    await page.goto("/costs?by=site")
    await expect(page.get_by_role("cell", name="north")).to_be_visible()
    await shot(page, "costs")


async def test_who_may_not_keep_stock_sees_it_without_buttons(
    stocked: httpx.AsyncClient, page: Page, connection: Connection
) -> None:
    await connection.execute("UPDATE person SET role = 'viewer'")
    for address in ("/stock/BRG-6309", "/procurement"):
        await page.goto(address)
        await expect(
            page.get_by_text("BRG-6309" if "stock" in address else "Requisitions").first
        ).to_be_visible()
        await expect(page.locator("main [data-post]")).to_have_count(0)


async def test_a_wide_table_is_read_in_blocks_on_a_phone(
    stocked: httpx.AsyncClient, open_page: Any
) -> None:
    phone = await open_page(width=390)
    await pages.sign_in(phone)
    await expect(phone.get_by_role("button", name="Sign out")).to_be_visible()
    await phone.goto("/stock")
    row = phone.get_by_role("row").filter(has_text="BRG-6309")
    await expect(row.get_by_role("cell").nth(1)).to_have_attribute("data-label", "On hand")
    await expect(row.get_by_role("cell").last).to_be_in_viewport(ratio=1)


async def test_a_part_is_issued_and_what_is_left_is_returned_on_the_orders_page(
    stocked: httpx.AsyncClient, page: Page
) -> None:
    number = await an_order(stocked)
    wish = {"part": "BRG-6309", "storeroom": "MAIN", "quantity": "2"}
    await done(stocked.post(f"/api/v1/work-orders/{number}/reservations", json=wish))
    await page.goto(f"/work-orders/{number}")
    await page.get_by_role("button", name="Issue BRG-6309").press("Enter")
    asked = page.get_by_role("dialog", name=f"Issue to {number}")
    await expect(asked.get_by_label("Quantity")).to_have_value("2")
    await asked.get_by_role("button", name="Issue").press("Enter")
    parts = page.get_by_role("region", name="Parts")
    await expect(parts).to_contain_text("BRG-6309 issued")
    await page.get_by_role("button", name="Return BRG-6309").click()
    asked = page.get_by_role("dialog", name="Return what was not used")
    await asked.get_by_label("Quantity").fill("1")
    await asked.get_by_role("button", name="Return").click()
    await expect(parts).to_contain_text("1 came back")
    part = await done(stocked.get("/api/v1/parts/BRG-6309"))
    assert part["on_hand"] == "3.000"


async def test_books_are_put_right_and_taken_back_on_the_page_of_a_part(
    stocked: httpx.AsyncClient, page: Page
) -> None:
    await page.goto("/stock/BRG-6309")
    await page.get_by_role("button", name="Put right").click()
    asked = page.get_by_role("dialog")
    await asked.get_by_label("More (2) or less (-2)").fill("-1,5")
    await asked.get_by_label("Why").fill("rusted")
    await asked.get_by_role("button", name="Put right").click()
    await expect(page.locator(".head .pill")).to_have_text("2.5 available")
    await page.get_by_role("button", name="Take back the adjustment").click()
    await page.get_by_role("dialog").get_by_label("What is wrong with it").fill("they were not")
    await page.get_by_role("dialog").get_by_role("button", name="Take back").click()
    await expect(page.locator(".head .pill")).to_have_text("4 available")


async def test_a_file_of_parts_says_what_it_would_do_before_it_does_it(
    stocked: httpx.AsyncClient, page: Page
) -> None:
    await page.goto("/stock")
    wrong = b"code,name,storeroom,bin\nSEAL-40,Seal 40 mm,MAIN,A-1\nSEAL-50,,MAIN,A-1\n"
    file = {"name": "parts.csv", "mimeType": "text/csv", "buffer": wrong}
    await page.locator("#table").set_input_files([file])
    result = page.locator("#import-result")
    await expect(result).to_contain_text("1 of 2 parts cannot be taken in")
    await expect(result.get_by_role("row").filter(has_text="SEAL-50")).to_contain_text("name")
    await expect(page.get_by_role("button", name="Take it in")).to_be_hidden()
    file["buffer"] = wrong.replace(b"SEAL-50,,", b"SEAL-50,Seal 50 mm,")
    await page.locator("#table").set_input_files([file])
    await expect(result).to_contain_text("2 of 2 parts are added or changed")
    assert (await done(stocked.get("/api/v1/parts?q=SEAL")))["items"] == []
    await page.get_by_role("button", name="Take it in").click()
    await expect(page.get_by_role("link", name="SEAL-50")).to_be_visible()
