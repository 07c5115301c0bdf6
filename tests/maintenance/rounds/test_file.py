"""Inspection rounds in files."""

from typing import Any

import pytest
from pydantic import ValidationError

from maintenance.job_plans.plan import PlanKind
from maintenance.rounds.file import RoundShape

ROUND: dict[str, Any] = {
    "code": "morning-round",
    "name": "Morning round",
    "asset": "P-101",
    "stops": [
        {"asset": "P-102", "place": "Hall", "steps": [{"text": "No leak"}, {"text": "No noise"}]},
        {"asset": "P-101", "steps": [{"text": "No leak"}]},
    ],
}


def test_a_round_is_a_job_plan_along_a_route() -> None:
    plan = RoundShape.model_validate(ROUND).to_domain()
    assert (plan.kind, plan.asset) == (PlanKind.ROUND, "P-101")
    assert [(step.stop, step.asset, step.place, step.key) for step in plan.steps] == [
        (1, "P-102", "Hall", "no-leak"),
        (1, "P-102", "Hall", "no-noise"),
        (2, "P-101", "", "no-leak"),
    ]


@pytest.mark.parametrize(
    "stops",
    [
        [],
        [{"asset": "P-101", "steps": []}],
        [{"asset": "P-101", "steps": [{"text": "Look"}, {"text": "Look"}]}],
        [
            {"asset": "P-101", "steps": [{"text": "Look"}]},
            {"asset": "P-101", "steps": [{"text": "Look"}]},
        ],
    ],
)
def test_a_round_with_a_mistake_is_refused(stops: list[dict[str, Any]]) -> None:
    with pytest.raises(ValidationError):
        RoundShape.model_validate({**ROUND, "stops": stops})
