"""`oilcan rules`, as a reliability engineer meets it at a shell."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conditions.rule_queries import rule_versions, version_changes
from config.database import Connection
from tests.api.backtests.scene import FAILURE, store_day
from tests.conditions.plants import RULES as STORED

PLANT = """
sites: [{code: s, name: Site}]
asset_classes:
- {code: pump, name: Pump, roles: {temp: {unit: degC}}}
assets:
- {tag: P-1, name: Pump, class: pump, site: s, points: {temp: {}}}
"""
RULES = """
asset_class: pump
inputs:
  t: {point: temp, unit: degC}
rules:
- {id: hot, raise: "t > 85", clear: "t < 80", for: 10s}
"""
TESTS = """
asset_class: pump
tests:
- {name: heat is told, rule: hot, inputs: {t: 90 until 1m}, expect: raised medium at 10s}
- {name: a spike is not, rule: hot, inputs: {t: "90 until 5s, 70 until 1m"}, every: 1s, expect: nothing}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A plant with one rule and its tests."""
    for name, text in (("plant", PLANT), ("pump", RULES), ("pump.test", TESTS)):
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


def oilcan(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "oilcan", *map(str, words)],
        capture_output=True,
        text=True,
        env={**os.environ, "TERM": "dumb", "COLUMNS": "200"},
        check=False,
    )


def test_tests_that_pass_end_with_0(folder: Path) -> None:
    done = oilcan("rules", "test", folder)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "2 passed, 0 failed"), done


def test_a_test_that_fails_shows_the_difference_and_ends_with_1(folder: Path) -> None:
    (folder / "pump.yaml").write_text(RULES.replace("10s", "20s"))
    done = oilcan("rules", "test", folder / "pump.test.yaml", "--name", "heat")
    assert done.returncode == 1
    assert "raised medium at 10s    raised medium at 20s" in done.stdout
    assert "0 passed, 1 failed" in done.stdout


def test_a_slip_in_a_test_is_told_by_every_command_that_reads_it(folder: Path) -> None:
    (folder / "pump.test.yaml").write_text(TESTS.replace("rule: hot", "rule: hoot"))
    for words in (("rules", "test"), ("rules", "check"), ("check",)):
        done = oilcan(*words, folder)
        assert done.returncode == 1
        assert "pump.test.yaml:4" in done.stdout + done.stderr
        assert "Did you mean 'hot'?" in done.stdout + done.stderr


@pytest.mark.store
async def test_a_rule_is_tried_and_activated_from_the_shell(
    folder: Path, database_url: str, connection: Connection
) -> None:
    to = ("--database-url", database_url)
    assert oilcan("apply", folder, *to).returncode == 0
    (folder / "pump.yaml").write_text(RULES.replace("> 85", "> 84"))
    tried = oilcan("rules", "shadow", "pump/hot", "--plant", folder, "--reason", "try 84", *to)
    assert "pump/hot version 2 is in shadow" in tried.stdout, tried
    listed = oilcan("rules", "list", *to).stdout
    assert "shadow" in listed
    assert "active" in listed
    assert "version 2 is active" in oilcan("rules", "activate", "pump/hot", *to).stdout
    refused = oilcan("rules", "activate", "pump/hot", "--version", "2", *to)
    assert (refused.returncode, refused.stderr) == (
        1,
        "cannot activate pump/hot version 2: it is active; allowed now: retire\n",
    )
    assert "version 2 is retired" in oilcan("rules", "retire", "pump/hot", *to).stdout
    states = [(v.version, v.state) for v in await rule_versions(connection, "pump/hot")]
    assert states == [(2, "retired"), (1, "retired")]
    assert "try 84" in {change.reason for change in await version_changes(connection, "pump/hot")}


RANGE = ("--from", "2026-03-01T23:00", "--to", "2026-03-03", "--window", "9h", "--work-takes", "3h")


@pytest.fixture
async def day(connection: Connection, tmp_path: Path) -> Path:
    """A database with a day of history; gives a file of the failure that came."""
    await store_day(connection)
    file = tmp_path / "failures.csv"
    file.write_text("asset,time,failure_mode\n" + ",".join(FAILURE.values()) + "\n")
    return file


@pytest.mark.store
async def test_a_backtest_is_told_in_short(day: Path, database_url: str) -> None:
    to = ("--database-url", database_url)
    done = oilcan("rules", "backtest", *RANGE, "--failures", day, *to)
    assert done.returncode == 0, done
    assert "2 assets, 3 points, 4,320 readings" in done.stdout
    assert "precision 67 % (2 of 3 decided), recall 100 % (1 of 1 failures)" in done.stdout
    assert "pump/trip is left out: no device of its class told of the alarm" in done.stdout
    assert "kept as backtest 1" in done.stdout


@pytest.mark.store
async def test_rules_of_a_folder_are_compared_with_the_active_ones(
    day: Path, database_url: str
) -> None:
    plant = PLANT.replace("temp: {unit: degC}", "temp: {unit: degC}, vibration: {unit: mm/s}")
    (day.parent / "plant.yaml").write_text(plant)
    (day.parent / "rules.yaml").write_text(STORED.replace('"> 4"', '"> 6"'))
    to = ("--failures", day, "--database-url", database_url)
    done = oilcan("rules", "diff", day.parent, "--rule", "zone", *RANGE, *to)
    assert "1 event the same, 0 shifted, 2 only before, 0 only after" in done.stdout, done.stdout
    (order,) = [line for line in done.stdout.splitlines() if "order P" in line]
    assert order.split()[:3] == ["-", "2026-03-02", "02:00"]


@pytest.mark.store
async def test_a_sweep_prints_the_curve_or_gives_it_as_json(day: Path, database_url: str) -> None:
    to = ("--failures", day, "--database-url", database_url)
    done = oilcan("rules", "sweep", "trip", "6:9:1.5", *RANGE, *to)
    assert [line.split()[0] for line in done.stdout.splitlines()[4:7]] == ["6", "7.5", "9"], done
    told = oilcan("rules", "sweep", "trip", "7", "--json", *RANGE, *to)
    assert [one["value"] for one in json.loads(told.stdout)["variants"]] == [7.0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sweep", "trip", "a:b"), "write them like 4,4.5,5"),
        (("backtest", "--from", "soon"), "--from 'soon'"),
        (("backtest", "--param", "trip"), "NAME=NUMBER"),
        (("backtest", "--window", "long"), "window: "),
        (("backtest", "--rule", "pump/x@new"), "version as a number"),
    ],
)
def test_what_cannot_be_meant_is_told_before_anything_is_read(
    words: tuple[str, ...], said: str
) -> None:
    done = oilcan("rules", *words, "--database-url", "postgresql://127.0.0.1:9/none")
    assert (done.returncode, said in done.stderr) == (1, True), done.stderr
