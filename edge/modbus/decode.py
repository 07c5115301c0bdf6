"""Registers to readings, a block at a time. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from edge.modbus.numbers import Words, numbers, text
from edge.modbus.plan import Value
from edge.modbus.registers import ByteOrder, ValueType
from edge.reading import Float64s, Quality, Reason, UInt8s, quality_code

_TYPES_OF_CODES = frozenset({ValueType.BCD16, ValueType.BCD32, ValueType.STRING})


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """The values of a block that are of one type and byte order."""

    type: ValueType
    order: ByteOrder
    places: npt.NDArray[np.intp]
    words: npt.NDArray[np.intp]
    """(values, words per value): index of each word within the block."""


@dataclass(frozen=True, slots=True, eq=False)
class _Coded:
    """A value whose reading is looked up by its raw number or text."""

    place: int
    readings: Mapping[float | str, float]
    string: slice | None
    order: ByteOrder

    def reading(self, raw: float, words: Words) -> float:
        """The reading, or NaN where the raw value has none."""
        key: float | str = raw if self.string is None else text(words[self.string], self.order)
        return self.readings.get(key, np.nan)


class BlockDecoder:
    """Decodes the answers to one block's request; made once, used for every poll."""

    def __init__(self, start: int, values: Sequence[Value]) -> None:
        self._scale = np.array([value.scale for value in values], np.float64)
        self._offset = np.array([value.offset for value in values], np.float64)
        self._bits = np.array(
            [-1 if value.bit is None else value.bit for value in values], np.int64
        )
        self._fault = np.array([_fault(value) for value in values], np.uint8)
        self._groups = [
            _Group(kind, order, *_layout(start, members))
            for (kind, order), members in _by_type(values)
        ]
        self._coded = [
            _coded(place, start, value) for place, value in enumerate(values) if value.enum
        ]

    def decode(self, registers: Sequence[int] | Sequence[bool]) -> tuple[Float64s, UInt8s]:
        """Value and quality byte of each value of the block.

        Not-a-number and infinity become NaN of bad quality: reason device of a float, decode of
        what is no number to begin with. 64-bit integers beyond 2**53 are rounded.
        """
        words: Words = np.array(registers, np.uint16)
        raw = np.full(len(self._scale), np.nan)
        for group in self._groups:
            raw[group.places] = numbers(words[group.words], group.type, group.order)
        raw = np.where(self._bits >= 0, _bit(raw, self._bits), raw)
        for coded in self._coded:
            raw[coded.place] = coded.reading(raw[coded.place], words)
        with np.errstate(over="ignore", invalid="ignore"):
            value: Float64s = raw * self._scale + self._offset
        finite = np.isfinite(value)
        quality: UInt8s = np.where(finite, np.uint8(0), self._fault)
        return np.where(finite, value, np.nan), quality


def _fault(value: Value) -> int:
    coded = value.enum or value.type in _TYPES_OF_CODES
    return quality_code(Quality.BAD, Reason.DECODE if coded else Reason.DEVICE)


def _coded(place: int, start: int, value: Value) -> _Coded:
    first = value.at - start
    string = slice(first, first + value.registers) if value.type is ValueType.STRING else None
    readings: dict[float | str, float] = dict(value.enum)
    return _Coded(place, readings, string, value.order)


def _bit(raw: Float64s, bits: npt.NDArray[np.int64]) -> Float64s:
    whole = np.nan_to_num(np.where(bits >= 0, raw, 0.0)).astype(np.int64)
    return ((whole >> np.maximum(bits, 0)) & 1).astype(np.float64)


def _by_type(
    values: Sequence[Value],
) -> Iterable[tuple[tuple[ValueType, ByteOrder], list[tuple[int, Value]]]]:
    def kind(member: tuple[int, Value]) -> tuple[ValueType, ByteOrder]:
        return member[1].type, member[1].order

    numeric = [each for each in enumerate(values) if each[1].type is not ValueType.STRING]
    for key, members in groupby(sorted(numeric, key=kind), key=kind):
        yield key, list(members)


def _layout(
    start: int, members: Sequence[tuple[int, Value]]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    places = np.array([place for place, _ in members], np.intp)
    first = np.array([value.at - start for _, value in members], np.intp)
    return places, first[:, None] + np.arange(members[0][1].registers)
