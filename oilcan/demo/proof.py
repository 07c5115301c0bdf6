"""Does a work order hold what caused it? Pure: evidence, register changes and stored readings in.

The clock of a device may be as coarse as a millisecond, so a reading may bear a time up to that much
before the change of its register.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from oilcan.demo.inventory import Protocol
from oilcan.demo.record import Change

_COARSEST_CLOCK_US = 1_000
_WORST_GOOD_QUALITY = 0x3F
_OPERATORS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {
        ">": operator.gt,
        ">=": operator.ge,
        "<": operator.lt,
        "<=": operator.le,
        "==": operator.eq,
        "!=": operator.ne,
    }
)


@dataclass(frozen=True, slots=True)
class Cause:
    """What raised an order: the change of a register, and the reading that the evidence holds.

    For a device's own alarm `reading_us` is the onset that the evidence names, and `value` is 1.
    """

    protocol: Protocol
    rule: str
    tag: str
    changed_us: int
    reading_us: int
    value: float
    delay_us: int
    """The rule's on-delay."""
    is_alarm: bool = False


@dataclass(frozen=True, slots=True)
class Lack:
    """Why an order does not prove its cause."""

    reason: str


@dataclass(frozen=True, slots=True)
class Proof:
    """An order, its cause, and when its row was written."""

    asset: str
    order: str
    cause: Cause
    ordered_us: int

    @property
    def total_ms(self) -> float:
        """From the register's change to the order's row."""
        return (self.ordered_us - self.cause.changed_us) / 1000.0

    @property
    def read_ms(self) -> float:
        """Until the value was read: what is left of the poll interval, or 0 where it was sent."""
        return max(0, self.cause.reading_us - self.cause.changed_us) / 1000.0

    @property
    def delay_ms(self) -> float:
        """The rule's on-delay."""
        return self.cause.delay_us / 1000.0

    @property
    def own_ms(self) -> float:
        """What is left: log, rules, work order."""
        return self.total_ms - self.read_ms - self.delay_ms


def find_cause(
    asset: str, evidence: Mapping[str, Any] | None, changes: Sequence[Change]
) -> Cause | Lack:
    """The cause that an order's evidence shows, held against what the registers did."""
    if not evidence:
        return Lack("no evidence")
    if evidence.get("alarm"):
        return _alarm_cause(asset, evidence, changes)
    found: Cause | Lack = Lack("the evidence names no point")
    if evidence["rule"]["raise"] is None:
        return Lack("the rule compares no single number")
    for point in evidence["points"]:
        found = _reading_cause(point, evidence["rule"], evidence["onset_us"], changes)
        if isinstance(found, Cause):
            return found
    return found


def is_stored_once(cause: Cause, readings: Mapping[str, Any], *, resolution: float) -> bool:
    """Do stored readings (columns `ts` and `value`) hold the cause's reading exactly once?"""
    same = [
        value
        for ts, value in zip(readings["ts"], readings["value"], strict=True)
        if ts == cause.reading_us
    ]
    return len(same) == 1 and same[0] is not None and abs(same[0] - cause.value) <= resolution / 2


def _alarm_cause(
    asset: str, evidence: Mapping[str, Any], changes: Sequence[Change]
) -> Cause | Lack:
    tag = f"{asset}/{evidence['alarm']['code']}"
    onset = evidence["onset_us"]
    came = [change for change in changes if change.tag == tag and change.value]
    changed = next((one for one in came if _not_before(onset, one.us)), None)
    if changed is None:
        return Lack(f"alarm {tag} had not come by its onset")
    return Cause(
        changed.protocol,
        evidence["rule"]["id"],
        tag,
        changed.us,
        onset,
        1.0,
        _delay_us(evidence["rule"]),
        is_alarm=True,
    )


def _reading_cause(
    point: Mapping[str, Any], rule: Mapping[str, Any], onset_us: int, changes: Sequence[Change]
) -> Cause | Lack:
    compare, limit, tag = _OPERATORS[rule["raise_op"]], rule["raise"], point["tag"]
    for ts, value, quality in point["readings"]:
        if value is None or quality > _WORST_GOOD_QUALITY or ts < onset_us:
            continue
        if compare(value, limit):
            changed = _crossing(tag, lambda shown: compare(shown, limit), ts, changes)
            if changed is None:
                return Lack(f"the register of {tag} was not {rule['raise_op']} {limit:g} before")
            delay = _delay_us(rule)
            return Cause(changed.protocol, rule["id"], tag, changed.us, ts, value, delay)
    return Lack(f"no good reading of {tag} {rule['raise_op']} {limit:g} since the onset")


def _crossing(
    tag: str, holds: Callable[[float], bool], ts: int, changes: Sequence[Change]
) -> Change | None:
    """The change with which a register last went past its limit before it was read at `ts`.

    Noise may carry a register over its limit and back; only the crossing that was read counts.
    """
    found, past = None, False
    for change in changes:
        if change.tag != tag or not _not_before(ts, change.us):
            continue
        if holds(change.value) and not past:
            found = change
        past = holds(change.value)
    return found


def _not_before(ts: int, changed_us: int) -> bool:
    return ts >= changed_us - _COARSEST_CLOCK_US


def _delay_us(rule: Mapping[str, Any]) -> int:
    return round((rule.get("for_s") or 0.0) * 1_000_000)
