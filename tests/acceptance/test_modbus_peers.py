"""Modbus servers that are not ours: every type, order and table comes out as the peer means it."""

import asyncio
import json
import os
import struct
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
import serial
from modbus_tk import defines, modbus_rtu, modbus_tcp
from pyModbusTCP.server import DataBank, ModbusServer

from edge.errors import DeviceSilent, SourceLost
from edge.modbus.collector import ModbusCollector
from edge.modbus.connection import ModbusConnection
from edge.modbus.plan import Block
from edge.modbus.registers import Table
from edge.modbus.source import ModbusSource
from edge.modbus.writer import ModbusWriter
from edge.reading import Quality, Reason, quality_code
from edge.supervisor import keep_collecting
from edge.write_command import Outcome
from oilcan.engines.process import free_port
from tests.acceptance.npm_peer import PEERS as PEER_FOLDERS
from tests.acceptance.npm_peer import installed
from tests.edge.memory import Memory, Row
from tests.edge.modbus.serial_line import serial_line

NUMBERS: dict[str, tuple[str, float]] = {
    "uint16": ("H", 0xFEDC),
    "int16": ("h", -12_345),
    "uint32": ("I", 0xFEDC_BA98),
    "int32": ("i", -1_234_567_890),
    "uint64": ("Q", 2**53 - 1),
    "int64": ("q", -(2**53) + 1),
    "float16": ("e", -2.5),
    "float32": ("f", 12.5625),
    "float64": ("d", -1.0 / 3.0),
}
"""Of each type the form that `struct` knows, and a number."""

ORDERS = ("ABCD", "DCBA", "BADC", "CDAB")
MISSING = quality_code(Quality.BAD, Reason.CONFIGURATION)
SILENT = quality_code(Quality.BAD, Reason.COMMUNICATION)

# modbus_tk is older than Python 3.10, and says so in its threads.
pytestmark = pytest.mark.filterwarnings("ignore:.* is deprecated:DeprecationWarning")


def encode(kind: str, order: str) -> list[int]:
    """The registers of a type's number: bytes A, B, C, D in the places that the order names."""
    form, number = NUMBERS[kind]
    data = struct.pack(f">{form}", number)
    if order in {"DCBA", "CDAB"}:
        data = b"".join(data[at : at + 2] for at in range(len(data) - 2, -1, -2))
    if order in {"DCBA", "BADC"}:
        data = b"".join(data[at : at + 2][::-1] for at in range(0, len(data), 2))
    return list(struct.unpack(f">{len(data) // 2}H", data))


def numbers_map() -> tuple[list[int], dict[str, Any], dict[str, float]]:
    """Registers with every number in every order, the points for them and what they should read."""
    registers: list[int] = []
    points: dict[str, Any] = {}
    wanted: dict[str, float] = {}
    for kind, (_, number) in NUMBERS.items():
        for order in ORDERS:
            role = f"{kind}_{order}"
            points[role] = {"at": len(registers), "type": kind, "byte_order": order}
            wanted[role] = number
            registers += encode(kind, order)
    return registers, points, wanted


CODES = [0x1234, 0x0042, 0x9876, 0b1010_0000_0000_0100, 0xFE7F, 0x5255, 0x4E00]
CODE_POINTS: dict[str, Any] = {
    "bcd16": {"at": 0, "type": "bcd16"},
    "bcd32": {"at": 1, "type": "bcd32"},
    "bit_2": {"at": 3, "bit": 2},
    "bit_3": {"at": 3, "bit": 3},
    "high": {"at": 4, "type": "int8_high"},
    "low": {"at": 4, "type": "uint8_low"},
    "state": {"at": 5, "type": "string", "length": 2, "enum": {"RUN": 4, "STOP": 5}},
    "coded": {"at": 0, "enum": {0x1234: 7}},
    "scaled": {"at": 3, "scale": 0.5, "offset": -3},
}
CODE_READINGS = {
    "bcd16": 1234,
    "bcd32": 429_876,
    "bit_2": 1,
    "bit_3": 0,
    "high": -2,
    "low": 0x7F,
    "state": 4,
    "coded": 7,
    "scaled": 20_479,
}
BITS = [True, False, False, True, True]

Fill = Callable[[str, list[int]], None]
"""Puts values into one table from address 0."""


def fill_all(fill: Fill) -> None:
    fill("holding", numbers_map()[0])
    fill("input", CODES)
    fill("coil", [int(bit) for bit in BITS])
    fill("discrete", [int(not bit) for bit in BITS])


def source(connect: str, **device: Any) -> ModbusSource:
    fields = {"type": "modbus", "name": "peer", "connect": connect, "every": "50ms"}
    devices = [{"unit": 1, "asset": "A", **device}]
    return ModbusSource.model_validate({**fields, "timeout": "5s", "devices": devices})


@contextmanager
def py_modbus_tcp() -> Iterator[str]:
    """A server of pyModbusTCP, filled."""
    bank, port = DataBank(), free_port()
    tables = {
        "holding": bank.set_holding_registers,
        "input": bank.set_input_registers,
        "coil": bank.set_coils,
        "discrete": bank.set_discrete_inputs,
    }
    fill_all(lambda table, values: tables[table](0, values))
    server = ModbusServer("127.0.0.1", port, no_block=True, data_bank=bank)
    server.start()
    try:
        yield f"tcp://127.0.0.1:{port}"
    finally:
        server.stop()


def fill_modbus_tk(server: Any) -> None:
    kinds = {
        "holding": defines.HOLDING_REGISTERS,
        "input": defines.ANALOG_INPUTS,
        "coil": defines.COILS,
        "discrete": defines.DISCRETE_INPUTS,
    }
    slave = server.add_slave(1)

    def fill(table: str, values: list[int]) -> None:
        slave.add_block(table, kinds[table], 0, len(values))
        slave.set_values(table, 0, values)

    fill_all(fill)


@contextmanager
def modbus_tk_tcp() -> Iterator[str]:
    """A server of modbus_tk over TCP, filled; it refuses what it does not have."""
    port = free_port()
    server = modbus_tcp.TcpServer(port=port, address="127.0.0.1", timeout_in_sec=1)
    fill_modbus_tk(server)
    server.start()
    try:
        yield f"tcp://127.0.0.1:{port}"
    finally:
        server.stop()


@contextmanager
def modbus_tk_rtu() -> Iterator[str]:
    """A server of modbus_tk at the other end of a serial line, filled."""
    with serial_line() as (ours, theirs):
        server = modbus_rtu.RtuServer(serial.Serial(theirs, 9600))
        fill_modbus_tk(server)
        server.start()
        try:
            yield f"serial://{ours}?baud=9600"
        finally:
            server.stop()


@contextmanager
def jsmodbus() -> Iterator[str]:
    """A server of jsmodbus, filled."""
    tables: dict[str, Any] = {"port": free_port()}
    fill_all(tables.__setitem__)
    home = installed("jsmodbus")
    command = ["node", str(PEER_FOLDERS / "jsmodbus" / "server.js"), json.dumps(tables)]
    environment = {**os.environ, "NODE_PATH": str(home / "node_modules")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield f"tcp://127.0.0.1:{tables['port']}"
        finally:
            process.kill()


PEERS = [py_modbus_tcp, modbus_tk_tcp, modbus_tk_rtu, jsmodbus]


@asynccontextmanager
async def read(collected: ModbusSource, until: str) -> AsyncIterator[Memory]:
    """What the collector puts until the point has two readings."""
    memory = Memory()
    task = asyncio.create_task(keep_collecting(ModbusCollector(collected), memory))
    try:
        await memory.until(lambda m: len(told(m, until)) >= 2, timeout=60)
        yield memory
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def told(memory: Memory, role: str) -> list[Row]:
    """The readings of a point, without the silence before the peer was up."""
    return [row for row in memory.of(f"A.{role}") if row[3] != SILENT]


def readings(memory: Memory) -> dict[str, float]:
    return {tag.partition(".")[2]: value for tag, _, value, _ in memory.rows}


@pytest.mark.parametrize("peer", PEERS)
async def test_every_number_in_every_order_is_what_the_peer_holds(peer: Any) -> None:
    _, points, wanted = numbers_map()
    with peer() as connect:
        async with read(source(connect, points=points), "float64_CDAB") as memory:
            assert readings(memory) == wanted


@pytest.mark.parametrize("peer", PEERS)
async def test_codes_bits_and_texts_are_what_the_peer_holds(peer: Any) -> None:
    with peer() as connect:
        device = source(connect, points=CODE_POINTS, registers="input")
        async with read(device, "state") as memory:
            assert readings(memory) == CODE_READINGS


@pytest.mark.parametrize("peer", PEERS)
async def test_all_four_tables_are_read_by_their_numbers(peer: Any) -> None:
    points: dict[str, Any] = {f"c{at}": {"at": f"0000{at + 1}"} for at in range(5)}
    points |= {f"d{at}": {"at": 10_001 + at} for at in range(5)}
    points |= {"word": {"at": 30_001}, "first": {"at": 400_001}}
    with peer() as connect:
        async with read(source(connect, points=points, base="modicon"), "word") as memory:
            found = readings(memory)
    assert [found[f"c{at}"] for at in range(5)] == [float(bit) for bit in BITS]
    assert [found[f"d{at}"] for at in range(5)] == [float(not bit) for bit in BITS]
    assert (found["word"], found["first"]) == (0x1234, 0xFEDC)


@pytest.mark.parametrize("peer", [modbus_tk_tcp, modbus_tk_rtu])
async def test_registers_that_the_peer_does_not_have_are_found_and_the_others_read(
    peer: Any,
) -> None:
    points = {"there": {"at": 5}, "last": {"at": 6}, "beyond": {"at": 7}, "far": {"at": 9}}
    with peer() as connect:
        async with read(source(connect, points=points, registers="input"), "far") as memory:
            assert {row[3] for row in told(memory, "beyond")} == {MISSING}
            assert {row[3] for row in told(memory, "far")} == {MISSING}
            assert {row[2:] for row in told(memory, "there")} == {(float(0x5255), 0)}
            assert {row[2:] for row in told(memory, "last")} == {(float(0x4E00), 0)}


@pytest.mark.parametrize("peer", PEERS)
async def test_every_number_in_every_order_is_written_as_the_peer_holds_it(peer: Any) -> None:
    """First a nought, then the number; what went over the wire is what `struct` makes of it."""
    _, points, wanted = numbers_map()
    for point in points.values():
        point["writable"] = True
    flags: dict[str, Any] = {
        "coil": {"at": 1, "registers": "coil", "writable": True},
        "coils": {"at": 2, "registers": "coil", "writable": {"function": 15}},
        "one": {"at": 0, "writable": {"function": 16}},
    }
    del points["uint16_ABCD"]
    with peer() as connect:
        async with writing(source(connect, points={**points, **flags})) as writer:
            for role in points:
                zero = await writer.write(f"A.{role}", 0, before_sending=pass_all)
                back = await writer.write(f"A.{role}", wanted[role], before_sending=pass_all)
                outcomes = zero.outcome, back.outcome
                assert outcomes == (Outcome.CONFIRMED, Outcome.CONFIRMED), (role, zero, back)
                kind, _, order = role.rpartition("_")
                assert list(back.registers) == encode(kind, order)
            for role in flags:
                answer = await writer.write(f"A.{role}", 1, before_sending=pass_all)
                assert (answer.outcome, answer.read_back) == (Outcome.CONFIRMED, 1.0), role


@asynccontextmanager
async def writing(target: ModbusSource) -> AsyncIterator[ModbusWriter]:
    """A writer that is connected to a peer."""
    writer = ModbusWriter(target)
    async with ModbusConnection(target.link, target.tls, timeout_s=5) as connection:
        await until_up(connection)
        writer.connection = connection
        yield writer


async def until_up(connection: ModbusConnection) -> None:
    """Wait for a peer whose start returns before it listens."""
    async with asyncio.timeout(60):
        while True:
            try:
                await connection.read(1, Block(Table.HOLDING, 0, 1, ()))
            except (SourceLost, DeviceSilent):
                await asyncio.sleep(0.05)
            else:
                return


def pass_all() -> None:
    """Nothing stands in a command's way."""
