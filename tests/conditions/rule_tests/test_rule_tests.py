"""Tests of rules: read from files, run on the engine, compared with what was expected."""

import pytest

from conditions.rule_file import load_rules
from conditions.rule_tests.case import Outcome, run_test
from conditions.rule_tests.expectation import compare, parse_step
from conditions.rule_tests.file import load_tests
from config.documents import Problem, parse_document
from tests.conditions.plants import RULES

FILE = "rules/pump.yaml"


def read(tests: str) -> tuple[list[Outcome], list[Problem]]:
    """What comes of tests that stand in the file of the rules."""
    document = parse_document(RULES + "tests:\n" + tests, FILE)
    rules, wrong = load_rules([document], None)
    assert wrong == []
    found, problems = load_tests([document], rules)
    return [run_test(test) for test in found], problems


def outcome(test: str) -> Outcome:
    (found,), problems = read(test)
    assert problems == []
    return found


def said(found: Outcome) -> list[tuple[str, str]]:
    return [(str(line.expected or "-"), str(line.found or "-")) for line in found.lines]


RISE = "{vib: '2 until 10s, 5 until 20s, 8 until 30s, 1 until 60s'}, every: 1s"


def test_a_test_whose_events_come_when_they_should_passes() -> None:
    expect = "[raised medium at 10s, escalated high at 22s, deescalated medium, cleared]"
    found = outcome(f"- {{rule: zone, inputs: {RISE}, expect: {expect}}}")
    assert [line.found is not None for line in found.lines][:2] == [True, True]
    assert said(found)[0] == ("raised medium at 10s", "raised medium at 10s")


def test_a_difference_is_shown_beside_what_was_found() -> None:
    found = outcome(f"- {{rule: zone, inputs: {RISE}, expect: [raised medium at 11s]}}")
    assert not found.passed
    assert said(found)[0] == ("raised medium at 11s", "raised medium at 10s")
    assert said(found)[1] == ("-", "escalated high at 22s")


def test_a_time_may_be_off_by_the_tolerance() -> None:
    test = "- {rule: hot, inputs: {temp: 90 at 5s}, expect: raised high at 6s, tolerance: %s}"
    assert outcome(test % "1s").passed
    assert not outcome(test % "500ms").passed


def test_nothing_may_be_expected() -> None:
    assert outcome("- {rule: hot, inputs: {temp: 84 until 1h}, expect: nothing}").passed
    assert not outcome("- {rule: hot, inputs: {temp: 86 until 1h}, expect: nothing}").passed


def test_parameters_stand_in_for_an_assets_own() -> None:
    test = "- {rule: zone, params: {trip: %s}, inputs: {vib: 8 until 10s}, every: 1s, expect: %s}"
    assert outcome(test % (7, "[raised medium at 0s, escalated high at 2s]")).passed
    assert outcome(test % (9, "raised medium at 0s")).passed


def test_unknown_neither_raises_nor_clears() -> None:
    test = "- {rule: hot, inputs: {temp: '90 until 1m, unknown until 1h'}, expect: raised high}"
    assert outcome(test).passed


def test_a_timer_runs_out_though_no_reading_comes() -> None:
    test = "- {rule: zone, inputs: {vib: 8 at 1s}, until: 1m, expect: %s}"
    assert outcome(test % "[raised medium at 1s, escalated high at 3s]").passed


def test_an_alarm_goes_on_and_off() -> None:
    test = "- {rule: trip, alarm: 'on at 10s, off at 2m', expect: [raised critical at 10s, cleared at 2m]}"
    assert outcome(test).passed


def test_a_file_of_tests_alone_names_its_class() -> None:
    rules, _ = load_rules([parse_document(RULES, FILE)], None)
    text = "asset_class: %s\ntests: [{rule: hot, inputs: {temp: 90 at 1s}, expect: raised}]"
    (test,), problems = load_tests([parse_document(text % "pump", "a.test.yaml")], rules)
    assert (problems, run_test(test).passed) == ([], True)
    assert load_tests([parse_document(text % "fan", "a.test.yaml")], rules)[0] == []


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ("- {rule: hoot, expect: nothing}", "no rule 'hoot'"),
        ("- {rule: hot, inputs: {tmp: 1 at 1s}, expect: nothing}", "no input 'tmp'"),
        ("- {rule: hot, params: {trip: 1}, expect: nothing}", "no parameter 'trip'"),
        ("- {rule: hot, inputs: {temp: 1 at noon}, expect: nothing}", "not a duration"),
        ("- {rule: hot, inputs: {temp: 1 at 1s}, expect: raise}", "cannot be read"),
        ("- {rule: hot, inputs: {temp: 1 at 1s}, expect: raised at noon}", "not a duration"),
        ("- {rule: hot, alarm: on at 1s, expect: nothing}", "follows no alarm"),
        ("- {rule: trip, inputs: {}, expect: nothing}", "follows the alarm MOTOR_TRIP"),
        ("- {rule: hot}", "expect"),
        ("- {rule: hot, expects: nothing, expect: nothing}", "expects"),
        ("- nonsense", ""),
    ],
)
def test_every_mistake_is_told_with_its_line(test: str, message: str) -> None:
    outcomes, problems = read(f"  {test}\n")
    assert outcomes == []
    assert any(message in str(problem) for problem in problems), problems
    assert all(problem.place.line > 1 for problem in problems)


@pytest.mark.parametrize("text", ["tests: [{rule: hot, expect: x}]", "asset_class: pump\ntests: x"])
def test_a_file_of_tests_that_has_no_class_or_no_list_is_told(text: str) -> None:
    tests, (problem,) = load_tests([parse_document(text, "a.test.yaml")], [])
    assert (tests, problem.place.file) == ([], "a.test.yaml")


def test_changes_of_one_kind_are_set_side_by_side() -> None:
    expected = [parse_step("raised high at 1m"), parse_step("cleared at 2m")]
    lines = compare(expected, [parse_step("cleared at 2m")], tolerance=0)
    assert [(line.expected, line.found, line.same) for line in lines] == [
        (expected[0], None, False),
        (expected[1], expected[1], True),
    ]
