"""The shape of a component: what the rules of one asset run, the same for all assets that are alike."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from conditions.constant import constant_value
from conditions.conversion import SAME, Conversion
from conditions.rule import Rule
from conditions.term import Term


class Sense(Enum):
    """What becomes of the value of a constant term before the kernel has it."""

    PLAIN = "plain"
    BACK = "in the point's unit"
    """Converted back to the unit of the point that it is compared with."""
    AFTER = "the first µs of an age above it"
    FROM = "the first µs of an age that reaches it"


@dataclass(frozen=True, slots=True)
class Constant:
    """A number of a program that hangs on parameters at most; `defaults` are those it reads."""

    term: Term
    defaults: tuple[tuple[str, float], ...] = ()
    sense: Sense = Sense.PLAIN
    conversion: Conversion = SAME

    def value(self, overrides: Mapping[str, float]) -> float:
        """Its value on an asset with overrides of its own; NaN where that is no number."""
        given = {name: overrides.get(name, default) for name, default in self.defaults}
        value = constant_value(self.term, given)
        if math.isnan(value) or self.sense is Sense.PLAIN:
            return value
        if self.sense is Sense.BACK:
            return self.conversion.backward(value)
        return _age_us(value, strictly=self.sense is Sense.AFTER)


@dataclass(frozen=True, slots=True)
class Slot:
    """One series of a component: a point's, by its role, or an alarm's."""

    role: str
    unit: str
    rollover: float | None


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """One window of a component; `key` says what it holds, `constants` what it hangs on beside."""

    key: str
    kind: int
    length_us: int
    slot: int
    constants: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RunPlan:
    """How long a truth has held; as `WindowPlan`."""

    key: str
    length_us: int
    constants: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RulePlan:
    """One rule of a component: its record, its programs, and what stands beside its changes."""

    rule: Rule
    record: dict[str, int]
    shown: tuple[Term, ...]
    limits: tuple[tuple[int, int], ...]
    room: int


@dataclass(slots=True)
class Shape:
    """What components that are alike run; places count from the start of each component."""

    slots: tuple[Slot, ...]
    code: list[tuple[int, int, int]] = field(default_factory=list)
    constants: list[Constant] = field(default_factory=list)
    windows: list[WindowPlan] = field(default_factory=list)
    runs: list[RunPlan] = field(default_factory=list)
    rules: list[RulePlan] = field(default_factory=list)
    actions: list[list[dict[str, int]]] = field(default_factory=list)
    others: list[int] = field(default_factory=list)
    levels: list[dict[str, int]] = field(default_factory=list)
    inputs: list[dict[str, int]] = field(default_factory=list)
    crossings: list[dict[str, int]] = field(default_factory=list)
    shown: list[int] = field(default_factory=list)

    def defaults(self) -> list[float]:
        """The constants of an asset without overrides."""
        return [constant.value({}) for constant in self.constants]


def _age_us(limit_s: float, *, strictly: bool) -> float:
    """The first age in µs above a limit in seconds, or the first that reaches it."""
    us = float(math.floor(limit_s * 1e6)) - 2.0
    while not (us / 1e6 > limit_s if strictly else us / 1e6 >= limit_s):
        us += 1.0
    return us
