"""A write command on the wire: one request, read back; and what each kind of answer means."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from edge.errors import WriteRefused
from edge.modbus.collector import ModbusCollector
from edge.modbus.connection import ModbusConnection
from edge.modbus.source import ModbusSource
from edge.modbus.writer import ModbusWriter
from edge.write_command import Outcome, WriteAnswer
from oilcan.engines.process import free_port
from tests.edge.memory import Collecting, Memory
from tests.edge.modbus.device import WritableDevice
from tests.edge.modbus.wire import answering

POINTS: dict[str, Any] = {
    "setpoint": {"at": 0, "type": "float32", "writable": {"min": 0, "max": 50}},
    "speed": {"at": 2, "type": "int16", "scale": 0.1, "writable": True},
    "total": {"at": 4, "type": "int64", "byte_order": "BADC", "writable": True},
    "mode": {"at": 8, "enum": {0: 0, 3: 1}, "writable": {"function": 16}},
    "valve": {"at": 1, "registers": "coil", "writable": True},
    "lamp": {"at": 2, "registers": "coil", "writable": {"function": 15}},
    "flow": {"at": 9},
}


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def device() -> WritableDevice:
    return WritableDevice()


def source(port: int, *, unit: int = 1, scheme: str = "tcp", every: str = "1h") -> ModbusSource:
    return ModbusSource.model_validate(
        {
            "type": "modbus",
            "name": "hall",
            "connect": f"{scheme}://127.0.0.1:{port}",
            "every": every,
            "timeout": "20s",
            "devices": [{"unit": unit, "asset": "P-1", "points": POINTS}],
        }
    )


@asynccontextmanager
async def writing(
    port: int, device: WritableDevice, *, timeout_s: float = 20.0
) -> AsyncIterator[ModbusWriter]:
    """A writer connected to the device."""
    hall = source(port)
    writer = ModbusWriter(hall)
    async with (
        answering(port, device.answer),
        ModbusConnection(hall.link, hall.tls, timeout_s=timeout_s) as connection,
    ):
        writer.connection = connection
        yield writer


def pass_all() -> None:
    """Nothing stands in a command's way."""


async def write(writer: ModbusWriter, role: str, reading: float) -> WriteAnswer:
    return await writer.write(f"P-1.{role}", reading, before_sending=pass_all)


@pytest.mark.parametrize(
    ("role", "reading", "function", "entries"),
    [
        ("setpoint", 12.5, 16, struct.unpack(">HH", struct.pack(">f", 12.5))),
        ("speed", -12.3, 6, (0x10000 - 123,)),
        ("mode", 1, 16, (3,)),
        ("valve", 1, 5, (1,)),
        ("lamp", 1, 15, (1,)),
    ],
)
async def test_a_value_is_written_in_one_request_and_read_back(
    port: int,
    device: WritableDevice,
    role: str,
    reading: float,
    function: int,
    entries: tuple[int, ...],
) -> None:
    async with writing(port, device) as writer:
        answer = await write(writer, role, reading)
    assert answer == WriteAnswer(Outcome.CONFIRMED, registers=entries, read_back=reading)
    assert device.functions() == [function, 1 if function in {5, 15} else 3]


async def test_sixty_four_bits_go_in_one_request_in_their_byte_order(
    port: int, device: WritableDevice
) -> None:
    async with writing(port, device) as writer:
        answer = await write(writer, "total", -(2**40) - 5)
    sent = struct.pack(">q", -(2**40) - 5)
    swapped = b"".join(sent[at : at + 2][::-1] for at in range(0, 8, 2))
    assert struct.pack(">4H", *device.registers[4:8]) == swapped
    assert answer.read_back == -(2**40) - 5
    assert device.functions() == [16, 3]


@pytest.mark.parametrize(
    ("role", "reading", "message"),
    [
        ("flow", 1, "P-1.flow is not writable: its source hall does not say `writable`"),
        ("setpoint", 50.1, "above the most that may be written, 50"),
        ("setpoint", -1, "below the least that may be written, 0"),
        ("speed", 12.34, "12.34 cannot be written: it lies between 12.3 and 12.4"),
    ],
)
async def test_what_the_file_does_not_allow_never_reaches_the_device(
    port: int, device: WritableDevice, role: str, reading: float, message: str
) -> None:
    async with writing(port, device) as writer:
        answer = await write(writer, role, reading)
    assert answer.outcome is Outcome.REFUSED
    assert message in answer.message
    assert device.requests == []


async def test_a_command_may_be_stopped_just_before_it_leaves(
    port: int, device: WritableDevice
) -> None:
    def expired() -> None:
        raise WriteRefused("too late")

    async with writing(port, device) as writer:
        answer = await writer.write("P-1.speed", 1, before_sending=expired)
    assert (answer.outcome, answer.message) == (Outcome.REFUSED, "too late")
    assert device.requests == []


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (1, Outcome.REFUSED),
        (2, Outcome.REFUSED),
        (3, Outcome.REFUSED),
        (6, Outcome.REFUSED),
        (4, Outcome.UNKNOWN),
        (5, Outcome.UNKNOWN),
        (11, Outcome.UNKNOWN),
    ],
)
async def test_an_exception_is_a_refusal_only_where_the_device_cannot_have_acted(
    port: int, device: WritableDevice, code: int, outcome: Outcome
) -> None:
    device.refuse[6] = code
    async with writing(port, device) as writer:
        answer = await write(writer, "speed", 1)
    assert answer.outcome is outcome
    assert f"exception {code}" in answer.message
    assert device.functions() == [6]


async def test_no_answer_in_time_is_unknown_and_never_sent_again(
    port: int, device: WritableDevice
) -> None:
    device.silent.add(6)
    async with writing(port, device, timeout_s=1) as writer:
        answer = await write(writer, "speed", 1)
        assert answer.outcome is Outcome.UNKNOWN
        assert "no answer within" in answer.message
        device.silent.clear()
        assert (await write(writer, "valve", 1)).outcome is Outcome.CONFIRMED
    assert device.functions() == [6, 5, 1]


async def test_a_device_that_holds_something_else_is_not_confirmed(
    port: int, device: WritableDevice
) -> None:
    def deaf(unit: int, request: bytes) -> bytes | None:
        return request[:5] if request[0] == 6 else device.answer(unit, request)

    hall = source(port)
    writer = ModbusWriter(hall)
    async with (
        answering(port, deaf),
        ModbusConnection(hall.link, hall.tls, timeout_s=20) as connection,
    ):
        writer.connection = connection
        answer = await write(writer, "speed", 1)
    assert answer.outcome is Outcome.UNCONFIRMED
    assert answer.message == "the device accepted it, but holds [0]"
    assert answer.read_back == 0.0


async def test_a_device_that_cannot_be_read_back_is_not_confirmed(
    port: int, device: WritableDevice
) -> None:
    device.refuse[3] = 2
    async with writing(port, device) as writer:
        answer = await write(writer, "speed", 1)
    assert answer.outcome is Outcome.UNCONFIRMED
    assert "cannot be read: exception 2" in answer.message


async def test_a_source_that_is_not_connected_refuses(port: int) -> None:
    answer = await write(ModbusWriter(source(port)), "speed", 1)
    assert answer.outcome is Outcome.REFUSED
    assert answer.message == "the source hall is not connected"


async def test_what_cannot_be_reached_was_not_written(port: int, device: WritableDevice) -> None:
    hall = source(port)
    writer = ModbusWriter(hall)
    async with ModbusConnection(hall.link, hall.tls, timeout_s=20) as connection:
        writer.connection = connection
        answer = await write(writer, "speed", 1)
    assert answer.outcome is Outcome.REFUSED
    assert "cannot connect" in answer.message


async def test_a_command_after_the_end_of_its_source_opens_no_connection(
    port: int, device: WritableDevice
) -> None:
    async with writing(port, device) as writer:
        pass
    answer = await write(writer, "speed", 1)
    assert (answer.outcome, device.requests) == (Outcome.REFUSED, [])


@pytest.mark.parametrize(("scheme", "refused"), [("rtu+tcp", True), ("tcp", False)])
async def test_unit_0_is_never_written_where_it_means_every_device(
    port: int, scheme: str, refused: bool
) -> None:
    writer = ModbusWriter(source(port, unit=0, scheme=scheme))
    assert bool(writer.problem("P-1.speed")) is refused


async def test_writes_take_turns_with_the_requests_that_read(
    port: int, device: WritableDevice, memory: Memory, collecting: Collecting
) -> None:
    """Between two writes, and between a write and its read-back, a waiting poll gets its turn."""
    collector = ModbusCollector(source(port, every="10ms"))
    async with answering(port, device.answer), collecting(collector, memory):
        await memory.until(lambda m: len(m.of("P-1.flow")) >= 2)
        answers = await asyncio.gather(
            *(write(collector.writer, "speed", number) for number in range(5))
        )
        before = len(memory.of("P-1.flow"))
        await memory.until(lambda m: len(m.of("P-1.flow")) >= before + 2)
    assert [answer.outcome for answer in answers] == [Outcome.CONFIRMED] * 5
    assert memory.values("P-1.speed")[-1] == 4.0
    assert {row[3] for row in memory.rows} == {0}
