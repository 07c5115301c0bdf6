"""What people know of a meter and its readings do not tell."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class FactKind(StrEnum):
    """What a fact says."""

    INITIAL = "initial"
    REPLACEMENT = "replacement"
    CORRECTION = "correction"
    WITHDRAWAL = "withdrawal"


@dataclass(frozen=True, slots=True)
class NewFact:
    """A fact to be recorded; counts and amounts are in the point's unit.

    `initial`: life to date is `amount` at that time. `correction`: `amount` is added to it.
    `replacement`: the old meter ended at `end_count` (None: at its last reading), the new one
    began at `start_count`.
    """

    kind: FactKind
    at: datetime
    reason: str
    amount: float | None = None
    end_count: float | None = None
    start_count: float | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact as it is recorded; `withdrawn_by` is the fact that took it back."""

    id: int
    kind: FactKind
    at: datetime
    amount: float | None
    end_count: float | None
    start_count: float | None
    withdraws: int | None
    reason: str
    actor: str
    recorded_at: datetime
    withdrawn_by: int | None
