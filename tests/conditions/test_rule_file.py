"""Rule files are read whole, and every mistake in them gets a message with file, line and remedy."""

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import date, time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conditions.event import Severity, WorkOrderRequest
from conditions.rule import Input, OnUnknown, Rule
from conditions.rule_file import load_rules, rule_from_definition
from conditions.spelling import spell
from conditions.suppression import DateWindow, Suppression, SuppressionKind, WeeklyWindow
from config.documents import Problem, parse_document
from config.errors import DocumentError

ROLES = {"pump": {"vibration": "mm/s", "temp": "degC", "running": "1", "health": "1", "dp": "bar"}}
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
    "parent's rule": (
        HEAD + '- {id: a, raise: "vib > 5", suppress: [{parent: b}]}\n- {id: bb, alarm: B}',
        7,
        "no rule 'b'",
        "'bb'",
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


SUPPRESSED = """- id: a
  raise: "temp > 185"
  on_unknown: clear
  latch: true
  enabled_when: vib > 0.1
  suppress:
    - {parent: true}
    - {parent: pump/power_loss}
    - {asset_state: [maintenance, down]}
    - {window: {days: [fri, sat], start: "22:00", end: "06:00"}}
    - {window: {first: 2026-12-24, last: "2027-01-01"}}
- {id: power_loss, alarm: POWER}
"""


def test_what_a_rule_says_of_its_life_is_read() -> None:
    read_rule = rule(SUPPRESSED)
    assert read_rule.on_unknown is OnUnknown.CLEAR
    assert read_rule.latch
    assert read_rule.enabled_when
    assert spell(read_rule.enabled_when) == "vib > 0.1"
    assert [one.name for one in read_rule.inputs] == ["temp", "vib"]
    assert read_rule.suppress == (
        Suppression(SuppressionKind.PARENT),
        Suppression(SuppressionKind.PARENT, rule="pump/power_loss"),
        Suppression(SuppressionKind.ASSET_STATE, states=frozenset({"maintenance", "down"})),
        Suppression(
            SuppressionKind.WINDOW, window=WeeklyWindow(frozenset({4, 5}), time(22), time(6))
        ),
        Suppression(
            SuppressionKind.WINDOW, window=DateWindow(date(2026, 12, 24), date(2027, 1, 1))
        ),
    )


def test_a_definition_is_kept_as_json() -> None:
    first = rule(SUPPRESSED)
    kept = json.loads(json.dumps(first.definition))
    assert rule_from_definition(kept, file=first.file, line=first.line) == first


WHOLE = (
    HEAD.replace("params: {", "params: {dirty: {value: 25, unit: kPa}, ")
    + """
- {id: zone, value: "avg(vib, 10m)", levels: {high: {raise: "> trip", clear: "< trip - 0.5"}}}
- {id: rise, raise: "rate(temp, 15m) > 0.5", clear: "< 0.1", for: 5m}
- {id: stale, raise: "age(vib) > 30m", severity: low}
- {id: stuck, raise: "stddev(temp, 6h) < 0.01 and coverage(temp, 6h) > 0.8 and vib > 1"}
- {id: chatter, raise: "rises(vib > 6, 24h) >= 5", clear: "< 2"}
- {id: wear, raise: "eta(avg(vib, 1d), trip, 14d) < 10d", work_order: {type: preventive, due: eta}}
- {id: anomaly, raise: "score(health) > 1", clear: "score(health) < 0.8", for: 15m}
- {id: band, raise: "not 1 < vib < 5", clear: "2 < vib < 4"}
- {id: dirty, raise: "dp > dirty"}
"""
)


@pytest.fixture(name="whole")
def _whole() -> list[Rule]:
    text = WHOLE.replace("  temp:", "  dp: {point: dp, unit: bar}\n  temp:")
    rules, problems = read(text)
    assert problems == []
    return rules


def test_every_form_of_rule_survives_its_definition(whole: list[Rule]) -> None:
    for one in whole:
        kept = json.loads(json.dumps(one.definition))
        again = rule_from_definition(kept, file=one.file, line=one.line)
        assert (again, again.hash) == (one, one.hash)


def test_a_rule_knows_the_number_that_it_shows(whole: list[Rule]) -> None:
    shown = {one.id: (spell(one.value), one.unit) for one in whole if one.value}
    assert shown["zone"] == ("avg(vib, 10m)", "mm/s")
    assert shown["rise"] == ("rate(temp, 15m)", "delta_degF/min")
    assert shown["chatter"] == ("rises(vib > 6, 1d)", "1")
    assert shown["wear"] == ("eta(avg(vib, 1d), trip, 14d)", "s")
    assert shown["band"] == ("vib", "mm/s")


def test_a_model_s_score_is_an_input_of_its_role(whole: list[Rule]) -> None:
    (anomaly,) = (one for one in whole if one.id == "anomaly")
    assert anomaly.inputs == (Input("score(health)", "health", "1", None),)


def test_a_parameter_keeps_its_own_unit(whole: list[Rule]) -> None:
    (dirty,) = (one for one in whole if one.id == "dirty")
    assert (dirty.parameters, dirty.parameter_units) == ({"dirty": 25}, {"dirty": "kPa"})
    (wear,) = (one for one in whole if one.id == "wear")
    assert wear.parameter_units == {"trip": "mm/s"}


def test_the_name_of_an_input_is_no_part_of_the_meaning() -> None:
    zone = rule(ZONE)
    renamed = read((HEAD + ZONE).replace("vib:", "v:").replace("value: vib", "value: v"))[0][0]
    assert renamed.hash == zone.hash


def test_life_beside_evaluation_is_another_rule_with_the_same_state() -> None:
    plain = rule('- {id: a, raise: "vib > 1"}')
    for more in ("latch: true", "suppress: [{parent: true}]", 'value: "vib * 2"'):
        other = rule('- {id: a, raise: "vib > 1", ' + more + "}")
        assert other.hash != plain.hash
        assert other.state_hash == plain.state_hash
    for more in ("on_unknown: raise", 'enabled_when: "temp > 3"', "for: 1s"):
        assert rule('- {id: a, raise: "vib > 1", ' + more + "}").state_hash != plain.state_hash


def test_an_expression_s_mistake_is_marked_under_its_text() -> None:
    (problem,) = read(HEAD + '- {id: a, raise: "vib > 3 and tmp > 85"}')[1]
    assert problem.explain().split("\n") == [
        (
            "rules/pump.yaml:7:11: 'tmp' is neither an input nor a parameter of this file. "
            "Did you mean 'temp'?"
        ),
        "    vib > 3 and tmp > 85",
        "                ~~~",
    ]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def nodes(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value of a document."""
    if path:
        yield path
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        yield from nodes(inner, (*path, key))


def owner(data: Any, path: tuple[Any, ...]) -> Any:
    """What holds the value at a path; None where an earlier mutation took it away."""
    for key in path[:-1]:
        present = key in data if isinstance(data, dict) else isinstance(data, list)
        if not present or (isinstance(data, list) and key >= len(data)):
            return None
        data = data[key]
    return data if isinstance(data, (dict, list)) else None


def mutate(data: Any, path: tuple[Any, ...], kind: str, value: Any) -> None:
    within, key = owner(data, path), path[-1]
    if isinstance(within, list):
        key = min(key, len(within))
        within[key : key + 1] = {"delete": [], "duplicate": within[key : key + 1] * 2}.get(
            kind, [value]
        )
    elif isinstance(within, dict) and kind == "delete":
        within.pop(key, None)
    elif isinstance(within, dict):
        within[key if kind == "replace" else f"{key}2"] = value


WITH_ALL = WHOLE.replace("  temp:", "  dp: {point: dp, unit: bar}\n  temp:") + SUPPRESSED
PATHS = sorted(nodes(parse_document(WITH_ALL, "f").data), key=str)
MUTATION = st.tuples(
    st.sampled_from(PATHS),
    st.sampled_from(["delete", "duplicate", "replace"]),
    VALUES
    | st.sampled_from(PATHS).map(lambda path: owner(parse_document(WITH_ALL, "").data, path)),
)


@settings(deadline=None)
@given(st.lists(MUTATION, min_size=1, max_size=3))
def test_a_mutated_rule_file_gives_rules_or_problems(mutations: list[Any]) -> None:
    document = parse_document(WITH_ALL, "f")
    for path, kind, value in mutations:
        mutate(document.data, path, kind, deepcopy(value))
    rules, problems = load_rules([document], ROLES)
    for one in rules:
        assert rule_from_definition(json.loads(json.dumps(one.definition)), file="f", line=1).hash
    assert all(problem.explain() for problem in problems)


@settings(deadline=None)
@given(st.integers(0, len(WITH_ALL)), st.integers(0, 5), st.text(max_size=3))
def test_a_rule_file_with_a_slip_of_the_hand_gives_rules_or_problems(
    at: int, deleted: int, typed: str
) -> None:
    try:
        document = parse_document(WITH_ALL[:at] + typed + WITH_ALL[at + deleted :], "f")
    except DocumentError as error:
        problems = list(error.problems)
    else:
        problems = load_rules([document], ROLES)[1]
    assert all(problem.explain() for problem in problems)


@given(st.text(alphabet="vib temp<>=!+-*/().123_eE,[]{}'\"#\\:;@lambdainot\n", max_size=40))
def test_any_rule_text_gives_a_rule_or_problems(text: str) -> None:
    document = parse_document(HEAD + "- {id: a, raise: x}", "f")
    document.data["rules"][0]["raise"] = text
    rules, problems = load_rules([document], ROLES)
    assert bool(rules) != bool(problems)


@given(st.sampled_from(["id", "raise", "levels", "value", "alarm", "for", "work_order"]), VALUES)
def test_any_value_of_a_key_gives_a_rule_or_problems(key: str, value: object) -> None:
    document = parse_document(HEAD + '- {id: a, raise: "vib > 1"}', "f")
    document.data["rules"][0][key] = value
    rules, problems = load_rules([document], ROLES)
    assert bool(rules) != bool(problems)
