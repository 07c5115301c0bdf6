"""The life of an order as a table: what leads where, what is refused, and what is then allowed."""

from dataclasses import replace

import pytest

from maintenance.errors import AssetRetired, RequirementMissing, TransitionRefused
from maintenance.orders.work_order import (
    TRANSITIONS,
    Action,
    OrderType,
    Particulars,
    State,
    allowed_transitions,
    check_assignable,
    check_transition,
)
from tests.maintenance.scene import an_order

WHOLE = Particulars("ana", reason="because", resolution="bearing replaced")

LEGAL = {
    (State.DRAFT, Action.APPROVE): State.APPROVED,
    (State.APPROVED, Action.START): State.IN_PROGRESS,
    (State.IN_PROGRESS, Action.COMPLETE): State.COMPLETED,
    (State.COMPLETED, Action.CLOSE): State.CLOSED,
    (State.DRAFT, Action.CANCEL): State.CANCELLED,
    (State.APPROVED, Action.CANCEL): State.CANCELLED,
    (State.IN_PROGRESS, Action.CANCEL): State.CANCELLED,
    (State.COMPLETED, Action.CANCEL): State.CANCELLED,
}
EVERY = [(state, action) for state in State for action in Action]


@pytest.mark.parametrize(("state", "action"), sorted(LEGAL))
def test_a_legal_action_leads_to_its_state(state: State, action: Action) -> None:
    found = check_transition(an_order(state=state), action, WHOLE)
    assert found.target is LEGAL[state, action]


@pytest.mark.parametrize(("state", "action"), [pair for pair in EVERY if pair not in LEGAL])
def test_any_other_action_is_refused_with_what_is_allowed(state: State, action: Action) -> None:
    order = an_order(state=state)
    with pytest.raises(TransitionRefused) as refused:
        check_transition(order, action, WHOLE)
    assert set(refused.value.allowed) == {act for at, act in LEGAL if at is state}


@pytest.mark.parametrize("state", State)
def test_allowed_transitions_are_those_of_the_table(state: State) -> None:
    allowed = allowed_transitions(an_order(state=state))
    assert set(allowed) == {act for at, act in LEGAL if at is state}


def test_every_action_has_a_transition() -> None:
    assert set(TRANSITIONS) == set(Action)


def test_an_order_of_a_retired_asset_cannot_be_approved() -> None:
    with pytest.raises(AssetRetired, match="P-101 is retired"):
        check_transition(an_order(asset_retired=True), Action.APPROVE, WHOLE)


def test_an_order_of_a_retired_asset_can_still_be_cancelled_and_nothing_else() -> None:
    assert allowed_transitions(an_order(asset_retired=True)) == (Action.CANCEL,)


@pytest.mark.parametrize("said", [None, "", "  \n"])
def test_a_corrective_order_is_not_completed_without_a_resolution(said: str | None) -> None:
    order = an_order(state=State.IN_PROGRESS, type=OrderType.CORRECTIVE)
    with pytest.raises(RequirementMissing) as missing:
        check_transition(order, Action.COMPLETE, Particulars("ana", resolution=said))
    assert missing.value.field == "resolution"


def test_a_resolution_that_stands_already_is_enough() -> None:
    order = an_order(state=State.IN_PROGRESS, resolution="bearing replaced")
    found = check_transition(order, Action.COMPLETE, Particulars("ana"))
    assert found.target is State.COMPLETED


@pytest.mark.parametrize("kind", [OrderType.PREVENTIVE, OrderType.INSPECTION])
def test_other_orders_are_completed_without_a_resolution(kind: OrderType) -> None:
    order = an_order(state=State.IN_PROGRESS, type=kind)
    assert check_transition(order, Action.COMPLETE, Particulars("ana")).target is State.COMPLETED


@pytest.mark.parametrize("reason", ["", "   "])
def test_cancelling_needs_a_reason(reason: str) -> None:
    with pytest.raises(RequirementMissing) as missing:
        check_transition(an_order(), Action.CANCEL, Particulars("ana", reason=reason))
    assert missing.value.field == "reason"


@pytest.mark.parametrize("state", [State.COMPLETED, State.CLOSED, State.CANCELLED])
def test_nobody_is_assigned_where_no_work_is_left(state: State) -> None:
    with pytest.raises(TransitionRefused, match="cannot assign"):
        check_assignable(replace(an_order(), state=state))
