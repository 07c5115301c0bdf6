"""The pages of rules and backtests in a real browser."""

import re
from typing import Any

import pytest
import yaml
from playwright.async_api import Browser, Page, expect

from api.pages.rules import as_written
from conditions.rule_file import rule_from_definition
from config.database import Connection
from tests.api import test_pages as pages
from tests.api.backtests.scene import FAILED, asked, keep, store_day
from tests.conditions.plants import RULES, rules

browser, open_page = pages.browser, pages.open_page

pytestmark = [pytest.mark.page, pytest.mark.usefixtures("person")]

DRAFT = """
INSERT INTO rule_version (rule, version, asset_class, state, definition, hash, file, line)
SELECT rule, 2, asset_class, 'draft', definition, 'other', file, line
FROM rule_version WHERE rule = 'pump/zone'
"""
ADDRESS = "/rules/pump/zone"


@pytest.fixture
async def day(connection: Connection, person: str) -> Connection:
    """A day of history, a draft, and Kim is a reliability engineer."""
    await store_day(connection)
    await connection.execute(DRAFT)
    await connection.execute("UPDATE person SET role = 'reliability_engineer'")
    return connection


@pytest.fixture
async def page(open_page: Any) -> Page:
    """A page of Kim, who has signed in."""
    opened: Page = await open_page()
    await pages.sign_in(opened)
    await expect(opened.get_by_role("button", name="Sign out")).to_be_visible()
    return opened


async def test_a_rule_is_tried_and_activated_on_its_page(day: Connection, page: Page) -> None:
    await page.get_by_role("link", name="Rules").click()
    await page.get_by_role("link", name="pump/zone").click()
    await expect(page.locator("pre").first).to_contain_text("trip")
    await page.get_by_label("Why").fill("a trial")
    await page.get_by_role("button", name="shadow version 2").click()
    await expect(page.get_by_text("On trial: version 2")).to_be_visible()
    await page.get_by_role("button", name="activate version 2").click()
    await expect(page.locator(".head .pill.on")).to_have_text("active 2")
    await expect(page.get_by_text("Version 2: shadow: a trial")).to_be_visible()


@pytest.mark.parametrize(
    ("params", "shown"),
    [("{trip: 7.5}", 7.5), ("{trip: {value: 7.5, unit: mm/s}}", {"value": 7.5, "unit": "mm/s"})],
)
async def test_a_rule_is_shown_as_people_write_one_and_means_the_same(
    params: str, shown: Any
) -> None:
    (rule, *_) = rules(RULES.replace("{trip: 7.0}", params))
    text = as_written({key: rule.definition[key] for key in sorted(rule.definition, reverse=True)})
    assert list(yaml.safe_load(text)) == ["asset_class", "inputs", "params", "rules"]
    assert yaml.safe_load(text)["params"] == {"trip": shown}
    again = rule_from_definition(yaml.safe_load(text), file="", line=0)
    assert again.state_hash == rule.state_hash


async def test_parameters_are_shown_with_their_values(day: Connection, page: Page) -> None:
    assert day
    await page.goto(ADDRESS)
    row = page.get_by_role("region", name="Parameters").get_by_role("row", name="trip")
    await expect(row.locator(".n")).to_have_text(re.compile(r"^7(\.0)?( mm/s)?$"))


async def test_who_may_not_tune_sees_a_rule_without_buttons(day: Connection, page: Page) -> None:
    await day.execute("UPDATE person SET role = 'viewer'")
    await page.goto(ADDRESS)
    await expect(page.get_by_role("heading", name="pump/zone")).to_be_visible()
    await expect(page.locator("[data-action]")).to_have_count(0)
    await page.goto("/backtests")
    await expect(page.locator("#form")).to_have_count(0)


async def start(page: Page, **values: str) -> None:
    """Fill in the form for a backtest and send it."""
    for name, value in values.items():
        field = page.locator(f"#form [name={name}]")
        if name in {"kind", "rule", "against"}:
            await field.select_option(value)
        else:
            await field.fill(value)
    await page.get_by_role("button", name="Replay").click()


async def replayed(page: Page) -> None:
    """Wait for the result; the process that replays may have to compile the kernel first."""
    await expect(page.locator("#chart[data-drawn]")).to_have_count(1, timeout=120_000)


RANGE = {"start": "2026-03-02", "end": "2026-03-03", "window": "9h"}
FAILURES = f"P-1,{FAILED.isoformat()},VIB"


async def test_a_backtest_is_started_and_shown(day: Connection, page: Page) -> None:
    await page.goto("/backtests?rule=pump/zone")
    await start(page, rule="pump/zone@1", failures=FAILURES, **RANGE)
    await replayed(page)
    await expect(page.get_by_text("3 events, 1 would-be order")).to_be_visible()
    await expect(page.get_by_text("2 of 3 decided")).to_be_visible()
    await page.goto("/backtests")
    await expect(page.get_by_role("link", name="backtest pump/zone@1")).to_be_visible()


async def test_a_sweep_draws_the_curve(day: Connection, page: Page) -> None:
    await page.goto("/backtests")
    await expect(page.get_by_label("Values")).to_be_hidden()
    sweep = {"kind": "sweep", "parameter": "trip", "values": "6, 7 9"}
    await start(page, **sweep, failures=FAILURES, **RANGE)
    await replayed(page)
    await expect(page.locator("tbody tr")).to_have_count(3)


async def test_a_difference_is_listed(day: Connection, page: Page) -> None:
    await page.goto("/backtests")
    await start(page, kind="diff", rule="pump/zone@2", against="pump/zone@1", **RANGE)
    await replayed(page)
    await expect(page.get_by_text("3 the same, 0 shifted")).to_be_visible()


async def test_what_cannot_be_replayed_is_told_at_the_form(
    day: Connection, browser: Browser, address: str
) -> None:
    # The refused request is written to the console by the browser itself.
    page = await (await browser.new_context(base_url=address)).new_page()
    await pages.sign_in(page)
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    await page.goto("/backtests")
    await start(page, kind="sweep", parameter="nonsense", values="1", **RANGE)
    await expect(page.locator("#refusal")).to_contain_text("No rule has a parameter 'nonsense'")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_of_rules_fit_a_phone(day: Connection, open_page: Any, scheme: str) -> None:
    number = await keep(day, asked())
    await day.execute("UPDATE backtest SET state = 'interrupted'")
    phone = await open_page(width=390, scheme=scheme)
    await pages.sign_in(phone)
    for path in ("/rules", ADDRESS, "/backtests", f"/backtests/{number}"):
        await phone.goto(path)
        await phone.wait_for_load_state()
        assert await phone.evaluate("document.documentElement.scrollWidth") == 390, path
