"""Which agreement an order is under, and what an agreement may say."""

from itertools import permutations

import pytest

from maintenance.sla.agreement import Agreement, Escalation, Facts, Measure, Target, choose
from maintenance.sla.file import ServiceLevelShape

FACTS = Facts("corrective", 2, "north", "centrifugal_pump")
EVERY = Agreement("every", "Every order")
URGENT = Agreement("urgent", "Urgent", priorities=(1, 2))
PUMPS = Agreement("pumps", "Pumps", asset_classes=("centrifugal_pump",))
BOTH = Agreement("both", "Urgent repairs", types=("corrective",), priorities=(1, 2))
ELSEWHERE = Agreement("south", "South", sites=("south",), priorities=(2,), types=("corrective",))


def test_the_most_specific_agreement_wins_whatever_the_order_and_says_why() -> None:
    for agreements in permutations([EVERY, URGENT, PUMPS, BOTH, ELSEWHERE]):
        found = choose(agreements, FACTS)
        assert found.agreement is BOTH
        assert found.reason == (
            "Urgent repairs: it is for priority 2, corrective work; "
            "more specific than Pumps, Urgent, Every order."
        )


def test_among_as_many_criteria_the_asset_class_says_more_than_the_priority() -> None:
    assert choose([URGENT, PUMPS], FACTS).agreement is PUMPS


def test_an_order_that_nothing_fits_is_told_so() -> None:
    found = choose([ELSEWHERE], FACTS)
    assert found.agreement is None
    assert "No agreement fits corrective work of priority 2" in found.reason


def test_a_file_s_agreement_warns_and_tells_of_the_breach_in_any_case() -> None:
    shape = ServiceLevelShape.model_validate(
        {
            "code": "a",
            "name": "A",
            "response": {"minutes": 60, "measure": "elapsed"},
            "escalations": [{"at_percent": 150, "notify": ["ana"]}],
        }
    )
    found = shape.definition()
    assert found.response == Target(60, Measure.ELAPSED)
    assert found.chain == (Escalation(75), Escalation(100), Escalation(150, ("ana",)))
    assert [each.step for each in found.chain] == ["warning:75", "breach", "escalation:150"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "nothing is agreed"),
        ({"response": {"minutes": 60}}, "working time needs a calendar"),
        ({"response": {"minutes": 0, "measure": "elapsed"}}, "greater than or equal to 1"),
        (
            {
                "response": {"minutes": 1, "measure": "elapsed"},
                "escalations": [{"at_percent": 90}] * 2,
            },
            "90 per cent is there twice",
        ),
    ],
)
def test_a_mistake_is_told_with_what_would_be_right(given: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        ServiceLevelShape.model_validate({"code": "a", "name": "A", **given})
