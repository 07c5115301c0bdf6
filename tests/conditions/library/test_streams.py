"""Every rule of the library raises on a machine in its trouble, and none does on a sound machine."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from conditions.binding import ActiveRule, Asset, Plant
from conditions.engine import Engine, Tick
from conditions.event import ChangeKind
from conditions.library.catalog import Template, find_template, rule_file, templates
from conditions.rule_file import load_rules
from config.documents import parse_document
from edge.reading import ReadingBatch
from ingest.point import Point, PointKind

S, M, H, D = 1, 60, 3600, 86400
Signal = Callable[[float], float]
START = 1_700_000_000


@dataclass(frozen=True)
class Story:
    """What each role measured over `length` seconds, every `step`; silent from `silent_from` on."""

    length: float
    step: float
    signals: Mapping[str, Signal]
    silent_from: float = math.inf


def steady(value: float, ripple: float = 0.01) -> Signal:
    """A live signal: never twice quite the same."""
    return lambda t: value * (1 + ripple * math.sin(t * 1.37))


def step(before: float, after: float, at: float) -> Signal:
    return lambda t: steady(before if t < at else after)(t)


def ramp(start: float, per_day: float) -> Signal:
    return lambda t: steady(start + per_day * t / D, 0.002)(t)


def square(low: float, high: float, period: float) -> Signal:
    return lambda t: high if t % period < period / 2 else low


PUMP = {"de_vibration": steady(1.8), "speed": steady(1480)}
WET = {"flow": steady(95), "head": steady(42), "speed": steady(1480)}
MOTOR = {
    "motor_current": steady(82),
    "winding_temp": steady(95),
    "de_bearing_temp": steady(60),
}
COMPRESSOR = {
    "discharge_temp": steady(84),
    "discharge_pressure": steady(7.2),
    "motor_current": square(40, 90, 10 * M),
}
FAN = {"de_vibration": steady(3), "de_bearing_temp": steady(55), "speed": steady(980)}
GEAR = {"oil_temp": steady(70), "oil_pressure": steady(2), "speed": steady(1480)}
FILTER = {"differential_pressure": steady(9), "flow": steady(980)}
EXCHANGER = {"hot_in": steady(80), "hot_out": steady(52), "cold_in": steady(30)}
BELT = {"belt_speed": steady(2.0, 0.003), "motor_current": steady(14)}
TANK = {"level": steady(55)}
TEMPERATURE = {"temp": steady(70)}
SIGNAL = {"de_vibration": steady(2)}

SOUND = {
    "pump-vibration": Story(3 * D, 5 * M, PUMP),
    "pump-hydraulics": Story(8 * H, 30, WET),
    "motor": Story(2 * H, 30, MOTOR),
    "screw-compressor": Story(4 * H, 30, COMPRESSOR),
    "fan-vibration": Story(4 * H, 2 * M, FAN),
    "gearbox-oil": Story(2 * H, 30, GEAR),
    "filter": Story(3 * D, 5 * M, FILTER),
    "heat-exchanger": Story(2 * D, 5 * M, EXCHANGER),
    "belt-slip": Story(30 * M, 5, BELT),
    "tank-level": Story(2 * H, M, TANK),
    "temperature-change": Story(9 * D, 10 * M, TEMPERATURE),
    "signal-health": Story(D, 2 * M, SIGNAL),
}
TROUBLE = {
    "vibration_zone": Story(2 * H, M, PUMP | {"de_vibration": steady(5)}),
    "vibration_change": Story(2 * D, 5 * M, PUMP | {"de_vibration": step(1.2, 2.6, D)}),
    "vibration_eta": Story(14 * D, 9 * M, PUMP | {"de_vibration": ramp(1.5, 0.28)}),
    "fan_vibration": Story(H, M, FAN | {"de_vibration": steady(8)}),
    "fan_bearing_hot": Story(H, M, FAN | {"de_bearing_temp": steady(95)}),
    "motor_overload": Story(H, 30, MOTOR | {"motor_current": steady(108)}),
    "motor_unloaded": Story(H, 30, MOTOR | {"motor_current": step(82, 20, 20 * M)}),
    "winding_hot": Story(H, 30, MOTOR | {"winding_temp": steady(140)}),
    "motor_bearing_hot": Story(H, 30, MOTOR | {"de_bearing_temp": steady(104)}),
    "cavitation": Story(H, 5, WET | {"head": steady(42, 0.12)}),
    "dead_heading": Story(H, 30, WET | {"flow": step(95, 2, 30 * M)}),
    "low_flow": Story(8 * H, 30, WET | {"flow": steady(30)}),
    "discharge_hot": Story(H, 30, COMPRESSOR | {"discharge_temp": steady(104)}),
    "temperature_climbs": Story(
        H, 30, COMPRESSOR | {"discharge_temp": ramp(81, 1100), "motor_current": steady(90)}
    ),
    "pressure_low": Story(
        H, 30, COMPRESSOR | {"discharge_pressure": steady(5), "motor_current": steady(90)}
    ),
    "short_cycling": Story(4 * H, 10, COMPRESSOR | {"motor_current": square(40, 90, M)}),
    "gear_oil_hot": Story(H, 30, GEAR | {"oil_temp": steady(96)}),
    "gear_oil_pressure_low": Story(H, 10, GEAR | {"oil_pressure": step(2, 0.2, 30 * M)}),
    "filter_loaded": Story(4 * H, M, {"differential_pressure": steady(11), "flow": steady(600)}),
    "filter_burst": Story(4 * H, M, FILTER | {"differential_pressure": step(24, 6, 2 * H)}),
    "filter_due": Story(14 * D, 9 * M, FILTER | {"differential_pressure": ramp(4, 1.1)}),
    "fouling": Story(8 * H, 5 * M, EXCHANGER | {"hot_out": steady(60)}),
    "fouling_fast": Story(D, 5 * M, EXCHANGER | {"hot_out": step(51, 57, 12 * H)}),
    "belt_slip": Story(30 * M, 5, BELT | {"belt_speed": step(2, 1.4, 10 * M)}),
    "level_low": Story(H, M, {"level": steady(15)}),
    "level_high": Story(H, M, {"level": steady(97, 0.001)}),
    "running_empty": Story(90 * M, M, {"level": ramp(58, -24 * 30)}),
    "temperature_unlike": Story(7 * D, 10 * M, {"temp": step(70, 62, 6 * D)}),
    "signal_stale": Story(2 * H, 2 * M, SIGNAL, silent_from=H),
    "signal_stuck": Story(12 * H, 5 * M, {"de_vibration": lambda _: 2.0}),
    "signal_chatter": Story(D, 10 * M, {"de_vibration": square(4, 5, 2 * H)}),
}
BY_RULE = {rule: template.name for template in templates() for rule in template.about.rules}


def bound(template: Template) -> Plant:
    roles = {role: note.unit for role, note in template.about.roles.items()}
    document = parse_document(rule_file(template), "f")
    rules, problems = load_rules([document], {template.asset_class: roles})
    assert problems == []
    points = [
        Point(
            n,
            f"X.{role}",
            1,
            "X",
            template.asset_class,
            role,
            "",
            unit,
            PointKind.GAUGE,
            *(None,) * 4,
        )
        for n, (role, unit) in enumerate(roles.items(), 1)
    ]
    return Plant(
        rules=[ActiveRule(rule, 1, None) for rule in rules],
        points=points,
        assets={"X": Asset(1, "X", template.asset_class)},
        parameters={},
    )  # fmt: skip


def raised(name: str, story: Story) -> set[str]:
    """Ids of the rules that raised."""
    engine = Engine(bound(find_template(name)), lateness_us=0)
    times = [n * story.step for n in range(int(story.length / story.step) + 1)]
    rows = [
        (f"X.{role}", round((START + t) * 1e6), signal(t), 0)
        for t in times
        if t < story.silent_from
        for role, signal in story.signals.items()
    ]
    end = Tick(round((START + story.length) * 1e6))
    changes = engine.feed([ReadingBatch.from_rows(iter(rows)), end])
    return {change.rule.partition("/")[2] for change in changes if change.kind is ChangeKind.RAISED}


def test_every_template_and_rule_is_tried() -> None:
    assert SOUND.keys() == {template.name for template in templates()}
    assert TROUBLE.keys() == BY_RULE.keys()


@pytest.mark.parametrize("name", SOUND)
def test_nothing_raises_on_a_sound_machine(name: str) -> None:
    assert raised(name, SOUND[name]) == set()


@pytest.mark.parametrize("rule", TROUBLE)
def test_a_rule_raises_on_its_trouble(rule: str) -> None:
    assert rule in raised(BY_RULE[rule], TROUBLE[rule])
