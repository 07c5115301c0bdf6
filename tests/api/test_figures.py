"""Figures over the API, and their pages."""

from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from maintenance.figures.breakdown_queries import ParetoBy
from maintenance.figures.catalogue import DEFINITIONS
from tests.api import test_pages as pages

browser, open_page = pages.browser, pages.open_page


async def test_all_figures_come_with_their_formulas(client: httpx.AsyncClient, plant: Any) -> None:
    answer = await client.get("/api/v1/figures", params={"site": "north"})
    items = answer.json()["items"]
    assert [item["name"] for item in items] == list(DEFINITIONS)
    assert all(item["formula"] and item["rows"] == [] for item in items)


async def test_one_figure_comes_with_its_rows_and_months(
    client: httpx.AsyncClient, plant: Any
) -> None:
    await plant.add_order()
    for name in DEFINITIONS:
        one = (await client.get(f"/api/v1/figures/{name}")).json()
        assert (one["name"], type(one["rows"])) == (name, list)
        trend = (await client.get(f"/api/v1/figures/{name}/trend")).json()
        assert len(trend["items"]) >= 3


async def test_what_fails_most_and_who_works_how_much(
    client: httpx.AsyncClient, plant: Any
) -> None:
    await plant.add_order()
    for by in ParetoBy:
        groups = await client.get("/api/v1/figures/pareto", params={"by": by.value})
        assert groups.json()["items"][0]["orders"] == 1
    assert (await client.get("/api/v1/figures/team-load")).json() == {"items": []}


@pytest.mark.parametrize(
    ("address", "parameters", "status"),
    [
        ("/api/v1/figures/luck", {}, 404),
        ("/api/v1/figures", {"start": "2026-03-02T00:00:00Z", "end": "2026-03-01T00:00:00Z"}, 400),
        ("/api/v1/figures/mtbf", {"start": "1990-01-01T00:00:00Z"}, 400),
        ("/api/v1/figures/mtbf", {"start": "2026-03-02"}, 422),
        ("/api/v1/figures/pareto", {"by": "colour"}, 422),
    ],
)
async def test_what_cannot_be_answered_is_refused(
    client: httpx.AsyncClient, plant: Any, address: str, parameters: dict[str, str], status: int
) -> None:
    assert (await client.get(address, params=parameters)).status_code == status


@pytest.mark.page
@pytest.mark.usefixtures("person")
async def test_a_figure_leads_to_its_rows(plant: Any, open_page: Any) -> None:
    await plant.add_order()
    page: Page = await open_page()
    await pages.sign_in(page)
    await page.goto("/figures")
    await expect(page.get_by_role("cell", name="VIB")).to_be_visible()
    await page.get_by_role("link", name="Mean time between failures").click()
    await expect(page.get_by_role("heading", name="How it is taken")).to_be_visible()
