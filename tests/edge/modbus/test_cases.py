"""Real maps of devices: what is asked for, what is read, or what is wrong, one folder each.

`source.yaml` is a plant file, `registers.yaml` what the devices hold by unit, table and address, and
`expected.yaml` the plan with its readings and alarms, or the problem. A bug becomes a folder.
"""

import struct
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.documents import Document, parse_document
from config.durations import format_duration
from edge.modbus.collector import ModbusCollector
from edge.modbus.plan_report import describe_plan
from edge.modbus.source import ModbusSource
from edge.reading import split_quality
from edge.source_file import load_sources
from oilcan.engines.process import free_port
from tests.edge.memory import Collecting, Memory
from tests.edge.modbus.wire import answering, refusal, span

CASES = sorted((Path(__file__).parent / "cases").iterdir())
TABLES = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
Units = dict[int, dict[str, dict[int, list[int]]]]


def folders(*, having: str) -> list[Any]:
    """The cases whose `expected.yaml` has this key."""
    return [
        pytest.param(case, id=case.name) for case in CASES if having in loaded(case, "expected")
    ]


def loaded(case: Path, name: str) -> Any:
    return yaml.safe_load((case / f"{name}.yaml").read_text("utf-8"))


def document(case: Path, text: str | None = None) -> Document:
    return parse_document(text or (case / "source.yaml").read_text("utf-8"), "source.yaml")


def source_of(case: Path, port: int = 502) -> ModbusSource:
    text = (case / "source.yaml").read_text("utf-8")
    text = text.replace("tcp://device", f"tcp://127.0.0.1:{port}\n    timeout: 20s")
    sources, problems = load_sources([document(case, text)])
    assert problems == []
    (source,) = sources
    assert isinstance(source, ModbusSource)
    return source


class Devices:
    """Answers for every unit of a case; what is not among its registers is exception 2."""

    def __init__(self, units: Units) -> None:
        self._held = {
            (unit, table, first + place): entry
            for unit, tables in units.items()
            for table, blocks in tables.items()
            for first, entries in blocks.items()
            for place, entry in enumerate(entries)
        }

    def answer(self, unit: int, request: bytes) -> bytes:
        first, count = span(request)
        places = [(unit, TABLES[request[0]], at) for at in range(first, first + count)]
        if any(place not in self._held for place in places):
            return refusal(request, 2)
        entries = [self._held[place] for place in places]
        data = (
            struct.pack(f">{count}H", *entries)
            if request[0] in {3, 4}
            else sum(bit << at for at, bit in enumerate(entries)).to_bytes(
                (count + 7) // 8, "little"
            )
        )
        return bytes([request[0], len(data)]) + data


@pytest.mark.parametrize("case", folders(having="problem"))
def test_what_is_wrong_is_said_before_anything_connects(case: Path) -> None:
    _, problems = load_sources([document(case)])
    (said,) = [str(problem) for problem in problems]
    assert loaded(case, "expected")["problem"] in said


@pytest.mark.parametrize("case", folders(having="plan"))
def test_the_requests_are_those_that_the_map_needs(case: Path) -> None:
    planned = [
        f"{request.device} {format_duration(request.every_us)} {request.table} "
        + (
            f"{request.start}-{request.start + request.count - 1}"
            if request.count > 1
            else f"{request.start}"
        )
        for request in describe_plan(source_of(case))
    ]
    assert planned == loaded(case, "expected")["plan"]


@pytest.mark.parametrize("case", folders(having="readings"))
async def test_the_readings_are_what_the_device_means(
    case: Path, memory: Memory, collecting: Collecting
) -> None:
    port, expected = free_port(), loaded(case, "expected")
    collector = ModbusCollector(source_of(case, port))
    async with (
        answering(port, Devices(loaded(case, "registers")).answer),
        collecting(collector, memory),
    ):
        await memory.until(lambda m: {row[0] for row in m.rows} >= expected["readings"].keys(), 60)
    assert {tag: reading(memory, tag) for tag in expected["readings"]} == pytest.approx(
        expected["readings"]
    )
    assert {row[0] for row in memory.rows} == expected["readings"].keys()
    assert sorted(alarms(memory)) == expected.get("alarms", [])


def reading(memory: Memory, tag: str) -> float | str:
    _, _, value, code = memory.of(tag)[0]
    quality, reason = split_quality(code)
    return value if code == 0 else f"{quality.name.lower()} ({reason.name.lower()})"  # type: ignore[union-attr]


def alarms(memory: Memory) -> list[str]:
    return [
        f"{alarm.asset} {alarm.code} {'active' if alarm.active else 'inactive'} {alarm.severity}"
        for alarm in memory.alarms
    ]
