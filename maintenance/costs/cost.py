"""What work costs: kinds of cost, labour by rate, and whether a repair is still worth it. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

_MINUTES = 60


class CostKind(StrEnum):
    """What was paid for."""

    LABOUR = "labour"
    MATERIAL = "material"
    SERVICE = "service"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Costs:
    """Costs by kind, in minor units of the plant's currency."""

    labour_minor: int = 0
    material_minor: int = 0
    service_minor: int = 0
    other_minor: int = 0

    @property
    def total_minor(self) -> int:
        """All of it."""
        return self.labour_minor + self.material_minor + self.service_minor + self.other_minor


def labour_cost(minutes: int, rate_minor_per_hour: int) -> int:
    """Minutes at an hourly rate, in minor units, rounded half to even."""
    return round(Fraction(minutes * rate_minor_per_hour, _MINUTES))


class Hint(StrEnum):
    """Repair on, or replace."""

    REPAIR = "repair"
    WATCH = "watch"
    REPLACE = "replace"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Replacement:
    """What the hint rests on: cost of the last `years`, and what a like asset would cost today."""

    hint: Hint
    spent_minor: int
    years: int
    replacement_minor: int | None
    reason: str


# Rules of thumb of the trade: half the value of a new one within the years looked at, or all of it.
_WATCH_PERCENT = 50
_REPLACE_PERCENT = 100


def repair_or_replace(
    spent_minor: int, replacement_minor: int | None, *, years: int
) -> Replacement:
    """A hint, not a decision: it knows nothing of safety, energy or how long a new one takes."""
    if not replacement_minor:
        why = "Nobody has said what a like asset would cost today."
        return Replacement(Hint.UNKNOWN, spent_minor, years, None, why)
    percent = spent_minor * 100 // replacement_minor
    hint = Hint.REPAIR
    if percent >= _REPLACE_PERCENT:
        hint = Hint.REPLACE
    elif percent >= _WATCH_PERCENT:
        hint = Hint.WATCH
    why = (
        f"The last {years} years cost {percent} % of what a like asset would cost today "
        f"(watch from {_WATCH_PERCENT} %, replace from {_REPLACE_PERCENT} %)."
    )
    return Replacement(hint, spent_minor, years, replacement_minor, why)
