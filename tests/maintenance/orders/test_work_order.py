"""The life of an order as a table: what leads where, what is refused, and what is then allowed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from maintenance.errors import (
    AssetRetired,
    NotReady,
    ProblemOpen,
    RequirementMissing,
    TransitionRefused,
)
from maintenance.orders.failure_report import FailureFound
from maintenance.orders.lack import Lack
from maintenance.orders.transitions import (
    TRANSITIONS,
    Readiness,
    allowed_transitions,
    check_assignable,
    check_transition,
    possible_transitions,
)
from maintenance.orders.work_order import Action, OrderType, Particulars, State
from maintenance.orders.work_policy import Demand, Who, WorkPolicy
from tests.maintenance.scene import START, an_order

WHOLE = Particulars(
    "ana",
    reason="because",
    resolution="bearing replaced",
    hold_reason="weather",
    planned_start=START,
)
READY = Readiness(START)

LEGAL = {
    (State.DRAFT, Action.APPROVE): State.APPROVED,
    (State.APPROVED, Action.SCHEDULE): State.SCHEDULED,
    (State.APPROVED, Action.START): State.IN_PROGRESS,
    (State.SCHEDULED, Action.START): State.IN_PROGRESS,
    (State.IN_PROGRESS, Action.HOLD): State.ON_HOLD,
    (State.ON_HOLD, Action.RESUME): State.IN_PROGRESS,
    (State.IN_PROGRESS, Action.COMPLETE): State.COMPLETED,
    (State.COMPLETED, Action.CLOSE): State.CLOSED,
    (State.COMPLETED, Action.REOPEN): State.IN_PROGRESS,
    (State.CLOSED, Action.REOPEN): State.IN_PROGRESS,
    **{
        (state, Action.CANCEL): State.CANCELLED
        for state in State
        if state not in {State.CLOSED, State.CANCELLED}
    },
}
EVERY = [(state, action) for state in State for action in Action]


@pytest.mark.parametrize(("state", "action"), sorted(LEGAL))
def test_a_legal_action_leads_to_its_state(state: State, action: Action) -> None:
    found = check_transition(an_order(state=state), action, WHOLE, READY)
    assert found.target is LEGAL[state, action]


@pytest.mark.parametrize(("state", "action"), [pair for pair in EVERY if pair not in LEGAL])
def test_any_other_action_is_refused_with_what_is_allowed(state: State, action: Action) -> None:
    order = an_order(state=state)
    with pytest.raises(TransitionRefused) as refused:
        check_transition(order, action, WHOLE, READY)
    assert set(refused.value.allowed) == {act for at, act in LEGAL if at is state}


@pytest.mark.parametrize("state", State)
def test_allowed_transitions_are_those_of_the_table(state: State) -> None:
    allowed = allowed_transitions(an_order(state=state))
    assert set(allowed) == {act for at, act in LEGAL if at is state}


def test_every_action_has_a_transition() -> None:
    assert set(TRANSITIONS) == set(Action)


def test_an_order_of_a_retired_asset_cannot_be_approved() -> None:
    with pytest.raises(AssetRetired, match="P-101 is retired"):
        check_transition(an_order(asset_retired=True), Action.APPROVE, WHOLE, READY)


def test_an_order_of_a_retired_asset_can_still_be_cancelled_and_nothing_else() -> None:
    assert allowed_transitions(an_order(asset_retired=True)) == (Action.CANCEL,)


@pytest.mark.parametrize("said", [None, "", "  \n"])
def test_a_corrective_order_is_not_completed_without_a_resolution(said: str | None) -> None:
    order = an_order(state=State.IN_PROGRESS, type=OrderType.CORRECTIVE)
    with pytest.raises(RequirementMissing) as missing:
        check_transition(order, Action.COMPLETE, Particulars("ana", resolution=said), READY)
    assert missing.value.field == "resolution"


def test_a_resolution_that_stands_already_is_enough() -> None:
    order = an_order(state=State.IN_PROGRESS, resolution="bearing replaced")
    found = check_transition(order, Action.COMPLETE, Particulars("ana"), READY)
    assert found.target is State.COMPLETED


@pytest.mark.parametrize("kind", [OrderType.PREVENTIVE, OrderType.INSPECTION])
def test_other_orders_are_completed_without_a_resolution(kind: OrderType) -> None:
    order = an_order(state=State.IN_PROGRESS, type=kind)
    assert (
        check_transition(order, Action.COMPLETE, Particulars("ana"), READY).target
        is State.COMPLETED
    )


@pytest.mark.parametrize("reason", ["", "   "])
def test_cancelling_needs_a_reason(reason: str) -> None:
    with pytest.raises(RequirementMissing) as missing:
        check_transition(an_order(), Action.CANCEL, Particulars("ana", reason=reason), READY)
    assert missing.value.field == "reason"


@pytest.mark.parametrize("state", [State.COMPLETED, State.CLOSED, State.CANCELLED])
def test_nobody_is_assigned_where_no_work_is_left(state: State) -> None:
    with pytest.raises(TransitionRefused, match="cannot assign"):
        check_assignable(replace(an_order(), state=state))


def lacking(action: Action, state: State, ready: Readiness, **given: object) -> set[str]:
    """Codes of what `NotReady` tells."""
    with pytest.raises(NotReady) as refused:
        check_transition(an_order(state=state, **given), action, WHOLE, ready)
    return {lack.code for lack in refused.value.missing}


@pytest.mark.parametrize("action", [Action.START, Action.RESUME])
@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"permits_to_issue": ("hot_work",)}, "permit_to_issue"),
        ({"permits_expired": ("hot_work",)}, "permit_expired"),
        ({"permits_lapsed": ("hot_work",)}, "permit_lapsed"),
        ({"isolations_to_verify": ("XV-7",)}, "isolation_to_verify"),
        ({"parent_state": State.COMPLETED}, "parent_done"),
    ],
)
def test_nobody_works_before_permits_are_in_force(
    action: Action, facts: dict[str, object], code: str
) -> None:
    source = State.APPROVED if action is Action.START else State.ON_HOLD
    assert lacking(action, source, replace(READY, **facts)) == {code}


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"permits_open": ("lockout",)}, "permit_open"),
        ({"isolations_in_place": ("XV-7",)}, "isolation_in_place"),
        ({"running_timers": ("ben",)}, "timer_running"),
        ({"unfinished_children": ("WO-000002",)}, "child_open"),
    ],
)
def test_work_is_not_done_while_something_still_stands(facts: dict[str, object], code: str) -> None:
    assert lacking(Action.COMPLETE, State.IN_PROGRESS, replace(READY, **facts)) == {code}


def test_everything_that_is_missing_is_told_at_once() -> None:
    ready = replace(READY, running_timers=("ben",), isolations_in_place=("XV-7", "XV-8"))
    with pytest.raises(NotReady, match=r"XV-7 is not removed; .*timer of ben runs"):
        check_transition(an_order(state=State.IN_PROGRESS), Action.COMPLETE, WHOLE, ready)


def test_what_other_rooms_miss_stops_their_action_alone() -> None:
    ready = replace(READY, elsewhere={Action.COMPLETE: (Lack("steps", "step 3 is not done"),)})
    assert lacking(Action.COMPLETE, State.IN_PROGRESS, ready) == {"steps"}
    hold = check_transition(an_order(state=State.IN_PROGRESS), Action.HOLD, WHOLE, ready)
    assert hold.target is State.ON_HOLD


@pytest.mark.parametrize("finished", [timedelta(minutes=1), -timedelta(hours=3)])
def test_work_does_not_end_in_the_future_nor_before_it_began(finished: timedelta) -> None:
    order = an_order(state=State.IN_PROGRESS, started_at=START - timedelta(hours=2))
    with pytest.raises(RequirementMissing) as missing:
        check_transition(
            order, Action.COMPLETE, replace(WHOLE, finished_at=START + finished), READY
        )
    assert missing.value.field == "finished_at"


def test_a_site_may_ask_for_a_failure_report_of_corrective_work() -> None:
    ready = replace(READY, policy=WorkPolicy(failure_report=Demand.REQUIRED))
    order = an_order(state=State.IN_PROGRESS)
    with pytest.raises(RequirementMissing, match="failure report"):
        check_transition(order, Action.COMPLETE, WHOLE, ready)
    check_transition(order, Action.COMPLETE, replace(WHOLE, failure=FailureFound("VIB")), ready)
    check_transition(order, Action.COMPLETE, WHOLE, replace(ready, failure_reported=True))
    preventive = an_order(state=State.IN_PROGRESS, type=OrderType.PREVENTIVE)
    check_transition(preventive, Action.COMPLETE, WHOLE, ready)


def test_a_site_may_ask_that_another_closes() -> None:
    ready = replace(READY, policy=WorkPolicy(reviewer=Who.ANOTHER), performers=frozenset({"ana"}))
    assert lacking(Action.CLOSE, State.COMPLETED, ready) == {"reviewer"}
    order = an_order(state=State.COMPLETED)
    check_transition(order, Action.CLOSE, replace(WHOLE, actor="ben"), ready)


def test_a_hold_says_by_a_code_what_it_waits_for() -> None:
    with pytest.raises(RequirementMissing) as missing:
        check_transition(an_order(state=State.IN_PROGRESS), Action.HOLD, Particulars("ana"), READY)
    assert missing.value.field == "hold_reason"


def test_scheduling_needs_a_start_now_or_before() -> None:
    order = an_order(state=State.APPROVED)
    with pytest.raises(RequirementMissing) as missing:
        check_transition(order, Action.SCHEDULE, Particulars("ana"), READY)
    assert missing.value.field == "planned_start"
    planned = replace(order, planned_start=START)
    check_transition(planned, Action.SCHEDULE, Particulars("ana"), READY)


def test_an_order_is_reopened_to_the_last_moment_of_the_window_and_not_after() -> None:
    order = an_order(state=State.CLOSED, completed_at=START)
    ready = replace(READY, now=START + timedelta(days=7))
    assert check_transition(order, Action.REOPEN, WHOLE, ready).target is State.IN_PROGRESS
    late = replace(ready, now=ready.now + timedelta(microseconds=1))
    with pytest.raises(NotReady, match="make a follow-up order"):
        check_transition(order, Action.REOPEN, WHOLE, late)


def test_an_order_is_not_reopened_beside_another_about_its_problem() -> None:
    order = an_order(state=State.COMPLETED, completed_at=START)
    with pytest.raises(ProblemOpen) as refused:
        check_transition(order, Action.REOPEN, WHOLE, replace(READY, other_order="WO-000002"))
    assert refused.value.number == "WO-000002"


def test_what_is_possible_tells_what_it_asks_for_and_what_is_missing() -> None:
    ready = replace(READY, running_timers=("ben",))
    possible = possible_transitions(an_order(state=State.IN_PROGRESS), ready, actor="ana")
    told = {
        one.action: ([lack.field for lack in one.asks], [lack.code for lack in one.missing])
        for one in possible
    }
    assert told == {
        Action.HOLD: (["hold_reason"], []),
        Action.COMPLETE: (["resolution"], ["timer_running"]),
        Action.CANCEL: (["reason"], []),
    }
    assert {one.action: one.allowed for one in possible}[Action.COMPLETE] is False
