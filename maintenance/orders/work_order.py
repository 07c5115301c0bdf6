"""A work order: what it is, its life, and who may go where in it. Pure.

    draft -> approved -> in_progress -> completed -> closed
      |         |             |             |
      +---------+-------------+-------------+----> cancelled

An order is *open* until it is completed, closed or cancelled; it is *final* when closed or
cancelled. Types follow EN 13306, failure modes ISO 14224.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from maintenance.errors import AssetRetired, RequirementMissing, TransitionRefused


class State(StrEnum):
    """Where an order is in its life."""

    DRAFT = "draft"
    APPROVED = "approved"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CLOSED = "closed"
    CANCELLED = "cancelled"


OPEN_STATES = frozenset({State.DRAFT, State.APPROVED, State.IN_PROGRESS})
"""Work is still to be done: a problem has at most one order in these states."""

FINAL_STATES = frozenset({State.CLOSED, State.CANCELLED})


class Action(StrEnum):
    """What moves an order from one state to another."""

    APPROVE = "approve"
    START = "start"
    COMPLETE = "complete"
    CLOSE = "close"
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
    orders: the larger work that it is a part of, and the one that left it to be done. The evidence
    is heavy and read apart: `queries.evidence_of`.
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
    failed_at: datetime | None = None
    restored_at: datetime | None = None
    reopened: int = 0
    scheduled_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether work is still to be done."""
        return self.state in OPEN_STATES


def problem_of(asset: str, failure_mode: str) -> str:
    """The key of a problem that a person names by asset and failure mode."""
    return f"{asset}/{failure_mode}"


@dataclass(frozen=True, slots=True)
class Particulars:
    """What is said along with an action, and who says it."""

    actor: str
    reason: str = ""
    resolution: str | None = None


StandingGuard = Callable[[WorkOrder], None]
"""Asks about the order alone. Returns if the transition may happen, else raises `AssetRetired`."""

AskingGuard = Callable[[WorkOrder, Particulars], None]
"""Asks about what is said along. Returns, or raises `RequirementMissing`."""


def asset_in_service(order: WorkOrder) -> None:
    """A retired asset takes no new work."""
    if order.asset_retired:
        raise AssetRetired(order.asset)


def resolution_given(order: WorkOrder, given: Particulars) -> None:
    """A corrective order says what was found and done, now or before."""
    said = given.resolution if given.resolution is not None else order.resolution
    if order.type is OrderType.CORRECTIVE and not (said or "").strip():
        message = "a corrective order needs a resolution: say what was found and done"
        raise RequirementMissing(
            order.number, action=Action.COMPLETE, field="resolution", message=message
        )


def reason_given(order: WorkOrder, given: Particulars) -> None:
    """Nobody should have to guess why an order was cancelled."""
    if not given.reason.strip():
        raise RequirementMissing(
            order.number, action=Action.CANCEL, field="reason", message="it needs a reason"
        )


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table: from where an action leads to where, and what guards it."""

    sources: frozenset[State]
    target: State
    standing: tuple[StandingGuard, ...] = ()
    asking: tuple[AskingGuard, ...] = ()


TRANSITIONS: Mapping[Action, Transition] = MappingProxyType(
    {
        Action.APPROVE: Transition(
            frozenset({State.DRAFT}), State.APPROVED, standing=(asset_in_service,)
        ),
        Action.START: Transition(frozenset({State.APPROVED}), State.IN_PROGRESS),
        Action.COMPLETE: Transition(
            frozenset({State.IN_PROGRESS}), State.COMPLETED, asking=(resolution_given,)
        ),
        Action.CLOSE: Transition(frozenset({State.COMPLETED}), State.CLOSED),
        Action.CANCEL: Transition(
            frozenset(State) - FINAL_STATES, State.CANCELLED, asking=(reason_given,)
        ),
    }
)


def allowed_transitions(order: WorkOrder) -> tuple[Action, ...]:
    """The actions that the order may take next, if what they need is given along."""
    return tuple(action for action in Action if _may(order, TRANSITIONS[action]))


def check_transition(order: WorkOrder, action: Action, given: Particulars) -> Transition:
    """The transition that `action` stands for.

    Raises `TransitionRefused` from a state that does not have it, else what its guards raise:
    `AssetRetired`, `RequirementMissing`.
    """
    transition = TRANSITIONS[action]
    if order.state not in transition.sources:
        raise TransitionRefused(
            order.number, action=action, state=order.state, allowed=allowed_transitions(order)
        )
    for standing in transition.standing:
        standing(order)
    for asking in transition.asking:
        asking(order, given)
    return transition


def check_assignable(order: WorkOrder) -> None:
    """Raise `TransitionRefused` unless work is still to be done."""
    if not order.is_open:
        raise TransitionRefused(
            order.number, action="assign", state=order.state, allowed=allowed_transitions(order)
        )


def _may(order: WorkOrder, transition: Transition) -> bool:
    if order.state not in transition.sources:
        return False
    try:
        for guard in transition.standing:
            guard(order)
    except AssetRetired:
        return False
    return True
