"""Every template is a sound rule file, and says of each rule and number what a person has to know."""

import re
from pathlib import Path

import pytest

from conditions.errors import LibraryEntryUnknown
from conditions.library.catalog import Adaptation, Template, find_template, rule_file, templates
from conditions.library.zones import load_zones, zone_group, zone_limit
from conditions.rule import Rule
from conditions.rule_file import load_rules
from config.documents import parse_document
from config.units import unit_problem

TEMPLATES = list(templates())
TABLE = load_zones()

WANTED = {
    *("pump-vibration", "pump-hydraulics", "motor", "screw-compressor", "fan-vibration"),
    *("gearbox-oil", "filter", "heat-exchanger", "belt-slip", "tank-level", "signal-health"),
    "temperature-change",
}


def rules_of(template: Template, text: str) -> list[Rule]:
    roles = {template.asset_class: {role: one.unit for role, one in template.about.roles.items()}}
    rules, problems = load_rules([parse_document(text, f"{template.name}.yaml")], roles)
    assert [problem.explain() for problem in problems] == []
    return rules


def named(template: Template) -> str:
    return template.name


def test_the_library_has_what_a_plant_begins_with() -> None:
    assert {template.name for template in TEMPLATES} == WANTED


@pytest.mark.parametrize("template", TEMPLATES, ids=named)
def test_a_template_is_a_sound_rule_file(template: Template) -> None:
    assert [rule.id for rule in rules_of(template, rule_file(template))] == list(
        template.about.rules
    )


@pytest.mark.parametrize("template", TEMPLATES, ids=named)
def test_every_number_has_a_source_and_every_input_a_role(template: Template) -> None:
    data = parse_document(rule_file(template), "f").data
    rules = rules_of(template, rule_file(template))
    used = {name for rule in rules for name in rule.parameters}
    assert set(data["params"]) == set(template.about.sources) == used
    assert set(template.about.set_for_each_asset) <= used
    assert {one["point"] for one in data["inputs"].values()} == set(template.about.roles)
    assert all(unit_problem(one.unit) is None for one in template.about.roles.values())


@pytest.mark.parametrize("template", TEMPLATES, ids=named)
def test_every_rule_names_its_failure_mode(template: Template) -> None:
    rules = rules_of(template, rule_file(template))
    assert all(rule.failure_mode != "UNK" for rule in rules)


@pytest.mark.parametrize("template", TEMPLATES, ids=named)
def test_a_copy_says_what_its_rules_mean_and_where_its_numbers_come_from(
    template: Template,
) -> None:
    text = rule_file(template)
    assert max(map(len, text.splitlines())) <= 100
    comments = " ".join(re.findall(r"^ *# ?(.*)$", text, re.MULTILINE))
    told = [*template.about.sources.values()]
    for note in template.about.rules.values():
        told += [note.means, *note.check_first, note.source]
    assert [one for one in told if one not in comments] == []


@pytest.mark.parametrize("group", [group.group for group in TABLE.groups])
def test_a_machine_group_gives_its_own_limits(group: str) -> None:
    template = find_template("pump-vibration")
    zone, *_ = rules_of(template, rule_file(template, Adaptation(group=group)))
    found = zone_group(TABLE, group)
    assert zone.parameters["vib_bc"] == zone_limit(TABLE, found, "B/C")
    assert zone.parameters["vib_cd"] == zone_limit(TABLE, found, "C/D")


def test_every_group_s_boundaries_rise_and_say_what_they_were_checked_against() -> None:
    for group in TABLE.groups:
        limits = [group.limits[boundary] for boundary in ("A/B", "B/C", "C/D")]
        assert limits == sorted(limits)
        assert group.standard
        assert group.checked


def test_a_copy_has_ones_own_class_and_roles() -> None:
    template = find_template("signal-health")
    text = rule_file(
        template, Adaptation(asset_class="mixer", roles={"de_vibration": "gear_vibration"})
    )
    roles = {"mixer": {"gear_vibration": "mm/s"}}
    rules, problems = load_rules([parse_document(text, "f")], roles)
    assert problems == []
    assert {rule.asset_class for rule in rules} == {"mixer"}


def test_ones_own_table_is_taken_in_its_own_unit(tmp_path: Path) -> None:
    file = tmp_path / "zones.yaml"
    file.write_text(
        "unit: cm/s\ngroups:\n- {group: ours, machine: All, standard: House rule 7,"
        " limits: {A/B: 0.1, B/C: 0.3, C/D: 0.6}, checked: by us}\n"
    )
    template = find_template("fan-vibration")
    adaptation = Adaptation(group="ours", zones=load_zones(file))
    text = rule_file(template, adaptation)
    assert rules_of(template, text)[0].parameters["vib_alarm"] == 3.0
    assert "House rule 7" in text


@pytest.mark.parametrize(
    ("name", "adaptation", "told"),
    [
        ("pump-vibratoin", Adaptation(), "Did you mean 'pump-vibration'?"),
        ("pump-vibration", Adaptation(group="medium-rigd"), "Did you mean 'medium-rigid'?"),
        ("pump-vibration", Adaptation(roles={"sped": "n"}), "Did you mean 'speed'?"),
    ],
)
def test_what_the_library_has_not_is_told_with_what_it_has(
    name: str, adaptation: Adaptation, told: str
) -> None:
    with pytest.raises(LibraryEntryUnknown, match=re.escape(told)):
        rule_file(find_template(name), adaptation)
