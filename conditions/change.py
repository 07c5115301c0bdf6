"""A change of an event, as it is stored and told: who, what, when, and the evidence."""

import math
from dataclasses import dataclass
from typing import Any

from conditions.binding import Instance
from conditions.event import ChangeKind, Severity, WorkOrderRequest, event_key
from conditions.rule import describe_level
from config.unit_sign import with_unit
from edge.reading import SensorAlarm

_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one event; times are event times in µs.

    `severity` is the one after the change, or the last one of an event that cleared. `evidence` and
    `message` come with a raise; an escalation has a new message.
    """

    kind: ChangeKind
    key: str
    rule: str
    rule_version_id: int | None
    asset_id: int
    asset: str
    failure_mode: str
    severity: Severity
    peak_severity: Severity
    at_us: int
    onset_us: int
    raised_us: int
    value: float | None
    message: str
    work_order: WorkOrderRequest | None
    evidence: dict[str, Any] | None


def change_kind(before: int, after: int) -> ChangeKind:
    """What a change from one severity to another is (0: no event)."""
    if before == 0:
        return ChangeKind.RAISED
    if after == 0:
        return ChangeKind.CLEARED
    return ChangeKind.ESCALATED if after > before else ChangeKind.DEESCALATED


def describe(instance: Instance, found: Any, rows: Any, alarm: SensorAlarm | None) -> Change:
    """The change that the kernel found (`CHANGE` and `TAIL` records), for people and the store."""
    rule_name, asset, failure_mode = instance.problem
    before, after = int(found["before"]), int(found["after"])
    kind = change_kind(before, after)
    severity = Severity(after or before)
    value = _value(instance, float(found["value"]))
    onset = int(found["onset"])
    return Change(
        kind=kind,
        key=event_key(rule_name, asset, failure_mode, onset),
        rule=rule_name,
        rule_version_id=instance.active.version_id,
        asset_id=instance.asset.id,
        asset=asset,
        failure_mode=failure_mode,
        severity=severity,
        peak_severity=Severity(int(found["peak"])),
        at_us=int(found["at"]),
        onset_us=onset,
        raised_us=int(found["raised"]),
        value=value if instance.point else None,
        message=_message(instance, severity, value, alarm),
        work_order=instance.active.rule.work_order,
        evidence=_evidence(instance, severity, found, rows, alarm)
        if kind is ChangeKind.RAISED
        else None,
    )


def _value(instance: Instance, value: float) -> float | None:
    """A reading in the rule's unit; None where it is no number (JSON has none for it)."""
    return instance.conversion.forward(value) if math.isfinite(value) else None


def _message(
    instance: Instance, severity: Severity, value: float | None, alarm: SensorAlarm | None
) -> str:
    rule = instance.active.rule
    if instance.point is None or rule.input is None:
        said = alarm.message if alarm else ""
        return f"{rule.alarm}: {said}" if said else f"alarm {rule.alarm}"
    unit = rule.input.unit
    number = next(n for n, level in enumerate(rule.levels) if level.severity == severity)
    threshold = with_unit(f"{instance.raise_at[number]:g}", unit)
    limit = f"{rule.levels[number].raise_when.op} {threshold}"
    shown = "unknown" if value is None else with_unit(f"{value:.4g}", unit)
    return f"{instance.point.name or rule.input.role} is {shown} ({severity.label}: {limit})"


def _evidence(
    instance: Instance, severity: Severity, found: Any, rows: Any, alarm: SensorAlarm | None
) -> dict[str, Any]:
    rule = instance.active.rule
    number = next(n for n, level in enumerate(rule.levels) if level.severity == severity)
    level = rule.levels[number]
    unit = rule.input.unit if rule.input else "1"
    return {
        "rule": {
            "id": rule.name,
            "version": instance.active.version,
            "file": rule.file,
            "line": rule.line,
            "level": severity.label,
            "text": describe_level(rule, level),
            "raise": instance.raise_at[number],
            "raise_op": str(level.raise_when.op),
            "clear": instance.clear_at[number],
            "clear_op": str(level.clear_when.op),
            "unit": unit,
            "for_s": level.for_us / _SECOND,
            "clear_for_s": level.clear_for_us / _SECOND,
        },
        "points": [_readings(instance, unit, rows)] if instance.point else [],
        "alarm": alarm
        and {"code": alarm.code, "severity": alarm.severity, "message": alarm.message},
        "onset_us": int(found["onset"]),
        "raised_us": int(found["raised"]),
    }


def _readings(instance: Instance, unit: str, rows: Any) -> dict[str, Any]:
    """The rows beside a raise, in the rule's unit, so that they stand beside its thresholds."""
    return {
        "tag": instance.series[0],
        "unit": unit,
        "readings": [
            [int(row["ts"]), _value(instance, float(row["value"])), int(row["quality"])]
            for row in rows
        ],
    }
