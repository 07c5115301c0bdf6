"""The pages of preventive work in a real browser."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from config.database import Connection
from maintenance.plans.file import PlanShape
from maintenance.plans.generation import generate
from maintenance.plans.service import save_plan
from tests.api import test_pages as pages

browser, open_page = pages.browser, pages.open_page

pytestmark = [pytest.mark.page, pytest.mark.usefixtures("person")]

PLAN = {
    "code": "grease",
    "name": "Grease the bearings",
    "applies_to": {"assets": ["P-101"]},
    "time": {"rule": "FREQ=MONTHLY", "start": "2026-01-31T06:00"},
    "work": {"craft": "mechanical", "estimated_minutes": 90},
}


@pytest.fixture
async def page(open_page: Any, connection: Connection, person: str, plant: Any) -> Page:
    """A page of Kim, a planner, at a plant with a plan."""
    await save_plan(connection, PlanShape.model_validate(PLAN), actor="kim")
    await generate(connection)
    await connection.execute("UPDATE person SET role = 'planner'")
    opened: Page = await open_page()
    await pages.sign_in(opened)
    await expect(opened.get_by_role("button", name="Sign out")).to_be_visible()
    return opened


async def test_work_is_skipped_and_done_now_on_the_page_of_its_plan(page: Page) -> None:
    await page.goto("/plans")
    await page.get_by_role("link", name="Grease the bearings").click()
    await page.get_by_role("button", name="Skip P-101").first.click()
    await page.get_by_label("It is kept with your name").fill("shutdown")
    await page.get_by_role("button", name="Do it").click()
    await expect(page.locator("tr[data-state=skipped]")).to_contain_text("shutdown")
    await page.get_by_role("button", name="Do P-101").first.click()
    await page.locator("tr[data-state=released]").get_by_role("link", name="WO-").click()
    await expect(page.get_by_role("heading", name="Planned work")).to_be_visible()
    await page.get_by_role("link", name="Grease the bearings").click()
    await expect(page.get_by_role("heading", name="The next year")).to_be_visible()


async def test_a_plan_is_paused_with_a_reason(page: Page) -> None:
    await page.goto("/plans/grease")
    await page.get_by_role("button", name="Pause").click()
    await page.get_by_label("It is kept with your name").fill("strike")
    await page.get_by_role("button", name="Do it").click()
    await expect(page.get_by_text("strike").first).to_be_visible()
    await page.get_by_role("button", name="Resume").click()
    await expect(page.get_by_role("button", name="Pause")).to_be_visible()


async def test_the_load_of_the_next_year_has_a_chart_of_each_craft(page: Page) -> None:
    await page.goto("/plan-load")
    await expect(page.locator("[data-series][data-drawn]")).to_have_count(1, timeout=60_000)
    await expect(page.get_by_role("cell", name="1.5").first).to_be_visible()


async def test_who_may_not_plan_sees_the_year_without_buttons(
    page: Page, connection: Connection
) -> None:
    await connection.execute("UPDATE person SET role = 'viewer'")
    await page.goto("/plans/grease")
    await expect(page.get_by_role("heading", name="The next year")).to_be_visible()
    await expect(page.locator("[data-post]")).to_have_count(0)
