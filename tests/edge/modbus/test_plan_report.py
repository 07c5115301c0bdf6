"""The plan that people read says each request, and what it reads along."""

from typing import Any

from edge.modbus.plan_report import PlannedRequest, describe_plan, render_plan, total_of
from edge.modbus.registers import Table
from edge.modbus.source import ModbusSource


def source(**points: dict[str, Any]) -> ModbusSource:
    device = {"unit": 3, "asset": "P-1", "points": points}
    fields = {"type": "modbus", "name": "hall", "connect": "tcp://h", "every": "2s"}
    return ModbusSource.model_validate({**fields, "devices": [device]})


def test_each_request_is_told_with_what_it_reads_along() -> None:
    planned = describe_plan(
        source(
            flow={"at": 0, "type": "float32"},
            temp={"at": 5},
            running={"at": 5, "bit": 3},
            open={"at": 7, "registers": "coil"},
        )
    )
    assert planned == [
        PlannedRequest("P-1/3", 2_000_000, Table.COIL, 7, 1, 1, 0),
        PlannedRequest("P-1/3", 2_000_000, Table.HOLDING, 0, 6, 3, 3),
    ]


def test_the_sums_count_each_interval_at_its_rate() -> None:
    total = total_of(describe_plan(source(a={"at": 0}, b={"at": 100})))
    assert (total.requests, total.entries, total.unused) == (2, 2, 0)
    assert total.requests_per_s == 1.0


def test_the_table_has_a_line_for_each_request_and_one_of_sums() -> None:
    lines = render_plan(source(flow={"at": 10, "type": "float32"})).splitlines()
    assert lines[0].split() == [
        "device",
        "every",
        "table",
        "registers",
        "count",
        "values",
        "unused",
    ]
    assert lines[1].split() == ["P-1/3", "2s", "holding", "10-11", "2", "1", "0"]
    assert lines[2] == "1 requests, 0.5 each second; 2 registers and bits, 0 of them unused"


def test_points_of_one_interval_are_read_together() -> None:
    planned = describe_plan(
        source(a={"at": 0}, b={"at": 1, "every": "1m"}, c={"at": 2}, d={"at": 3, "every": "60s"})
    )
    assert [(each.every_us, each.start, each.count, each.unused) for each in planned] == [
        (2_000_000, 0, 3, 1),
        (60_000_000, 1, 3, 1),
    ]


def test_what_can_be_written_is_told_with_its_limits() -> None:
    plan = render_plan(
        source(
            flow={"at": 0},
            setpoint={"at": 1, "type": "float32", "writable": {"min": 0, "max": 50}},
            top={"at": 3, "writable": {"max": 9, "function": 16}},
            valve={"at": 0, "registers": "coil", "writable": True},
        )
    )
    assert [line for line in plan.splitlines() if line.startswith("writable")] == [
        "writable: P-1.setpoint, from 0 to 50, function 16",
        "writable: P-1.top, to 9, function 16",
        "writable: P-1.valve, any value, function 5",
    ]
