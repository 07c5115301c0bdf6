"""The pages of job plans in a real browser: reading one, writing the next version, being corrected."""

import os
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from api.pages.job_plans import as_written
from config.database import Connection
from config.documents import parse_document, parse_model
from maintenance.errors import NotFound
from maintenance.job_plans.file import JobPlanShape
from maintenance.job_plans.queries import current_plan
from maintenance.job_plans.service import apply_plans, save_plan
from tests.api import test_pages as pages
from tests.api.test_job_plans import PLAN

browser, open_page = pages.browser, pages.open_page

pytestmark = [pytest.mark.page, pytest.mark.usefixtures("plant", "person")]

PLAN_KEPT = JobPlanShape.model_validate(PLAN).to_domain()


@pytest.fixture
async def phone(open_page: Any) -> Page:
    """A narrow page of Kim, a planner who has signed in."""
    opened: Page = await open_page(width=390)
    await pages.sign_in(opened)
    await expect(opened.get_by_role("button", name="Sign out")).to_be_visible()
    return opened


async def test_a_plan_shows_its_steps_with_their_limits_and_its_versions(
    phone: Page, connection: Connection
) -> None:
    await save_plan(connection, PLAN_KEPT, actor="ana")
    await phone.goto("/job-plans")
    await phone.get_by_role("link", name="Inspect the bearing").click()
    steps = phone.get_by_role("region", name="Steps", exact=True)
    await expect(steps).to_contain_text("fails above 7.1")
    await expect(steps).to_contain_text("a failure holds the order up")
    await expect(phone.get_by_role("region", name="What it needs")).to_contain_text("BRG-6309 0.5")
    await expect(phone.get_by_role("region", name="Versions")).to_contain_text("current")
    wide = await phone.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide


async def test_the_next_version_is_checked_and_saved(phone: Page, connection: Connection) -> None:
    await save_plan(connection, PLAN_KEPT, actor="ana")
    await phone.goto("/job-plans/inspect-bearing")
    await phone.get_by_role("link", name="Write the next version").click()
    text = phone.get_by_label("Job plan as YAML")
    written = await text.input_value()
    await text.fill(written.replace("Locked out", "Locked out and tagged"))
    await phone.get_by_role("button", name="Check").click()
    await expect(phone.get_by_role("status").filter(has_text="in order")).to_be_visible()
    await expect(phone.get_by_role("region", name="Steps", exact=True)).to_contain_text(
        "Locked out and tagged"
    )
    assert (await current_plan(connection, "inspect-bearing")).version == 1
    await phone.get_by_role("button", name="Save version 2").click()
    await expect(phone.locator(".head")).to_contain_text("version 2")
    assert (await current_plan(connection, "inspect-bearing")).made_by == "kim"


async def test_what_files_keep_is_read_and_copied_here_and_changed_there(
    phone: Page, connection: Connection
) -> None:
    await apply_plans(connection, [PLAN_KEPT], kind=PLAN_KEPT.kind)
    await phone.goto("/job-plans/inspect-bearing")
    await expect(phone.get_by_text("kept in plant files")).to_be_visible()
    await expect(phone.get_by_role("link", name="Write the next version")).to_have_count(0)
    await phone.get_by_role("link", name="Copy").click()
    await phone.get_by_role("button", name="Save").click()
    await expect(phone.locator(".head")).to_contain_text("inspect-bearing-copy")


async def test_a_mistake_is_told_with_its_line_and_nothing_is_saved(
    client: httpx.AsyncClient, connection: Connection
) -> None:
    text = "code: inspect-bearing\nname: Inspect\nsteps:\n- {kind: number, text: Vibration}\n"
    answer = await client.post("/job-plans/new", data={"text": text, "version": "0", "do": "save"})
    assert answer.status_code == 422
    assert "Line 4: steps[0]: a number needs a unit" in answer.text
    with pytest.raises(NotFound):
        await current_plan(connection, "inspect-bearing")


async def test_the_form_reads_nothing_of_the_servers_environment(
    client: httpx.AsyncClient, connection: Connection
) -> None:
    text = "code: inspect-bearing\nname: ${HOME}\n"
    answer = await client.post("/job-plans/new", data={"text": text, "do": "check"})
    assert (answer.status_code, os.environ["HOME"] in answer.text) == (422, False)


async def test_of_two_who_write_the_next_version_one_is_told(
    client: httpx.AsyncClient, connection: Connection
) -> None:
    await save_plan(connection, PLAN_KEPT, actor="ana")
    text = as_written(PLAN_KEPT).replace("Locked out", "Locked out and tagged")
    form = {"text": text, "version": "1", "do": "save"}
    await client.post("/job-plans/inspect-bearing/edit", data=form)
    form["text"] = text.replace("Inspect the bearing", "Look at the bearing")
    answer = await client.post("/job-plans/inspect-bearing/edit", data=form)
    assert answer.status_code == 422
    assert (await current_plan(connection, "inspect-bearing")).plan.name == "Inspect the bearing"


async def test_a_plan_as_written_is_read_as_the_same_plan() -> None:
    document = parse_document(as_written(PLAN_KEPT), "line")
    assert parse_model(JobPlanShape, document).to_domain() == PLAN_KEPT
