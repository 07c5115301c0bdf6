"""A change of an event, as it is stored and told: who, what, when, and the evidence."""

import math
from dataclasses import dataclass
from typing import Any

from conditions.event import ChangeKind, Severity, WorkOrderRequest, event_key
from conditions.machine import Instance, Source
from conditions.rule import Level, describe_level
from conditions.spelling import spell
from conditions.tables import Records
from conditions.term import Op, Term
from conditions.threshold import threshold
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


@dataclass(frozen=True, slots=True)
class Beside:
    """What stood beside a change: values of the terms that are shown, and rows (`EVIDENCE`)."""

    shown: Any
    rows: Records


def change_kind(before: int, after: int) -> ChangeKind:
    """What a change from one severity to another is (0: no event)."""
    if before == 0:
        return ChangeKind.RAISED
    if after == 0:
        return ChangeKind.CLEARED
    return ChangeKind.ESCALATED if after > before else ChangeKind.DEESCALATED


def describe(
    instance: Instance, found: Any, alarm: SensorAlarm | None, beside: Beside | None
) -> Change:
    """The change that the kernel found (a `CHANGE`), for people and the store.

    A raise has evidence if what stood beside it is given.
    """
    rule_name, asset, failure_mode = instance.problem
    before, after = int(found["before"]), int(found["after"])
    kind = change_kind(before, after)
    severity = Severity(after or before)
    value = _number(float(found["value"])) if instance.sources else None
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
        value=value,
        message=_message(instance, severity, value, alarm),
        work_order=instance.active.rule.work_order,
        evidence=_evidence(instance, severity, found, alarm, beside)
        if beside and kind is ChangeKind.RAISED
        else None,
    )


def _number(value: float) -> float | None:
    """A value; None where it is unknown (JSON has no NaN)."""
    return value if math.isfinite(value) else None


def _level(instance: Instance, severity: Severity) -> tuple[int, Level]:
    levels = instance.active.rule.levels
    return next((n, level) for n, level in enumerate(levels) if level.severity == severity)


def _message(
    instance: Instance, severity: Severity, value: float | None, alarm: SensorAlarm | None
) -> str:
    rule = instance.active.rule
    if rule.alarm is not None:
        said = alarm.message if alarm else ""
        return f"{rule.alarm}: {said}" if said else f"alarm {rule.alarm}"
    number, level = _level(instance, severity)
    if rule.value is None:
        return f"{describe_level(rule, level)} ({severity.label})"
    shown = "unknown" if value is None else _with_unit(f"{value:.4g}", rule.unit)
    compared, limit = threshold(level.raise_when, rule.value), instance.limits[number][0]
    if compared is None or limit is None:
        return f"{_title(instance, rule.value)} is {shown} ({severity.label}: {spell(level.raise_when)})"
    at = _with_unit(f"{limit:g}", rule.unit)
    return f"{_title(instance, rule.value)} is {shown} ({severity.label}: {compared.op} {at})"


def _title(instance: Instance, value: Term) -> str:
    """What the value is called: its point's name or role, or the term as it is written."""
    if value.op is not Op.INPUT:
        return spell(value)
    inputs = instance.active.rule.inputs
    n = next(n for n, one in enumerate(inputs) if one.name == value.name)
    return instance.sources[n].point.name or inputs[n].role


def _with_unit(number: str, unit: str) -> str:
    return number if unit in {"", "1"} else with_unit(number, unit)


def _evidence(
    instance: Instance,
    severity: Severity,
    found: Any,
    alarm: SensorAlarm | None,
    beside: Beside,
) -> dict[str, Any]:
    rule = instance.active.rule
    number, level = _level(instance, severity)
    raise_at, clear_at = instance.limits[number]
    return {
        "rule": {
            "id": rule.name,
            "version": instance.active.version,
            "file": rule.file,
            "line": rule.line,
            "level": severity.label,
            "text": describe_level(rule, level),
            "raise": raise_at,
            "raise_op": _operator(level.raise_when, rule.value),
            "clear": clear_at,
            "clear_op": _operator(level.clear_when, rule.value),
            "unit": rule.unit,
            "for_s": level.for_us / _SECOND,
            "clear_for_s": level.clear_for_us / _SECOND,
        },
        "points": [
            _readings(source, beside.rows[beside.rows["input"] == n])
            for n, source in enumerate(instance.sources)
        ],
        "values": _values(instance, found, beside.shown),
        "alarm": alarm
        and {"code": alarm.code, "severity": alarm.severity, "message": alarm.message},
        "onset_us": int(found["onset"]),
        "raised_us": int(found["raised"]),
    }


def _operator(truth: Term, value: Term | None) -> str | None:
    compared = threshold(truth, value)
    return None if compared is None else str(compared.op)


def _values(instance: Instance, found: Any, shown: Any) -> list[dict[str, Any]]:
    """What the rule's value and the other numbers that it compares came to."""
    value = instance.active.rule.value
    pairs = [(value, float(found["value"]))] if value is not None else []
    pairs += [
        (term, float(number)) for term, number in zip(instance.plan.shown, shown, strict=False)
    ]
    return [
        {"text": spell(term), "value": _number(number), "unit": term.unit} for term, number in pairs
    ]


def _readings(source: Source, rows: Records) -> dict[str, Any]:
    """The rows beside a raise, in the rule's unit, so that they stand beside its thresholds."""
    return {
        "tag": source.point.tag,
        "unit": source.unit,
        "readings": [
            [ts, _number(source.conversion.forward(value)), quality]
            for ts, value, quality in zip(
                *(rows[name].tolist() for name in ("ts", "value", "quality")), strict=True
            )
        ],
    }
