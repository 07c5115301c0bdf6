"""The pages of dispatch, schedule, people, calendars and service levels in a real browser."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from config.clock import now
from config.database import Connection
from maintenance.assignment.file import AssignmentRuleShape
from maintenance.assignment.service import save_rule
from maintenance.calendars.file import CalendarShape
from maintenance.calendars.service import save_calendar
from maintenance.commands.service import assign
from maintenance.orders.queries import get_order
from maintenance.orders.work_order import Particulars, WorkOrder
from maintenance.people.file import StaffShape
from maintenance.people.service import add_absence, save_staff
from maintenance.sla.file import ServiceLevelShape
from maintenance.sla.service import save_agreement
from tests.api import test_pages as pages
from tests.api.conftest import Plant
from tests.api.test_planning import CALENDAR, KIM, LEVEL, RULE, ZOE, day_of, make

browser, open_page = pages.browser, pages.open_page

pytestmark = [pytest.mark.page, pytest.mark.usefixtures("person")]


@pytest.fixture
async def order(plant: Plant) -> WorkOrder:
    """An order that was given to Kim by rule, has its clocks, and is planned for an hour from now."""
    connection = plant.connection
    await save_calendar(connection, CalendarShape.model_validate(CALENDAR).definition())
    for person in (KIM, ZOE):
        await save_staff(connection, StaffShape.model_validate(person).definition())
    await save_agreement(connection, ServiceLevelShape.model_validate(LEVEL).definition())
    await save_rule(connection, AssignmentRuleShape.model_validate(RULE).definition())
    return await make(connection)


@pytest.fixture
async def page(open_page: Any, order: WorkOrder) -> Page:
    """A page of a planner who has signed in."""
    opened: Page = await open_page()
    await pages.sign_in(opened)
    await expect(opened.get_by_role("button", name="Sign out")).to_be_visible()
    return opened


async def shown(page: Page, name: str) -> None:
    """Keep a picture where somebody wants to look (OILCAN_TEST_PICTURES names a folder)."""
    if folder := os.environ.get("OILCAN_TEST_PICTURES"):
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


async def test_an_order_is_given_to_somebody_by_its_menu(
    page: Page, order: WorkOrder, connection: Connection
) -> None:
    await page.goto("/dispatch")
    await expect(page.get_by_role("region", name="Kim Berger")).to_contain_text(order.number)
    await shown(page, "dispatch")
    await page.get_by_label("Give to").select_option("zoe")
    await page.get_by_label("Why").fill("Kim is on another job")
    await page.get_by_role("button", name="Give", exact=True).click()
    await expect(page.get_by_role("region", name="Zoe Yilmaz")).to_contain_text(order.number)
    assert (await get_order(connection, order.number)).assignee == "zoe"
    await page.goto(f"/work-orders/{order.number}")
    await expect(page.get_by_text("Kim is on another job")).to_be_visible()


@pytest.fixture
async def late_board(page: Page) -> tuple[asyncio.Event, asyncio.Event]:
    """Tells that the page asked for its board anew; no answer is let through before we say so."""
    asked, let_through = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        asked.set()
        await let_through.wait()
        await route.continue_()

    await page.route("**/dispatch/board?*", late)
    return asked, let_through


async def test_an_order_is_given_to_somebody_by_dragging_it(
    page: Page,
    order: WorkOrder,
    connection: Connection,
    late_board: tuple[asyncio.Event, asyncio.Event],
) -> None:
    await page.goto("/dispatch")
    await expect(page.get_by_label("Give to")).to_be_enabled()
    await page.locator(".job").drag_to(page.get_by_role("region", name="Zoe Yilmaz"))
    late_board[1].set()
    await page.get_by_role("button", name="Give", exact=True).click()
    await expect(page.get_by_role("region", name="Zoe Yilmaz")).to_contain_text(order.number)
    assert (await get_order(connection, order.number)).assignee == "zoe"


async def test_the_board_is_not_drawn_anew_under_a_dragging_hand(
    page: Page,
    order: WorkOrder,
    connection: Connection,
    late_board: tuple[asyncio.Event, asyncio.Event],
) -> None:
    asked, let_through = late_board
    await page.goto("/dispatch")
    await asked.wait()
    await page.locator(".job .sub").hover()
    await page.mouse.down()
    lane = await page.get_by_role("region", name="Zoe Yilmaz").bounding_box()
    assert lane is not None
    await page.mouse.move(lane["x"] + 20, lane["y"] + 20)
    await page.evaluate("document.querySelector('.job').dataset.before = 'the answer'")
    async with page.expect_response("**/dispatch/board?*") as answer:
        let_through.set()
    await (await answer.value).finished()
    await page.evaluate("() => new Promise(requestAnimationFrame)")
    await expect(page.locator("[data-before]")).to_have_count(1)
    await page.mouse.move(lane["x"] + 40, lane["y"] + 20)
    await page.mouse.up()
    await page.get_by_role("button", name="Give", exact=True).click()
    await expect(page.get_by_role("region", name="Zoe Yilmaz")).to_contain_text(order.number)
    assert (await get_order(connection, order.number)).assignee == "zoe"


async def test_what_others_do_shows_on_the_board_by_itself(
    page: Page, order: WorkOrder, connection: Connection
) -> None:
    await page.goto("/dispatch")
    await expect(page.get_by_role("region", name="Kim Berger")).to_contain_text(order.number)
    given = Particulars("ana")
    await assign(connection, order.number, "zoe", expected_version=order.version, given=given)
    await expect(page.get_by_role("region", name="Zoe Yilmaz")).to_contain_text(order.number)


async def test_the_board_by_state_works_on_a_phone(open_page: Any, order: WorkOrder) -> None:
    page = await open_page(width=390)
    await pages.sign_in(page)
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    await page.goto("/dispatch")
    await page.get_by_role("link", name="By state").click()
    await expect(page.get_by_role("region", name="Scheduled")).to_contain_text(order.number)
    await shown(page, "dispatch-phone")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_the_week_shows_what_does_not_fit_and_is_frozen(
    page: Page, order: WorkOrder, connection: Connection
) -> None:
    assert order.planned_start is not None
    span = (order.planned_start, order.planned_start + timedelta(days=1))
    await add_absence(connection, "kim", span, reason="ill", actor="ana")
    await page.goto(f"/schedule?week={day_of(order)}")
    await expect(page.get_by_text(f"during {order.number}")).to_be_visible()
    await shown(page, "schedule")
    await page.get_by_role("button", name="Freeze the week").click()
    await page.get_by_role("button", name="Freeze", exact=True).click()
    await expect(page.get_by_text("frozen", exact=False).first).to_be_visible()


async def test_an_order_shows_its_clocks_and_why_somebody_has_it(
    page: Page, order: WorkOrder
) -> None:
    await page.goto(f"/work-orders/{order.number}")
    level = page.get_by_role("region", name="Service level")
    await expect(level).to_contain_text("of 60 min elapsed time used")
    await expect(level).to_contain_text("Urgent work: it is for every order.")
    why = page.get_by_role("region", name="Why kim")
    await expect(why).to_contain_text("least of 2")
    await why.get_by_text("2 looked at").click()
    await expect(why).to_contain_text("could do it as well")
    await shown(page, "order")


async def test_somebody_is_entered_as_away_and_taken_back(page: Page) -> None:
    await page.goto("/people")
    row = page.get_by_role("row", name="Kim Berger")
    await row.get_by_role("button", name="Away").click()
    start = now()
    for label, moment in (("From", start), ("Until", start + timedelta(days=2))):
        await page.get_by_label(label, exact=True).fill(moment.strftime("%Y-%m-%dT%H:%M"))
    await page.get_by_label("Why").fill("Training")
    await page.get_by_role("button", name="Enter").click()
    await expect(row).to_contain_text("Training")
    await shown(page, "people")
    await row.get_by_role("button", name="Take back").click()
    await expect(row).not_to_contain_text("Training")


async def test_calendars_and_service_levels_are_shown(page: Page, connection: Connection) -> None:
    await page.goto("/calendars")
    await expect(page.get_by_role("region", name="Round the clock")).to_contain_text("every day")
    await shown(page, "calendars")
    await connection.execute("UPDATE sla_clock SET warn_at = now() - interval '1 minute'")
    await page.goto("/service-levels")
    risk = page.get_by_role("region", name="Orders that run out of time")
    await expect(risk.get_by_role("listitem")).to_have_count(2)
    await expect(page.get_by_role("region", name="Agreements")).to_contain_text("Urgent work")
    await shown(page, "service-levels")


async def test_who_may_not_plan_sees_the_board_without_menus(
    page: Page, connection: Connection
) -> None:
    await connection.execute("UPDATE person SET role = 'viewer'")
    await page.goto("/dispatch")
    await expect(page.locator(".job")).to_have_count(1)
    await expect(page.get_by_label("Give to")).to_have_count(0)
    await page.goto("/people")
    await expect(page.get_by_role("button", name="Away")).to_have_count(0)
