"""Rules bound to points: assets that are alike share a shape, and each gets its own stretch of state."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from conditions.component_shape import Shape, Slot
from conditions.conversion import SAME, Conversion, conversion
from conditions.program import compile_shape
from conditions.rule import UNKNOWN_FAILURE_MODE, OnUnknown, Rule, alarm_levels
from ingest.point import Point

SeriesKey = tuple[str, str]
"""(tag, "") of a point's series, (asset, code) of an alarm's."""

_ALARM = Slot("alarm", "1", None)


@dataclass(frozen=True, slots=True)
class ActiveRule:
    """A rule with its version in the database; a device's alarm without a rule has no version."""

    rule: Rule
    version: int | None
    version_id: int | None


@dataclass(frozen=True, slots=True)
class Asset:
    """What conditions know of an asset; `zone` is the time zone of its site."""

    id: int
    tag: str
    asset_class: str
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Plant:
    """All that rules are bound to; `parameters` are the overrides, (asset, name) -> value."""

    rules: Sequence[ActiveRule]
    points: Sequence[Point]
    assets: Mapping[str, Asset]
    parameters: Mapping[tuple[str, str], float]


@dataclass(slots=True)
class Block:
    """The components of one shape: `rules[k]` is what the shape's rule k stands for.

    `series[n]` are the keys of component n's series, slot by slot, `points[n]` their points.
    """

    shape: Shape
    rules: tuple[ActiveRule, ...]
    state_hashes: tuple[str, ...]
    assets: list[Asset] = field(default_factory=list)
    series: list[tuple[SeriesKey, ...]] = field(default_factory=list)
    points: list[tuple[Point, ...]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Bound:
    """A rule of an asset class with its inputs' roles."""

    active: ActiveRule
    state_hash: str
    roles: tuple[str, ...]


def bind(plant: Plant, alarms: Sequence[SeriesKey]) -> list[Block]:
    """The blocks of a plant; `alarms` are the alarms that were seen so far.

    A rule is left out on an asset that lacks one of its inputs, or has it in another kind of unit.
    """
    return [*_bind_points(plant), *_bind_alarms(plant, alarms)]


def way(point_unit: str, rule_unit: str) -> Conversion:
    """How to get from a point's unit to that of a rule that is bound to it."""
    return _conversion(point_unit, rule_unit) or SAME


@cache
def _conversion(point_unit: str, rule_unit: str) -> Conversion | None:
    return conversion(point_unit, rule_unit)


def default_alarm_rule(code: str) -> ActiveRule:
    """The rule of a device's alarm that nobody wrote one for: an event, and no work."""
    rule = Rule(
        asset_class="alarm",
        id=code,
        failure_mode=UNKNOWN_FAILURE_MODE,
        inputs=(),
        alarm=code,
        value=None,
        enabled_when=None,
        on_unknown=OnUnknown.HOLD,
        latch=False,
        suppress=(),
        levels=alarm_levels(),
        parameters={},
        work_order=None,
        file="",
        line=0,
        definition={},
    )
    return ActiveRule(rule, None, None)


def _bind_points(plant: Plant) -> list[Block]:
    """Blocks of assets of one class whose points have the same roles and units."""
    by_class: dict[str, list[_Bound]] = {}
    for active in plant.rules:
        rule = active.rule
        if rule.alarm is None:
            roles = tuple(dict.fromkeys(one.role for one in rule.inputs))
            by_class.setdefault(rule.asset_class, []).append(_Bound(active, rule.state_hash, roles))
    wanted = {
        asset_class: frozenset(role for bound in rules for role in bound.roles)
        for asset_class, rules in by_class.items()
    }
    of_asset: dict[str, list[Point]] = {}
    for point in plant.points:
        if point.role in wanted.get(point.asset_class, ()):
            of_asset.setdefault(point.asset, []).append(point)
    blocks: dict[tuple[str, tuple[Slot, ...]], list[Block]] = {}
    for tag in sorted(of_asset):
        points = {point.role: point for point in of_asset[tag]}
        slots = tuple(
            Slot(role, points[role].unit, points[role].rollover) for role in sorted(points)
        )
        first = of_asset[tag][0]
        key = (first.asset_class, slots)
        if key not in blocks:
            blocks[key] = _shapes(by_class[first.asset_class], slots)
        asset = plant.assets.get(tag) or Asset(first.asset_id, tag, first.asset_class)
        for block in blocks[key]:
            own = tuple(points[slot.role] for slot in block.shape.slots)
            block.assets.append(asset)
            block.points.append(own)
            block.series.append(tuple((point.tag, "") for point in own))
    return [block for some in blocks.values() for block in some]


def _shapes(rules: Sequence[_Bound], slots: tuple[Slot, ...]) -> list[Block]:
    """One empty block for each set of series that rules join."""
    by_role = {slot.role: slot for slot in slots}
    fit = [bound for bound in rules if _fits(bound, by_role)]
    return [
        Block(
            compile_shape(
                [bound.active.rule for bound in some],
                [slot for slot in slots if slot.role in joined],
                way,
            ),
            tuple(bound.active for bound in some),
            tuple(bound.state_hash for bound in some),
        )
        for joined, some in _joined(fit)
    ]


def _fits(bound: _Bound, by_role: Mapping[str, Slot]) -> bool:
    return all(
        one.role in by_role and _conversion(by_role[one.role].unit, one.unit) is not None
        for one in bound.active.rule.inputs
    ) and bool(bound.roles)


def _joined(rules: Iterable[_Bound]) -> list[tuple[set[str], list[_Bound]]]:
    """Rules that share an input, directly or over others, with all of their roles."""
    found: list[tuple[set[str], list[_Bound]]] = []
    for bound in rules:
        roles, some = set(bound.roles), [bound]
        apart: list[tuple[set[str], list[_Bound]]] = []
        for known in found:
            if known[0] & roles:
                roles |= known[0]
                some = [*known[1], *some]
            else:
                apart.append(known)
        found = [*apart, (roles, some)]
    return found


def _bind_alarms(plant: Plant, alarms: Sequence[SeriesKey]) -> list[Block]:
    """One block for each rule over an alarm, and for each alarm without one."""
    by_class: dict[str, list[Asset]] = {}
    for asset in plant.assets.values():
        by_class.setdefault(asset.asset_class, []).append(asset)
    blocks: list[Block] = []
    ruled: dict[tuple[str, str], list[ActiveRule]] = {}
    for active in plant.rules:
        if (code := active.rule.alarm) is not None:
            ruled.setdefault((active.rule.asset_class, code), []).append(active)
    taken: set[SeriesKey] = set()
    for (asset_class, code), actives in ruled.items():
        some = by_class.get(asset_class, [])
        taken |= {(asset.tag, code) for asset in some}
        blocks.append(_alarm_block(actives, some, code))
    unruled: dict[str, list[Asset]] = {}
    for tag, code in alarms:
        if (tag, code) not in taken and (asset_of := plant.assets.get(tag)) is not None:
            unruled.setdefault(code, []).append(asset_of)
    blocks += [
        _alarm_block([default_alarm_rule(code)], some, code) for code, some in unruled.items()
    ]
    return [block for block in blocks if block.assets]


def _alarm_block(actives: Sequence[ActiveRule], assets: Sequence[Asset], code: str) -> Block:
    rules = [active.rule for active in actives]
    ordered = sorted(assets, key=lambda asset: asset.tag)
    return Block(
        compile_shape(rules, [_ALARM], way),
        tuple(actives),
        tuple(rule.state_hash for rule in rules),
        ordered,
        [((asset.tag, code),) for asset in ordered],
        [() for _ in ordered],
    )
