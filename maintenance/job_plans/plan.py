"""Job plans: steps, limits, and what the work needs. Pure.

A round is a job plan whose steps stand along a route of stops, each at an asset of its own.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class PlanKind(StrEnum):
    """Whether the work is done at one asset or along a route."""

    JOB_PLAN = "job_plan"
    ROUND = "round"


class KeptIn(StrEnum):
    """Where a definition is kept, and so where it is changed."""

    FILES = "files"
    DATABASE = "database"


class StepKind(StrEnum):
    """What a step asks for."""

    CHECK = "check"
    NUMBER = "number"
    CHOICE = "choice"
    TEXT = "text"
    PHOTO = "photo"
    METER = "meter"
    SIGNATURE = "signature"


MEASURED = frozenset({StepKind.NUMBER, StepKind.METER})
"""Kinds that ask for a number."""


class OnFail(StrEnum):
    """What a failed step leads to."""

    FOLLOW_UP = "follow_up"
    """Another order, about what was seen."""
    STOP = "stop"
    """Work stops here: the order cannot be completed until the step passes."""
    NOTE = "note"
    """It is written down."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a number in the step's unit; None where there is none.

    Outside the rejecting limits a step has failed, outside the alerting ones it is told. The limits
    themselves are allowed values.
    """

    low_reject: float | None = None
    low_alert: float | None = None
    high_alert: float | None = None
    high_reject: float | None = None


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a job plan; `key` names it in every version of its plan.

    `point` is the role of the asset's point that the number becomes a reading of. On a round, `stop`
    counts the stops from 1, `asset` is the tag of what stands there and `place` says where it is.
    """

    key: str
    kind: StepKind
    text: str
    hint: str = ""
    required: bool = True
    on_fail: OnFail = OnFail.NOTE
    failure_mode: str | None = None
    unit: str | None = None
    limits: Limits = NO_LIMITS
    choices: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()
    point: str | None = None
    asset: str | None = None
    stop: int | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class PlannedPart:
    """A part that the work needs: its code, and how much of it in which unit."""

    part: str
    quantity: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class JobPlan:
    """How a piece of work is done. `asset_class` None: any; `asset` is a round's own."""

    code: str
    name: str
    kind: PlanKind = PlanKind.JOB_PLAN
    description: str = ""
    asset_class: str | None = None
    asset: str | None = None
    estimated_minutes: int | None = None
    crafts: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    permits: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    parts: tuple[PlannedPart, ...] = ()
    steps: tuple[Step, ...] = ()
