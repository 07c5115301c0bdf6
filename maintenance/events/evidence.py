"""The evidence of an event or order: what rule, what limits, which readings. Pure.

It travels as JSON (condition_event.evidence, copied into work_order.evidence); here it becomes what
a chart or a sentence needs. What a rule kind does not have is None or empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_BAD = 0x80


@dataclass(frozen=True, slots=True)
class Threshold:
    """A line across the chart: `op value` in `unit`, held for `for_s` seconds, does `what`."""

    what: str
    op: str
    value: float
    for_s: float


@dataclass(frozen=True, slots=True)
class RuleSeen:
    """The rule as it stood when the event was raised."""

    id: str
    version: int
    file: str
    line: int
    level: str
    text: str
    unit: str


@dataclass(frozen=True, slots=True)
class AlarmSeen:
    """The alarm that a device raised by itself; severity is OPC UA's 1 to 1000."""

    code: str
    severity: int
    message: str


@dataclass(frozen=True, slots=True)
class Series:
    """Readings of one point that the engine took in up to the raise: columns of one length.

    Times are microseconds since 1970; `value` is None where the device gave no number.
    """

    tag: str
    unit: str
    ts: tuple[int, ...]
    value: tuple[float | None, ...]
    quality: tuple[int, ...]

    def last_good(self) -> tuple[int, float] | None:
        """Time and value of the latest reading that is a number and not bad."""
        for ts, value, quality in zip(
            reversed(self.ts), reversed(self.value), reversed(self.quality), strict=True
        ):
            if value is not None and quality < _BAD:
                return ts, value
        return None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that the event was raised on."""

    rule: RuleSeen | None
    thresholds: tuple[Threshold, ...]
    series: tuple[Series, ...]
    alarm: AlarmSeen | None
    onset_us: int
    raised_us: int


def parse_evidence(raw: Mapping[str, Any]) -> Evidence:
    """The evidence in its JSON form, as conditions writes it."""
    rule = raw.get("rule")
    return Evidence(
        rule=_rule(rule) if rule else None,
        thresholds=_thresholds(rule) if rule else (),
        series=tuple(_series(point) for point in raw.get("points") or ()),
        alarm=_alarm(raw["alarm"]) if raw.get("alarm") else None,
        onset_us=int(raw.get("onset_us") or 0),
        raised_us=int(raw.get("raised_us") or 0),
    )


def _rule(rule: Mapping[str, Any]) -> RuleSeen:
    return RuleSeen(
        id=rule["id"],
        version=int(rule.get("version") or 0),
        file=rule.get("file") or "",
        line=int(rule.get("line") or 0),
        level=rule.get("level") or "",
        text=rule.get("text") or "",
        unit=rule.get("unit") or "",
    )


def _thresholds(rule: Mapping[str, Any]) -> tuple[Threshold, ...]:
    sides = (("raise", "for_s"), ("clear", "clear_for_s"))
    return tuple(
        Threshold(side, rule.get(f"{side}_op") or "", float(rule[side]), float(rule.get(held) or 0))
        for side, held in sides
        if rule.get(side) is not None
    )


def _series(point: Mapping[str, Any]) -> Series:
    readings = point.get("readings") or ()
    return Series(
        tag=point["tag"],
        unit=point.get("unit") or "",
        ts=tuple(int(ts) for ts, _, _ in readings),
        value=tuple(None if value is None else float(value) for _, value, _ in readings),
        quality=tuple(int(quality) for _, _, quality in readings),
    )


def _alarm(alarm: Mapping[str, Any]) -> AlarmSeen:
    return AlarmSeen(alarm["code"], int(alarm.get("severity") or 0), alarm.get("message") or "")
