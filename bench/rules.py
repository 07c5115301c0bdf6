"""The seven rules of the design, over plants of any size, and readings for them."""

from collections.abc import Sequence

import numpy as np

from conditions.binding import ActiveRule, Asset, Plant
from conditions.rule import Rule
from conditions.rule_file import load_rules
from conditions.tables import Rows
from config.documents import parse_document
from ingest.point import Point, PointKind

SECOND = 1_000_000
HEAD = """
asset_class: pump
inputs:
  vib: {point: vib, unit: mm/s, max_age: 5m}
  temp: {point: temp, unit: degC, max_age: 5m}
  spd: {point: spd, unit: rpm, max_age: 1m}
  health: {point: pump_health, unit: "1"}
params: {vib_alert: 4.5, vib_trip: 7.1}
rules:
"""
SEVEN = (
    HEAD
    + """
- id: vibration_zone
  enabled_when: spd > 300 and held(spd > 300, 5m)
  value: avg(vib, 10m)
  levels:
    medium: {raise: "> vib_alert", clear: "< vib_alert - 0.5", for: 30m, clear_for: 2h}
    high: {raise: "> vib_trip", clear: "< vib_trip - 0.5", for: 2m, clear_for: 2h}
- {id: temp_rise, raise: "rate(temp, 15m) > 0.5", clear: "rate(temp, 15m) < 0.1", for: 5m}
- {id: stale, raise: "age(vib) > 30m", severity: low}
- {id: stuck, raise: "stddev(temp, 6h) < 0.01 and coverage(temp, 6h) > 0.8 and spd > 300"}
- {id: chatter, raise: "rises(vib > 6, 24h) >= 5", clear: "rises(vib > 6, 24h) < 2"}
- {id: wear_eta, raise: "eta(avg(vib, 1d), vib_trip, 14d) < 10d"}
- {id: anomaly, raise: "health > 1", clear: "health < 0.8", for: 15m}
"""
)
UNITS = {"vib": "mm/s", "temp": "degC", "spd": "rpm", "pump_health": "1"}
READ = ("vib", "temp", "spd")
LEVELS = {"vib": 2.0, "temp": 60.0, "spd": 1450.0}


def read_rules(text: str) -> list[Rule]:
    """Rules of pumps, which have to be in order."""
    rules, problems = load_rules([parse_document(text, "rules/pump.yaml")], {"pump": UNITS})
    if problems:
        raise SystemExit("\n".join(map(str, problems)))
    return rules


def make_plant(text: str, assets: int, roles: Sequence[str] = tuple(UNITS)) -> Plant:
    """Pumps that all have points in some roles."""
    tags = [f"P-{number:06}" for number in range(assets)]
    points = [
        Point(
            number * len(roles) + k,
            f"{tag}.{role}",
            number,
            tag,
            "pump",
            role,
            "",
            UNITS[role],
            PointKind.GAUGE,
            *(None,) * 4,
        )
        for number, tag in enumerate(tags)
        for k, role in enumerate(roles)
    ]
    return Plant(
        rules=[ActiveRule(rule, 1, None) for rule in read_rules(text)],
        points=points,
        assets={tag: Asset(number, tag, "pump") for number, tag in enumerate(tags)},
        parameters={},
    )


def make_rows(
    numbers: dict[tuple[str, str], int], assets: int, rounds: int, roles: Sequence[str] = READ
) -> Rows:
    """`rounds` readings of each point, one second apart, each round in the points' order."""
    series = np.array(
        [numbers[f"P-{number:06}.{role}", ""] for number in range(assets) for role in roles],
        np.int64,
    )
    random = np.random.default_rng(1)
    middle = np.tile([LEVELS.get(role, 0.0) for role in roles], assets * rounds)
    value = middle * (1 + 0.0005 * random.standard_normal(len(middle)))
    ts = np.repeat(np.arange(1, rounds + 1) * SECOND, len(series))
    return Rows(np.tile(series, rounds), ts, value, np.zeros(len(ts), np.uint8))
