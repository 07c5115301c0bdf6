"""What a recording at a step means."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maintenance.errors import StepValueInvalid
from maintenance.job_plans.judgement import NOT_OK, OK, Given, judge, limits_in_words
from maintenance.job_plans.order_step import OrderStep, Outcome
from maintenance.job_plans.plan import Limits, OnFail, StepKind

LIMITS = Limits(0.5, 1.0, 4.5, 7.1)


def a_step(kind: StepKind = StepKind.NUMBER, **changed: Any) -> OrderStep:
    fields: dict[str, Any] = {
        "id": 1,
        "order_id": 1,
        "position": 1,
        "key": "step",
        "kind": kind,
        "text": "Vibration",
        "hint": "",
        "required": True,
        "on_fail": OnFail.NOTE,
        "failure_mode": None,
        "asset_id": 1,
        "asset": "P-101",
        "asset_name": "Pump",
        "unit": "mm/s" if kind is StepKind.NUMBER else None,
        "limits": LIMITS if kind is StepKind.NUMBER else Limits(),
        "choices": ("dry", "dripping") if kind is StepKind.CHOICE else (),
        "failing": ("dripping",) if kind is StepKind.CHOICE else (),
    }
    return OrderStep(**(fields | changed))


@pytest.mark.parametrize(
    ("value", "outcome", "reason"),
    [
        (0.4, Outcome.FAILED, "0.4 mm/s is below 0.5 mm/s"),
        (0.5, Outcome.ALERT, "0.5 mm/s is below 1 mm/s"),
        (1.0, Outcome.PASSED, ""),
        (4.5, Outcome.PASSED, ""),
        (4.6, Outcome.ALERT, "4.6 mm/s is above 4.5 mm/s"),
        (7.1, Outcome.ALERT, "7.1 mm/s is above 4.5 mm/s"),
        (7.2, Outcome.FAILED, "7.2 mm/s is above 7.1 mm/s"),
    ],
)
def test_a_number_outside_the_limits_has_failed(
    value: float, outcome: Outcome, reason: str
) -> None:
    judged = judge(a_step(), Given(value=value))
    assert (judged.outcome, judged.reason) == (outcome, reason)


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_fails_exactly_outside_the_rejecting_limits(value: float) -> None:
    failed = judge(a_step(), Given(value=value)).outcome is Outcome.FAILED
    assert failed == (not 0.5 <= value <= 7.1)


@pytest.mark.parametrize(
    ("kind", "given", "outcome"),
    [
        (StepKind.CHECK, Given(said=OK), Outcome.PASSED),
        (StepKind.CHECK, Given(said=NOT_OK), Outcome.FAILED),
        (StepKind.CHOICE, Given(said="dry"), Outcome.PASSED),
        (StepKind.CHOICE, Given(said="dripping"), Outcome.FAILED),
        (StepKind.TEXT, Given(said="Nothing odd"), Outcome.PASSED),
        (StepKind.SIGNATURE, Given(said="Kim Lee"), Outcome.PASSED),
        (StepKind.PHOTO, Given(photos=("a1",)), Outcome.PASSED),
        (StepKind.METER, Given(value=0.0), Outcome.PASSED),
        (StepKind.CHECK, Given(skipped=True, note="no access"), Outcome.SKIPPED),
    ],
)
def test_each_kind_is_judged_by_what_it_asks_for(
    kind: StepKind, given: Given, outcome: Outcome
) -> None:
    assert judge(a_step(kind), given).outcome is outcome


@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        (StepKind.NUMBER, Given(said="5"), "value"),
        (StepKind.NUMBER, Given(value=math.nan), "value"),
        (StepKind.METER, Given(value=math.inf), "value"),
        (StepKind.CHECK, Given(said="yes"), "said"),
        (StepKind.CHOICE, Given(said="moist"), "said"),
        (StepKind.TEXT, Given(said="  "), "said"),
        (StepKind.SIGNATURE, Given(), "said"),
        (StepKind.PHOTO, Given(said="see above"), "photos"),
        (StepKind.CHECK, Given(skipped=True), "note"),
    ],
)
def test_what_a_step_does_not_ask_for_is_refused(kind: StepKind, given: Given, field: str) -> None:
    with pytest.raises(StepValueInvalid) as refused:
        judge(a_step(kind), given)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (LIMITS, "allowed 0.5 to 7.1 mm/s, usual 1 to 4.5 mm/s"),
        (Limits(high_reject=7.1), "allowed up to 7.1 mm/s"),
        (Limits(low_alert=2), "usual from 2 mm/s"),
        (Limits(), ""),
    ],
)
def test_limits_are_told_in_words(limits: Limits, words: str) -> None:
    assert limits_in_words(a_step(limits=limits)) == words


@pytest.mark.parametrize(
    ("changed", "holds_up"),
    [
        ({}, True),
        ({"outcome": Outcome.PASSED}, False),
        ({"outcome": Outcome.FAILED}, False),
        ({"outcome": Outcome.FAILED, "on_fail": OnFail.STOP}, True),
        ({"outcome": Outcome.SKIPPED}, True),
        ({"required": False}, False),
        ({"required": False, "outcome": Outcome.FAILED, "on_fail": OnFail.STOP}, True),
    ],
)
def test_a_step_holds_an_order_up_until_it_is_done(changed: dict[str, Any], holds_up: bool) -> None:
    assert a_step(**changed).holds_up is holds_up
