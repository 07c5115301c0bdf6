"""What a write command may change: values that their source's file calls writable. Pure.

The answer to what cannot be is `problem | remedy`, or None, as in `edge.modbus.fit`.
"""

from dataclasses import dataclass

from edge.modbus.plan import Value
from edge.modbus.registers import Table, ValueType

_OF_COILS = frozenset({5, 15})
_OF_ONE = frozenset({5, 6})
_PARTS = frozenset(
    {ValueType.UINT8_HIGH, ValueType.UINT8_LOW, ValueType.INT8_HIGH, ValueType.INT8_LOW}
)


@dataclass(frozen=True, slots=True)
class WriteLimits:
    """What may be written to a value, in its reading's unit, and by which function code."""

    low: float | None = None
    high: float | None = None
    function: int | None = None

    def problem(self, reading: float) -> str | None:
        """Why a reading may not be written; None where it may."""
        if self.low is not None and reading < self.low:
            return f"{reading:g} is below the least that may be written, {self.low:g}"
        if self.high is not None and reading > self.high:
            return f"{reading:g} is above the most that may be written, {self.high:g}"
        return None


def function_of(value: Value, limits: WriteLimits) -> int:
    """The function code that writes the value in one request."""
    if limits.function is not None:
        return limits.function
    if value.table is Table.COIL:
        return 5
    return 6 if value.registers == 1 else 16


def unwritable(value: Value, limits: WriteLimits) -> str | None:
    """Why commands cannot write the value."""
    return _wrong_place(value) or _wrong_meaning(value) or _wrong_limits(value, limits)


def _wrong_place(value: Value) -> str | None:
    if value.table not in {Table.COIL, Table.HOLDING}:
        remedy = "Drop `writable`, or correct `registers` or `at`"
        return f"table {value.table} cannot be written, only coil and holding can | {remedy}"
    if value.type in _PARTS or value.bit is not None:
        remedy = "Drop `writable`, or write the whole register"
        return f"part of a register cannot be written without the rest of it | {remedy}"
    if value.type is ValueType.STRING:
        return "texts cannot be written | Drop `writable`"
    return None


def _wrong_meaning(value: Value) -> str | None:
    if value.scale == 0:
        return "with scale 0 every raw number reads alike, so none can be written | Correct `scale`"
    readings = [reading for _, reading in value.enum]
    for reading in readings:
        if readings.count(reading) > 1:
            problem = f"`enum` has {reading:g} twice, so nobody knows which raw number to write"
            return f"{problem} | Drop `writable`, or one of the two"
    return None


def _wrong_limits(value: Value, limits: WriteLimits) -> str | None:
    if limits.low is not None and limits.high is not None and limits.low > limits.high:
        return f"`min` {limits.low:g} is above `max` {limits.high:g} | Correct one of the two"
    function = limits.function
    if function is None:
        return None
    if (function in _OF_COILS) is not (value.table is Table.COIL):
        return f"function {function} does not write table {value.table} | Drop `function`"
    if function in _OF_ONE and value.registers > 1:
        problem = f"function {function} writes one register, {value.type} has {value.registers}"
        return f"{problem} | Use function 16"
    return None
