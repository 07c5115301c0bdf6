"""Carries out write commands on the points of one Modbus source that its file calls writable."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge.errors import DeviceRefused, DeviceSilent, SourceLost, WriteRefused
from edge.modbus.connection import ModbusConnection, RegisterWrite
from edge.modbus.decode import BlockDecoder
from edge.modbus.device_plan import values_of
from edge.modbus.encode import encode
from edge.modbus.link import means_every_device
from edge.modbus.plan import Value, block_of
from edge.modbus.source import ModbusSource
from edge.modbus.writable import WriteLimits, function_of
from edge.reading import Quality
from edge.write_command import Outcome, WriteAnswer

# Illegal function, address and value; busy. After the others the device may have acted.
_NOTHING_DONE = frozenset({1, 2, 3, 6})
_REQUESTS = 2


@dataclass(frozen=True, slots=True)
class _Target:
    """A value of a device, and what may be written to it; None: nothing."""

    unit: int
    value: Value
    limits: WriteLimits | None


class ModbusWriter:
    """Writes one command after the other, between the requests that read.

    A write waits for the one request that is under way, and the next request waits for the write;
    the read-back takes its turn in the same manner.
    """

    def __init__(self, source: ModbusSource) -> None:
        self._source = source
        self._turn = asyncio.Lock()
        self._targets = {target.value.tag: target for target in _targets(source)}
        self.connection: ModbusConnection | None = None
        """That of the present run of the collector."""

    @property
    def takes_s(self) -> float:
        """The longest that a write and its read-back take once begun, each with its connection."""
        return 2 * _REQUESTS * self._source.timeout_us / 1e6

    def has(self, tag: str) -> bool:
        """Is this one of the source's points?"""
        return tag in self._targets

    def problem(self, tag: str) -> str:
        """Why nothing can be written to one of the points, or nothing."""
        target = self._targets[tag]
        if target.limits is None:
            return f"{tag} is not writable: its source {self._source.name} does not say `writable`"
        if means_every_device(self._source.link, target.unit):
            return "unit 0 means every device on the line"
        return ""

    async def write(
        self, tag: str, reading: float, *, before_sending: Callable[[], None]
    ) -> WriteAnswer:
        """Write a reading to one of the points, and read it back.

        `before_sending` is called just before the request leaves, and may raise `WriteRefused`.
        """
        try:
            target, order = self._judge(tag, reading)
            async with self._turn:
                return await self._carry_out(target, order, before_sending)
        except WriteRefused as refusal:
            return WriteAnswer(Outcome.REFUSED, str(refusal))

    def _judge(self, tag: str, reading: float) -> tuple[_Target, RegisterWrite]:
        if problem := self.problem(tag):
            raise WriteRefused(problem)
        target = self._targets[tag]
        limits = target.limits or WriteLimits()
        if (outside := limits.problem(reading)) is not None:
            raise WriteRefused(outside)
        try:
            entries = encode(target.value, reading)
        except ValueError as error:
            raise WriteRefused(f"{reading:g} cannot be written: {error}") from error
        function = function_of(target.value, limits)
        return target, RegisterWrite(function, target.value.at, tuple(entries))

    async def _carry_out(
        self, target: _Target, order: RegisterWrite, before_sending: Callable[[], None]
    ) -> WriteAnswer:
        connection = self.connection
        if connection is None:
            raise WriteRefused(f"the source {self._source.name} is not connected")
        try:
            await connection.write(target.unit, order, before_sending=before_sending)
        except SourceLost as error:
            raise WriteRefused(str(error)) from error
        except DeviceRefused as error:
            outcome = Outcome.REFUSED if error.code in _NOTHING_DONE else Outcome.UNKNOWN
            message = f"the device refused it with exception {error.code}"
            return WriteAnswer(outcome, message, registers=order.entries)
        except DeviceSilent as error:
            return WriteAnswer(Outcome.UNKNOWN, str(error), registers=order.entries)
        return await self._read_back(connection, target, order)

    async def _read_back(
        self, connection: ModbusConnection, target: _Target, order: RegisterWrite
    ) -> WriteAnswer:
        try:
            held = await connection.read(target.unit, block_of([target.value]))
        except (SourceLost, DeviceSilent, DeviceRefused) as error:
            message = f"the device accepted it, but cannot be read: {error}"
            return WriteAnswer(Outcome.UNCONFIRMED, message, registers=order.entries)
        reading = _reading(target.value, held)
        if [int(each) for each in held] == list(order.entries):
            return WriteAnswer(Outcome.CONFIRMED, registers=order.entries, read_back=reading)
        message = f"the device accepted it, but holds {[int(each) for each in held]}"
        return WriteAnswer(Outcome.UNCONFIRMED, message, "", "", order.entries, reading)


def _targets(source: ModbusSource) -> list[_Target]:
    return [
        _Target(device.unit, value, point.write_limits)
        for device in source.devices
        for value, point in zip(values_of(device), device.points.values(), strict=True)
    ]


def _reading(value: Value, held: Sequence[int] | Sequence[bool]) -> float | None:
    readings, quality = BlockDecoder(value.at, [value]).decode(held)
    return float(readings[0]) if quality[0] == Quality.GOOD else None
