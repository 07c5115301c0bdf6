"""The policy as tables: change of a condition, the problem's orders -> what follows."""

from dataclasses import replace
from datetime import timedelta

import pytest

from conditions.event import ChangeKind, Recurrence, Severity, WorkOrderRequest
from maintenance.events.policy import (
    Attach,
    CoolDown,
    Escalate,
    Note,
    Nothing,
    ProblemOrders,
    Raise,
    Reopen,
    Suppress,
    decide,
    problem_key,
)
from maintenance.orders.work_order import State, WorkOrder
from maintenance.orders.work_policy import WorkPolicy
from tests.maintenance.scene import PUMP, START, a_change, an_order

OPEN = an_order(state=State.APPROVED)
DONE = an_order(state=State.COMPLETED, completed_at=START)
CLOSED = an_order(state=State.CLOSED, completed_at=START, closed_at=START)
CANCELLED = an_order(state=State.CANCELLED, cancelled_at=START)
REGRETTED = an_order(state=State.CANCELLED, completed_at=START, cancelled_at=START)
HOUR = WorkOrderRequest("corrective", None, 3600.0)
SOON, LATE = START + timedelta(minutes=59), START + timedelta(minutes=60)


def test_a_first_event_raises_an_order_with_its_priority_and_reason() -> None:
    decision = decide(a_change(severity=Severity.HIGH), ProblemOrders())
    assert isinstance(decision, Raise)
    assert decision.priority == 2
    assert decision.priority_reason == (
        "Priority 2: the asset has criticality A and the condition has severity high (matrix default)."
    )


def test_an_event_of_an_open_problem_joins_its_order() -> None:
    decision = decide(a_change(), ProblemOrders(open=OPEN, last=OPEN))
    assert isinstance(decision, Attach)
    assert decision.order is OPEN


@pytest.mark.parametrize(
    ("severity", "priority"),
    [(Severity.CRITICAL, 1), (Severity.HIGH, 2), (Severity.MEDIUM, 3), (Severity.LOW, 3)],
)
def test_a_joining_event_makes_the_order_more_urgent_never_less(
    severity: Severity, priority: int
) -> None:
    decision = decide(a_change(severity=severity), ProblemOrders(open=OPEN, last=OPEN))
    assert isinstance(decision, Attach)
    assert decision.priority == priority


@pytest.mark.parametrize("last", [DONE, CLOSED])
def test_a_repeated_problem_cools_down_after_its_order_was_done(last: WorkOrder) -> None:
    decision = decide(a_change(at=SOON, work_order=HOUR), ProblemOrders(last=last))
    assert isinstance(decision, CoolDown)
    assert decision.order is last
    assert decision.reason == (
        "WO-000001 was completed at 2026-03-02 06:00:00 UTC; "
        "no new order for this problem before 2026-03-02 07:00:00 UTC"
    )


def test_the_cooldown_ends_with_its_last_instant() -> None:
    assert isinstance(decide(a_change(at=LATE, work_order=HOUR), ProblemOrders(last=DONE)), Raise)


@pytest.mark.parametrize("last", [CANCELLED, REGRETTED])
def test_a_cancelled_order_holds_nothing_back(last: WorkOrder) -> None:
    assert isinstance(decide(a_change(at=SOON), ProblemOrders(last=last)), Raise)


def test_a_problem_that_is_worse_than_the_one_worked_on_is_not_held_back() -> None:
    change = a_change(at=SOON, severity=Severity.HIGH, work_order=HOUR)
    assert isinstance(decide(change, ProblemOrders(last=DONE)), Raise)


def test_an_event_without_a_request_asks_for_nothing() -> None:
    decision = decide(a_change(work_order=None), ProblemOrders(open=OPEN, last=OPEN))
    assert isinstance(decision, Nothing)


def test_a_retired_asset_takes_no_new_order() -> None:
    decision = decide(a_change(asset=replace(PUMP, retired=True)), ProblemOrders())
    assert decision == Nothing("asset P-101 is retired and takes no new work")


def test_an_event_that_has_its_order_asks_for_no_second_one() -> None:
    assert isinstance(decide(a_change(), ProblemOrders(linked=DONE, last=DONE)), Nothing)
    assert isinstance(decide(a_change(), ProblemOrders(held_back_by=DONE, last=DONE)), Nothing)


def test_worsening_makes_the_open_order_more_urgent() -> None:
    change = a_change(ChangeKind.ESCALATED, severity=Severity.CRITICAL)
    decision = decide(change, ProblemOrders(linked=OPEN, open=OPEN, last=OPEN))
    assert isinstance(decision, Escalate)
    assert (decision.priority, decision.reason) == (1, "severity rose to critical")


def test_worsening_never_makes_an_order_less_urgent() -> None:
    urgent = replace(OPEN, priority=1, priority_reason="Priority 1: given by ana.")
    change = a_change(ChangeKind.ESCALATED, severity=Severity.HIGH)
    decision = decide(change, ProblemOrders(linked=urgent, open=urgent, last=urgent))
    assert isinstance(decision, Escalate)
    assert (decision.priority, decision.priority_reason) == (1, "Priority 1: given by ana.")


def test_worsening_after_the_order_was_done_raises_a_new_one() -> None:
    change = a_change(ChangeKind.ESCALATED, severity=Severity.CRITICAL, at=SOON)
    assert isinstance(decide(change, ProblemOrders(linked=DONE, last=DONE)), Raise)


def test_returning_to_a_severity_that_was_worked_on_raises_nothing_while_cooling() -> None:
    change = a_change(ChangeKind.ESCALATED, severity=Severity.MEDIUM, at=SOON)
    decision = decide(change, ProblemOrders(linked=DONE, last=DONE))
    assert isinstance(decision, Note)
    assert decision.order is DONE


def test_easing_is_noted_and_the_priority_stays() -> None:
    change = a_change(ChangeKind.DEESCALATED, severity=Severity.LOW)
    decision = decide(change, ProblemOrders(linked=OPEN, open=OPEN, last=OPEN))
    assert decision == Note(OPEN, "severity fell to low; priority stays")


@pytest.mark.parametrize("order", [OPEN, DONE, CLOSED])
def test_clearing_is_noted_and_closes_nothing(order: WorkOrder) -> None:
    decision = decide(a_change(ChangeKind.CLEARED), ProblemOrders(linked=order, last=order))
    assert decision == Note(order, "the condition cleared at 2026-03-02 06:00:00 UTC")


def test_clearing_of_an_event_that_cooled_down_is_no_news_for_the_order() -> None:
    decision = decide(a_change(ChangeKind.CLEARED), ProblemOrders(held_back_by=DONE, last=DONE))
    assert isinstance(decision, Nothing)


def test_rules_of_one_failure_mode_are_one_problem() -> None:
    one = a_change(rule="centrifugal_pump/vibration_zone").event
    other = a_change(rule="centrifugal_pump/vibration_rise").event
    assert problem_key(one) == problem_key(other) == "P-101/VIB"


def test_rules_of_unknown_failure_mode_are_problems_of_their_own() -> None:
    one = a_change(failure_mode="UNK", rule="centrifugal_pump/stale").event
    other = a_change(failure_mode="UNK", rule="centrifugal_pump/stuck").event
    assert problem_key(one) != problem_key(other)


AGAIN = WorkOrderRequest("corrective", None, 3600.0, recurrence=Recurrence.REOPEN)
AT_ONCE = WorkOrderRequest("corrective", None, 3600.0, recurrence=Recurrence.NEW)
BUSY = an_order(id=9, number="WO-000009", problem=None, state=State.IN_PROGRESS)


@pytest.mark.parametrize("last", [DONE, CLOSED])
def test_a_problem_that_comes_back_reopens_its_order_where_its_rule_says_so(
    last: WorkOrder,
) -> None:
    change = a_change(at=SOON, work_order=AGAIN, severity=Severity.CRITICAL)
    decision = decide(change, ProblemOrders(last=last))
    assert isinstance(decision, Reopen)
    assert (decision.order, decision.priority) == (last, 1)
    assert "came back after WO-000001 was completed" in decision.reason


def test_a_problem_that_comes_back_later_gets_a_new_order() -> None:
    change = a_change(at=LATE, work_order=AGAIN)
    assert isinstance(decide(change, ProblemOrders(last=DONE)), Raise)


@pytest.mark.parametrize(("days", "kind"), [(6.9, Reopen), (7.0, Raise)])
def test_without_a_cooldown_an_order_reopens_within_the_sites_time(
    days: float, kind: type[object]
) -> None:
    asked = WorkOrderRequest("corrective", None, 0.0, recurrence=Recurrence.REOPEN)
    change = a_change(at=START + timedelta(days=days), work_order=asked)
    assert isinstance(decide(change, ProblemOrders(last=DONE)), kind)


def test_a_sites_time_for_reopening_bounds_the_rules() -> None:
    policy = WorkPolicy(reopen_within=timedelta(minutes=30))
    change = a_change(at=SOON, work_order=AGAIN)
    assert isinstance(decide(change, ProblemOrders(last=DONE), policy=policy), Raise)


def test_an_order_that_cannot_be_reopened_is_followed_by_a_new_one() -> None:
    change = a_change(at=SOON, work_order=AGAIN)
    assert isinstance(decide(change, ProblemOrders(last=DONE, reopenable=False)), Raise)


@pytest.mark.parametrize("last", [CANCELLED, REGRETTED])
def test_a_cancelled_order_is_not_reopened(last: WorkOrder) -> None:
    assert isinstance(decide(a_change(at=SOON, work_order=AGAIN), ProblemOrders(last=last)), Raise)


def test_a_rule_may_ask_for_a_new_order_each_time() -> None:
    change = a_change(at=SOON, work_order=AT_ONCE)
    assert isinstance(decide(change, ProblemOrders(last=DONE)), Raise)


def test_an_event_of_an_asset_that_people_work_on_is_noted_there() -> None:
    decision = decide(a_change(), ProblemOrders(under_way=BUSY))
    assert isinstance(decision, Suppress)
    assert (decision.order, decision.reason) == (BUSY, "WO-000009 is in progress at P-101")


def test_an_open_order_of_the_problem_goes_before_other_work_at_the_asset() -> None:
    decision = decide(a_change(), ProblemOrders(open=OPEN, last=OPEN, under_way=BUSY))
    assert isinstance(decision, Attach)


def test_a_suppressed_event_that_gets_worse_is_noted_as_long_as_work_goes_on() -> None:
    change = a_change(ChangeKind.ESCALATED, severity=Severity.HIGH)
    decision = decide(change, ProblemOrders(held_back_by=BUSY, under_way=BUSY))
    assert isinstance(decision, Note)
    done = replace(BUSY, state=State.COMPLETED, completed_at=START)
    assert isinstance(decide(change, ProblemOrders(held_back_by=done)), Raise)


def test_a_site_may_have_a_matrix_of_its_own() -> None:
    matrix = {"A": dict.fromkeys(Severity, 1)}
    policy = WorkPolicy("north", matrix=matrix, matrix_name="boiler house")
    decision = decide(a_change(severity=Severity.LOW), ProblemOrders(), policy=policy)
    assert isinstance(decision, Raise)
    assert decision.priority == 1
    assert decision.priority_reason.endswith("(matrix boiler house).")
