"""The wheel's top-level names are ours alone: flat names are short, so this is watched."""

import re
import tomllib
from importlib.metadata import distributions, packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
EXTRA = re.compile(r"^([\w.-]+)\[([\w-]+)")


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_claims_a_package(package: str) -> None:
    assert set(packages_distributions().get(package, ["oilcan"])) == {"oilcan"}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_has_a_docstring_and_nothing_else(package: str) -> None:
    text = (ROOT / package / "__init__.py").read_text().strip()
    assert text.startswith('"""')
    assert text.endswith('"""')
    assert "\n" not in text


def test_the_lock_names_no_address() -> None:
    lock = (ROOT / "requirements.txt").read_text()
    assert "://" not in lock
    assert "--hash=sha256:" in lock


def test_every_dependency_is_locked() -> None:
    lock = (ROOT / "requirements.txt").read_text().lower()
    project = PROJECT["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    for requirement in (item for group in groups for item in group):
        name = requirement.split(">")[0].split("[")[0].split("=")[0].split("<")[0].strip().lower()
        assert re.search(rf"^{re.escape(name)}(\[.*\])?==", lock, re.MULTILINE), name


def test_the_lock_pins_what_is_asked_for_with_extras() -> None:
    """pip takes a bare `coverage==7` for no pin of `coverage[toml]`, and fails at the next release."""
    lock = (ROOT / "requirements.txt").read_text().lower()
    for extra in (
        item for text in asked_for() if "extra ==" not in text for item in EXTRA.findall(text)
    ):
        assert re.search(
            rf"^{re.escape(extra[0])}\[.*{re.escape(extra[1])}.*\]==", lock, re.MULTILINE
        ), extra


def asked_for() -> list[str]:
    """What the installed distributions require, their optional groups left out."""
    return [text for item in distributions() for text in item.requires or []]


def test_the_installed_version_is_the_project_version() -> None:
    installed = [item.version for item in distributions() if item.name == "oilcan"]
    assert installed == [PROJECT["project"]["version"]]
