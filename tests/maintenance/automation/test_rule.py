"""Which rules act on what happened, and the words of messages."""

from datetime import UTC, datetime
from typing import Any

import pytest

from maintenance.automation.definition import automation_from_json
from maintenance.automation.delivery import RETRY_AFTER, DeliveryState, Outcome, settle
from maintenance.automation.happening import Happening, plain_facts, topic_matches
from maintenance.automation.message import Message, digest, fill, message
from maintenance.automation.rule import Notify, applies

AT = datetime(2026, 3, 2, 6, tzinfo=UTC)


def a_happening(topic: str = "work_order.create", **facts: Any) -> Happening:
    return Happening(1, topic, AT, facts, number=facts.get("number"))


def a_rule(**definition: Any) -> Any:
    whole = {"when": "work_order.create", "then": [{"approve": {}}], **definition}
    return automation_from_json("r", whole)


@pytest.mark.parametrize(
    ("pattern", "topic", "is_match"),
    [
        ("work_order.create", "work_order.create", True),
        ("work_order.*", "work_order.create", True),
        ("*.create", "work_order.create", True),
        ("work_order.*", "work_order.create.x", False),
        ("work_order", "work_order.create", False),
        ("work.order", "work_order", False),
    ],
)
def test_a_star_is_any_part_between_dots(pattern: str, topic: str, is_match: bool) -> None:
    assert topic_matches(pattern, topic) is is_match


@pytest.mark.parametrize(
    ("checks", "facts", "acts"),
    [
        ({}, {}, True),
        ({"site": "north"}, {"site": "north"}, True),
        ({"site": "north"}, {"site": "south"}, False),
        ({"site": ["north", "south"]}, {"site": "south"}, True),
        ({"priority": {"at_most": 2}}, {"priority": 2}, True),
        ({"priority": {"at_most": 2}}, {"priority": 3}, False),
        ({"priority": {"at_least": 2, "at_most": 3}}, {"priority": 1}, False),
        ({"priority": {"at_most": 2}}, {}, False),
        ({"priority": {"at_most": 2}}, {"priority": True}, False),
        ({"assignee": None}, {"assignee": None}, True),
        ({"assignee": None}, {}, True),
        ({"assignee": None}, {"assignee": "kim"}, False),
    ],
)
def test_all_checks_have_to_hold(checks: Any, facts: Any, acts: bool) -> None:
    assert applies(a_rule(**{"if": checks}), a_happening(**facts)) is acts


def test_none_of_unless_may_hold() -> None:
    rule = a_rule(unless={"type": "inspection", "site": "south"})
    assert applies(rule, a_happening(type="corrective", site="north"))
    assert not applies(rule, a_happening(type="corrective", site="south"))


def test_lists_and_objects_of_a_payload_are_no_facts() -> None:
    assert plain_facts({"a": 1, "b": [1], "c": {"d": 1}, "e": None}) == {"a": 1, "e": None}


def test_a_message_names_the_order_and_links_to_it() -> None:
    happening = a_happening(number="WO-000001", title="Seal drips", asset="P-101")
    said = message(Notify(("c",)), happening, address="https://oilcan.example.com")
    assert said.title == "WO-000001 (create): Seal drips"
    assert said.text.endswith("https://oilcan.example.com/work-orders/WO-000001")


def test_a_template_is_filled_with_facts_and_a_title_stays_one_line() -> None:
    action = Notify(("c",), "{asset}:\n{title} {nonsense}", "to {assignee}")
    said = message(action, a_happening(asset="P-101", title="x", assignee=None))
    assert said == Message("P-101: x {nonsense}", "to nobody")


def test_a_fact_that_looks_like_a_template_is_not_filled_again() -> None:
    assert fill("{title}", {"title": "{asset}", "asset": "P-101"}) == "{asset}"


def test_a_digest_says_how_many_it_does_not_show() -> None:
    said = digest([Message(f"m{index}", "") for index in range(45)])
    assert said.title == "Oilcan: 45 messages"
    assert said.text.splitlines()[-1] == "and 5 more"


def test_attempts_go_on_for_three_days_and_then_end() -> None:
    outcome = Outcome("no answer", retry=True)
    waits = [settle(outcome, attempts=count, at=AT) for count in range(1, len(RETRY_AFTER) + 2)]
    assert [each.not_before - AT for each in waits[:-1]] == list(RETRY_AFTER)
    assert [each.state for each in waits[:-1]] == [DeliveryState.WAITING] * len(RETRY_AFTER)
    assert waits[-1].state is DeliveryState.GIVEN_UP


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome(), DeliveryState.SENT),
        (Outcome("gone", gone=True), DeliveryState.GIVEN_UP),
        (Outcome("?", uncertain=True), DeliveryState.UNCERTAIN),
        (Outcome("unknown address"), DeliveryState.GIVEN_UP),
    ],
)
def test_an_outcome_decides_what_becomes_of_a_message(
    outcome: Outcome, state: DeliveryState
) -> None:
    assert settle(outcome, attempts=1, at=AT).state is state
