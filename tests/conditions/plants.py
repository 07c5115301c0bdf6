"""A small plant for the engine's tests, in memory and in a database."""

from collections.abc import Mapping, Sequence
from typing import Any

from conditions.binding import ActiveRule, Asset, Plant
from conditions.rule import Rule
from conditions.rule_file import load_rules
from config.database import Connection
from config.documents import parse_document
from edge.reading import ReadingBatch
from ingest.point import Point, PointKind

S = 1_000_000
ROLES = {"pump": {"vibration": "mm/s", "temp": "degC"}}
RULES = """
asset_class: pump
inputs:
  vib: {point: vibration, unit: mm/s}
  temp: {point: temp, unit: degC}
params: {trip: 7.0}
rules:
- id: zone
  failure_mode: VIB
  value: vib
  levels:
    high: {raise: "> trip", clear: "< trip - 1", for: 2s, clear_for: 5s}
    medium: {raise: "> 4", clear: "< 3"}
  work_order: {type: corrective, job_plan: inspect-bearing, cooldown: 7d}
- {id: hot, raise: "temp > 85", clear: "temp < 80", severity: high}
- {id: trip, alarm: MOTOR_TRIP, severity: critical, work_order: {type: corrective}}
"""


def rules(text: str = RULES) -> list[Rule]:
    found, problems = load_rules([parse_document(text, "rules/pump.yaml")], ROLES)
    assert problems == []
    return found


def point(tag: str, unit: str, number: int = 1) -> Point:
    asset, _, role = tag.partition(".")
    return Point(number, tag, 1, asset, "pump", role, "", unit, PointKind.GAUGE, *(None,) * 4)


def plant(
    text: str = RULES,
    *,
    points: Mapping[str, str] | None = None,
    parameters: Mapping[tuple[str, str], float] | None = None,
) -> Plant:
    """Two pumps; `points` is tag -> unit."""
    units = points or {"P-1.vibration": "mm/s", "P-1.temp": "degC", "P-2.vibration": "mm/s"}
    return Plant(
        rules=[ActiveRule(rule, 1, None) for rule in rules(text)],
        points=[point(tag, unit) for tag, unit in units.items()],
        assets={tag: Asset(number, tag, "pump") for number, tag in enumerate(("P-1", "P-2"), 1)},
        parameters=parameters or {},
    )


def readings(tag: str, *values: tuple[float, float]) -> ReadingBatch:
    """Good readings of one tag from (seconds, value)."""
    return ReadingBatch.from_rows((tag, round(ts * S), float(value), 0) for ts, value in values)


async def register(connection: Connection, units: Mapping[str, str]) -> None:
    """Put pumps with points (tag -> unit) into a database."""
    await connection.execute("INSERT INTO site (code, name) VALUES ('s', 'Site')")
    await connection.execute("INSERT INTO asset_class (code, name) VALUES ('pump', 'Pump')")
    for asset in sorted({tag.partition(".")[0] for tag in units}):
        await connection.execute(
            "INSERT INTO asset (tag, name, class_id, site_id)"
            " SELECT %s, %s, c.id, s.id FROM asset_class c, site s",
            [asset, asset],
        )
    for tag, unit in units.items():
        asset, _, role = tag.partition(".")
        await connection.execute(
            "INSERT INTO point (tag, asset_id, role, unit)"
            " SELECT %s, id, %s, %s FROM asset WHERE tag = %s",
            [tag, role, unit, asset],
        )


async def rows(connection: Connection, sql: Any) -> Sequence[Any]:
    return await (await connection.execute(sql)).fetchall()
