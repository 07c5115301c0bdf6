"""Rule files are read whole, and every mistake in them gets a message with file, line and remedy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conditions.event import Severity, WorkOrderRequest
from conditions.rule import Rule
from conditions.rule_file import load_rules, rule_from_definition
from conditions.spelling import spell
from config.documents import Problem, parse_document

ROLES = {"pump": {"vibration": "mm/s", "temp": "degC", "running": "1"}}
HEAD = """asset_class: pump
inputs:
  vib: {point: vibration, unit: mm/s, max_age: 5m}
  temp: {point: temp, unit: degF}
params: {alert: 4.5, trip: 7.1}
rules:
"""
ZONE = """- id: zone
  failure_mode: VIB
  value: vib
  levels:
    high: {raise: "> trip", clear: "< trip - 0.5", for: 2m, clear_for: 2h}
    medium: {raise: "> alert", clear: "< alert - 0.5", for: 30m}
  work_order: {type: corrective, job_plan: inspect-bearing, cooldown: 7d}
"""


def read(text: str) -> tuple[list[Rule], list[Problem]]:
    return load_rules([parse_document(text, "rules/pump.yaml")], ROLES)


def rule(text: str) -> Rule:
    rules, problems = read(HEAD + text)
    assert problems == []
    return rules[0]


def test_a_rule_with_levels_is_read_mildest_first() -> None:
    zone = rule(ZONE)
    assert zone.name == "pump/zone"
    assert [level.severity for level in zone.levels] == [Severity.MEDIUM, Severity.HIGH]
    assert zone.levels[1].for_us == 120_000_000
    assert zone.work_order == WorkOrderRequest("corrective", "inspect-bearing", 604_800.0)
    assert (zone.file, zone.line) == ("rules/pump.yaml", 7)
    assert zone.parameters == {"alert": 4.5, "trip": 7.1}


def test_without_clear_a_rule_clears_where_it_does_not_raise() -> None:
    (level,) = rule('- {id: hot, raise: "temp > 185"}').levels
    assert spell(level.clear_when) == "temp <= 185"
    assert level.severity is Severity.MEDIUM


def test_an_alarm_without_severity_has_a_level_for_each() -> None:
    assert [level.severity for level in rule("- {id: a, alarm: HIGH}").levels] == list(Severity)
    assert len(rule("- {id: a, alarm: HIGH, severity: high}").levels) == 1


def test_a_rule_survives_its_definition() -> None:
    zone = rule(ZONE)
    again = rule_from_definition(zone.definition, file=zone.file, line=zone.line)
    assert (again, again.hash) == (zone, zone.hash)


def test_the_hash_ignores_place_and_spelling_but_not_meaning() -> None:
    zone = rule(ZONE)
    assert rule("\n\n" + ZONE.replace("trip - 0.5", "trip-0.5")).hash == zone.hash
    assert rule(ZONE.replace("2m", "120s")).hash == zone.hash
    assert rule(ZONE.replace("2m", "3m")).hash != zone.hash


def test_other_work_is_another_rule_with_the_same_state() -> None:
    zone, other = rule(ZONE), rule(ZONE.replace("7d", "1d"))
    assert zone.hash != other.hash
    assert zone.state_hash == other.state_hash


MISTAKES = {
    "class": ("asset_class: pmp\nrules: []", 1, "pmp", "'pump'"),
    "role": (HEAD.replace("point: temp", "point: tmp"), 4, "no role 'tmp'", "'temp'"),
    "unit": (HEAD.replace("unit: mm/s", "unit: mmm/sss"), 3, "mmm/sss", "mm/s"),
    "kind of unit": (HEAD.replace("unit: degF", "unit: bar"), 4, "cannot be compared", "degC"),
    "age": (HEAD.replace("5m", "5 minutes"), 3, "not a duration", "5m"),
    "parameter": (HEAD + '- {id: a, raise: "vib > tripp"}', 7, "'tripp'", "'trip'"),
    "input": (HEAD + '- {id: a, raise: "vibr > 1"}', 7, "'vibr'", "'vib'"),
    "dead band": (HEAD + '- {id: a, raise: "vib > 5", clear: "vib < 6"}', 7, "overlaps", "<="),
    "same way": (HEAD + '- {id: a, raise: "vib > 5", clear: "vib > 9"}', 7, "overlaps", "<="),
    "duration": (HEAD + '- {id: a, raise: "vib > 5", for: 30}', 7, "30", "30m|5m"),
    "key": (HEAD + '- {id: a, raise: "vib > 5", delay: 3s}', 7, "delay", "Known are"),
    "severity": (HEAD + '- {id: a, raise: "vib > 5", severity: bad}', 7, "bad", "critical"),
    "form": (HEAD + '- {id: a, raise: "vib > 5", alarm: X}', 7, "raise and alarm", "CODE"),
    "no form": (HEAD + "- {id: a}", 7, "none of them", "CODE"),
    "levels without value": (
        HEAD + '- {id: a, levels: {low: {raise: "> 1"}}}',
        7,
        "without a value",
        "value:",
    ),
    "delay beside levels": (
        HEAD + '- {id: a, value: vib, for: 2s, levels: {low: {raise: "> 1"}}}',
        7,
        "for does not go",
        "each level",
    ),
    "order of levels": (
        HEAD + '- {id: a, value: vib, levels: {low: {raise: "> 9"}, high: {raise: "> 1"}}}',
        7,
        "reached before",
        "Order",
    ),
    "repeated id": (
        HEAD + '- {id: a, raise: "vib > 5"}\n- {id: a, raise: "vib > 6"}',
        8,
        "already at rules/pump.yaml:7",
        "another id",
    ),
    "call": (HEAD + '- {id: a, raise: "vib > exit()"}', 7, "'exit'", "Known are"),
    "division": (HEAD + '- {id: a, raise: "vib > 1/0"}', 7, "not a number", ""),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_with_file_line_and_remedy(name: str) -> None:
    text, line, message, remedy = MISTAKES[name]
    _, problems = read(f"{text} []" if text.endswith("rules:\n") else text)
    (problem,) = problems
    assert (problem.place.file, problem.place.line) == ("rules/pump.yaml", line)
    assert message in problem.message
    assert any(part in problem.remedy for part in remedy.split("|"))


def test_every_mistake_of_a_file_is_told_at_once() -> None:
    text = HEAD + '- {id: a, raise: "vib > x"}\n- {id: "b c", raise: "vib > 1"}\n- {id: c}\n'
    rules, problems = read(text.replace("unit: degF", "unit: bar"))
    assert [problem.place.line for problem in problems] == [4, 7, 8, 9]
    assert rules == []


@given(st.text(alphabet="vib temp<>=!+-*/().123_eE,[]{}'\"#\\:;@lambdainot\n", max_size=40))
def test_any_rule_text_gives_a_rule_or_problems(text: str) -> None:
    document = parse_document(HEAD + "- {id: a, raise: x}", "f")
    document.data["rules"][0]["raise"] = text
    rules, problems = load_rules([document], ROLES)
    assert bool(rules) != bool(problems)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.sampled_from(["id", "raise", "levels", "value", "alarm", "for", "work_order"]), VALUES)
def test_any_value_of_a_key_gives_a_rule_or_problems(key: str, value: object) -> None:
    document = parse_document(HEAD + '- {id: a, raise: "vib > 1"}', "f")
    document.data["rules"][0][key] = value
    rules, problems = load_rules([document], ROLES)
    assert bool(rules) != bool(problems)
