"""What is asked of a device: its points as values, gathered into blocks for each interval. Pure."""

from dataclasses import dataclass, replace

from edge.modbus.plan import AlarmBit, Block, Value, plan
from edge.modbus.source import ModbusDevice


@dataclass(frozen=True, slots=True)
class Group:
    """The blocks of a device that are read at one interval."""

    every_us: int
    blocks: tuple[Block, ...]


def plan_device(device: ModbusDevice, *, every_us: int) -> list[Group]:
    """The device's groups, the shortest interval first; `every_us` is its source's interval."""
    timed: dict[int, list[Value]] = {}
    for value, point in zip(values_of(device), device.points.values(), strict=True):
        timed.setdefault(point.every_us or every_us, []).append(value)
    if device.alarms:
        timed.setdefault(every_us, []).extend(alarms_of(device))
    limits = device.block
    return [
        Group(every, tuple(plan(values, max_gap=limits.max_gap, max_words=limits.max_words)))
        for every, values in sorted(timed.items())
    ]


def values_of(device: ModbusDevice) -> list[Value]:
    """The device's points as values to plan and decode."""
    return [
        device.value_of(point, tag=f"{device.asset}.{role}")
        for role, point in device.points.items()
    ]


def alarms_of(device: ModbusDevice) -> list[Value]:
    """The device's alarms as values, each with what it says of the asset."""
    return [
        replace(
            device.value_of(point, tag=f"{device.asset}.{code}"),
            alarm=AlarmBit(
                device.asset, code, point.severity, point.message, active=bool(point.active)
            ),
        )
        for code, point in device.alarms.items()
    ]
