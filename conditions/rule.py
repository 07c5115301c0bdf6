"""A rule: a template over an asset class that raises a condition from one input or one alarm.

Severities are levels, each with its own raise and clear comparison, on-delay and off-delay; between
the two lies the dead band. All thresholds are in the unit of the input.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conditions.event import Severity, WorkOrderRequest
from conditions.expression import Comparator, Comparison
from config.durations import format_duration

UNKNOWN_FAILURE_MODE = "UNK"
"""ISO 14224's code for a failure mode that nobody stated."""


@dataclass(frozen=True, slots=True)
class Input:
    """A point of the asset, by its role: `unit` is what the rule reckons in.

    A reading older than `max_age_us` says nothing any more; None: it holds until the next one.
    """

    name: str
    role: str
    unit: str
    max_age_us: int | None


@dataclass(frozen=True, slots=True)
class Level:
    """One severity: raised after `raise_when` held for `for_us`, cleared likewise."""

    severity: Severity
    raise_when: Comparison
    clear_when: Comparison
    for_us: int
    clear_for_us: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of an asset class, over `input` (with levels) or over the device's alarm `alarm`.

    An alarm rule with one level has that severity; without a level the device's own severity
    counts. `parameters` holds the defaults of the parameters that its thresholds use.
    """

    asset_class: str
    id: str
    failure_mode: str
    input: Input | None
    alarm: str | None
    levels: tuple[Level, ...]
    parameters: Mapping[str, float]
    work_order: WorkOrderRequest | None
    file: str = field(compare=False)
    line: int = field(compare=False)
    definition: Mapping[str, Any] = field(compare=False, repr=False)

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What it reads; none where it follows an alarm."""
        return (self.input,) if self.input else ()

    @property
    def name(self) -> str:
        """`asset_class/id`: what stays the same over all versions."""
        return f"{self.asset_class}/{self.id}"

    @property
    def state_hash(self) -> str:
        """Hash of what decides when the rule raises and clears: equal hash, same state."""
        return _hash(self._evaluation())

    @property
    def hash(self) -> str:
        """Hash of what the rule means, work included: equal hash, equal behaviour."""
        work = self.work_order
        asked = [work.type, work.job_plan, work.cooldown_s] if work else None
        return _hash([self._evaluation(), asked])

    def _evaluation(self) -> list[Any]:
        read = self.input
        return [
            self.asset_class,
            self.id,
            self.failure_mode,
            [read.role, read.unit, read.max_age_us] if read else None,
            self.alarm,
            [[*_spell(level), level.for_us, level.clear_for_us] for level in self.levels],
            sorted(self.parameters.items()),
        ]


def _spell(level: Level) -> list[Any]:
    comparisons = (level.raise_when, level.clear_when)
    return [int(level.severity), *(f"{one.op} {one.threshold}" for one in comparisons)]


def describe_level(rule: Rule, level: Level) -> str:
    """A level in words: `vib > vib_trip for 2s`."""
    name = rule.input.name if rule.input else f"alarm {rule.alarm}"
    raised = level.raise_when
    told = f"{name} {raised.op} {raised.threshold}" if rule.input else name
    return f"{told} for {format_duration(level.for_us)}" if level.for_us else told


def dead_band_problem(level: Level, parameters: Mapping[str, float]) -> str | None:
    """What is wrong with the two thresholds of a level, or None.

    A reading that both raises and clears, or a threshold that is no number, makes no sense.
    """
    raise_at = level.raise_when.threshold.evaluate(parameters)
    clear_at = level.clear_when.threshold.evaluate(parameters)
    for comparison, at in ((level.raise_when, raise_at), (level.clear_when, clear_at)):
        if math.isnan(at):
            return f"{comparison.threshold} is not a number"
    if _overlap(level.raise_when.op, raise_at, level.clear_when.op, clear_at):
        return (
            f"clear {level.clear_when.op} {clear_at:g} overlaps "
            f"raise {level.raise_when.op} {raise_at:g}"
        )
    return None


_UPWARD = (Comparator.GREATER, Comparator.GREATER_EQUAL)
_DOWNWARD = (Comparator.LESS, Comparator.LESS_EQUAL)


def holds(op: Comparator, value: float, threshold: float) -> bool:
    """Is the comparison true of a value?"""
    return {
        Comparator.GREATER: value > threshold,
        Comparator.GREATER_EQUAL: value >= threshold,
        Comparator.LESS: value < threshold,
        Comparator.LESS_EQUAL: value <= threshold,
        Comparator.EQUAL: value == threshold,
        Comparator.NOT_EQUAL: value != threshold,
    }[op]


def _overlap(one: Comparator, one_at: float, other: Comparator, other_at: float) -> bool:
    """Is there a value of which both comparisons are true?

    Each comparison changes only at its own threshold, so it is enough to try the thresholds, a
    value between them and one beyond either end.
    """
    low, high = sorted((one_at, other_at))
    tried = (low - 1 - abs(low), low, (low + high) / 2, high, high + 1 + abs(high))
    return any(holds(one, value, one_at) and holds(other, value, other_at) for value in tried)


def direction(op: Comparator) -> int:
    """1 for a comparison that high values meet, -1 for low values, 0 for neither."""
    return 1 if op in _UPWARD else -1 if op in _DOWNWARD else 0


def _hash(meaning: Any) -> str:
    return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()[:32]
