"""Reporting and triage in a real browser: on a phone, and by keyboard."""

import pytest
from playwright.async_api import Browser, FilePayload, Page, expect

from config.database import Connection, fetch_one
from tests.api.test_pages import Open, browser, open_page, sign_in

__all__ = ["browser", "open_page"]

pytestmark = [pytest.mark.page, pytest.mark.usefixtures("plant", "person")]


async def report_seal(page: Page) -> None:
    await page.goto("/report?asset=P-101")
    await expect(page.get_by_text("Feed water pump")).to_be_visible()
    await page.get_by_label("What is wrong?").fill("Seal drips")
    await page.get_by_label("It does not work at all").check()
    await page.get_by_role("button", name="Send the report").click()
    await expect(page.locator("#standing")).to_contain_text("Received")


async def test_a_report_from_a_phone_is_triaged_and_followed(
    open_page: Open, connection: Connection
) -> None:
    page = await open_page(width=390)
    await sign_in(page)
    await report_seal(page)
    wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide
    link = page.url
    await page.goto("/requests")
    await page.get_by_role("link", name="Seal drips").click()
    await page.get_by_role("button", name="Accept").first.click()
    await page.get_by_role("dialog").get_by_role("button", name="Accept").press("Enter")
    await expect(page.locator("#state")).to_have_text("accepted")
    row = await fetch_one(connection, "SELECT origin FROM work_order")
    assert row == ("request",)
    await page.goto("/work-orders/WO-000001")
    joined = page.get_by_role("region", name="Requests")
    await expect(joined.get_by_role("link")).to_have_attribute("href", "/requests/WR-000001")
    await page.goto(link)
    await expect(page.locator("#standing")).to_contain_text("accepted and waits")


async def test_what_is_known_already_is_offered_while_one_types(open_page: Open) -> None:
    page = await open_page()
    await sign_in(page)
    await report_seal(page)
    await page.goto("/report?asset=P-101")
    await page.get_by_label("What is wrong?").press_sequentially("the seal drips again")
    await expect(page.locator("#similar")).to_contain_text("both say seal, drips")


async def test_a_file_of_requests_says_what_it_would_do_before_it_does_it(
    open_page: Open, connection: Connection
) -> None:
    page = await open_page(width=390)
    await sign_in(page)
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    await page.goto("/requests?show=all")
    text = b"external_id,title,asset\n7,Seal drips,P-101\n8,Fan howls,P-102\n"
    file = FilePayload(name="requests.csv", mimeType="text/csv", buffer=text)
    await page.locator("#table").set_input_files([file])
    result = page.locator("#import-result")
    await expect(result).to_contain_text("requests.csv: 2 new, 0 here already.")
    assert await fetch_one(connection, "SELECT count(*) FROM work_request") == (0,)
    await page.get_by_role("button", name="Take it in").click()
    await expect(page.get_by_role("link", name="Fan howls")).to_be_visible()
    await page.locator("#table").set_input_files([file])
    await expect(result).to_contain_text("requests.csv: 0 new, 2 here already.")
    await expect(page.get_by_role("button", name="Take it in")).to_be_hidden()


async def test_a_wrong_file_of_requests_names_its_lines(browser: Browser, address: str) -> None:
    # A refusal is told in the browser's console, so this page is not one of `open_page`.
    context = await browser.new_context(base_url=address)
    page = await context.new_page()
    await sign_in(page)
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    await page.goto("/requests")
    text = b"title,urgency\nSeal drips,normal\nFan howls,loud\n"
    file = FilePayload(name="requests.csv", mimeType="text/csv", buffer=text)
    await page.locator("#table").set_input_files([file])
    refused = page.locator("#import-result, #refusal").filter(has_text="line 3")
    await expect(refused).to_contain_text("urgency")
    await expect(page.get_by_role("button", name="Take it in")).to_be_hidden()
    await context.close()
