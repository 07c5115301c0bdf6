"""`oilcan meter`: what a planner at a shell sees of meters, and what the audit trail keeps."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner, Result

from config.clock import to_us
from config.database import connect
from config.errors import OilcanError
from ingest.chunks import DAY_US, ensure_days
from oilcan.command_line import app

pytestmark = pytest.mark.store

TAG = "P-101.running_hours"
NOW = datetime.now(UTC)
REGISTER = """
WITH s AS (INSERT INTO site (code, name) VALUES ('S', 'S') RETURNING id),
     c AS (INSERT INTO asset_class (code, name) VALUES ('pump', 'Pump') RETURNING id),
     a AS (INSERT INTO asset (tag, name, class_id, site_id)
           SELECT 'P-101', 'Pump', c.id, s.id FROM s, c RETURNING id)
INSERT INTO point (tag, asset_id, role, unit, kind, rollover)
SELECT 'P-101.' || role, a.id, role, 'h', kind, rollover
FROM a, (VALUES ('running_hours', 'counter', 99999), ('load', 'gauge', NULL))
     AS p (role, kind, rollover)
"""
READINGS = """
INSERT INTO reading (point_id, ts, value)
SELECT id, %s::timestamptz + n * interval '10 minutes', 100 + n
FROM point, generate_series(0, 3) AS n WHERE kind = 'counter'
"""


async def make_plant(url: str) -> None:
    """A meter that counted 3 h in the last two hours, and a gauge."""
    began = NOW - timedelta(hours=2)
    async with await connect(url, autocommit=True) as connection:
        async with connection.transaction():
            days = to_us(began) // DAY_US
            await ensure_days(connection, [days, days + 1])
        await connection.execute(REGISTER)
        await connection.execute(READINGS, [began])


@pytest.fixture
def plant_url(database_url: str) -> str:
    """A database with a meter."""
    asyncio.run(make_plant(database_url))
    return database_url


def oilcan(url: str, *words: str) -> Result:
    return CliRunner().invoke(
        app, ["meter", *words, "--database-url", url], env={"TERM": "dumb", "COLUMNS": "200"}
    )


def shown(url: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(oilcan(url, "show", TAG, "--json").stdout)
    return found


def test_meters_are_listed_and_gauges_are_not(plant_url: str) -> None:
    listed = oilcan(plant_url, "list")
    assert listed.exit_code == 0, listed.output
    assert TAG in listed.output
    assert "P-101.load" not in listed.output
    [meter] = json.loads(oilcan(plant_url, "list", "--asset", "P-101", "--json").stdout)
    assert (meter["tag"], meter["life_to_date"], meter["counts"]) == (TAG, 3, 103)
    assert json.loads(oilcan(plant_url, "list", "--asset", "X-1", "--json").stdout) == []


def test_a_correction_is_kept_with_who_and_why(plant_url: str) -> None:
    done = oilcan(plant_url, "correct", TAG, "--by", "-1.5", "--reason", "test run")
    assert done.exit_code == 0, done.output
    assert f"{TAG}: 1.5 h to date" in done.output
    told = oilcan(plant_url, "show", TAG, "--days", "2").output
    assert "correction" in told
    assert "amount -1.5: test run [command line: " in told


def test_life_to_date_is_set_at_a_time(plant_url: str) -> None:
    early = (NOW - timedelta(hours=3)).isoformat()
    oilcan(plant_url, "correct", TAG, "--to", "12000", "--at", early, "--reason", "old card")
    assert shown(plant_url)["life_to_date"] == 12003


def test_a_replacement_that_is_withdrawn_was_never_there(plant_url: str) -> None:
    replaced = oilcan(plant_url, "replace", TAG, "--end-count", "105", "--reason", "display dead")
    assert replaced.exit_code == 0, replaced.output
    assert shown(plant_url)["life_to_date"] == 5
    fact = replaced.output.removeprefix("fact ").split()[0]
    withdrawn = oilcan(plant_url, "withdraw", TAG, fact, "--reason", "the one beside it")
    assert withdrawn.exit_code == 0, withdrawn.output
    assert shown(plant_url)["life_to_date"] == 3


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["show", "P-101.unknown"], "there is no point"),
        (["show", "P-101.load"], "no counter"),
        (["correct", TAG, "--by", "1", "--reason", "x", "--at", "noon"], "--at 'noon'"),
        (["correct", TAG, "--by", "1", "--reason", "x", "--at", "2999-01-01"], "future"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(
    plant_url: str, words: list[str], says: str
) -> None:
    refused = oilcan(plant_url, *words)
    assert isinstance(refused.exception, OilcanError)
    assert says in str(refused.exception)


def test_a_correction_is_either_by_or_to(plant_url: str) -> None:
    assert oilcan(plant_url, "correct", TAG, "--reason", "x").exit_code == 2
    both = ["correct", TAG, "--by", "1", "--to", "2", "--reason", "x"]
    assert oilcan(plant_url, *both).exit_code == 2
