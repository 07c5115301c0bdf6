"""Values that cannot be what a map says are refused, with what would be right."""

import pytest

from edge.modbus.fit import contradiction, misfit
from edge.modbus.plan import Value
from edge.modbus.registers import ByteOrder, Table, ValueType


def value(at: int, kind: str = "uint16", *, order: str = "ABCD", bit: int | None = None) -> Value:
    return Value(f"{kind}@{at}", Table.HOLDING, at, ValueType(kind), ByteOrder(order), bit)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (Value("x", Table.COIL, 0, ValueType.INT16), "does not fit table coil"),
        (Value("x", Table.COIL, 0, ValueType.BIT, bit=3), "Drop `bit`"),
        (Value("x", Table.INPUT, 0, ValueType.BIT), "Add `bit: 0..15`"),
        (value(0, "float32", bit=1), "`bit` does not fit type float32"),
        (Value("x", Table.INPUT, 0, ValueType.UINT16, length=2), "`length` fits strings only"),
        (Value("x", Table.INPUT, 0, ValueType.STRING), "Add `length:`"),
        (Value("x", Table.INPUT, 0, ValueType.STRING, length=2), "a string is no number"),
        (Value("x", Table.INPUT, 0, enum=((1, 1.0),), scale=2.0), "Drop `scale`"),
        (Value("x", Table.INPUT, 0, enum=(("1", 1.0),)), "Write it as a whole number"),
        (
            Value("x", Table.INPUT, 0, ValueType.STRING, length=1, enum=((1, 1.0),)),
            "Write it as a text",
        ),
        (value(65_533, "float64"), "past register 65535"),
        (value(0, "float64"), "which would split it | Raise `max_words`"),
    ],
)
def test_a_value_that_cannot_be_is_refused(wrong: Value, message: str) -> None:
    problem = misfit(wrong, max_words=3)
    assert problem is not None
    assert message in problem


@pytest.mark.parametrize(
    "sound",
    [
        value(65_532, "float64"),
        value(0, "bit", bit=15),
        value(0, "int16", bit=0),
        Value("x", Table.DISCRETE, 65_535, ValueType.BIT),
        Value("x", Table.INPUT, 0, ValueType.STRING, length=4, enum=(("A", 1.0),)),
    ],
)
def test_a_value_that_can_be_is_let_pass(sound: Value) -> None:
    assert misfit(sound, max_words=4) is None


@pytest.mark.parametrize(
    "pair",
    [
        (value(0, "float32"), value(1)),
        (value(0, "float32"), value(0, "uint32")),
        (value(0, "float32"), value(0, "float32", order="CDAB")),
        (value(0, "uint32"), value(1, "uint32")),
        (value(4, "uint32"), value(2, "uint64", order="CDAB"), value(3, "float32")),
    ],
)
def test_values_that_exclude_each_other_are_told(pair: tuple[Value, ...]) -> None:
    for values in (pair, pair[::-1]):
        problem = contradiction(values)
        assert problem is not None
        assert "share registers | Correct `at` or `type` of one" in problem


@pytest.mark.parametrize(
    "values",
    [
        (value(0), value(0, bit=3), value(0, "int8_low")),
        (value(0, "uint32"), value(0), value(1, bit=2)),
        (value(0, "float32"), value(2, "float32")),
        (value(0, "float32"), Value("x", Table.INPUT, 1)),
        (value(0, "float32"), value(0, "float32")),
    ],
)
def test_values_may_share_what_they_read_alike(values: tuple[Value, ...]) -> None:
    assert contradiction(values) is None
