"""Registers become the numbers that the device means, in every type and byte order."""

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.modbus.decode import BlockDecoder
from edge.modbus.plan import Value
from edge.modbus.registers import ByteOrder, Table, ValueType
from edge.reading import Quality, Reason, quality_code

NOT_READABLE = quality_code(Quality.BAD, Reason.DECODE)

_FORMS = {
    ValueType.UINT16: "H",
    ValueType.INT16: "h",
    ValueType.UINT32: "I",
    ValueType.INT32: "i",
    ValueType.FLOAT32: "f",
    ValueType.UINT64: "Q",
    ValueType.INT64: "q",
    ValueType.FLOAT64: "d",
    ValueType.FLOAT16: "e",
}


def registers(number: float, kind: ValueType, order: ByteOrder) -> list[int]:
    """What a device sends for a number: bytes as A to D, put into the order's places."""
    data = struct.pack(f">{_FORMS[kind]}", number)
    words = [data[at : at + 2] for at in range(0, len(data), 2)]
    if order in {ByteOrder.DCBA, ByteOrder.CDAB}:
        words.reverse()
    if order in {ByteOrder.DCBA, ByteOrder.BADC}:
        words = [word[::-1] for word in words]
    return [int.from_bytes(word, "big") for word in words]


@st.composite
def typed_numbers(draw: st.DrawFn) -> tuple[float, ValueType]:
    kind = draw(st.sampled_from(list(_FORMS)))
    if kind.value.startswith("float"):
        width = 16 * kind.registers
        return draw(st.floats(allow_nan=False, allow_infinity=False, width=width)), kind
    low = 0 if kind.value.startswith("u") else -(2 ** (16 * kind.registers - 1))
    return draw(st.integers(low, low + 2 ** (16 * kind.registers) - 1)), kind


@given(typed_numbers(), st.sampled_from(ByteOrder))
def test_a_number_comes_back_in_every_type_and_order(
    typed: tuple[float, ValueType], order: ByteOrder
) -> None:
    number, kind = typed
    decoder = BlockDecoder(0, [Value("A.x", Table.HOLDING, 0, kind, order)])
    value, quality = decoder.decode(registers(number, kind, order))
    assert value.tolist() == [float(number)]
    assert quality.tolist() == [0]


@given(st.lists(st.tuples(typed_numbers(), st.sampled_from(ByteOrder)), min_size=1, max_size=20))
def test_values_of_a_mixed_block_keep_their_places(
    wanted: list[tuple[tuple[float, ValueType], ByteOrder]],
) -> None:
    block: list[int] = []
    values: list[Value] = []
    for (number, kind), order in wanted:
        values.append(Value("A.x", Table.INPUT, 100 + len(block), kind, order))
        block += [*registers(number, kind, order), 0xFFFF]
    value, _ = BlockDecoder(100, values).decode(block)
    assert value.tolist() == [float(number) for (number, _), _ in wanted]


@pytest.mark.parametrize(
    ("order", "sent"),
    [
        (ByteOrder.ABCD, [0x4148, 0xF5C3]),
        (ByteOrder.CDAB, [0xF5C3, 0x4148]),
        (ByteOrder.BADC, [0x4841, 0xC3F5]),
        (ByteOrder.DCBA, [0xC3F5, 0x4841]),
    ],
)
def test_the_four_orders_of_a_float(order: ByteOrder, sent: list[int]) -> None:
    decoder = BlockDecoder(0, [Value("A.x", Table.HOLDING, 0, ValueType.FLOAT32, order)])
    assert decoder.decode(sent)[0][0] == np.float32(12.56)


def test_scale_and_offset_apply_to_the_raw_number() -> None:
    value = Value("A.x", Table.HOLDING, 0, ValueType.INT16, scale=0.1, offset=-40)
    assert BlockDecoder(0, [value]).decode([0xFFF6])[0][0] == pytest.approx(-41.0)


@given(st.integers(0, 0xFFFF), st.integers(0, 15), st.sampled_from(["uint16", "int16"]))
def test_a_bit_is_taken_from_its_word(word: int, bit: int, kind: str) -> None:
    value = Value("A.x", Table.HOLDING, 0, ValueType(kind), bit=bit)
    assert BlockDecoder(0, [value]).decode([word])[0][0] == word >> bit & 1


def test_coils_are_noughts_and_ones() -> None:
    values = [Value(f"A.{at}", Table.COIL, at, ValueType.BIT) for at in (3, 4)]
    assert BlockDecoder(3, values).decode([True, False])[0].tolist() == [1.0, 0.0]


@given(st.sampled_from([math.nan, math.inf, -math.inf]))
def test_a_float_that_is_no_number_is_bad(number: float) -> None:
    decoder = BlockDecoder(0, [Value("A.x", Table.HOLDING, 0, ValueType.FLOAT32)])
    sent = registers(number, ValueType.FLOAT32, ByteOrder.ABCD)
    value, quality = decoder.decode(sent)
    assert math.isnan(value[0])
    assert quality[0] == quality_code(Quality.BAD, Reason.DEVICE)


@given(st.integers(0, 0xFFFF), st.sampled_from(ByteOrder))
def test_halves_of_a_register_are_its_bytes_on_the_wire(word: int, order: ByteOrder) -> None:
    high, low = word.to_bytes(2, "big")
    kinds = ("uint8_high", "uint8_low", "int8_high", "int8_low")
    values = [Value("A.x", Table.HOLDING, 0, ValueType(kind), order) for kind in kinds]
    signed = [byte - 256 if byte > 127 else byte for byte in (high, low)]
    assert BlockDecoder(0, values).decode([word])[0].tolist() == [high, low, *signed]


@given(st.integers(0, 99_999_999), st.sampled_from(ByteOrder))
def test_decimal_digits_come_back_in_every_order(number: int, order: ByteOrder) -> None:
    sent = registers(int(f"{number:08}", 16), ValueType.UINT32, order)
    decoder = BlockDecoder(0, [Value("A.x", Table.HOLDING, 0, ValueType.BCD32, order)])
    assert decoder.decode(sent)[0].tolist() == [number]


@pytest.mark.parametrize(("word", "value"), [(0x0000, 0), (0x1234, 1234), (0x9999, 9999)])
def test_a_register_holds_four_decimal_digits(word: int, value: float) -> None:
    decoder = BlockDecoder(0, [Value("A.x", Table.HOLDING, 0, ValueType.BCD16)])
    assert decoder.decode([word])[0][0] == value


@given(st.integers(0, 0xFFFF).filter(lambda word: any(digit > "9" for digit in f"{word:04x}")))
def test_a_digit_above_nine_is_a_bad_reading(word: int) -> None:
    decoder = BlockDecoder(0, [Value("A.x", Table.HOLDING, 0, ValueType.BCD16)])
    value, quality = decoder.decode([word])
    assert math.isnan(value[0])
    assert quality[0] == NOT_READABLE


def test_a_raw_number_gives_the_reading_that_is_said_for_it() -> None:
    value = Value("A.x", Table.HOLDING, 0, ValueType.INT16, enum=((-1, 0.0), (7, 2.0)))
    decoder = BlockDecoder(0, [value])
    assert decoder.decode([0xFFFF])[0][0] == 0.0
    assert decoder.decode([7])[0][0] == 2.0
    assert decoder.decode([8])[1][0] == NOT_READABLE


@pytest.mark.parametrize(
    ("order", "sent"),
    [
        (ByteOrder.ABCD, [0x5255, 0x4E20, 0x0000]),
        (ByteOrder.CDAB, [0x5255, 0x4E00, 0x1234]),
        (ByteOrder.BADC, [0x5552, 0x004E, 0x0000]),
    ],
)
def test_a_text_gives_the_reading_that_is_said_for_it(order: ByteOrder, sent: list[int]) -> None:
    texts = (("RUN", 1.0), ("STOP", 0.0))
    value = Value("A.x", Table.INPUT, 5, ValueType.STRING, order, length=3, enum=texts)
    assert BlockDecoder(4, [value]).decode([9, *sent])[0].tolist() == [1.0]


@given(st.lists(st.integers(0, 0xFFFF), min_size=2, max_size=2))
def test_a_text_that_nobody_named_is_a_bad_reading(sent: list[int]) -> None:
    value = Value("A.x", Table.INPUT, 0, ValueType.STRING, length=2, enum=(("STOPPED", 0.0),))
    assert BlockDecoder(0, [value]).decode(sent)[1].tolist() == [NOT_READABLE]
