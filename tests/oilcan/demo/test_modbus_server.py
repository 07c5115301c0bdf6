"""The pump's controller, read with a Modbus client."""

import struct
from collections.abc import AsyncIterator

import pytest
from pymodbus.client import AsyncModbusTcpClient

from config.errors import EngineError
from oilcan.demo.modbus_server import REGISTERS, UNIT, Form, PumpController, Register, serve_pump
from oilcan.engines.process import free_port

VALUES = {
    "speed": 2950.5,
    "flow": 125.25,
    "head": 31.5,
    "motor_power": 15.75,
    "de_vibration": 4.5,
    "de_bearing_temp": -12.3,
    "running": 1.0,
    "energy": 123_456_789.1,
}


@pytest.fixture
async def pump() -> AsyncIterator[tuple[PumpController, AsyncModbusTcpClient]]:
    port = free_port()
    async with serve_pump(port) as controller:
        client = AsyncModbusTcpClient("127.0.0.1", port=port)
        await client.connect()
        yield controller, client
        client.close()


Pump = tuple[PumpController, AsyncModbusTcpClient]


async def test_every_value_reads_back_by_the_map(pump: Pump) -> None:
    controller, client = pump
    controller.write(VALUES)
    answer = await client.read_holding_registers(0, count=14, device_id=UNIT)
    words = struct.pack(">14H", *answer.registers)
    seen = {
        role: struct.unpack_from(register.form, words, 2 * register.at)[0] / register.factor
        for role, register in REGISTERS.items()
    }
    assert seen == pytest.approx(VALUES)


async def test_input_registers_show_the_same(pump: Pump) -> None:
    controller, client = pump
    controller.write(VALUES)
    answer = await client.read_input_registers(8, count=2, device_id=UNIT)
    assert struct.unpack(">f", struct.pack(">2H", *answer.registers)) == (4.5,)


async def test_registers_beyond_the_map_are_refused(pump: Pump) -> None:
    _, client = pump
    assert (await client.read_holding_registers(14, count=2, device_id=UNIT)).isError()


async def test_nobody_can_write(pump: Pump) -> None:
    controller, client = pump
    controller.write(VALUES)
    assert (await client.write_register(10, 7, device_id=UNIT)).isError()
    answer = await client.read_holding_registers(10, count=1, device_id=UNIT)
    assert answer.registers == Register(10, Form.INT16, factor=10.0).encode(-12.3)


async def test_a_taken_port_is_named() -> None:
    port = free_port()
    async with serve_pump(port):
        with pytest.raises(EngineError, match=str(port)):
            async with serve_pump(port):
                pass
