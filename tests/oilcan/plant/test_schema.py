"""The schemas for editors accept what the check accepts, and are the ones that are published."""

import json
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from conditions.functions import FUNCTIONS
from conditions.rule_file import load_rules
from config.documents import load_document, parse_document
from oilcan.command_line import app
from oilcan.plant.reference import DEMO_SCHEMA, FILE
from oilcan.plant.schema import plant_schema, rules_schema, schema_text
from oilcan.plant.schema_kind import SchemaKind
from tests.oilcan.plant.json_schema import Schema

ROOT = Path(__file__).parents[3]
RULES, PLANT = Schema(rules_schema()), Schema(plant_schema())
RULE_FILES = sorted((ROOT / "oilcan" / "demo" / "plant" / "rules").glob("*.yaml"))
ROLES = {"pump": {"vibration": "mm/s", "temp": "degC"}}
TEXT = """asset_class: pump
inputs:
  vib: {point: vibration, unit: mm/s, max_age: 5m}
  temp: {point: temp, unit: degC}
params: {trip: 7.1, alert: {value: 4.5, unit: mm/s}}
rules:
- id: zone
  failure_mode: VIB
  enabled_when: temp > 20
  value: avg(vib, 10m)
  levels:
    medium: {raise: "> alert", clear: "< alert - 0.5", for: 30m}
    high: {raise: "> trip", for: 2m, clear_for: 2h}
  on_unknown: hold
  latch: true
  suppress:
  - {parent: true}
  - {parent: seal}
  - {asset_state: [maintenance]}
  - {window: {days: [sat], start: "22:00", end: "06:00"}}
  - {window: {first: 2026-12-24, last: 2027-01-01}}
  work_order: {type: corrective, job_plan: inspect-bearing, cooldown: 7d}
- {id: seal, alarm: 17, severity: high}
"""


def plain(value: Any) -> Any:
    """As an editor sees YAML: a date is text."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def test_the_published_schemas_are_those_of_the_program() -> None:
    for kind in SchemaKind:
        published = FILE.parent / f"{kind}.schema.json"
        assert published.read_text("utf-8") == schema_text(kind), "python -m oilcan.plant.reference"
    assert DEMO_SCHEMA.read_text("utf-8") == schema_text(SchemaKind.RULES)


@pytest.mark.parametrize("kind", SchemaKind)
def test_a_schema_is_printed_by_the_command(kind: SchemaKind) -> None:
    result = CliRunner().invoke(app, ["schema", kind])
    assert result.exit_code == 0
    assert json.loads(result.output)["$schema"].startswith("https://json-schema.org/")


@pytest.mark.parametrize("file", RULE_FILES, ids=lambda file: file.stem)
def test_every_sample_names_its_schema_and_meets_it(file: Path) -> None:
    named = file.read_text("utf-8").splitlines()[0].partition("$schema=")[2]
    assert (file.parent / named).resolve() == DEMO_SCHEMA.resolve()
    assert list(RULES.errors(plain(load_document(file).data))) == []


@pytest.mark.parametrize("name", ["plant.yaml", "assets.yaml"])
def test_the_demo_s_register_meets_the_schema_of_plant_files(name: str) -> None:
    document = load_document(ROOT / "oilcan" / "demo" / "plant" / name)
    assert list(PLANT.errors(plain(document.data))) == []


def test_an_expression_offers_the_functions_of_the_language() -> None:
    expression = rules_schema()["$defs"]["Expression"]
    assert len(expression["defaultSnippets"]) == len(FUNCTIONS)
    assert "`held(c, w)`" in expression["markdownDescription"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("unit: mm/s, max_age", "unite: mm/s, max_age"),
        ("max_age: 5m", "max_age: 5 minutes"),
        ("on_unknown: hold", "on_unknown: keep"),
        ("latch: true", "latch: maybe"),
        ("    medium:", "    mediocre:"),
        ("days: [sat]", "days: [saturday]"),
        ("type: corrective", "type: repair"),
        ("- id: zone", "- name: zone"),
    ],
)
def test_a_mistake_of_structure_is_one_for_both(old: str, new: str) -> None:
    assert old in TEXT
    document = parse_document(TEXT.replace(old, new, 1), "f")
    assert load_rules([document], ROLES)[1]
    assert not RULES.accepts(plain(document.data))


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False)
    | st.sampled_from(["", "5m", "5", "vib > 3", "> 1", "true", "pump", "2026-12-24", "high"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["id", "raise", "unit", "value", "high"]), inner, max_size=2
        )
    ),
    max_leaves=4,
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    return [path, *(way for key, one in items for way in paths(one, (*path, key)))]


DATA = parse_document(TEXT, "f").data
PATHS = [path for path in paths(DATA) if path]


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(PATHS), VALUES)
def test_what_the_check_accepts_the_schema_accepts(path: tuple[Any, ...], value: Any) -> None:
    document = parse_document(TEXT, "f")
    within = document.data
    for key in path[:-1]:
        within = within[key]
    within[path[-1]] = deepcopy(value)
    if not load_rules([document], ROLES)[1]:
        assert list(RULES.errors(plain(document.data))) == []
