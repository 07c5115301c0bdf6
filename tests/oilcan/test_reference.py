"""The reference pages say what the program says."""

import re
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from config.settings import Settings
from oilcan.command_line import app
from oilcan.reference import commands_page, settings_page
from oilcan.settings import EngineSettings

_PAGES = Path(__file__).parents[2] / "docs" / "reference"
_STALE = "write it anew: python -m oilcan.reference docs/reference"


def options() -> list[tuple[str, str, str]]:
    """Command, variable and help text of every option that stands over a variable."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    return [
        (name, str(param.envvar), str(getattr(param, "help", "")))
        for name, command in group.commands.items()
        for param in command.params
        if getattr(param, "envvar", None)
    ]


def test_page_of_commands_is_up_to_date():
    assert (_PAGES / "commands.md").read_text(encoding="utf-8") == commands_page(), _STALE


def test_page_of_settings_is_up_to_date():
    assert (_PAGES / "settings.md").read_text(encoding="utf-8") == settings_page(), _STALE


@pytest.mark.parametrize("model", [Settings, EngineSettings])
def test_every_setting_has_a_description_and_an_example(model: type[Settings | EngineSettings]):
    for name, field in model.model_fields.items():
        assert field.description, name
        assert field.examples, name


def test_every_option_stands_over_a_setting_and_tells_its_default():
    fields = {
        f"OILCAN_{name.upper()}": field
        for model in (Settings, EngineSettings)
        for name, field in model.model_fields.items()
    }
    for command, variable, text in options():
        told = re.search(r"Default: ([\w.~/-]*[\w])", text)
        default = fields[variable].default
        if isinstance(default, int | str) and default != "":
            assert told, (command, variable)
            assert told[1] == str(default), (command, variable)
