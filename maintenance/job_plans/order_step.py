"""A step of an order as it stands, and how far an order's steps are. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from maintenance.job_plans.plan import NO_LIMITS, Limits, OnFail, StepKind


class Outcome(StrEnum):
    """What became of a step."""

    OPEN = "open"
    PASSED = "passed"
    ALERT = "alert"
    """Within what is allowed, and outside what is usual."""
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class StepResult:
    """What was recorded at a step: revision 1 first, then its corrections.

    `at` is when it was seen, `recorded_at` when it reached us; `photos` are keys of attachments.
    """

    revision: int
    outcome: Outcome
    value: float | None
    said: str | None
    photos: tuple[str, ...]
    note: str
    reason: str
    actor: str
    at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class OrderStep:
    """A step that an order carries; `outcome` and `result` are those of its newest revision.

    `follow_up` is the number of the order that its failure led to.
    """

    id: int
    order_id: int
    position: int
    key: str
    kind: StepKind
    text: str
    hint: str
    required: bool
    on_fail: OnFail
    failure_mode: str | None
    asset_id: int
    asset: str
    asset_name: str
    revision: int = 0
    outcome: Outcome = Outcome.OPEN
    stop: int | None = None
    place: str = ""
    unit: str | None = None
    limits: Limits = NO_LIMITS
    choices: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()
    point: str | None = None
    result: StepResult | None = None
    follow_up: str | None = None

    @property
    def holds_up(self) -> bool:
        """Must something still be done here before the order can be completed?

        A required step is done, not skipped; what cannot be reached on a round is skipped with a
        reason, and told as missed.
        """
        if self.outcome is Outcome.FAILED:
            return self.on_fail is OnFail.STOP
        skipped = self.outcome is Outcome.SKIPPED and self.stop is None
        return self.required and (self.outcome is Outcome.OPEN or skipped)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the steps of an order are. `missing` are the texts of those that hold it up."""

    total: int
    done: int
    failed: int
    missing: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """May the order be completed as far as its steps go?"""
        return not self.missing


def progress_of(steps: Sequence[OrderStep]) -> Progress:
    """How far these steps are."""
    return Progress(
        total=len(steps),
        done=sum(step.outcome is not Outcome.OPEN for step in steps),
        failed=sum(step.outcome is Outcome.FAILED for step in steps),
        missing=tuple(step.text for step in steps if step.holds_up),
    )
