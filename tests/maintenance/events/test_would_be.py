"""Orders that changes would have made, by the policy that acts live."""

from dataclasses import replace
from datetime import timedelta

from conditions.event import (
    ChangeKind,
    ConditionEvent,
    EventState,
    Recurrence,
    Severity,
    WorkOrderRequest,
)
from maintenance.events.policy import ConditionChange
from maintenance.events.would_be import WouldBeOrder, would_be_orders
from tests.maintenance.scene import PUMP, START

ASKED = WorkOrderRequest("corrective", None, timedelta(days=2).total_seconds())


def change(
    event: int,
    day: float,
    kind: ChangeKind = ChangeKind.RAISED,
    severity: Severity = Severity.MEDIUM,
    asked: WorkOrderRequest | None = ASKED,
) -> ConditionChange:
    at = START + timedelta(days=day)
    found = ConditionEvent(
        id=event,
        key=f"event-{event}",
        rule="pump/zone",
        asset_id=1,
        asset="P-101",
        failure_mode="VIB",
        state=EventState.ACTIVE,
        severity=severity,
        peak_severity=severity,
        message="vibration above 7.1 mm/s",
        onset=at,
        raised_at=at,
        changed_at=at,
        cleared_at=None,
        value=7.4,
        work_order=asked,
        evidence={},
        acknowledged_at=None,
        acknowledged_by=None,
    )
    return ConditionChange(int(day * 10), kind, severity, at, 7.4, found, PUMP)


def orders(*changes: ConditionChange, days: float = 3) -> list[WouldBeOrder]:
    return would_be_orders(changes, work_takes=timedelta(days=days))


def test_an_event_makes_an_order_of_the_priority_that_it_would_have() -> None:
    (order,) = orders(change(1, 0))
    assert (order.number, order.asset, order.priority, order.raised_at) == (1, "P-101", 3, START)


def test_an_event_while_the_order_is_open_joins_it() -> None:
    (order,) = orders(change(1, 0), change(2, 2.9))
    assert (order.joined, order.held_back) == (1, 0)


def test_an_event_in_the_cooldown_after_completion_is_held_back() -> None:
    (order,) = orders(change(1, 0), change(2, 3), change(3, 4.9))
    assert (order.joined, order.held_back) == (0, 2)


def test_an_event_after_the_cooldown_makes_another_order() -> None:
    assert [order.number for order in orders(change(1, 0), change(2, 5))] == [1, 2]


def test_a_worse_event_is_not_held_back() -> None:
    assert len(orders(change(1, 0), change(2, 4, severity=Severity.HIGH))) == 2


def test_an_event_that_gets_worse_makes_its_order_more_urgent() -> None:
    worse = change(1, 1, ChangeKind.ESCALATED, Severity.CRITICAL)
    (order,) = orders(change(1, 0), worse)
    assert (order.first_priority, order.priority, order.escalated) == (3, 1, 1)


def test_an_event_that_gets_worse_after_its_order_was_completed_makes_a_new_one() -> None:
    worse = change(1, 9, ChangeKind.ESCALATED, Severity.CRITICAL)
    assert len(orders(change(1, 0), worse)) == 2


def test_clearing_and_easing_change_nothing() -> None:
    eased = change(1, 1, ChangeKind.DEESCALATED, Severity.LOW)
    (order,) = orders(change(1, 0), eased, change(1, 2, ChangeKind.CLEARED))
    assert order == orders(change(1, 0))[0]


def test_a_rule_that_asks_for_no_work_makes_no_order() -> None:
    assert orders(change(1, 0, asked=None)) == []


def test_problems_are_apart() -> None:
    other = change(2, 1)
    other = replace(other, event=replace(other.event, failure_mode="OHE"))
    assert [order.problem for order in orders(change(1, 0), other)] == ["P-101/VIB", "P-101/OHE"]


def test_a_problem_that_comes_back_reopens_its_order_as_it_does_live() -> None:
    again = replace(ASKED, recurrence=Recurrence.REOPEN)
    days = (0.0, 2.0, 2.5, 3.5, 9.0)
    changes = [change(number, day, asked=again) for number, day in enumerate(days, 1)]
    orders = would_be_orders(changes, work_takes=timedelta(days=1))
    assert [(order.raised_at, order.reopened, order.joined) for order in orders] == [
        (START, 2, 3),
        (START + timedelta(days=9), 0, 0),
    ]
