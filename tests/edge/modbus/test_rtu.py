"""Units on one serial line: RTU frames have no numbers, so nothing late may be taken for another."""

import pytest

from edge.modbus.collector import ModbusCollector
from edge.modbus.source import ModbusSource
from edge.reading import Quality, Reason, quality_code
from tests.edge.memory import Collecting, Memory
from tests.edge.modbus.serial_line import answering_line
from tests.edge.modbus.wire import words

SILENT = quality_code(Quality.BAD, Reason.COMMUNICATION)


def line(device: str, *units: int, timeout: str = "2s") -> ModbusSource:
    points = {"x": {"at": 10}, "y": {"at": 300}}
    return ModbusSource.model_validate(
        {
            "type": "modbus",
            "name": "line",
            "connect": f"serial://{device}?baud=115200",
            "every": "50ms",
            "timeout": timeout,
            "devices": [{"unit": unit, "asset": f"P-{unit}", "points": points} for unit in units],
        }
    )


async def test_units_that_answer_are_read_before_dead_ones_are_waited_for(
    memory: Memory, collecting: Collecting
) -> None:
    asked: list[int] = []

    def answer(unit: int, request: bytes) -> bytes | None:
        asked.append(unit)
        return words(request) if unit in {3, 9} else None

    with answering_line(answer) as device:
        async with collecting(ModbusCollector(line(device, 1, 2, 3, 9)), memory):
            await memory.until(lambda m: len(m.of("P-9.x")) >= 2, timeout=60)
            assert asked[:6] == [1, 2, 3, 3, 9, 9]
            await memory.until(lambda m: bool(m.of("P-1.x") and m.of("P-2.x")), timeout=60)
    assert {row[3] for unit in (1, 2) for row in memory.of(f"P-{unit}.x")} == {SILENT}
    assert {row[2:] for row in memory.of("P-9.y")} == {(300.0, 0)}


@pytest.mark.parametrize("late_s", [0.3, 0.45])
async def test_answers_too_late_for_a_first_look_are_never_taken_for_others(
    memory: Memory, collecting: Collecting, late_s: float
) -> None:
    with answering_line(lambda _, request: words(request), late_s=late_s) as device:
        async with collecting(ModbusCollector(line(device, 1, 2, timeout="1s")), memory):
            wanted = [f"P-{unit}.{name}" for unit in (1, 2) for name in "xy"]
            await memory.until(
                lambda m: all(0 in [row[3] for row in m.of(tag)] for tag in wanted), timeout=60
            )
    told = {(tag, value) for tag, _, value, quality in memory.rows if quality == Quality.GOOD}
    assert told == {
        (f"P-{unit}.{name}", at)
        for unit in (1, 2)
        for name, at in zip("xy", (10.0, 300.0), strict=True)
    }
