"""The pages of steps, rounds and knowledge in a real browser, also without a connection."""

from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from config.database import Connection
from maintenance.job_plans.plan import JobPlan, Limits, OnFail, PlanKind, Step, StepKind
from maintenance.job_plans.queries import results_of_step, steps_of_order
from maintenance.knowledge.article import Article
from maintenance.knowledge.service import publish_article, save_article
from maintenance.orders.work_order import WorkOrder
from maintenance.rounds.service import save_round, start_round
from tests.api import test_pages as pages

browser, open_page = pages.browser, pages.open_page

pytestmark = [pytest.mark.page, pytest.mark.usefixtures("plant", "person")]

ROUND = JobPlan(
    code="morning-round",
    name="Morning round",
    kind=PlanKind.ROUND,
    asset="P-101",
    steps=(
        Step("seal", StepKind.CHECK, "No leak at the seal", asset="P-101", stop=1, place="Hall"),
        Step(
            "bearing",
            StepKind.NUMBER,
            "Bearing temperature",
            on_fail=OnFail.FOLLOW_UP,
            unit="degC",
            limits=Limits(high_reject=95),
            asset="P-101",
            stop=1,
            place="Hall",
        ),
        Step("ready", StepKind.CHECK, "Ready to start", asset="P-102", stop=2),
    ),
)
SEAL = Article(
    "seal-leak", "Mechanical seal leaks", "Check the **flush line**.", symptoms=("water drips",)
)


@pytest.fixture
async def walk(connection: Connection, plant: Any) -> WorkOrder:
    """A walk that has begun."""
    await save_round(connection, ROUND, actor="ana")
    return await start_round(connection, ROUND.code, actor="Kim")


@pytest.fixture
async def phone(open_page: Any) -> Page:
    """A narrow page of Kim, who has signed in."""
    opened: Page = await open_page(width=390)
    await pages.sign_in(opened)
    await expect(opened.get_by_role("button", name="Sign out")).to_be_visible()
    return opened


async def test_a_round_is_walked_with_a_thumb(
    phone: Page, walk: WorkOrder, connection: Connection
) -> None:
    await phone.goto("/rounds")
    await phone.get_by_role("button", name="Walk on").click()
    await expect(phone.get_by_role("heading", name="No leak at the seal")).to_be_visible()
    await phone.get_by_role("button", name="OK", exact=True).click()
    await expect(phone.get_by_role("heading", name="Bearing temperature")).to_be_visible()
    await phone.get_by_role("textbox", name="Bearing temperature").fill("99,5")
    await phone.get_by_role("button", name="Record").click()
    await expect(phone.get_by_role("heading", name="Ready to start")).to_be_visible()
    await expect(phone.locator("#sent")).to_have_text("Everything is sent")
    await phone.get_by_role("button", name="Previous").click()
    await expect(phone.locator("#step .seen")).to_contain_text("99.5 degC is above 95 degC")
    await expect(phone.get_by_role("link", name="WO-000002")).to_be_visible()


async def test_what_is_recorded_without_a_connection_arrives_once_it_is_back(
    browser: Browser, address: str, walk: WorkOrder, connection: Connection
) -> None:
    # A lost connection is told in the browser's console, so this page is not one of `open_page`.
    context = await browser.new_context(base_url=address, viewport={"width": 390, "height": 844})
    phone = await context.new_page()
    await pages.sign_in(phone)
    await expect(phone.get_by_role("button", name="Sign out")).to_be_visible()
    await phone.goto(f"/work-orders/{walk.number}/steps")
    await expect(phone.get_by_role("heading", name="No leak at the seal")).to_be_visible()
    await context.set_offline(True)
    await phone.get_by_role("button", name="OK", exact=True).click()
    await phone.get_by_role("textbox", name="Bearing temperature").fill("60")
    await phone.keyboard.press("Enter")
    await expect(phone.locator("#sent")).to_contain_text("2 kept on this device")
    assert [step.revision for step in await steps_of_order(connection, walk.id)] == [0, 0, 0]
    await context.set_offline(False)
    await expect(phone.locator("#sent")).to_have_text("Everything is sent")
    steps = await steps_of_order(connection, walk.id)
    assert [step.revision for step in steps] == [1, 1, 0]
    [reading] = await results_of_step(connection, steps[1].id)
    assert (reading.value, reading.actor) == (60, "kim")


async def test_a_step_is_skipped_with_a_reason(
    phone: Page, walk: WorkOrder, connection: Connection
) -> None:
    # The page draws its card anew once it has asked what is left to send: nothing is opened before.
    await phone.goto(f"/work-orders/{walk.number}/steps", wait_until="networkidle")
    await expect(phone.get_by_role("heading", name="No leak at the seal")).to_be_visible()
    await phone.get_by_text("Remark, or skip it").click()
    await phone.get_by_role("button", name="Skip with this reason").click()
    await expect(phone.get_by_label("Remark", exact=True)).to_be_focused()
    await phone.get_by_label("Remark", exact=True).fill("hall locked")
    await phone.get_by_role("button", name="Skip with this reason").click()
    await expect(phone.locator("#all-steps li").first).to_contain_text("skipped")


async def test_a_search_answers_while_somebody_types(phone: Page, connection: Connection) -> None:
    await save_article(connection, SEAL, actor="ana")
    await publish_article(connection, SEAL.code, actor="ana")
    await phone.goto("/knowledge")
    await phone.get_by_label("What is wrong?").press_sequentially("seel drips")
    found = phone.locator("#found").get_by_role("link")
    await expect(found).to_contain_text("speaks of")
    await found.click()
    await expect(phone.get_by_role("heading", name="Mechanical seal leaks")).to_be_visible()
    await expect(phone.locator(".article strong")).to_have_text("flush line")
    await phone.get_by_role("button", name="It helped").click()
    await expect(phone.get_by_text("It helped 1,")).to_be_visible()


async def test_an_order_leads_to_its_steps_and_to_what_may_help(
    phone: Page, walk: WorkOrder, connection: Connection
) -> None:
    await save_article(connection, Article("round", "Morning round", "How to walk."), actor="ana")
    await publish_article(connection, "round", actor="ana")
    await phone.goto(f"/work-orders/{walk.number}")
    help_ = phone.get_by_role("region", name="What may help")
    await expect(help_.get_by_role("link")).to_contain_text("Morning round")
    await phone.get_by_role("link", name="Open the steps").click()
    await expect(phone.get_by_role("heading", name="No leak at the seal")).to_be_visible()


async def test_an_article_carries_its_drawing(phone: Page, connection: Connection) -> None:
    await save_article(connection, SEAL, actor="ana")
    await publish_article(connection, SEAL.code, actor="ana")
    await phone.goto(f"/knowledge/{SEAL.code}")
    drawing = {
        "name": "seal.png",
        "mimeType": "image/png",
        "buffer": b"\x89PNG\r\n\x1a\n" + b"0" * 64,
    }
    await phone.get_by_label("Add a file").set_input_files([drawing])
    await expect(phone.get_by_role("link", name="seal.png")).to_be_visible()
