"""`oilcan plans`: what a planner at a shell sees of preventive work, and does about it."""

import asyncio
import json

import pytest
from typer.testing import CliRunner, Result

from config.database import connect
from maintenance.plans.file import PlanShape
from maintenance.plans.service import save_plan
from oilcan.command_line import app

pytestmark = pytest.mark.store

REGISTER = """
WITH s AS (
    INSERT INTO site (code, name, time_zone) VALUES ('S', 'S', 'Europe/Berlin') RETURNING id
), c AS (INSERT INTO asset_class (code, name) VALUES ('pump', 'Pump') RETURNING id)
INSERT INTO asset (tag, name, class_id, site_id) SELECT 'P-101', 'Pump', c.id, s.id FROM s, c
"""
PLAN = {
    "code": "grease",
    "name": "Grease",
    "applies_to": {"assets": ["P-101"]},
    "time": {"rule": "FREQ=MONTHLY", "start": "2026-01-31T06:00"},
    "work": {"craft": "mechanical", "estimated_minutes": 90},
}


async def make_plan(url: str) -> None:
    async with await connect(url, autocommit=True) as connection:
        await connection.execute(REGISTER)
        await save_plan(connection, PlanShape.model_validate(PLAN), actor="kim")


@pytest.fixture
def plant_url(database_url: str) -> str:
    """A database with a plan that is generated."""
    asyncio.run(make_plan(database_url))
    assert oilcan(database_url, "generate").stdout == "1 plans are generated\n"
    return database_url


def oilcan(url: str, *words: str) -> Result:
    return CliRunner().invoke(
        app, ["plans", *words, "--database-url", url], env={"TERM": "dumb", "COLUMNS": "200"}
    )


def test_plans_are_listed_paused_and_resumed(plant_url: str) -> None:
    assert "grease" in oilcan(plant_url, "list").stdout
    oilcan(plant_url, "pause", "grease", "--reason", "strike")
    assert "paused: strike" in oilcan(plant_url, "list").stdout
    assert oilcan(plant_url, "resume", "grease").stdout == "grease goes on\n"
    assert json.loads(oilcan(plant_url, "list", "--json").stdout)[0]["paused_at"] is None


def test_a_year_is_shown_by_month_and_a_piece_of_it_skipped(plant_url: str) -> None:
    entries = json.loads(oilcan(plant_url, "calendar", "--json").stdout)
    assert len(entries) in {12, 13}
    number = entries[0]["occurrence"]
    assert f"#{number}  forecast" in oilcan(plant_url, "calendar", "grease").stdout
    oilcan(plant_url, "skip", "grease", str(number), "--reason", "shutdown")
    assert f"#{number}  skipped: shutdown" in oilcan(plant_url, "calendar").stdout


def test_the_load_of_a_year_is_shown_in_hours(plant_url: str) -> None:
    assert "1.5" in oilcan(plant_url, "load").stdout
