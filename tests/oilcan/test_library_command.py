"""`oilcan rules library` lists, shows and copies templates, and never writes over a file."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from conditions.errors import LibraryEntryUnknown
from conditions.library.catalog import templates
from conditions.rule_file import load_rules
from config.documents import load_document
from oilcan.command_line import app


def run(*words: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["rules", "library", *map(str, words)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_every_template_is_listed() -> None:
    code, output = run("list")
    assert code == 0
    assert all(template.name in output for template in templates())


def test_a_template_is_shown_with_the_roles_that_it_expects() -> None:
    code, output = run("show", "pump-vibration", "--group", "medium-rigid")
    assert code == 0
    assert "  de_vibration in mm/s: r.m.s. velocity at the drive end" in output
    assert "vib_bc: {value: 2.8, unit: mm/s}" in output


def test_a_template_is_copied_under_ones_own_names(tmp_path: Path) -> None:
    file = tmp_path / "filter.yaml"
    code, output = run("copy", "filter", file, "--class", "bag_filter", "--role", "flow=air_flow")
    assert code == 0
    assert "set under `params:` of each asset: dp_final, flow_design" in output
    roles = {"bag_filter": {"differential_pressure": "kPa", "air_flow": "m3/h"}}
    rules, problems = load_rules([load_document(file)], roles)
    assert problems == []
    assert rules[0].name == "bag_filter/filter_loaded"


def test_a_file_that_exists_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("mine")
    code, output = run("copy", "filter", file)
    assert (code, file.read_text()) == (1, "mine")
    assert "exists" in output


def test_a_file_in_no_folder_is_told(tmp_path: Path) -> None:
    code, output = run("copy", "filter", tmp_path / "none" / "f.yaml")
    assert code == 1
    assert "cannot be written" in output


def test_the_table_of_zones_can_be_corrected_and_given_back(tmp_path: Path) -> None:
    code, table = run("zones")
    assert code == 0
    own = tmp_path / "zones.yaml"
    own.write_text(table.replace("limits: {A/B: 1.4, B/C: 2.8", "limits: {A/B: 1.4, B/C: 3.1"))
    _, output = run("show", "pump-vibration", "--group", "medium-rigid", "--zones", own)
    assert "vib_bc: {value: 3.1, unit: mm/s}" in output


def test_a_role_without_an_equals_sign_is_told() -> None:
    with pytest.raises(LibraryEntryUnknown, match="de_vibration=vib"):
        run("copy", "filter", "f.yaml", "--role", "flow")
