"""The pages of work orders in a real browser: making, assigning, holding, working, several at once."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.api.test_pages import Open, browser, open_page, page, sign_in

__all__ = ["browser", "open_page", "page"]

pytestmark = [pytest.mark.page, pytest.mark.usefixtures("plant", "person")]


async def press(page: Page, name: str) -> None:
    """Press a button once somebody listens."""
    await page.get_by_role("button", name=name, exact=True).click()


async def test_an_order_is_made_assigned_and_changed_from_pages(page: Page) -> None:
    await page.goto("/work-orders")
    await page.get_by_role("link", name="New order").click()
    await page.get_by_role("textbox", name="Asset").fill("P-101")
    await page.get_by_label("What is to be done").fill("Seal drips")
    await press(page, "Make the order")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Seal drips")
    await press(page, "assign")
    await page.get_by_role("dialog").get_by_label("Name").fill("kim")
    await press(page, "Assign")
    await expect(page.get_by_role("button", name="give to another")).to_be_visible()
    await press(page, "Change")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Title").fill("Seal leaks")
    await dialog.get_by_label("Minutes planned").fill("90")
    await press(page, "Save")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Seal leaks")
    await expect(page.get_by_text("0 min of 90 planned")).to_be_visible()


async def test_a_technician_works_holds_and_sees_what_is_missing(page: Page, plant: Any) -> None:
    await page.goto(f"/work-orders/{await plant.add_order()}")
    state = page.locator("#state")
    await press(page, "Approve")
    await expect(state).to_have_text("approved")
    await press(page, "Start")
    await expect(state).to_have_text("in progress")
    await press(page, "Start my timer")
    await expect(page.get_by_text("the timer of kim runs")).to_be_visible()
    await expect(page.get_by_role("button", name="Complete", exact=True)).to_be_disabled()
    await press(page, "Hold")
    await page.get_by_label("What it waits for").select_option("waiting_parts")
    await page.get_by_role("dialog").get_by_role("button", name="Hold").click()
    await expect(state).to_have_text("on hold")
    await expect(page.get_by_text("waits: waiting parts")).to_be_visible()


async def test_work_waits_on_the_page_for_its_lock(page: Page, plant: Any) -> None:
    await page.goto(f"/work-orders/{await plant.add_order()}")
    await press(page, "Approve")
    await press(page, "Require a permit")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("For").select_option("lockout")
    await dialog.get_by_label("Tag").first.fill("Q-101")
    await press(page, "Require")
    await expect(page.get_by_text("isolation Q-101 is not applied and verified")).to_be_visible()
    await page.get_by_role("button", name="Apply Q-101").click()
    await expect(page.get_by_text("applied by kim, not verified")).to_be_visible()


async def test_several_orders_are_approved_from_the_list(page: Page, plant: Any) -> None:
    numbers = [await plant.add_order() for _ in range(2)]
    await page.goto("/work-orders")
    for number in numbers:
        await page.get_by_label(f"Choose {number}").check()
    await press(page, "Do")
    await expect(page.locator(".rows .sub").get_by_text("approved", exact=True)).to_have_count(2)


async def test_the_list_finds_by_number_and_by_what_is_chosen(page: Page, plant: Any) -> None:
    first, second = await plant.add_order(), await plant.add_order(asset="P-102")
    await page.goto("/work-orders")
    await page.get_by_label("Number or words").fill(first.lower())
    await press(page, "Find")
    await expect(page.locator(".rows .row")).to_have_count(1)
    await page.get_by_label("Number or words").fill("")
    await page.get_by_role("textbox", name="Asset", exact=True).fill("P-102")
    await press(page, "Find")
    await expect(page.locator(".rows .row")).to_contain_text(second)
    await page.get_by_role("link", name="all", exact=True).click()
    await expect(page).to_have_url(re.compile("asset=P-102.*show=all"))


async def test_the_page_of_an_order_fits_a_phone(open_page: Any, plant: Any) -> None:
    phone = await open_page(width=375)
    await sign_in(phone)
    await phone.goto(f"/work-orders/{await plant.add_order()}")
    await expect(phone.get_by_role("button", name="Approve")).to_be_visible()
    wide = await phone.evaluate("document.documentElement.scrollWidth")
    assert wide <= 375


async def test_filters_fold_away_on_a_phone_and_those_in_use_are_taken_off_one_by_one(
    open_page: Open,
) -> None:
    phone = await open_page(width=390)
    await sign_in(phone)
    await expect(phone.get_by_role("button", name="Sign out")).to_be_visible()
    await phone.goto("/work-orders?priority=2&assignee=kim")
    await expect(phone.get_by_label("Number or words")).to_be_visible()
    await expect(phone.get_by_label("Assigned to")).to_be_hidden()
    await phone.get_by_text("Filters (2)").focus()
    await phone.keyboard.press("Enter")
    await expect(phone.get_by_label("Assigned to")).to_have_value("kim")
    used = phone.get_by_role("list", name="Filters in use")
    await used.get_by_role("link", name="Without Priority: P2").click()
    await expect(phone.get_by_text("Filters (1)")).to_be_visible()
    await expect(used.get_by_role("link")).to_have_text(["Without Assigned to: kim \u00d7"])
