"""Address spaces of devices: what is read of them, or what is wrong, one folder each.

`source.yaml` is a plant file, `space.yaml` what the server has and what then happens there, and
`expected.yaml` what is told at first, what then, and what the source's health says; or the problem.
Everything is received at `START`; times in `space.yaml` are in seconds from it. A bug becomes a
folder.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from asyncua import Server

from config.clock import to_us
from config.documents import Document, parse_document
from config.tasks import end_tasks
from edge.opcua.collector import OpcuaCollector
from edge.opcua.source import OpcuaSource
from edge.reading import Reason, SensorAlarm, split_quality
from edge.source_file import load_sources
from edge.supervisor import keep_collecting
from oilcan.engines.process import free_port
from tests.edge.memory import Memory, Row
from tests.edge.opcua.address_space import START, Space, serving

CASES = sorted((Path(__file__).parent / "cases").iterdir())


def folders(*, having: str) -> list[Any]:
    """The cases whose `expected.yaml` has this key."""
    return [
        pytest.param(case, id=case.name) for case in CASES if having in loaded(case, "expected")
    ]


def loaded(case: Path, name: str) -> Any:
    return yaml.safe_load((case / f"{name}.yaml").read_text("utf-8"))


def document(case: Path, address: str = "opc.tcp://server") -> Document:
    text = (case / "source.yaml").read_text("utf-8")
    return parse_document(text.replace("opc.tcp://server", address), "source.yaml")


def source_of(case: Path, port: int) -> OpcuaSource:
    address = f"opc.tcp://127.0.0.1:{port}\n    publish_every: 20ms\n    timeout: 20s"
    sources, problems = load_sources([document(case, address)])
    assert problems == []
    (source,) = sources
    assert isinstance(source, OpcuaSource)
    return source


@pytest.fixture(scope="module")
def shared_port() -> int:
    return free_port()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(shared_port: int) -> AsyncIterator[Server]:
    async with serving(shared_port) as server:
        yield server


@pytest.mark.parametrize("case", folders(having="problem"))
def test_what_is_wrong_is_said_before_anything_connects(case: Path) -> None:
    _, problems = load_sources([document(case)])
    (said,) = [str(problem) for problem in problems]
    assert loaded(case, "expected")["problem"] in said


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("case", folders(having="first"))
async def test_the_readings_are_what_the_server_means(
    case: Path, server: Server, shared_port: int
) -> None:
    described, expected, space = loaded(case, "space"), loaded(case, "expected"), Space(server)
    memory = Memory()
    collector = OpcuaCollector(source_of(case, shared_port), clock=lambda: to_us(START))
    for node in described["nodes"]:
        await space.add(node)
    task = asyncio.create_task(keep_collecting(collector, memory))
    try:
        await memory.until(lambda m: len(m.rows) >= len(expected["first"]))
        first = readings(memory.rows)
        await _tell(space, described, expected, memory)
    finally:
        await end_tasks([task])
        await space.clear()
    assert first == expected["first"]
    assert readings(memory.rows[len(first) :]) == expected.get("then", [])
    assert alarms(memory.alarms) == expected.get("alarms", [])
    health = collector.health()
    assert sorted(health.lost_devices) == expected.get("missing", [])
    assert health.notes == expected.get("notes", {})


async def _tell(space: Space, described: Any, expected: Any, memory: Memory) -> None:
    """Let happen what the case has happen, and wait for what should come of it."""
    for change in described.get("changes", []):
        await space.change(change)
    for event in described.get("events", []):
        await space.notify(event)
    rows = len(expected["first"]) + len(expected.get("then", []))
    told = len(expected.get("alarms", []))
    await memory.until(lambda m: len(m.rows) >= rows and len(m.alarms) >= told)


def readings(rows: Iterable[Row]) -> list[str]:
    """Readings as `expected.yaml` says them: tag by tag, those of one tag in their order."""
    return [
        f"{tag} {time_text(ts)} {'-' if math.isnan(value) else f'{value:.17g}'} {quality_text(code)}"
        for tag, ts, value, code in sorted(rows, key=lambda row: row[0])
    ]


def alarms(told: Iterable[SensorAlarm]) -> list[str]:
    """Alarms likewise, asset by asset: a server tells those of two objects in any order."""
    return [
        f"{each.asset} {each.code} {time_text(each.ts)} {'on' if each.active else 'off'} "
        f"{each.severity} {each.message} {each.acknowledged_by}".strip()
        for each in sorted(told, key=lambda alarm: alarm.asset)
    ]


def time_text(us: int) -> str:
    """A time as one of the day on which every case is received."""
    at = datetime.fromtimestamp(us / 1e6, UTC)
    day = "" if at.date() == START.date() else f"{at:%Y-%m-%dT}"
    return day + at.strftime("%H:%M:%S.%f").rstrip("0").rstrip(".")


def quality_text(code: int) -> str:
    quality, reason = split_quality(code)
    named = Reason(reason).name.lower() if reason else ""
    return f"{quality.name.lower()} {named}".strip()
