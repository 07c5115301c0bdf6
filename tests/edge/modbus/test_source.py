"""A device's map in a plant's files: points are placed by its base and checked side by side."""

from typing import Any

import pytest
from pydantic import ValidationError

from edge.modbus.device_plan import values_of
from edge.modbus.plan import Value
from edge.modbus.registers import ByteOrder, Table, ValueType
from edge.modbus.source import ModbusDevice


def device(points: dict[str, Any], **more: Any) -> ModbusDevice:
    return ModbusDevice.model_validate({"asset": "A", "points": points, **more})


def test_a_point_takes_from_its_device_what_it_does_not_say() -> None:
    points = {
        "a": {"at": 1, "type": "float32"},
        "b": {"at": 3, "byte_order": "DCBA"},
        "c": {"at": 1, "registers": "coil"},
    }
    assert values_of(device(points, base=1, registers="input", byte_order="CDAB")) == [
        Value("A.a", Table.INPUT, 0, ValueType.FLOAT32, ByteOrder.CDAB),
        Value("A.b", Table.INPUT, 2, ValueType.UINT16, ByteOrder.DCBA),
        Value("A.c", Table.COIL, 0, ValueType.BIT, ByteOrder.CDAB),
    ]


def test_a_modicon_number_names_the_table_itself() -> None:
    values = values_of(device({"a": {"at": 10_001}, "b": {"at": 300_007}}, base="modicon"))
    assert values == [
        Value("A.a", Table.DISCRETE, 0, ValueType.BIT),
        Value("A.b", Table.INPUT, 6, ValueType.UINT16),
    ]


@pytest.mark.parametrize(
    ("points", "more", "message"),
    [
        (
            {"a": {"at": 30_001, "registers": "holding"}},
            {"base": "modicon"},
            "point a: 30001 is in table input, not holding | Drop `registers`",
        ),
        ({"a": {"at": 0}}, {"base": 1}, "point a: at is 0, not one of 1 to 65536"),
        ({"a": {"at": 0, "type": "uint32"}}, {"block": {"max_words": 1}}, "would split it"),
        (
            {"a": {"at": 0, "type": "uint32"}, "b": {"at": 1, "type": "float32"}},
            {},
            "a (uint32 at 0) and point b (float32 at 1, counted from 0) share registers",
        ),
    ],
)
def test_a_map_that_cannot_be_is_refused(
    points: dict[str, Any], more: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        device(points, **more)
    assert message in str(refused.value)


def test_a_request_for_more_registers_than_a_frame_holds_is_refused() -> None:
    with pytest.raises(ValidationError, match="less than or equal to 125"):
        device({"a": {"at": 0}}, block={"max_words": 126})
