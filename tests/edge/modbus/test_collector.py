"""The Modbus collector against real servers: values, refusals, silence, loss and return."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from itertools import pairwise
from typing import Any

import pytest
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from edge.errors import SourceLost
from edge.health import State
from edge.modbus.collector import ModbusCollector
from edge.modbus.source import ModbusSource
from edge.reading import Quality, Reason, SensorAlarm, quality_code
from oilcan.engines.process import free_port
from tests.edge.memory import Collecting, Memory
from tests.edge.modbus.wire import answering, refusal, span, words

SILENT = quality_code(Quality.BAD, Reason.COMMUNICATION)
REFUSED = quality_code(Quality.BAD, Reason.DEVICE)
UNKNOWN_REGISTER = quality_code(Quality.BAD, Reason.CONFIGURATION)


@asynccontextmanager
async def serving(port: int, *devices: SimDevice) -> AsyncIterator[Any]:
    """A Modbus TCP server until the end of the block."""
    server = ModbusTcpServer(list(devices), address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    try:
        yield server
    finally:
        await server.shutdown()


def pump(unit: int = 1, **more: Any) -> SimDevice:
    """Holding registers of a pump: a float at 0, a scaled word at 2, a status word, a counter."""
    flow = list(struct.unpack(">HH", struct.pack(">f", 12.5)))
    words = [*flow, 0xFFF6, 0b1000, 0x0001, 0x0002]
    data = SimData(0, values=words, datatype=DataType.REGISTERS)
    return SimDevice(unit, simdata=[data], **more)


POINTS = {
    "flow": {"at": 0, "type": "float32"},
    "temp": {"at": 2, "type": "int16", "scale": 0.1},
    "running": {"at": 3, "bit": 3},
    "energy": {"at": 4, "type": "uint32"},
}


def source(port: int, *devices: dict[str, Any], every: str = "50ms") -> ModbusSource:
    return ModbusSource.model_validate(
        {
            "type": "modbus",
            "name": "hall",
            "connect": f"tcp://127.0.0.1:{port}",
            "every": every,
            "timeout": "200ms",
            "devices": devices or [{"unit": 1, "asset": "P-1", "points": POINTS}],
        }
    )


@pytest.fixture
def port() -> int:
    return free_port()


async def test_values_are_read_at_each_tick(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    collector = ModbusCollector(source(port))
    async with serving(port, pump()), collecting(collector, memory):
        await memory.until(lambda m: len(m.of("P-1.flow")) >= 3)
    assert memory.values("P-1.flow")[:3] == [12.5] * 3
    assert memory.values("P-1.temp")[0] == pytest.approx(-1.0)
    assert memory.values("P-1.running")[0] == 1.0
    assert memory.values("P-1.energy")[0] == 0x0001_0002
    assert collector.health().state is State.CONNECTED
    assert collector.health().readings == len(memory.rows)


async def test_times_of_a_point_rise_even_when_the_clock_stands_still(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    collector = ModbusCollector(source(port), clock=lambda: 1_000)
    async with serving(port, pump()), collecting(collector, memory):
        await memory.until(lambda m: len(m.of("P-1.flow")) >= 4)
    assert [row[1] for row in memory.of("P-1.flow")[:4]] == [1_000, 1_001, 1_002, 1_003]


async def test_a_full_sink_stops_the_polling(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    polls: list[int] = []

    async def count(code: int, *_: Any) -> None:
        polls.append(code)

    async with (
        serving(port, pump(action=count)),
        collecting(ModbusCollector(source(port)), memory),
    ):
        await memory.until(lambda m: len(m.rows) > 0)
        memory.open.clear()
        await asyncio.sleep(0.1)
        waiting = len(polls)
        await asyncio.sleep(0.3)
        assert len(polls) == waiting
        memory.open.set()
        await memory.until(lambda _: len(polls) > waiting + 2)


async def test_registers_that_are_not_there_are_bad_and_the_others_good(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    points = {**POINTS, "missing": {"at": 400}}
    device = {"unit": 1, "asset": "P-1", "points": points}
    collector = ModbusCollector(source(port, device))
    async with serving(port, pump()), collecting(collector, memory):
        await memory.until(lambda m: len(m.of("P-1.missing")) >= 2)
    assert {row[3] for row in memory.of("P-1.missing")} == {UNKNOWN_REGISTER}
    assert {row[3] for row in memory.of("P-1.flow")} == {0}
    assert collector.health().state is State.CONNECTED


async def test_an_exception_of_the_device_makes_bad_readings_until_it_ends(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    fault = asyncio.Event()

    async def answer(*_: Any) -> ExcCodes | None:
        return ExcCodes.DEVICE_FAILURE if fault.is_set() else None

    async with (
        serving(port, pump(action=answer)),
        collecting(ModbusCollector(source(port)), memory),
    ):
        fault.set()
        await memory.until(lambda m: m.of("P-1.flow")[-1:] != [] and m.rows[-1][3] == REFUSED)
        fault.clear()
        await memory.until(lambda m: m.rows[-1][3] == 0)


async def test_a_server_that_goes_and_comes_back(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    collector = ModbusCollector(source(port))
    async with AsyncExitStack() as stack:
        async with serving(port, pump()):
            await stack.enter_async_context(collecting(collector, memory))
            await memory.until(lambda m: len(m.of("P-1.flow")) >= 2)
        await memory.until(lambda m: m.rows[-1][3] == SILENT)
        await asyncio.sleep(0.5)
        assert [row[3] for row in memory.of("P-1.flow")].count(SILENT) == 1
        assert collector.health().state is State.FAILED
        async with serving(port, pump()):
            await memory.until(lambda m: m.rows[-1][3] == 0)
            assert collector.health().state is State.CONNECTED


async def test_a_dead_server_at_the_start_is_one_loss(port: int, memory: Memory) -> None:
    collector = ModbusCollector(source(port))
    for _ in range(3):
        with pytest.raises(SourceLost, match="cannot connect"):
            await collector.run(memory)
    assert [row[3] for row in memory.rows] == [SILENT] * len(POINTS)


async def test_a_silent_unit_does_not_silence_the_others(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    devices = [
        {"unit": 7, "asset": "P-7", "points": POINTS},
        {"unit": 1, "asset": "P-1", "points": POINTS},
    ]

    async def no_answer(*_: Any) -> None:
        await asyncio.sleep(0.3)

    collector = ModbusCollector(source(port, *devices))
    servers = serving(port, pump(1), pump(7, action=no_answer))
    async with servers, collecting(collector, memory):
        await memory.until(lambda m: len(m.of("P-1.flow")) >= 15)
        assert [row[3] for row in memory.of("P-7.flow")] == [SILENT]
        assert collector.health().state is State.CONNECTED
        assert "P-7/7" in collector.health().part().message


async def test_a_late_answer_is_never_taken_for_the_next(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    """The device answers each first request after the timeout, with what it was asked then."""
    asked: list[int] = []

    async def slow(_code: int, _start: int, address: int, *_: Any) -> None:
        asked.append(address)
        if len(asked) == 3:
            await asyncio.sleep(0.3)

    words = SimData(0, values=list(range(100)), datatype=DataType.REGISTERS)
    points = {f"r{at}": {"at": at} for at in (10, 50, 90)}
    device = {"unit": 1, "asset": "P-1", "points": points}
    async with (
        serving(port, SimDevice(1, simdata=[words], action=slow)),
        collecting(ModbusCollector(source(port, device)), memory),
    ):
        await memory.until(lambda m: len(m.of("P-1.r90")) >= 4)
    for at in (10, 50, 90):
        good = {row[2] for row in memory.of(f"P-1.r{at}") if row[3] == 0}
        assert good == {float(at)}


async def test_an_answer_that_is_too_short_is_no_answer(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    async def answer_one_word(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while header := await reader.read(12):
            writer.write(header[:4] + b"\0\5" + header[6:8] + b"\2\0\1")
        writer.close()

    server = await asyncio.start_server(answer_one_word, "127.0.0.1", port)
    collector = ModbusCollector(source(port))
    async with server, collecting(collector, memory):
        await memory.until(lambda m: len(m.rows) >= len(POINTS))
        await asyncio.sleep(0.2)
        assert {row[3] for row in memory.rows} == {SILENT}


async def test_a_block_with_a_missing_register_is_halved_once_and_that_is_remembered(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    asked: list[tuple[int, int]] = []

    def answer(_unit: int, request: bytes) -> bytes:
        first, count = span(request)
        asked.append((first, count))
        return refusal(request, 2) if first <= 5 < first + count else words(request)

    points = {f"r{at}": {"at": at} for at in range(8)}
    device = {"unit": 1, "asset": "P-1", "points": points}
    async with (
        answering(port, answer),
        collecting(ModbusCollector(source(port, device)), memory),
    ):
        await memory.until(lambda m: len(m.of("P-1.r5")) >= 4)
    assert asked.count((0, 8)) == asked.count((5, 1)) == 1
    assert asked[-4:] in ([(0, 5), (6, 2)] * 2, [(6, 2), (0, 5)] * 2)
    assert {row[3] for row in memory.of("P-1.r5")} == {UNKNOWN_REGISTER}
    for at in (0, 4, 6, 7):
        assert {row[2:] for row in memory.of(f"P-1.r{at}")} == {(float(at), 0)}


async def test_missing_registers_are_asked_for_again_after_a_reconnect(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    lacking = {5}

    def answer(_unit: int, request: bytes) -> bytes:
        first, count = span(request)
        missing = lacking & set(range(first, first + count))
        return refusal(request, 2) if missing else words(request)

    points = {f"r{at}": {"at": at} for at in range(8)}
    collector = ModbusCollector(source(port, {"unit": 1, "asset": "P-1", "points": points}))
    async with AsyncExitStack() as stack:
        async with answering(port, answer):
            await stack.enter_async_context(collecting(collector, memory))
            await memory.until(lambda m: m.rows != [] and m.rows[-1][3] == 0)
            assert memory.of("P-1.r5")[-1][3] == UNKNOWN_REGISTER
            lacking.clear()
        await memory.until(lambda m: m.of("P-1.r5")[-1][3] == SILENT)
        async with answering(port, answer):
            await memory.until(lambda m: m.of("P-1.r5")[-1][2:] == (5.0, 0))


async def test_missing_registers_are_asked_for_again_over_a_new_connection_though_no_poll_failed(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    lacking, asked = {2, 5}, list[tuple[int, int]]()
    restart = asyncio.Event()

    def answer(_unit: int, request: bytes) -> bytes:
        if restart.is_set():
            restart.clear()
            lacking.clear()
            asked.clear()
            raise ConnectionError
        first, count = span(request)
        asked.append((first, count))
        missing = lacking & set(range(first, first + count))
        return refusal(request, 2) if missing else words(request)

    points = {f"r{at}": {"at": at} for at in range(8)}
    collector = ModbusCollector(source(port, {"unit": 1, "asset": "P-1", "points": points}))
    async with answering(port, answer), collecting(collector, memory):
        await memory.until(lambda m: len(m.of("P-1.r5")) >= 3)
        restart.set()
        await memory.until(lambda m: m.of("P-1.r5")[-1][2:] == (5.0, 0))
        await memory.until(lambda _: asked[-2:] == [(0, 8)] * 2)
    assert asked.count((2, 1)) + asked.count((5, 1)) == 1
    assert {row[3] for row in memory.rows} == {0, UNKNOWN_REGISTER}


async def test_what_a_device_that_hangs_up_after_each_poll_lacks_costs_a_request_of_each_poll(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    polls: list[list[tuple[int, int]]] = []

    async def answer_in_turn(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hang up after the last register was read."""
        polls.append([])
        with suppress(asyncio.IncompleteReadError):
            while (7, 1) not in polls[-1]:
                request = await reader.readexactly(12)
                polls[-1].append(span(request[7:]))
                first, count = polls[-1][-1]
                missing = {1, 3} & set(range(first, first + count))
                pdu = refusal(request[7:], 2) if missing else words(request[7:])
                writer.write(request[:4] + bytes([0, len(pdu) + 1]) + request[6:7] + pdu)
        writer.close()

    points = {f"r{at}": {"at": at} for at in (1, 3, 7)}
    device = {"unit": 1, "asset": "P-1", "points": points, "block": {"max_gap": 2}}
    server = await asyncio.start_server(answer_in_turn, "127.0.0.1", port)
    async with server, collecting(ModbusCollector(source(port, device)), memory):
        await memory.until(lambda m: len(m.of("P-1.r7")) >= 6)
    whole = [set(asked) for asked in polls if (7, 1) in asked]
    assert all(len(asked) <= 2 for asked in whole[1:])
    assert {each for asked in whole[1:] for each in asked} == {(1, 1), (3, 1), (7, 1)}


async def test_each_point_is_read_at_its_own_interval(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    asked: list[tuple[int, int]] = []

    def answer(_unit: int, request: bytes) -> bytes:
        asked.append(span(request))
        return words(request)

    points = {"fast": {"at": 0}, "slow": {"at": 1, "every": "1h"}}
    device = {"unit": 1, "asset": "P-1", "points": points}
    async with (
        answering(port, answer),
        collecting(ModbusCollector(source(port, device)), memory),
    ):
        await memory.until(lambda m: len(m.of("P-1.fast")) >= 5)
    assert memory.values("P-1.slow") == [1.0]
    assert asked[:5] == [(0, 1), (1, 1), (0, 1), (0, 1), (0, 1)]


async def test_dead_units_are_asked_one_at_a_time_after_those_that_answer(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    asked: list[int] = []

    def answer(unit: int, request: bytes) -> bytes | None:
        asked.append(unit)
        return words(request) if unit == 1 else None

    points = {"x": {"at": 0}}
    devices = [{"unit": unit, "asset": f"P-{unit}", "points": points} for unit in (7, 8, 1)]
    hall = source(port, *devices).model_copy(update={"timeout_us": 500_000})
    async with answering(port, answer), collecting(ModbusCollector(hall), memory):
        await memory.until(lambda _: asked.count(7) >= 3 and asked.count(8) >= 3)
    assert asked[:3] == [7, 8, 1]
    assert [pair for pair in pairwise(asked[2:]) if 1 not in pair] == []
    assert {row[3] for row in memory.of("P-1.x")} == {0}
    assert [row[3] for row in memory.of("P-7.x")] == [SILENT]


async def test_dead_units_at_the_start_are_not_waited_for_before_the_others_are_read(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    """With the whole timeout for each dead unit, the test would run for minutes."""
    asked: list[int] = []

    def answer(unit: int, request: bytes) -> bytes | None:
        asked.append(unit)
        return words(request) if unit in {2, 9} else None

    points = {"x": {"at": 0}}
    units = (1, 2, 3, 4, 5, 9)
    devices = [{"unit": unit, "asset": f"P-{unit}", "points": points} for unit in units]
    hall = source(port, *devices).model_copy(update={"timeout_us": 2_000_000})
    async with answering(port, answer), collecting(ModbusCollector(hall), memory):
        await memory.until(lambda m: len(m.of("P-9.x")) >= 2, timeout=60)
        assert asked[:6] == [1, 2, 3, 4, 5, 9]
        dead = ("P-1.x", "P-3.x", "P-4.x", "P-5.x")
        await memory.until(lambda m: all(m.of(tag) for tag in dead), timeout=60)
    assert {row[3] for tag in dead for row in memory.of(tag)} == {SILENT}
    assert {row[3] for row in memory.of("P-2.x") + memory.of("P-9.x")} == {0}


async def test_a_unit_too_slow_for_the_first_look_is_read_and_never_said_to_be_lost(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    looked = asyncio.Event()

    async def slow_at_first(*_: Any) -> None:
        if not looked.is_set():
            looked.set()
            await asyncio.sleep(2)

    devices = [{"unit": unit, "asset": f"P-{unit}", "points": POINTS} for unit in (7, 1)]
    hall = source(port, *devices, every="30s").model_copy(update={"timeout_us": 4_000_000})
    collector = ModbusCollector(hall)
    servers = serving(port, pump(1), pump(7, action=slow_at_first))
    async with servers, collecting(collector, memory):
        await memory.until(lambda m: m.of("P-7.flow") != [], timeout=60)
    assert memory.values("P-7.flow") == memory.values("P-1.flow") == [12.5]
    assert collector.health().lost_devices == set()


async def test_units_that_are_all_slow_are_waited_for_as_long_as_the_timeout_allows(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    async def slow(*_: Any) -> None:
        await asyncio.sleep(0.8)

    devices = [{"unit": unit, "asset": f"P-{unit}", "points": POINTS} for unit in (7, 1)]
    hall = source(port, *devices).model_copy(update={"timeout_us": 2_000_000})
    servers = serving(port, pump(1, action=slow), pump(7, action=slow))
    async with servers, collecting(ModbusCollector(hall), memory):
        await memory.until(lambda m: 12.5 in m.values("P-7.flow"), timeout=60)


async def test_a_device_alone_is_asked_again_over_a_new_connection_before_it_counts_as_silent(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    asked: list[int] = []

    def answer(_unit: int, request: bytes) -> bytes | None:
        asked.append(1)
        return None if len(asked) == 2 else words(request)

    hall = source(port, {"asset": "P-1", "points": {"x": {"at": 3}}})
    collector = ModbusCollector(hall.model_copy(update={"timeout_us": 2_000_000}))
    async with answering(port, answer), collecting(collector, memory):
        await memory.until(lambda m: len(m.of("P-1.x")) >= 4, timeout=60)
    assert {row[3] for row in memory.of("P-1.x")} == {0}
    assert collector.health().reconnects == 1


async def test_the_loss_of_a_device_alone_is_said_once(port: int, memory: Memory) -> None:
    """By the source: there is no other device behind it."""
    collector = ModbusCollector(source(port, {"asset": "P-1", "points": {"x": {"at": 3}}}))
    async with answering(port, lambda *_: None):
        for _ in range(3):
            with pytest.raises(SourceLost, match=r"P-1/1: no answer within 0\.2 s"):
                await collector.run(memory)
    assert [row[3] for row in memory.rows] == [SILENT]
    assert collector.health().lost_devices == set()


async def test_a_unit_that_answers_again_is_read_at_each_tick_again(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    dead = {7}

    def answer(unit: int, request: bytes) -> bytes | None:
        return None if unit in dead else words(request)

    points = {"x": {"at": 3}}
    devices = [{"unit": unit, "asset": f"P-{unit}", "points": points} for unit in (7, 1)]
    collector = ModbusCollector(source(port, *devices))
    async with answering(port, answer), collecting(collector, memory):
        await memory.until(lambda m: m.of("P-7.x") != [] and len(m.of("P-1.x")) >= 3)
        dead.clear()
        await memory.until(lambda m: len(m.of("P-7.x")) >= 4)
    assert [row[3] for row in memory.of("P-7.x")][:4] == [SILENT, 0, 0, 0]
    assert collector.health().lost_devices == set()


async def test_a_peer_that_hangs_up_in_a_request_is_not_waited_for(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    """The timeout is longer than the test waits: only the loss itself can end the request."""
    asked: list[int] = []

    def answer(_unit: int, request: bytes) -> bytes:
        asked.append(1)
        if len(asked) == 2:
            raise ConnectionError
        return words(request)

    points = {"x": {"at": 3}}
    hall = source(port, {"unit": 1, "asset": "P-1", "points": points})
    hall = hall.model_copy(update={"timeout_us": 120_000_000})
    async with answering(port, answer), collecting(ModbusCollector(hall), memory):
        await memory.until(lambda m: len(m.of("P-1.x")) >= 4)
    assert [row[3] for row in memory.of("P-1.x")][:4] == [0, 0, 0, 0]


async def test_a_peer_that_hangs_up_between_requests_costs_no_reading(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    connections: list[asyncio.StreamWriter] = []

    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        request = await reader.readexactly(12)
        pdu = words(request[7:])
        writer.write(request[:4] + bytes([0, len(pdu) + 1]) + request[6:7] + pdu)
        writer.close()

    server = await asyncio.start_server(answer_once, "127.0.0.1", port)
    hall = source(port, {"unit": 1, "asset": "P-1", "points": {"x": {"at": 3}}})
    async with server, collecting(ModbusCollector(hall), memory):
        await memory.until(lambda m: len(m.of("P-1.x")) >= 4)
    assert {row[3] for row in memory.of("P-1.x")} == {0}
    assert len(connections) >= 4


async def test_alarms_are_told_at_the_start_and_when_they_change(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    held = {"word": 0b0010}

    def answer(_unit: int, request: bytes) -> bytes:
        return request[:1] + b"\2" + held["word"].to_bytes(2, "big")

    alarms = {
        "HOT": {"at": 0, "bit": 0, "severity": 700, "message": "Motor hot"},
        "DRY": {"at": 0, "bit": 1, "severity": 900, "active": 0},
        "ANY": {"at": 0},
    }
    device = {"unit": 1, "asset": "P-1", "points": {"word": {"at": 0}}, "alarms": alarms}
    collector = ModbusCollector(source(port, device), clock=lambda: 5)
    async with answering(port, answer), collecting(collector, memory):
        await memory.until(lambda m: len(m.of("P-1.word")) >= 3)
        assert sorted(memory.alarms, key=lambda alarm: alarm.code) == [
            SensorAlarm("P-1", "ANY", 5, True, 500, ""),
            SensorAlarm("P-1", "DRY", 5, False, 900, ""),
            SensorAlarm("P-1", "HOT", 5, False, 700, "Motor hot"),
        ]
        held["word"] = 0b0011
        await memory.until(lambda m: len(m.alarms) > 3)
        held["word"] = 0b0000
        await memory.until(lambda m: len(m.alarms) > 6)
    assert [(alarm.code, alarm.active) for alarm in memory.alarms[3:4]] == [("HOT", True)]
    assert {(alarm.code, alarm.active) for alarm in memory.alarms[4:]} == {
        ("HOT", False),
        ("DRY", True),
        ("ANY", False),
    }
    assert {row[0] for row in memory.rows} == {"P-1.word"}
    assert collector.health().alarms == 7


async def test_an_alarm_that_cannot_be_read_has_not_changed(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    faulty = asyncio.Event()

    def answer(_unit: int, request: bytes) -> bytes:
        return refusal(request, 4) if faulty.is_set() else words(request)

    alarms = {"HOT": {"at": 1}}
    device = {"unit": 1, "asset": "P-1", "points": {"x": {"at": 0}}, "alarms": alarms}
    async with (
        answering(port, answer),
        collecting(ModbusCollector(source(port, device)), memory),
    ):
        await memory.until(lambda m: m.alarms != [])
        faulty.set()
        await memory.until(lambda m: m.rows[-1][3] == REFUSED)
        faulty.clear()
        await memory.until(lambda m: m.rows[-1][3] == 0)
    assert [(alarm.code, alarm.active) for alarm in memory.alarms] == [("HOT", True)]
