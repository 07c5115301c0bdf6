"""Rules bound to points: which series there are, which instances read them, as kernel tables."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from conditions.event import Severity
from conditions.expression import Comparator, parse_comparison
from conditions.rule import UNKNOWN_FAILURE_MODE, Level, Rule
from conditions.tables import (
    EQUAL,
    FOREVER,
    GREATER,
    GREATER_EQUAL,
    INSTANCE,
    LESS,
    LESS_EQUAL,
    LEVEL,
    NOT_EQUAL,
    SERIES,
    TIMER,
    Machine,
    make_machine,
)
from config.units import comparable, registry, unit_problem
from ingest.point import Point

SeriesKey = tuple[str, str]
"""(tag, "") of a point's series, (asset, code) of an alarm's."""

_CODES = {
    Comparator.GREATER: GREATER,
    Comparator.GREATER_EQUAL: GREATER_EQUAL,
    Comparator.LESS: LESS,
    Comparator.LESS_EQUAL: LESS_EQUAL,
    Comparator.EQUAL: EQUAL,
    Comparator.NOT_EQUAL: NOT_EQUAL,
}
# A converted threshold is rounded to what a person means: 185 degF is 85 degC, not 85.00000000001.
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class ActiveRule:
    """A rule with its version in the database; a device's alarm without a rule has no version."""

    rule: Rule
    version: int | None
    version_id: int | None


@dataclass(frozen=True, slots=True)
class Asset:
    """What conditions know of an asset."""

    id: int
    tag: str
    asset_class: str


@dataclass(frozen=True, slots=True)
class Plant:
    """All that rules are bound to; `parameters` are the overrides, (asset, name) -> value."""

    rules: Sequence[ActiveRule]
    points: Sequence[Point]
    assets: Mapping[str, Asset]
    parameters: Mapping[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class Conversion:
    """value in the rule's unit = value in the point's unit * factor + offset."""

    factor: float = 1.0
    offset: float = 0.0

    def forward(self, value: float) -> float:
        return value if self == _SAME else value * self.factor + self.offset

    def backward(self, value: float) -> float:
        if self == _SAME:
            return value
        return float(f"{(value - self.offset) / self.factor:.{_DIGITS}g}")


_SAME = Conversion()


@dataclass(frozen=True, slots=True)
class Instance:
    """One rule on one series of one asset; thresholds are in the rule's unit, by level.

    `state_hash` is the rule's, kept because it takes a while to find.
    """

    active: ActiveRule
    state_hash: str
    asset: Asset
    series: SeriesKey
    point: Point | None
    conversion: Conversion
    raise_at: tuple[float, ...]
    clear_at: tuple[float, ...]

    @property
    def key(self) -> tuple[str, str]:
        """What state belongs to: (hash of when the rule raises and clears, asset)."""
        return self.state_hash, self.asset.tag

    @property
    def problem(self) -> tuple[str, str, str]:
        """What an event is about: (rule, asset, failure mode)."""
        rule = self.active.rule
        return rule.name, self.asset.tag, rule.failure_mode


def conversion(point_unit: str, rule_unit: str) -> Conversion | None:
    """How to get from a point's unit to a rule's; None where there is no way."""
    if point_unit == rule_unit:
        return _SAME
    if unit_problem(point_unit) or unit_problem(rule_unit):
        return None
    if not comparable(point_unit, rule_unit):
        return None
    names = ["dimensionless" if unit == "1" else unit for unit in (point_unit, rule_unit)]
    low, high = (
        float(registry().Quantity(value, names[0]).to(names[1]).magnitude) for value in (0.0, 1.0)
    )
    return Conversion(high - low, low)


def default_alarm_rule(code: str) -> ActiveRule:
    """The rule of a device's alarm that nobody wrote one for: an event, and no work."""
    levels = tuple(
        Level(
            severity,
            parse_comparison(f">= {int(severity)}"),
            parse_comparison(f"< {int(severity)}"),
            0,
            0,
        )
        for severity in Severity
    )
    rule = Rule(
        asset_class="alarm",
        id=code,
        failure_mode=UNKNOWN_FAILURE_MODE,
        input=None,
        alarm=code,
        levels=levels,
        parameters={},
        work_order=None,
        file="",
        line=0,
        definition={},
    )
    return ActiveRule(rule, None, None)


def bind(plant: Plant, alarms: Sequence[SeriesKey]) -> list[Instance]:
    """Every instance, sorted by series; `alarms` are the alarms that were seen so far.

    An instance without a usable threshold or unit is left out: it could decide nothing.
    """
    instances: list[Instance] = []
    by_class: dict[str, list[Asset]] = {}
    for asset in plant.assets.values():
        by_class.setdefault(asset.asset_class, []).append(asset)
    by_role: dict[tuple[str, str], list[Point]] = {}
    for point in plant.points:
        by_role.setdefault((point.asset_class, point.role), []).append(point)
    ruled: set[SeriesKey] = set()
    for active in plant.rules:
        rule, state_hash = active.rule, active.rule.state_hash
        if rule.input is not None:
            for point in by_role.get((rule.asset_class, rule.input.role), []):
                instances += _on_point(plant, active, state_hash, point)
        else:
            for asset in by_class.get(rule.asset_class, []):
                instances.append(_on_alarm(active, state_hash, asset))
                ruled.add((asset.tag, rule.alarm or ""))
    for key in alarms:
        if key not in ruled and (asset_of := plant.assets.get(key[0])) is not None:
            default = default_alarm_rule(key[1])
            instances.append(_on_alarm(default, default.rule.state_hash, asset_of))
    return sorted(instances, key=lambda instance: (instance.series, instance.key))


def _on_point(plant: Plant, active: ActiveRule, state_hash: str, point: Point) -> list[Instance]:
    rule = active.rule
    way = conversion(point.unit, rule.input.unit if rule.input else "1")
    if way is None:
        return []
    given = {
        name: plant.parameters.get((point.asset, name), value)
        for name, value in rule.parameters.items()
    }
    raise_at = tuple(level.raise_when.threshold.evaluate(given) for level in rule.levels)
    clear_at = tuple(level.clear_when.threshold.evaluate(given) for level in rule.levels)
    if not all(map(math.isfinite, (*raise_at, *clear_at))):
        return []
    asset = Asset(point.asset_id, point.asset, point.asset_class)
    return [Instance(active, state_hash, asset, (point.tag, ""), point, way, raise_at, clear_at)]


def _on_alarm(active: ActiveRule, state_hash: str, asset: Asset) -> Instance:
    rule = active.rule
    raise_at = tuple(level.raise_when.threshold.evaluate({}) for level in rule.levels)
    clear_at = tuple(level.clear_when.threshold.evaluate({}) for level in rule.levels)
    return Instance(
        active, state_hash, asset, (asset.tag, rule.alarm or ""), None, _SAME, raise_at, clear_at
    )


def compile_tables(instances: Sequence[Instance]) -> tuple[Machine, dict[SeriesKey, int]]:
    """The kernel's tables for instances sorted by series, and the number of each series."""
    numbers: dict[SeriesKey, int] = {}
    for instance in instances:
        numbers.setdefault(instance.series, len(numbers))
    widths = [len(instance.active.rule.levels) for instance in instances]
    firsts = np.array([0, *accumulate(widths)], np.int64)
    of_series = np.array([numbers[instance.series] for instance in instances], np.int64)
    tables = np.zeros(len(instances), INSTANCE)
    tables["first_level"], tables["end_level"] = firsts[:-1], firsts[1:]
    tables["max_age"] = [_max_age(instance) for instance in instances]
    series = np.zeros(len(numbers), SERIES)
    series["first_instance"] = np.searchsorted(of_series, np.arange(len(numbers)))
    series["end_instance"] = np.searchsorted(of_series, np.arange(len(numbers)), "right")
    series["first_level"] = firsts[series["first_instance"]]
    series["end_level"] = firsts[series["end_instance"]]
    levels, timers = _compile_levels(instances, int(firsts[-1]))
    timers["instance"] = np.repeat(np.arange(len(instances)), widths)
    return make_machine(series, tables, levels, timers), numbers


def _max_age(instance: Instance) -> int:
    read = instance.active.rule.input
    return FOREVER if read is None or read.max_age_us is None else read.max_age_us


def _compile_levels(instances: Sequence[Instance], count: int) -> tuple[Any, Any]:
    """The level tables; thresholds are turned into the points' own units."""
    pairs = [
        (instance, number, level)
        for instance in instances
        for number, level in enumerate(instance.active.rule.levels)
    ]

    def column(value: Callable[[Instance, int, Level], Any]) -> list[Any]:
        return [value(*pair) for pair in pairs]

    levels, timers = np.zeros(count, LEVEL), np.zeros(count, TIMER)
    levels["raise_at"] = column(lambda i, n, _: i.conversion.backward(i.raise_at[n]))
    levels["raise_op"] = column(lambda _, __, level: _CODES[level.raise_when.op])
    timers["clear_at"] = column(lambda i, n, _: i.conversion.backward(i.clear_at[n]))
    timers["clear_op"] = column(lambda _, __, level: _CODES[level.clear_when.op])
    timers["for_us"] = column(lambda _, __, level: level.for_us)
    timers["clear_for_us"] = column(lambda _, __, level: level.clear_for_us)
    timers["severity"] = column(lambda _, __, level: level.severity)
    return levels, timers
