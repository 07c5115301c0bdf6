"""Readings to the registers that hold them: the inverse of `decode`. Pure."""

import math

import numpy as np

from edge.modbus.numbers import DTYPES, Words, ordered
from edge.modbus.plan import Value
from edge.modbus.registers import ValueType

_DECIMALS = frozenset({ValueType.BCD16, ValueType.BCD32})
_FLOATS = frozenset({ValueType.FLOAT16, ValueType.FLOAT32, ValueType.FLOAT64})
_LARGEST_EXACT = 2**53
_STEP_TOLERANCE = 1e-6


def encode(value: Value, reading: float) -> list[int]:
    """The registers of `value` that read as `reading`; of a coil one entry, 0 or 1.

    A float takes the nearest number of its type. Raises `ValueError` where no registers do: the
    type does not reach so far, or the reading lies between two of its steps.
    """
    raw = _raw(value, reading)
    if value.type in _FLOATS:
        return _float_words(value, raw)
    whole = _whole(value, raw)
    if value.type is ValueType.BIT:
        _check_range(reading, whole, 0, 1)
        return [whole]
    if value.type in _DECIMALS:
        return _words(value, _decimal(value, reading, whole))
    limits = np.iinfo(np.dtype(DTYPES[value.type]))
    _check_range(reading, whole, int(limits.min), int(limits.max))
    return _words(value, np.array([whole], DTYPES[value.type]).tobytes())


def _raw(value: Value, reading: float) -> float:
    if not math.isfinite(reading):
        raise ValueError(f"{reading} is no number that a register can hold")
    if not value.enum:
        return (reading - value.offset) / value.scale
    for raw, stands_for in value.enum:
        if stands_for == reading and isinstance(raw, int):
            return raw
    known = ", ".join(f"{stands_for:g}" for _, stands_for in value.enum)
    raise ValueError(f"{reading:g} is not among {known}")


def _whole(value: Value, raw: float) -> int:
    """The whole number that `raw` is, but for the noise of scaling."""
    nearest = round(raw)
    if abs(raw - nearest) > max(_STEP_TOLERANCE, abs(raw) * 4 * np.finfo(np.float64).eps):
        below, above = (n * value.scale + value.offset for n in (math.floor(raw), math.ceil(raw)))
        raise ValueError(f"it lies between {below:.12g} and {above:.12g}, the register's steps")
    if abs(nearest) > _LARGEST_EXACT:
        raise ValueError("whole numbers beyond 2**53 are not exact as readings")
    return nearest


def _float_words(value: Value, raw: float) -> list[int]:
    with np.errstate(over="ignore", under="ignore"):
        number = np.array([raw], DTYPES[value.type])
    if not np.isfinite(number[0]) or (raw != 0 and number[0] == 0):
        raise ValueError(f"{raw:g} does not fit {value.type}")
    return _words(value, number.tobytes())


def _decimal(value: Value, reading: float, whole: int) -> bytes:
    digits = 4 * value.type.registers
    _check_range(reading, whole, 0, 10**digits - 1)
    return bytes.fromhex(f"{whole:0{digits}d}")


def _check_range(reading: float, whole: int, low: int, high: int) -> None:
    if not low <= whole <= high:
        raise ValueError(f"{reading:g} is {whole} on the wire, which is not one of {low} to {high}")


def _words(value: Value, data: bytes) -> list[int]:
    words: Words = np.frombuffer(data, ">u2").astype(np.uint16)[None, :]
    sent: list[int] = ordered(words, value.order)[0].tolist()
    return sent
