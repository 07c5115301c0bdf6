"""A rule: a template over an asset class that raises a condition from inputs or from one alarm.

Severities are levels, each with a truth that raises and one that clears, on-delay and off-delay;
what lies between the two is the dead band.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from conditions.event import Recurrence, Severity, WorkOrderRequest
from conditions.spelling import spell
from conditions.suppression import DateWindow, Suppression, WeeklyWindow
from conditions.term import Op, Term
from config.durations import format_duration

UNKNOWN_FAILURE_MODE = "UNK"
"""ISO 14224's code for a failure mode that nobody stated."""

ALARM = Term(Op.INPUT, name="alarm")
"""What the levels of an alarm rule read: the severity of the device's alarm, 0 while it is off.

With one level of its own it is 1 while the alarm is on.
"""


class OnUnknown(StrEnum):
    """What an unknown truth does: freeze state and timers, or count as cleared or as raised."""

    HOLD = "hold"
    CLEAR = "clear"
    RAISE = "raise"


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
    """One severity: raised after `raise_when` was true for `for_us`, cleared likewise."""

    severity: Severity
    raise_when: Term
    clear_when: Term
    for_us: int
    clear_for_us: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of an asset class, over `inputs` or over the device's alarm `alarm`.

    `inputs` are those that its terms read, by name. An alarm rule reads `ALARM`; with one level it
    has that severity, without a level the device's own severity counts. `value` is the number to
    show and to compare, None where there is none. `parameters` holds the defaults, in the units of
    `parameter_units`, that overrides are converted to as well.
    """

    asset_class: str
    id: str
    failure_mode: str
    inputs: tuple[Input, ...]
    alarm: str | None
    value: Term | None
    enabled_when: Term | None
    on_unknown: OnUnknown
    latch: bool
    suppress: tuple[Suppression, ...]
    levels: tuple[Level, ...]
    parameters: Mapping[str, float]
    work_order: WorkOrderRequest | None
    file: str = field(compare=False)
    line: int = field(compare=False)
    definition: Mapping[str, Any] = field(compare=False, repr=False)
    parameter_units: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """`asset_class/id`: what stays the same over all versions."""
        return f"{self.asset_class}/{self.id}"

    @property
    def unit(self) -> str:
        """Unit of `value`."""
        return self.value.unit if self.value else "1"

    @property
    def terms(self) -> tuple[Term, ...]:
        """All that is evaluated: what enables it, its value, and each level's two truths."""
        levels = [term for level in self.levels for term in (level.raise_when, level.clear_when)]
        return tuple(term for term in (self.enabled_when, self.value, *levels) if term is not None)

    @property
    def state_hash(self) -> str:
        """Hash of what decides when the rule raises and clears: equal hash, same state."""
        return _hash(self._evaluation())

    @property
    def hash(self) -> str:
        """Hash of what the rule means, work included: equal hash, equal behaviour."""
        work = self.work_order
        asked: list[Any] | None = None
        if work:
            asked = [work.type, work.job_plan, work.cooldown_s, work.due]
            # Left out where it is as it always was: rules of before keep their hash.
            asked += [] if work.recurrence is Recurrence.COOLDOWN else [work.recurrence.value]
        suppressed = [_suppression(one) for one in self.suppress]
        value = self.value and _canonical(self.value, self._meanings())
        return _hash([self._evaluation(), value, self.latch, suppressed, asked])

    def _meanings(self) -> dict[str, list[Any]]:
        return {one.name: [one.role, one.unit, one.max_age_us] for one in self.inputs}

    def _evaluation(self) -> list[Any]:
        inputs = self._meanings()
        enabled = self.enabled_when and _canonical(self.enabled_when, inputs)
        return [
            self.asset_class,
            self.id,
            self.failure_mode,
            self.alarm,
            enabled,
            self.on_unknown,
            [
                [
                    int(level.severity),
                    _canonical(level.raise_when, inputs),
                    _canonical(level.clear_when, inputs),
                    level.for_us,
                    level.clear_for_us,
                ]
                for level in self.levels
            ],
            sorted(self.parameters.items()),
        ]


def alarm_levels(
    severity: Severity | None = None, *, for_us: int = 0, clear_for_us: int = 0
) -> tuple[Level, ...]:
    """The levels of a rule over an alarm: one of its own severity, or one for each of the device's.

    They compare `ALARM`.
    """
    return tuple(
        Level(
            one,
            Term(Op.GREATER_EQUAL, (ALARM, Term(Op.NUMBER, value=least))),
            Term(Op.LESS, (ALARM, Term(Op.NUMBER, value=least))),
            for_us,
            clear_for_us,
        )
        for one in ([severity] if severity else Severity)
        for least in [1.0 if severity else float(one)]
    )


def describe_level(rule: Rule, level: Level) -> str:
    """A level in words: `avg(vib, 10m) > vib_trip for 2m`."""
    told = f"alarm {rule.alarm}" if rule.alarm is not None else spell(level.raise_when)
    return f"{told} for {format_duration(level.for_us)}" if level.for_us else told


def _canonical(term: Term, inputs: Mapping[str, list[Any]]) -> list[Any]:
    """A term as nested lists, with what its inputs stand for instead of their names."""
    name = inputs.get(term.name, term.name) if term.op is Op.INPUT else term.name
    operands = [_canonical(operand, inputs) for operand in term.operands]
    return [term.op, term.value, name, term.window_us, operands]


def _suppression(one: Suppression) -> list[Any]:
    window: list[Any] | None = None
    if isinstance(one.window, WeeklyWindow):
        times = [one.window.start.isoformat(), one.window.end.isoformat()]
        window = [sorted(one.window.weekdays), *times]
    elif isinstance(one.window, DateWindow):
        window = [one.window.first.isoformat(), one.window.last.isoformat()]
    return [one.kind, one.rule, sorted(one.states), window]


def _hash(meaning: Any) -> str:
    return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()[:32]
