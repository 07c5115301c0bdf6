"""A point may be called writable only where one request can set it, and it alone."""

from typing import Any

import pytest
from pydantic import ValidationError

from edge.modbus.plan import Value
from edge.modbus.registers import Table, ValueType
from edge.modbus.source import ModbusDevice
from edge.modbus.writable import WriteLimits, function_of


def device(**point: Any) -> ModbusDevice:
    return ModbusDevice.model_validate({"asset": "A", "points": {"x": {"at": 0, **point}}})


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ({"registers": "input"}, "table input cannot be written, only coil and holding can"),
        ({"registers": "discrete"}, "table discrete cannot be written"),
        ({"bit": 3}, "part of a register cannot be written without the rest of it"),
        ({"type": "uint8_low"}, "part of a register cannot be written"),
        ({"type": "string", "length": 2, "enum": {"ON": 1}}, "texts cannot be written"),
        ({"scale": 0}, "with scale 0 every raw number reads alike"),
        ({"enum": {1: 5, 2: 5}}, "`enum` has 5 twice"),
        ({"writable": {"min": 5, "max": 1}}, "`min` 5 is above `max` 1"),
        ({"writable": {"function": 5}}, "function 5 does not write table holding"),
        ({"registers": "coil", "writable": {"function": 16}}, "function 16 does not write table"),
        ({"type": "float32", "writable": {"function": 6}}, "function 6 writes one register"),
    ],
)
def test_what_a_command_cannot_set_is_not_writable(point: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        device(**{"writable": True, **point})
    assert f"point x: {message}" in str(refused.value)


@pytest.mark.parametrize(
    ("writable", "limits"),
    [
        (False, None),
        (True, WriteLimits()),
        ({"min": 0, "max": 50}, WriteLimits(0, 50)),
        ({"max": 50, "function": 16}, WriteLimits(None, 50, 16)),
    ],
)
def test_a_point_says_what_may_be_written(writable: Any, limits: WriteLimits | None) -> None:
    assert device(writable=writable).points["x"].write_limits == limits


def test_a_point_that_says_nothing_is_not_writable() -> None:
    assert device().points["x"].write_limits is None


def test_limits_hold_at_both_ends() -> None:
    limits = WriteLimits(0, 50)
    assert limits.problem(0) is limits.problem(50) is None
    assert limits.problem(-0.1) == "-0.1 is below the least that may be written, 0"
    assert limits.problem(50.1) == "50.1 is above the most that may be written, 50"


@pytest.mark.parametrize(
    ("table", "kind", "function"),
    [
        (Table.COIL, ValueType.BIT, 5),
        (Table.HOLDING, ValueType.UINT16, 6),
        (Table.HOLDING, ValueType.FLOAT32, 16),
        (Table.HOLDING, ValueType.INT64, 16),
    ],
)
def test_one_request_writes_all_of_a_value(table: Table, kind: ValueType, function: int) -> None:
    assert function_of(Value("A.x", table, 0, kind), WriteLimits()) == function
