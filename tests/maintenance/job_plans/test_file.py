"""Job plans in files."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from maintenance.job_plans.file import JobPlanShape, StepShape, key_of
from maintenance.job_plans.plan import Limits, OnFail, StepKind

NUMBER = {"kind": "number", "text": "Vibration", "unit": "mm/s"}


def plan(**given: Any) -> JobPlanShape:
    return JobPlanShape.model_validate({"code": "inspect", "name": "Inspect", **given})


def test_a_step_is_a_check_that_must_be_done_and_is_noted_when_it_fails() -> None:
    [step] = plan(steps=[{"text": "Guard is closed"}]).to_domain().steps
    assert (step.kind, step.required, step.on_fail) == (StepKind.CHECK, True, OnFail.NOTE)


def test_a_step_is_named_by_its_words_where_it_has_no_key() -> None:
    assert key_of("Öl: Füllstand (kalt), in %") == "öl-füllstand-kalt-in"
    assert key_of("???") == "step"


def test_limits_are_told_apart_by_what_follows() -> None:
    limits = {"reject_below": 1, "alert_below": 2, "alert_above": 8, "reject_above": 9}
    step = StepShape.model_validate({**NUMBER, "limits": limits}).to_domain()
    assert step.limits == Limits(1, 2, 8, 9)


def test_quantities_keep_every_digit() -> None:
    [part] = plan(parts=[{"part": "GREASE", "quantity": "0.035", "unit": "kg"}]).to_domain().parts
    assert part.quantity == Decimal("0.035")


@pytest.mark.parametrize(
    ("step", "remedy"),
    [
        ({"kind": "number", "text": "Level"}, "Give `unit:`"),
        ({"kind": "meter", "text": "Hours"}, "Give `point:`"),
        ({"kind": "check", "text": "Level", "unit": "mm"}, "Remove them"),
        ({"kind": "choice", "text": "Seal", "choices": ["dry"]}, "Give `choices:`"),
        ({"kind": "text", "text": "Seal", "choices": ["dry", "wet"]}, "kind: choice"),
        (
            {"kind": "choice", "text": "Seal", "choices": ["dry", "wet"], "failing": ["moist"]},
            "Name one of the choices",
        ),
        ({"kind": "photo", "text": "Seal", "on_fail": "follow_up"}, "Remove `on_fail:`"),
        ({**NUMBER, "limits": {"alert_above": 9, "reject_above": 8}}, "Give reject_below <="),
        ({**NUMBER, "unit": "mm/sec per"}, "mm/sec per"),
        ({**NUMBER, "colour": "red"}, "colour"),
    ],
)
def test_a_step_that_does_not_fit_its_kind_is_refused(step: dict[str, Any], remedy: str) -> None:
    with pytest.raises(ValidationError) as caught:
        StepShape.model_validate(step)
    assert remedy in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        {"steps": [{"text": "Look"}, {"text": "look!"}]},
        {"parts": [{"part": "A"}, {"part": "A"}]},
        {"parts": [{"part": "A", "quantity": 0}]},
        {"estimated_minutes": 0},
        {"code": "not a code"},
    ],
)
def test_a_plan_with_a_mistake_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        plan(**given)
