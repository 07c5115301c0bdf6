"""An asset's own parameters are in the unit of the rules, and everybody knows who said so."""

import pytest

from conditions.parameter import override_value, parameter_units, parameter_values
from conditions.rule import Rule
from conditions.rule_file import load_rules
from config.documents import parse_document

ROLES = {"filter": {"dp": "bar", "temp": "degC"}}
TEXT = """asset_class: filter
inputs:
  dp: {point: dp, unit: bar}
  temp: {point: temp, unit: degC}
params: {dirty: {value: 25, unit: kPa}, hot: 80}
rules:
- {id: dirty, raise: "dp > dirty"}
- {id: hot, raise: "temp > hot"}
"""


def rules(text: str = TEXT) -> list[Rule]:
    found, problems = load_rules([parse_document(text, "f.yaml")], ROLES)
    assert problems == []
    return found


def test_a_parameter_is_in_its_own_unit_or_in_that_of_its_neighbour() -> None:
    assert parameter_units(rules()) == {("filter", "dirty"): "kPa", ("filter", "hot"): "degC"}


@pytest.mark.parametrize(
    ("value", "unit", "wanted", "kept"),
    [
        (0.3, "bar", "kPa", 30.0),
        (185, "degF", "degC", 85.0),
        (30, None, "kPa", 30),
        (30, "bar", None, 30),
        (30, "bar", "degC", None),
        (30, "delta_degC", "degC", None),
    ],
)
def test_an_override_is_converted(
    value: float, unit: str | None, wanted: str | None, kept: float | None
) -> None:
    assert override_value(value, unit, wanted) == kept


def test_a_value_names_the_file_and_line_that_say_so() -> None:
    dirty, hot = rules()
    (default,) = parameter_values(dirty, {})
    assert (default.value, default.unit, default.source) == (25, "kPa", "f.yaml:7")
    assert not default.overridden
    (own,) = parameter_values(hot, {"hot": (75, "assets.yaml:3")})
    assert (own.value, own.default, own.source) == (75, 80, "assets.yaml:3")
    assert own.overridden


def test_one_parameter_has_one_unit_in_all_rules_of_a_class() -> None:
    text = TEXT.replace("temp > hot", "temp > hot and dp < 1") + '- {id: b, raise: "dp > hot"}\n'
    found, problems = load_rules([parse_document(text, "f.yaml")], ROLES)
    assert len(found) == 2
    (problem,) = problems
    assert "hot is in bar here, and in degC in rule hot (f.yaml:8)" in problem.message
