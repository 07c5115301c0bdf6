"""The pages in a real browser: signing in, looking, being told, acting."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, async_playwright, expect

from config.clock import now_us
from config.database import Connection, fetch_one
from edge.reading import ReadingBatch
from edge.wire import encode_readings
from tests.api.test_dead_letters import INSERT

LOGIN, PASSWORD = "kim", "correct horse battery"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = [pytest.mark.page, pytest.mark.usefixtures("plant", "person")]

# A loaded machine draws late; what never comes fails all the same.
expect.set_options(timeout=20_000)

Open = Callable[..., Awaitable[Page]]


@pytest.fixture
async def browser(address: str) -> AsyncIterator[Browser]:
    """Chromium as it is installed on this machine; it is gone before the server stops."""
    assert address
    path = shutil.which("chromium")
    assert path is not None, "page tests need Chromium: apt-get install chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def open_page(browser: Browser, address: str) -> AsyncIterator[Open]:
    """A page of the server; at the end nothing may have been written to the browser's console."""
    complaints: list[str] = []

    async def make(*, width: int = 1280, scheme: str = "light") -> Page:
        context = await browser.new_context(
            base_url=address, viewport={"width": width, "height": 900}, color_scheme=scheme
        )
        page = await context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: complaints.append(said.text) if said.type == "error" else None,
        )
        return page

    yield make
    assert complaints == []


async def sign_in(page: Page, password: str = PASSWORD) -> None:
    """Fill in the form that stands before every page."""
    await page.goto("/")
    await page.get_by_label("Login").fill(LOGIN)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()


@pytest.fixture
async def page(open_page: Open) -> Page:
    """A page of somebody who has signed in."""
    page = await open_page()
    await sign_in(page)
    await expect(page.get_by_text("North works").first).to_be_visible()
    return page


async def test_a_stranger_is_asked_to_sign_in_and_led_on(open_page: Open) -> None:
    page = await open_page()
    await page.goto("/assets/P-101")
    await expect(page).to_have_url(re.compile(r"/login\?next=%2Fassets%2FP-101$"))
    await page.get_by_label("Login").fill(LOGIN)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="P-101 Feed water pump")).to_be_visible()


async def test_a_wrong_password_is_told_without_saying_more(browser: Browser, address: str) -> None:
    page = await (await browser.new_context(base_url=address)).new_page()
    await sign_in(page, "wrong")
    await expect(page.get_by_role("alert")).to_have_text("Login or password is wrong.")


async def test_signing_out_ends_the_session(page: Page) -> None:
    cookies = await page.context.cookies()
    assert [(cookie["httpOnly"], cookie["sameSite"]) for cookie in cookies] == [(True, "Lax")]
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Login")).to_be_visible()
    await page.context.add_cookies(
        [{"name": c["name"], "value": c["value"], "url": page.url} for c in cookies]
    )
    await page.goto("/")
    await expect(page.get_by_label("Login")).to_be_visible()


async def test_the_overview_shows_assets_where_they_stand(page: Page) -> None:
    hall = page.get_by_role("region", name="Pump house")
    await expect(hall.get_by_role("article")).to_have_count(2)
    card = hall.get_by_role("article", name="P-101")
    await expect(card).to_contain_text("Vibration, drive end")
    await expect(card).to_contain_text("mm/s")
    await expect(card).to_contain_text("normal")


async def test_an_order_that_arrives_is_shown_without_reloading(page: Page, plant: Any) -> None:
    await expect(page.get_by_text("No work is waiting.")).to_be_visible()
    await page.evaluate("window.sameDocument = true")
    await plant.add_order(event=await plant.add_event())
    orders = page.get_by_role("region", name="Work orders")
    await expect(orders.get_by_role("link")).to_have_count(1)
    await expect(orders).to_contain_text("WO-000001")
    await expect(page.locator("[data-figure=open_orders]")).to_have_text("1")
    assert await page.evaluate("window.sameDocument") is True


async def test_the_dot_says_that_the_log_is_away(page: Page) -> None:
    await expect(page.locator("#live")).to_have_text("log away")


async def test_the_evidence_is_drawn_with_limits_and_moments(page: Page, plant: Any) -> None:
    number = await plant.add_order(event=await plant.add_event())
    await page.goto(f"/work-orders/{number}")
    chart = page.locator("#evidence .chart[data-drawn]")
    await expect(chart).to_have_count(1)
    drawn = await chart.evaluate(
        """chart => ({
            readings: chart.data[0].y.length,
            limits: chart.layout.shapes.filter(s => s.y0 === s.y1).map(s => s.y0),
            words: chart.layout.annotations.map(a => a.text),
        })"""
    )
    assert drawn["readings"] == 41
    assert drawn["limits"] == [7.1, 6.6]
    assert set(drawn["words"]) == {"raise > 7.1", "clear < 6.6", "onset", "raised"}
    await expect(chart.locator("path.js-line")).to_have_count(1)
    await expect(chart).to_have_attribute("aria-label", re.compile("41 readings .* limit > 7.1"))


async def test_an_order_goes_through_its_life_by_its_buttons(page: Page, plant: Any) -> None:
    await page.goto(f"/work-orders/{await plant.add_order()}")
    state = page.locator("#state")
    for action, then in [("Approve", "approved"), ("Start", "in progress")]:
        await page.get_by_role("button", name=action).click()
        await expect(state).to_have_text(then)
    await page.get_by_role("button", name="Complete").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("What was found and done").fill("Bearing replaced")
    await dialog.get_by_role("button", name="Complete").click()
    await expect(state).to_have_text("completed")
    await expect(page.get_by_text("Bearing replaced").first).to_be_visible()


async def test_who_is_too_late_is_told_and_changes_nothing(
    open_page: Open, browser: Browser, address: str, plant: Any
) -> None:
    number = await plant.add_order()
    first = await open_page()
    await sign_in(first)
    await first.goto(f"/work-orders/{number}")
    # The refused request is written to the console by the browser itself.
    second = await (await browser.new_context(base_url=address)).new_page()
    await sign_in(second)
    await second.route("**/api/v1/stream", lambda route: route.abort())
    await second.goto(f"/work-orders/{number}")
    await first.get_by_role("button", name="Approve").click()
    await expect(first.locator("#state")).to_have_text("approved")
    await second.get_by_role("button", name="Approve").click()
    await expect(second.get_by_role("alert")).to_contain_text("has version 2, not 1")
    await expect(second.locator("#changed")).to_be_visible()


async def test_an_open_order_says_that_another_changed_it(open_page: Open, plant: Any) -> None:
    number = await plant.add_order()
    pages = [await open_page(), await open_page()]
    for page in pages:
        await sign_in(page)
        await page.goto(f"/work-orders/{number}")
        await expect(page.locator("#live")).to_have_text("log away")
    await pages[0].get_by_role("button", name="Approve").click()
    await expect(pages[1].locator("#changed")).to_be_visible()
    await pages[1].get_by_role("button", name="Show it as it is now").click()
    await expect(pages[1].locator("#state")).to_have_text("approved")


async def test_an_event_is_acknowledged(page: Page, plant: Any) -> None:
    event = await plant.add_event()
    await plant.add_order(event=event)
    await page.goto(f"/condition-events/{event}")
    await expect(page.get_by_role("region", name="Work order")).to_contain_text("WO-000001")
    await page.get_by_role("button", name="Acknowledge").click()
    await expect(page.get_by_text("Seen by kim")).to_be_visible()


async def test_an_event_is_shelved_and_taken_back_by_its_buttons(page: Page, plant: Any) -> None:
    event = await plant.add_event()
    await page.goto(f"/condition-events/{event}")
    await page.get_by_role("button", name="Shelve").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Why").fill("sensor is replaced")
    await dialog.get_by_label("For how long").select_option("8 h")
    await dialog.get_by_role("button", name="Shelve").click()
    await expect(page.locator("#actions")).to_contain_text("shelved. sensor is replaced")
    history = page.get_by_role("region", name="History")
    await expect(history).to_contain_text("kim")
    await page.get_by_role("button", name="Unshelve").click()
    await expect(history).to_contain_text("annunciated again")
    await expect(page.get_by_role("button", name="Unshelve")).to_have_count(0)


async def test_what_is_shelved_is_listed_and_alarms_nobody(page: Page, plant: Any) -> None:
    event = await plant.add_event()
    await page.goto("/")
    await expect(page.locator("[data-figure=open_events]")).to_have_text("1")
    shelf = {"data": {"reason": "sensor is replaced"}, "headers": {"Origin": page.url[:-1]}}
    shelved = await page.request.post(f"/api/v1/condition-events/{event}/shelve", **shelf)
    assert shelved.ok
    await expect(page.locator("[data-figure=open_events]")).to_have_text("0")
    await page.goto("/condition-events?show=silenced")
    await expect(page.locator(".rows > li")).to_contain_text("shelved")
    await page.get_by_role("link", name="Silenced alarms").click()
    shelves = page.get_by_role("region", name="Shelved")
    await expect(shelves).to_contain_text("sensor is replaced")
    await shelves.get_by_role("button", name="Unshelve").click()
    await expect(shelves).to_contain_text("Nothing is shelved.")


async def test_an_engineer_takes_an_asset_out_of_service_and_returns_it(
    page: Page, connection: Connection
) -> None:
    await connection.execute("UPDATE person SET role = 'reliability_engineer'")
    await page.goto("/alarm-silences")
    outages = page.get_by_role("region", name="Out of service")
    await outages.get_by_role("button", name="Take out of service").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Asset").fill("P-101")
    await dialog.get_by_label("Why").fill("rebuilt")
    await dialog.get_by_role("button", name="Take out of service").click()
    await expect(outages.get_by_role("row", name="P-101")).to_contain_text("rebuilt")
    await outages.get_by_role("button", name="Return").click()
    await expect(outages).to_contain_text("Everything is in service.")


async def test_the_list_of_events_is_as_the_plant_is_and_sorted_as_wanted(
    page: Page, plant: Any
) -> None:
    await plant.add_event(severity=4, minutes=1)
    await page.goto("/condition-events")
    rows = page.locator(".rows.events > li")
    await expect(rows).to_have_count(1)
    await expect(page.locator("#live")).to_have_text("log away")
    await page.evaluate("window.sameDocument = true")
    new = await plant.add_event(severity=1, minutes=2, asset="P-102")
    await plant.connection.execute("SELECT pg_notify('condition_event', %s)", [str(new)])
    await expect(rows).to_have_count(2)
    assert await page.evaluate("window.sameDocument") is True
    await expect(rows.first).to_contain_text("P-102")
    await page.get_by_role("link", name="worst first").click()
    await expect(rows.first).to_contain_text("P-101")


async def test_events_of_one_tree_are_shown_with_the_first_of_them(page: Page, plant: Any) -> None:
    await plant.connection.execute(
        "UPDATE asset SET parent_id = (SELECT id FROM asset WHERE tag = 'B-301')"
        " WHERE tag LIKE 'P-%'"
    )
    await plant.add_event(asset="P-102", minutes=1)
    await plant.add_event(asset="P-101", minutes=2)
    await page.goto("/condition-events")
    groups = page.get_by_role("region", name="Perhaps of one cause")
    await expect(groups.get_by_role("link")).to_contain_text("B-301: Vibration, drive end of P-102")


async def test_alarm_performance_is_of_the_period_that_is_chosen(page: Page, plant: Any) -> None:
    event = await plant.add_event()
    await plant.connection.execute(
        "INSERT INTO condition_outbox (event_id, kind, severity, at)"
        " SELECT id, 'raised', severity, raised_at FROM condition_event WHERE id = %s",
        [event],
    )
    await page.goto("/alarm-performance")
    ten = page.get_by_role("region", name="Top ten")
    await expect(ten).to_contain_text("100 %")
    await page.get_by_label("Period").select_option("1 day")
    await page.get_by_label("Asset and its parts").fill("P-102")
    await page.get_by_role("button", name="Show").click()
    await expect(page).to_have_url(re.compile("days=1&below=P-102"))
    await expect(ten).to_contain_text("Over 0")


async def test_the_history_of_an_asset_follows_the_range(page: Page) -> None:
    await page.goto("/assets/P-101")
    charts = page.locator("#history .chart[data-drawn]")
    await expect(charts).to_have_count(3)
    count = "chart => chart.data[0].y.filter(y => y !== null).length"
    short = await charts.nth(1).evaluate(count)
    await page.get_by_role("button", name="1 h").click()
    await expect(page.get_by_role("button", name="1 h")).to_have_attribute("aria-pressed", "true")
    await page.wait_for_function(
        "short => document.querySelectorAll('#history .chart')[1]"
        ".data[0].y.filter(y => y !== null).length > short",
        arg=short,
    )


async def test_lists_show_what_is_open_or_all(page: Page, plant: Any) -> None:
    await plant.add_order(event=await plant.add_event())
    for name in ("Work orders", "Events"):
        await page.get_by_role("navigation", name="Pages").get_by_role("link", name=name).click()
        await expect(page.locator(".rows > li")).to_have_count(1)
        await page.get_by_role("link", name="all", exact=True).click()
        await expect(page.locator(".rows > li")).to_have_count(1)


async def test_what_happened_before_the_page_could_listen_is_shown(page: Page, plant: Any) -> None:
    asked = asyncio.Event()
    served = asyncio.Event()

    async def hold(route: Route) -> None:
        asked.set()
        await served.wait()
        await route.continue_()

    await page.route("**/api/v1/stream", hold)
    await page.reload()
    await asked.wait()
    await expect(page.get_by_text("No work is waiting.")).to_be_visible()
    await plant.add_order()
    served.set()
    orders = page.get_by_role("region", name="Work orders")
    await expect(orders.get_by_role("link")).to_have_count(1)


async def test_the_system_page_says_that_nothing_is_missing(page: Page) -> None:
    await page.goto("/system")
    await expect(page.get_by_text("Every reading has found its point.")).to_be_visible()
    await expect(page.get_by_text("Everything that came was stored.")).to_be_visible()


async def test_an_administrator_settles_dead_letters_on_the_system_page(
    page: Page, connection: Connection
) -> None:
    await connection.execute("UPDATE person SET role = 'administrator'")
    rows = encode_readings(ReadingBatch.from_rows([("X-1.a", now_us(), 1.0, 0)]))
    for kind, data in (("readings", rows), ("payload", b"{"), ("payload", b"[")):
        await connection.execute(INSERT, [kind, "refused", 1, data, "line-7", "plant/7"])
    await page.goto("/system")
    letters = page.get_by_role("region", name="Could not be stored")
    await letters.get_by_role("button", name="Retry").click()
    await expect(letters.get_by_role("row")).to_have_count(3)
    await letters.get_by_role("row", name="2 payload").get_by_role("button").click()
    await page.get_by_label("Why it is given up").fill("commissioning")
    await page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    await expect(letters.get_by_role("row")).to_have_count(2)
    row = await fetch_one(
        connection, "SELECT settled_by, settled_note FROM dead_letter WHERE state = 'discarded'"
    )
    assert row == (LOGIN, "commissioning")


async def test_the_whole_way_goes_by_keyboard(page: Page, plant: Any) -> None:
    await plant.add_order()
    orders = page.get_by_role("region", name="Work orders")
    await expect(orders.get_by_role("link")).to_have_count(1)
    await page.reload()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="To the content")).to_be_focused()
    await orders.get_by_role("link").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#state")).to_have_text("draft")
    approve = page.get_by_role("button", name="Approve")
    await expect(approve).to_be_enabled()
    await approve.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#state")).to_have_text("approved")


async def test_a_button_waits_until_somebody_listens(page: Page, plant: Any) -> None:
    number = await plant.add_order()
    asked = asyncio.Event()
    served = asyncio.Event()

    async def hold(route: Route) -> None:
        asked.set()
        await served.wait()
        await route.continue_()

    await page.route("**/static/order.js", hold)
    await page.goto(f"/work-orders/{number}", wait_until="commit")
    await asked.wait()
    approve = page.get_by_role("button", name="Approve")
    await expect(approve).to_be_disabled()
    served.set()
    await expect(approve).to_be_enabled()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_fits_a_phone(open_page: Open, plant: Any, scheme: str) -> None:
    event = await plant.add_event()
    number = await plant.add_order(event=event)
    page = await open_page(width=390, scheme=scheme)
    await sign_in(page)
    for path in [
        "/",
        f"/work-orders/{number}",
        f"/condition-events/{event}",
        "/assets/P-101",
        "/work-orders",
        "/condition-events",
        "/alarm-silences",
        "/alarm-performance",
        "/system",
        "/problems/stale-version",
    ]:
        await page.goto(path)
        await page.wait_for_load_state()
        assert await page.evaluate("document.documentElement.scrollWidth") == 390, path


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_stands_out_from_its_ground(open_page: Open, plant: Any, scheme: str) -> None:
    await plant.add_order(event=await plant.add_event(severity=2))
    page = await open_page(scheme=scheme)
    await sign_in(page)
    await expect(page.locator(".rows > li").first).to_be_visible()
    ratios = await page.evaluate(CONTRAST)
    assert len(ratios) > 10
    assert {word: ratio for word, ratio in ratios.items() if ratio < 4.5} == {}


async def test_what_is_not_there_is_a_page_too(page: Page) -> None:
    for path in ("/assets/P-999", "/work-orders/WO-999999", "/nothing"):
        response = await page.request.get(path, headers={"Accept": "text/html"})
        assert response.status == 404
        assert "To the overview" in await response.text()


async def test_pages_load_nothing_from_elsewhere(page: Page, plant: Any, address: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    response = await page.goto(f"/work-orders/{await plant.add_order()}")
    await expect(page.locator("#evidence .chart[data-drawn]")).to_have_count(1)
    assert response is not None
    assert "default-src 'self'" in response.headers["content-security-policy"]
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


# WCAG 2.2, contrast ratio of each piece of text to the ground that is painted behind it.
CONTRAST = """
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let node = element; node; node = node.parentElement) {
      const colour = rgb(getComputedStyle(node).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const found = {};
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility() || element.closest(".unseen, .skip, noscript")) continue;
    const text = light(rgb(getComputedStyle(element).color));
    const behind = light(ground(element));
    const ratio = (Math.max(text, behind) + 0.05) / (Math.min(text, behind) + 0.05);
    found[element.textContent.trim().slice(0, 40)] = Math.round(ratio * 100) / 100;
  }
  return found;
}
"""
