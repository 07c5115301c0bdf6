"""Fault runs: whatever is killed, restarted or held back, published = stored and doubles = 0.

Every test disturbs the line while a device of each protocol publishes numbers, and waits until all
of them are stored that the protocol promises.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from tests.acceptance.faults import faults
from tests.acceptance.faults.faults import Fault
from tests.acceptance.faults.ledger import CLEAN, Verdict
from tests.acceptance.faults.line import Line, running_line
from tests.acceptance.given_database import given_database_url

pytestmark = pytest.mark.timeout(240)

_HOUR_US = 3_600_000_000
_FAKETIME = next(map(str, Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), "")


@pytest.fixture(scope="module")
def given_database() -> Iterator[str]:
    """An empty database on the server under test, or nothing: the line has a server of its own."""
    with given_database_url("faults") as url:
        yield url


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory, given_database: str) -> Iterator[Line]:
    with running_line(tmp_path_factory.mktemp("line"), database_url=given_database) as found:
        yield found


def _case(fault: Fault) -> ParameterSet:
    """A fault as a case; what strikes the store runs again on TimescaleDB."""
    marks = [pytest.mark.acceptance] if fault.at_store else []
    return pytest.param(fault, id=fault.name, marks=marks)


@pytest.mark.parametrize("fault", [_case(fault) for fault in faults.SHORT])
def test_nothing_is_lost_or_doubled_through(line: Line, fault: Fault):
    if reason := fault.lacks(line):
        pytest.skip(reason)
    with line.watching() as watch:
        fault.strike(line, random.Random(fault.name))  # noqa: S311 - chance that can be repeated
    assert watch.verdicts == dict.fromkeys(watch.verdicts, CLEAN)


@pytest.mark.acceptance
def test_clocks_of_devices_that_step_an_hour_are_doubted_and_nothing_is_lost(line: Line):
    devices = faults.clocked(line)
    with line.watching() as watch:
        ahead = faults.give(line, devices, _HOUR_US)
        behind = faults.give(line, devices, -_HOUR_US)
        right = faults.give(line, devices, 0)
        for device in devices:
            device.start()
    line.devices.opcua.forget_history()
    assert watch.verdicts == dict.fromkeys(watch.verdicts, CLEAN)
    assert {tag: line.doubted(tag) for tag in right} == {
        tag: ahead[tag] | behind[tag] for tag in right
    }


@pytest.mark.skipif(not _FAKETIME, reason="run tests/debian.sh: libfaketime is missing")
def test_clock_of_the_edge_that_steps_an_hour_loses_and_doubles_nothing(line: Line, tmp_path: Path):
    offset = tmp_path / "offset"
    offset.write_text("+0s\n")
    with line.watching() as watch:
        line.kill_edge(
            LD_PRELOAD=_FAKETIME,
            FAKETIME_TIMESTAMP_FILE=str(offset),
            FAKETIME_NO_CACHE="1",
            FAKETIME_DONT_FAKE_MONOTONIC="1",
        )
        for step in ("+1h", "+0s", "-1h", "+0s"):
            line.until_flowing()
            offset.write_text(f"{step}\n")
    line.kill_edge()
    assert {tag: _beside_order(each) for tag, each in watch.verdicts.items()} == dict.fromkeys(
        watch.verdicts, CLEAN
    )
    # What has no time of its own gets times that rise, whatever the clock does.
    assert not watch.verdicts["modbus.number"].reordered
    assert not watch.verdicts["plain.number"].reordered


def _beside_order(verdict: Verdict) -> Verdict:
    return replace(verdict, reordered=())
