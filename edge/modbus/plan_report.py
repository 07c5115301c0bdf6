"""What a source will ask for and may be told to write, for people to read first. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from config.durations import format_duration
from edge.modbus.device_plan import plan_device, values_of
from edge.modbus.plan import Block
from edge.modbus.registers import Table
from edge.modbus.source import ModbusSource
from edge.modbus.writable import WriteLimits, function_of

_HEAD = ("device", "every", "table", "registers", "count", "values", "unused")


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    """One request of a cycle; `unused` are entries read along that nobody asked for."""

    device: str
    every_us: int
    table: Table
    start: int
    count: int
    values: int
    unused: int


@dataclass(frozen=True, slots=True)
class PlanTotal:
    """What all requests of a source come to."""

    requests: int
    entries: int
    """Registers and bits read."""
    unused: int
    requests_per_s: float


def describe_plan(source: ModbusSource) -> list[PlannedRequest]:
    """Every request of the source: by device, interval, table and address."""
    return [
        _planned(f"{device.asset}/{device.unit}", group.every_us, block)
        for device in source.devices
        for group in plan_device(device, every_us=source.every_us)
        for block in group.blocks
    ]


def total_of(requests: Sequence[PlannedRequest]) -> PlanTotal:
    """The sums over `requests`."""
    return PlanTotal(
        len(requests),
        sum(request.count for request in requests),
        sum(request.unused for request in requests),
        sum(1e6 / request.every_us for request in requests),
    )


def render_plan(source: ModbusSource) -> str:
    """The plan as a table of text, with its sums beneath, and what can be written."""
    requests = describe_plan(source)
    rows = [_HEAD, *(_cells(request) for request in requests)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    total = total_of(requests)
    return "\n".join(
        [
            *lines,
            (
                f"{total.requests} requests, {total.requests_per_s:g} each second; "
                f"{total.entries} registers and bits, {total.unused} of them unused"
            ),
            *describe_writable(source),
        ]
    )


def describe_writable(source: ModbusSource) -> list[str]:
    """A line for each point that commands may write, with its limits and function code."""
    return [
        f"writable: {value.tag}, {_limits(limits)}, function {function_of(value, limits)}"
        for device in source.devices
        for value, point in zip(values_of(device), device.points.values(), strict=True)
        if (limits := point.write_limits) is not None
    ]


def _limits(limits: WriteLimits) -> str:
    ends = [
        f"{word} {end:g}"
        for word, end in (("from", limits.low), ("to", limits.high))
        if end is not None
    ]
    return " ".join(ends) or "any value"


def _planned(device: str, every_us: int, block: Block) -> PlannedRequest:
    wanted = {entry for value in block.values for entry in range(value.at, value.end)}
    return PlannedRequest(
        device,
        every_us,
        block.table,
        block.start,
        block.count,
        len(block.values),
        block.count - len(wanted),
    )


def _cells(request: PlannedRequest) -> tuple[str, ...]:
    last = request.start + request.count - 1
    return (
        request.device,
        format_duration(request.every_us),
        str(request.table),
        f"{request.start}-{last}" if request.count > 1 else str(request.start),
        str(request.count),
        str(request.values),
        str(request.unused),
    )
