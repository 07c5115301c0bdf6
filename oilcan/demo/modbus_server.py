"""The pump's controller: a Modbus TCP server whose registers hold what the sensors show."""

import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from config.errors import EngineError

UNIT = 1
_RUNNING_BIT = 0


class Form(StrEnum):
    """How a value stands in registers, big-endian: a `struct` code."""

    FLOAT32 = ">f"
    INT16 = ">h"
    UINT32 = ">I"
    STATUS_WORD = ">H"


@dataclass(frozen=True, slots=True)
class Register:
    """Address of a value, counted from 0, its form, and the number of raw units in one unit."""

    at: int
    form: Form
    factor: float = 1.0

    def encode(self, value: float) -> list[int]:
        """The value as 16-bit registers."""
        raw: float = value
        if self.form is Form.STATUS_WORD:
            raw = int(value) << _RUNNING_BIT
        elif self.form is not Form.FLOAT32:
            raw = round(value * self.factor)
        packed = struct.pack(self.form, raw)
        return [word for (word,) in struct.iter_unpack(">H", packed)]


REGISTERS: Mapping[str, Register] = {
    "speed": Register(0, Form.FLOAT32),
    "flow": Register(2, Form.FLOAT32),
    "head": Register(4, Form.FLOAT32),
    "motor_power": Register(6, Form.FLOAT32),
    "de_vibration": Register(8, Form.FLOAT32),
    "de_bearing_temp": Register(10, Form.INT16, factor=10.0),
    "running": Register(11, Form.STATUS_WORD),
    "energy": Register(12, Form.UINT32, factor=10.0),
}
"""The map in the pump's manual: holding registers 0 to 13, role by role."""

_WORDS = 14


@dataclass(slots=True)
class PumpController:
    """What the server answers from."""

    words: list[int] = field(default_factory=lambda: [0] * _WORDS)

    def write(self, values: Mapping[str, float]) -> None:
        """Put values, by role, into the registers; between two requests all change at once."""
        for role, register in REGISTERS.items():
            encoded = register.encode(values[role])
            self.words[register.at : register.at + len(encoded)] = encoded


@asynccontextmanager
async def serve_pump(port: int) -> AsyncIterator[PumpController]:
    """Serve on loopback until the block is left. Raises `EngineError` if the port is taken."""
    controller = PumpController()

    async def answer(
        _function: int,
        _start: int,
        _address: int,
        _count: int,
        registers: list[int],
        written: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        if written is not None:
            return ExcCodes.ILLEGAL_FUNCTION
        registers[:_WORDS] = controller.words
        return None

    words = SimData(0, count=_WORDS, values=0, datatype=DataType.REGISTERS)
    device = SimDevice(UNIT, simdata=[words], action=answer)
    server = ModbusTcpServer(device, address=("127.0.0.1", port))
    try:
        await server.serve_forever(background=True)
    except RuntimeError as error:
        raise EngineError(f"the demo's Modbus server cannot listen on {port}: {error}") from error
    try:
        yield controller
    finally:
        await server.shutdown()  # type: ignore[no-untyped-call]
