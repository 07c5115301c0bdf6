"""A work order: what it is, its life, and who may go where in it. Pure.

    draft -> approved -> scheduled -> in_progress -> completed -> closed
                  |                   ^  |     ^         |           |
                  +-------start-------+  v     +-reopen--+-----------+
                                      on_hold

    cancelled from every state that is not final.

An order is *open* until it is completed, closed or cancelled; it is *final* when closed or
cancelled. Types follow EN 13306, failure modes ISO 14224. What guards ask is in `guards`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from maintenance.orders.failure_report import FailureFound


class State(StrEnum):
    """Where an order is in its life."""

    DRAFT = "draft"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    COMPLETED = "completed"
    CLOSED = "closed"
    CANCELLED = "cancelled"


OPEN_STATES = frozenset(
    {State.DRAFT, State.APPROVED, State.SCHEDULED, State.IN_PROGRESS, State.ON_HOLD}
)
"""Work is still to be done: a problem has at most one order in these states."""

FINAL_STATES = frozenset({State.CLOSED, State.CANCELLED})

UNDER_WAY = frozenset({State.IN_PROGRESS, State.ON_HOLD})
"""Work was begun and is not done."""


class Action(StrEnum):
    """What moves an order from one state to another."""

    APPROVE = "approve"
    SCHEDULE = "schedule"
    START = "start"
    HOLD = "hold"
    RESUME = "resume"
    COMPLETE = "complete"
    CLOSE = "close"
    REOPEN = "reopen"
    CANCEL = "cancel"


class OrderType(StrEnum):
    """Maintenance types of EN 13306, as a plant names them."""

    CORRECTIVE = "corrective"
    PREVENTIVE = "preventive"
    INSPECTION = "inspection"
    IMPROVEMENT = "improvement"


class Origin(StrEnum):
    """What asked for the work."""

    CONDITION = "condition"
    """An event of a rule or of a device."""
    PERSON = "person"
    REQUEST = "request"
    PLAN = "plan"
    """An occurrence of a maintenance plan."""
    STEP = "step"
    """A step of a job plan or of an inspection round that failed."""
    ORDER = "order"
    """Another order, which left something to be done."""


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """A work order as it stands; `version` counts its changes from 1.

    `severity` is the highest of the events behind it, None where a person asked for the work.
    `site` is where the asset stood when the order was made. `parent` and `follows` are numbers of
    orders: the larger work that it is a part of, and the one that left it to be done. `started_at`
    is the first start, `finished_at` when the work itself ended. The evidence is heavy and read
    apart: `queries.evidence_of`.
    """

    id: int
    number: str
    asset_id: int
    asset: str
    asset_name: str
    asset_retired: bool
    site: str
    type: OrderType
    origin: Origin
    title: str
    description: str
    failure_mode: str | None
    job_plan: str | None
    priority: int
    priority_reason: str
    severity: int | None
    state: State
    version: int
    problem: str | None
    assignee: str | None
    resolution: str | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    approved_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    closed_at: datetime | None
    cancelled_at: datetime | None
    parent: str | None = None
    follows: str | None = None
    planned_start: datetime | None = None
    planned_finish: datetime | None = None
    due_at: datetime | None = None
    estimated_minutes: int | None = None
    craft: str | None = None
    team: str | None = None
    hold_reason: str | None = None
    held_at: datetime | None = None
    failed_at: datetime | None = None
    restored_at: datetime | None = None
    reopened: int = 0
    scheduled_at: datetime | None = None
    finished_at: datetime | None = None
    completed_by: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether work is still to be done."""
        return self.state in OPEN_STATES

    def is_overdue(self, now: datetime) -> bool:
        """Whether it is open past its due date."""
        return self.is_open and self.due_at is not None and self.due_at < now


def problem_of(asset: str, failure_mode: str) -> str:
    """The key of a problem that a person names by asset and failure mode."""
    return f"{asset}/{failure_mode}"


@dataclass(frozen=True, slots=True)
class Particulars:
    """What is said along with an action, and who says it.

    A hold says `hold_reason`, scheduling may say the planned window, completing says the
    resolution, when the work ended (None: now) and what was found.
    """

    actor: str
    reason: str = ""
    resolution: str | None = None
    hold_reason: str | None = None
    planned_start: datetime | None = None
    planned_finish: datetime | None = None
    finished_at: datetime | None = None
    failure: FailureFound | None = None


SOURCES: Mapping[Action, frozenset[State]] = MappingProxyType(
    {
        Action.APPROVE: frozenset({State.DRAFT}),
        Action.SCHEDULE: frozenset({State.APPROVED}),
        Action.START: frozenset({State.APPROVED, State.SCHEDULED}),
        Action.HOLD: frozenset({State.IN_PROGRESS}),
        Action.RESUME: frozenset({State.ON_HOLD}),
        Action.COMPLETE: frozenset({State.IN_PROGRESS}),
        Action.CLOSE: frozenset({State.COMPLETED}),
        Action.REOPEN: frozenset({State.COMPLETED, State.CLOSED}),
        Action.CANCEL: frozenset(State) - FINAL_STATES,
    }
)
"""From where each action leads on."""

TARGETS: Mapping[Action, State] = MappingProxyType(
    {
        Action.APPROVE: State.APPROVED,
        Action.SCHEDULE: State.SCHEDULED,
        Action.START: State.IN_PROGRESS,
        Action.HOLD: State.ON_HOLD,
        Action.RESUME: State.IN_PROGRESS,
        Action.COMPLETE: State.COMPLETED,
        Action.CLOSE: State.CLOSED,
        Action.REOPEN: State.IN_PROGRESS,
        Action.CANCEL: State.CANCELLED,
    }
)
"""Where each action leads to."""
