"""The guide to rules is true: each example loads, and its table of functions is the program's."""

import re
from pathlib import Path

import pytest

from conditions.functions import FUNCTIONS
from conditions.rule import Rule
from conditions.rule_file import load_rules
from config.documents import Problem, parse_document

GUIDE = (Path(__file__).parents[2] / "docs" / "guide" / "rules.md").read_text("utf-8")
FILES = dict(re.findall(r"```yaml (\S+)\n(.*?)```", GUIDE, re.DOTALL))
# Parts of a rule file, by the key that they begin with; a list of rules begins with none.
PARTS = {
    text.partition(":")[0] if text[0].isalpha() else "rules": text
    for text in re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
}
ROLES = {
    "centrifugal_pump": {
        "de_vibration": "mm/s",
        "de_bearing_temp": "degC",
        "ambient_temp": "degC",
        "speed": "rpm",
        "filter_dp": "kPa",
        "flow": "m3/h",
        "power": "kW",
        "pump_health": "1",
    }
}
HEAD = f"""asset_class: centrifugal_pump
inputs:
  vib: {{point: de_vibration, unit: mm/s, max_age: 5m}}
  temp: {{point: de_bearing_temp, unit: degC}}
  ambient: {{point: ambient_temp, unit: degC}}
  spd: {{point: speed, unit: rpm}}
  dp: {{point: filter_dp, unit: kPa}}
  flow: {{point: flow, unit: m3/h}}
  power: {{point: power, unit: kW}}
{PARTS["params"]}  vib_trip: 7.1
rules:
"""


def load(text: str) -> tuple[list[Rule], list[Problem]]:
    return load_rules([parse_document(text, "rules/pump.yaml")], ROLES)


@pytest.mark.parametrize("name", FILES)
def test_every_rule_file_of_the_guide_loads(name: str) -> None:
    rules, problems = load(FILES[name])
    assert problems == []
    assert rules


def test_every_rule_of_the_guide_loads() -> None:
    rules, problems = load(HEAD + PARTS["rules"])
    assert [problem.explain() for problem in problems] == []
    assert len(rules) == PARTS["rules"].count("- {id:")


def test_the_suppressions_of_the_guide_load() -> None:
    rule = '- id: a\n  raise: "vib > 3"\n'
    body = "".join(f"  {line}\n" for line in PARTS["suppress"].splitlines())
    rules, problems = load(f"{HEAD}{rule}{body}- {{id: power_loss, alarm: POWER}}\n")
    assert problems == []
    assert len(rules[0].suppress) == 5


def test_every_function_is_in_the_guide_as_it_is() -> None:
    for one in FUNCTIONS.values():
        assert f"| `{one.call}` | {one.meaning} | {one.unit} | {one.unknown} |\n" in GUIDE


@pytest.mark.parametrize(
    "truth",
    ["power / flow > '0.3 kW/(m3/h)'", "temp - 5 > 80", "3 < vib < 5", "vib > '4.5 mm/s'"],
)
def test_what_the_guide_calls_right_is_right(truth: str) -> None:
    assert load(f'{HEAD}- {{id: a, raise: "{truth}"}}')[1] == []


@pytest.mark.parametrize(
    "truth",
    ["temp + dp > 3", "temp > dp", "1.1 * temp > 80", "age(vib) > 30", "power / flow > 0.3"],
)
def test_what_the_guide_calls_wrong_is_refused_with_its_place(truth: str) -> None:
    (problem,) = load(f'{HEAD}- {{id: a, raise: "{truth}"}}')[1]
    assert problem.excerpt is not None
