"""Work orders that changes of conditions would have led to, by the policy that acts live. Pure.

Nobody works on these orders, so it is assumed how long work takes: an order is completed so long
after it was made or reopened. From then on the problem cools down or its order is reopened, as its
rule says, and later a new event makes a new order. Nothing is suppressed by work under way: when
people would have been at the asset is not known.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from conditions.event import Severity
from maintenance.events.policy import (
    Attach,
    ConditionChange,
    CoolDown,
    Escalate,
    ProblemOrders,
    Raise,
    Reopen,
    decide,
    problem_key,
)
from maintenance.orders.work_order import OrderType, Origin, State, WorkOrder
from maintenance.orders.work_policy import DEFAULT_POLICY, WorkPolicy


@dataclass(frozen=True, slots=True)
class WouldBeOrder:
    """An order that would have been made; counts are of events after the one that made it."""

    number: int
    asset: str
    failure_mode: str
    problem: str
    rule: str
    type: OrderType
    raised_at: datetime
    onset: datetime
    reason: str
    priority: int
    first_priority: int
    severity: Severity
    joined: int = 0
    escalated: int = 0
    held_back: int = 0
    reopened: int = 0


def would_be_orders(
    changes: Iterable[ConditionChange],
    *,
    work_takes: timedelta,
    policy_of: Callable[[str], WorkPolicy] = lambda _: DEFAULT_POLICY,
) -> list[WouldBeOrder]:
    """The orders that changes, by time, would have made; `work_takes` from creation to completion.

    `policy_of` gives the policy of an asset, by its tag.
    """
    replay = _Replay(work_takes, policy_of)
    for change in changes:
        replay.take(change)
    return [replay.told[number] for number in sorted(replay.told)]


class _Replay:
    """The orders so far, and which event belongs to which."""

    def __init__(self, work_takes: timedelta, policy_of: Callable[[str], WorkPolicy]) -> None:
        self._work_takes = work_takes
        self._policy_of = policy_of
        self._begun: dict[int, datetime] = {}
        self._last: dict[str, WorkOrder] = {}
        self._linked: dict[int, tuple[str, int, bool]] = {}
        self.told: dict[int, WouldBeOrder] = {}

    def take(self, change: ConditionChange) -> None:
        problem = problem_key(change.event)
        last = self._completed(problem, change.at)
        linked = self._linked.get(change.event.id)
        held_back = linked is not None and linked[2]
        of_event = last if linked and last and linked[1] == last.id else None
        decision = decide(
            change,
            ProblemOrders(
                linked=None if held_back else of_event,
                held_back_by=of_event if held_back else None,
                open=last if last and last.is_open else None,
                last=last,
            ),
            policy=self._policy_of(change.event.asset),
        )
        match decision:
            case Raise():
                self._raise(change, problem, decision)
            case Attach(order=order):
                self._urge(order, decision, change, joined=True)
                self._linked[change.event.id] = (problem, order.id, False)
            case Reopen(order=order):
                self._reopen(order, decision, change)
            case Escalate(order=order):
                self._urge(order, decision, change, joined=False)
            case CoolDown(order=order):
                self._linked[change.event.id] = (problem, order.id, True)
                known = self.told[order.id]
                self.told[order.id] = replace(known, held_back=known.held_back + 1)
            case _:
                pass

    def _completed(self, problem: str, now: datetime) -> WorkOrder | None:
        """The problem's newest order, completed by now if its work has taken its time."""
        order = self._last.get(problem)
        if order is None or not order.is_open:
            return order
        done = self._begun[order.id] + self._work_takes
        if done > now:
            return order
        order = replace(order, state=State.COMPLETED, completed_at=done)
        self._last[problem] = order
        return order

    def _raise(self, change: ConditionChange, problem: str, decision: Raise) -> None:
        number = len(self.told) + 1
        event = change.event
        self._last[problem] = _order(number, change, problem, decision)
        self._begun[number] = change.at
        self._linked[event.id] = (problem, number, False)
        self.told[number] = WouldBeOrder(
            number=number,
            asset=event.asset,
            failure_mode=event.failure_mode,
            problem=problem,
            rule=event.rule,
            type=OrderType(decision.request.type),
            raised_at=change.at,
            onset=event.onset,
            reason=decision.reason,
            priority=decision.priority,
            first_priority=decision.priority,
            severity=change.severity,
        )

    def _reopen(self, order: WorkOrder, decision: Reopen, change: ConditionChange) -> None:
        again = replace(order, state=State.IN_PROGRESS, completed_at=None)
        self._begun[order.id] = change.at
        self._linked[change.event.id] = (order.problem or "", order.id, False)
        self._urge(again, decision, change, joined=True)
        known = self.told[order.id]
        self.told[order.id] = replace(known, reopened=known.reopened + 1)

    def _urge(
        self,
        order: WorkOrder,
        decision: Attach | Escalate | Reopen,
        change: ConditionChange,
        *,
        joined: bool,
    ) -> None:
        severity = max(change.severity, order.severity or 0)
        self._last[order.problem or ""] = replace(
            order, priority=decision.priority, severity=severity
        )
        known = self.told[order.id]
        self.told[order.id] = replace(
            known,
            priority=decision.priority,
            severity=Severity(severity),
            joined=known.joined + joined,
            escalated=known.escalated + (not joined),
        )


def _order(number: int, change: ConditionChange, problem: str, decision: Raise) -> WorkOrder:
    event, at = change.event, change.at
    return WorkOrder(
        id=number,
        number=f"W-{number}",
        asset_id=event.asset_id,
        asset=event.asset,
        asset_name=change.asset.name,
        asset_retired=change.asset.retired,
        site="",
        type=OrderType(decision.request.type),
        origin=Origin.CONDITION,
        title=event.message,
        description="",
        failure_mode=event.failure_mode,
        job_plan=decision.request.job_plan,
        priority=decision.priority,
        priority_reason=decision.priority_reason,
        severity=int(change.severity),
        state=State.DRAFT,
        version=1,
        problem=problem,
        assignee=None,
        resolution=None,
        created_by="conditions",
        created_at=at,
        updated_at=at,
        approved_at=None,
        started_at=None,
        completed_at=None,
        closed_at=None,
        cancelled_at=None,
    )
