"""What a change of a condition means for work: one open order for each problem. Pure.

A raised event makes a draft order, joins the open order of its problem, or is noted on the order
that people work on at its asset just then. Where the problem's last order was finished a short
while ago, it cools down or that order is reopened, as its rule says. An event that gets worse makes
its order more urgent; nothing makes an order less urgent, and nothing but a person closes one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from conditions.event import (
    ChangeKind,
    ConditionEvent,
    Recurrence,
    Severity,
    WorkOrderRequest,
)
from maintenance.orders.priority import priority
from maintenance.orders.work_order import WorkOrder, problem_of
from maintenance.orders.work_policy import DEFAULT_POLICY, WorkPolicy
from maintenance.register.asset import AssetFacts

UNKNOWN_FAILURE_MODE = "UNK"
"""ISO 14224's code where nothing is known about how the item fails."""


@dataclass(frozen=True, slots=True)
class ConditionChange:
    """One change of an event, as the conditions' outbox tells it.

    `severity`, `at` and `value` are those of the change; the event is as it stands now, which may
    be later. Without an `id` it is no change: the event is looked at anew, as if it were raised.
    """

    id: int | None
    kind: ChangeKind
    severity: Severity
    at: datetime
    value: float | None
    event: ConditionEvent
    asset: AssetFacts


@dataclass(frozen=True, slots=True)
class ProblemOrders:
    """The orders that a change may concern.

    `linked` is the order that the event raised or joined, `held_back_by` the one that it cooled
    down under or was suppressed by; `open` and `last` are the open and the newest order of the
    event's problem. `under_way` is an order in progress on the event's asset, whatever it is about.
    `reopenable`: the last order may be reopened as far as is known.
    """

    linked: WorkOrder | None = None
    held_back_by: WorkOrder | None = None
    open: WorkOrder | None = None
    last: WorkOrder | None = None
    under_way: WorkOrder | None = None
    reopenable: bool = True


@dataclass(frozen=True, slots=True)
class Raise:
    """Make a draft order for the problem."""

    action: ClassVar[str] = "create"
    relation: ClassVar[str | None] = "raised"

    request: WorkOrderRequest
    priority: int
    priority_reason: str
    reason: str


@dataclass(frozen=True, slots=True)
class Attach:
    """Link the event to the open order of its problem; it may make the order more urgent."""

    action: ClassVar[str] = "attach"
    relation: ClassVar[str | None] = "attached"

    order: WorkOrder
    priority: int
    priority_reason: str
    reason: str


@dataclass(frozen=True, slots=True)
class CoolDown:
    """Link the event to the order that was finished a short while ago, and raise nothing."""

    action: ClassVar[str] = "cool_down"
    relation: ClassVar[str | None] = "cooled_down"

    order: WorkOrder
    reason: str


@dataclass(frozen=True, slots=True)
class Reopen:
    """Take the order up again that was finished a short while ago, as urgent as the event asks."""

    action: ClassVar[str] = "attach"
    relation: ClassVar[str | None] = "reopened"

    order: WorkOrder
    priority: int
    priority_reason: str
    reason: str


@dataclass(frozen=True, slots=True)
class Suppress:
    """Link the event to the work that goes on at its asset: what it sees may be that work."""

    action: ClassVar[str] = "suppress"
    relation: ClassVar[str | None] = "suppressed"

    order: WorkOrder
    reason: str


@dataclass(frozen=True, slots=True)
class Escalate:
    """The problem got worse: the open order becomes as urgent as that calls for."""

    action: ClassVar[str] = "escalate"
    relation: ClassVar[str | None] = None

    order: WorkOrder
    priority: int
    priority_reason: str
    reason: str


@dataclass(frozen=True, slots=True)
class Note:
    """Write down on the order what became of its condition."""

    action: ClassVar[str] = "note"
    relation: ClassVar[str | None] = None

    order: WorkOrder
    reason: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """No work follows, and why not."""

    reason: str


FollowUp = Attach | CoolDown | Reopen | Suppress | Escalate | Note
"""What concerns an order that is there already. `action` names it in the audit trail, `relation`
what the event becomes to the order, if that changes."""

Decision = Raise | FollowUp | Nothing


def problem_key(event: ConditionEvent) -> str:
    """What an order is about: the asset and the way it fails.

    Where the failure mode is not known, two rules need not mean the same problem: then the rule
    stands in for it.
    """
    mode = event.failure_mode
    what = f"{mode}:{event.rule}" if mode == UNKNOWN_FAILURE_MODE else mode
    return problem_of(event.asset, what)


def decide(
    change: ConditionChange, orders: ProblemOrders, *, policy: WorkPolicy = DEFAULT_POLICY
) -> Decision:
    """What to do about one change of one event, under the policy of its asset's site."""
    if change.event.work_order is None:
        return Nothing("the rule asks for no work")
    if change.kind is ChangeKind.RAISED:
        if orders.linked or orders.held_back_by:
            return Nothing("the event has its order already")
        return _work_for(change, change.event.work_order, orders, policy)
    if change.kind is ChangeKind.ESCALATED:
        return _escalated(change, change.event.work_order, orders, policy)
    return _eased(change, orders)


def _work_for(
    change: ConditionChange,
    request: WorkOrderRequest,
    orders: ProblemOrders,
    policy: WorkPolicy,
) -> Raise | Attach | CoolDown | Reopen | Suppress | Nothing:
    urgency, why = _urgency(change, policy)
    if orders.open:
        return Attach(orders.open, *_more_urgent(orders.open, urgency, why), "the problem is open")
    if change.asset.retired:
        return Nothing(f"asset {change.asset.tag} is retired and takes no new work")
    if orders.under_way:
        reason = f"{orders.under_way.number} is in progress at {change.asset.tag}"
        return Suppress(orders.under_way, reason)
    if orders.last and (again := _recurring(change, request, orders, policy)):
        return Reopen(orders.last, *_more_urgent(orders.last, urgency, why), again)
    if orders.last and (cooling := _cooling(change, request, orders.last)):
        return CoolDown(orders.last, cooling)
    return Raise(request, urgency, why, change.event.message)


def _escalated(
    change: ConditionChange,
    request: WorkOrderRequest,
    orders: ProblemOrders,
    policy: WorkPolicy,
) -> Decision:
    reason = f"severity rose to {change.severity.label}"
    target = orders.linked if orders.linked and orders.linked.is_open else orders.open
    if target:
        urgency, why = _urgency(change, policy)
        return Escalate(target, *_more_urgent(target, urgency, why), reason)
    decision = _work_for(change, request, orders, policy)
    if isinstance(decision, CoolDown | Suppress):
        return Note(decision.order, f"{reason}; {decision.reason}")
    return decision


def _eased(change: ConditionChange, orders: ProblemOrders) -> Note | Nothing:
    if orders.linked is None:
        return Nothing("no order follows this event")
    if change.kind is ChangeKind.CLEARED:
        return Note(orders.linked, f"the condition cleared at {_moment(change.at)}")
    return Note(orders.linked, f"severity fell to {change.severity.label}; priority stays")


def _urgency(change: ConditionChange, policy: WorkPolicy) -> tuple[int, str]:
    return priority(
        change.asset.criticality, change.severity, policy.matrix, name=policy.matrix_name
    )


def _more_urgent(order: WorkOrder, urgency: int, why: str) -> tuple[int, str]:
    if urgency < order.priority:
        return urgency, why
    return order.priority, order.priority_reason


def _recurring(
    change: ConditionChange,
    request: WorkOrderRequest,
    orders: ProblemOrders,
    policy: WorkPolicy,
) -> str | None:
    """Why the problem's last order is taken up again; None where it is not. In event time."""
    last = orders.last
    if request.recurrence is not Recurrence.REOPEN or not orders.reopenable or last is None:
        return None
    if last.completed_at is None or last.cancelled_at is not None:
        return None
    asked = timedelta(seconds=request.cooldown_s) if request.cooldown_s else policy.reopen_within
    if change.at >= last.completed_at + min(asked, policy.reopen_within):
        return None
    return (
        f"the problem came back after {last.number} was completed at {_moment(last.completed_at)}"
    )


def _cooling(change: ConditionChange, request: WorkOrderRequest, last: WorkOrder) -> str | None:
    """Why a finished order holds back a new one; None where it does not.

    Counted in event time from the completion. A problem that is worse than the one which was
    worked on is not held back.
    """
    if request.recurrence is not Recurrence.COOLDOWN:
        return None
    if last.completed_at is None or last.cancelled_at is not None:
        return None
    until = last.completed_at + timedelta(seconds=request.cooldown_s)
    if change.at >= until or change.severity > (last.severity or Severity.CRITICAL):
        return None
    return (
        f"{last.number} was completed at {_moment(last.completed_at)}; "
        f"no new order for this problem before {_moment(until)}"
    )


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
