"""What is encoded reads as what was asked for, in every type, order and scale; or it is refused."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edge.modbus.decode import BlockDecoder
from edge.modbus.encode import encode
from edge.modbus.plan import Value
from edge.modbus.registers import ByteOrder, Table, ValueType

WHOLE = {
    ValueType.UINT16: (0, 2**16 - 1),
    ValueType.INT16: (-(2**15), 2**15 - 1),
    ValueType.UINT32: (0, 2**32 - 1),
    ValueType.INT32: (-(2**31), 2**31 - 1),
    ValueType.UINT64: (0, 2**53),
    ValueType.INT64: (-(2**53), 2**53),
    ValueType.BCD16: (0, 9_999),
    ValueType.BCD32: (0, 99_999_999),
}
FLOATS = {
    ValueType.FLOAT16: np.float16,
    ValueType.FLOAT32: np.float32,
    ValueType.FLOAT64: np.float64,
}


def value(kind: ValueType, order: ByteOrder = ByteOrder.ABCD, **more: object) -> Value:
    return Value("A.x", Table.HOLDING, 7, kind, order, **more)  # type: ignore[arg-type]


def decode(written: Value, entries: list[int]) -> float:
    readings, quality = BlockDecoder(written.at, [written]).decode(entries)
    assert quality.tolist() == [0]
    return float(readings[0])


@given(st.data(), st.sampled_from(list(WHOLE)), st.sampled_from(ByteOrder))
def test_a_whole_number_reads_back_in_every_type_and_order(
    data: st.DataObject, kind: ValueType, order: ByteOrder
) -> None:
    number = data.draw(st.integers(*WHOLE[kind]))
    written = value(kind, order)
    entries = encode(written, number)
    assert len(entries) == kind.registers
    assert decode(written, entries) == number


@given(st.data(), st.sampled_from(list(FLOATS)), st.sampled_from(ByteOrder))
def test_a_float_reads_back_as_the_nearest_of_its_type(
    data: st.DataObject, kind: ValueType, order: ByteOrder
) -> None:
    number = data.draw(st.floats(-60_000, 60_000))
    nearest = float(FLOATS[kind](number))
    assume(nearest != 0 or number == 0)
    written = value(kind, order)
    assert decode(written, encode(written, number)) == nearest


@given(
    st.integers(-(2**15), 2**15 - 1),
    st.sampled_from([0.001, 0.01, 0.1, 0.25, 1.0, 3.0, 10.0, -0.1]),
    st.sampled_from([0.0, -40.0, 273.15]),
)
def test_every_reading_of_a_scaled_register_can_be_written_back(
    raw: int, scale: float, offset: float
) -> None:
    scaled = value(ValueType.INT16, scale=scale, offset=offset)
    reading = decode(scaled, [raw & 0xFFFF])
    assert encode(scaled, reading) == [raw & 0xFFFF]


@given(st.sampled_from([12.3, 0.1, 0.7, 33.3, 4.1, 6553.5]))
def test_a_decimal_as_people_write_it_is_a_step_of_its_scale(reading: float) -> None:
    assert encode(value(ValueType.UINT16, scale=0.1), reading) == [round(reading * 10)]


def test_a_coded_number_is_written_as_its_code() -> None:
    coded = value(ValueType.UINT16, enum=((0, 0.0), (3, 1.0), (7, 2.0)))
    assert encode(coded, 1) == [3]
    with pytest.raises(ValueError, match="3 is not among 0, 1, 2"):
        encode(coded, 3)


@pytest.mark.parametrize(("reading", "entries"), [(0, [0]), (1, [1])])
def test_a_coil_is_off_or_on(reading: float, entries: list[int]) -> None:
    assert encode(Value("A.x", Table.COIL, 0, ValueType.BIT), reading) == entries


@pytest.mark.parametrize(
    ("written", "reading", "message"),
    [
        (value(ValueType.UINT16), 65_536, "not one of 0 to 65535"),
        (value(ValueType.UINT16), -1, "not one of 0 to 65535"),
        (value(ValueType.INT16, scale=0.1), 4_000, "4000 is 40000 on the wire"),
        (value(ValueType.UINT16, scale=0.1), 12.34, "between 12.3 and 12.4"),
        (value(ValueType.UINT16), 0.5, "between 0 and 1"),
        (value(ValueType.UINT64), 2.0**60, "beyond 2\\*\\*53"),
        (value(ValueType.BCD16), 10_000, "not one of 0 to 9999"),
        (value(ValueType.FLOAT16), 70_000, "does not fit float16"),
        (value(ValueType.FLOAT32), 1e39, "does not fit float32"),
        (value(ValueType.FLOAT32), 1e-60, "does not fit float32"),
        (value(ValueType.FLOAT64), math.nan, "no number"),
        (value(ValueType.FLOAT64), math.inf, "no number"),
        (Value("A.x", Table.COIL, 0, ValueType.BIT), 2, "not one of 0 to 1"),
    ],
)
def test_what_no_register_holds_is_refused(written: Value, reading: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encode(written, reading)
