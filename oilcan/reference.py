"""Writes the reference pages from the program itself: `python -m oilcan.reference docs/reference`."""

import sys
from collections.abc import Sequence
from pathlib import Path

import typer
import typer.main
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings
from typer.cli import get_docs_for_click

from conditions.settings import ConditionSettings
from config.settings import Settings
from ingest.settings import IngestSettings
from oilcan.command_line import app
from oilcan.settings import EngineSettings, GatewaySettings

_WRITTEN = "<!-- Written by `python -m oilcan.reference docs/reference`. -->\n"
_SETTINGS = (
    ("Every command", Settings),
    ("`oilcan up`", EngineSettings),
    ("`oilcan ingest`", IngestSettings),
    ("`oilcan conditions`", ConditionSettings),
    ("`oilcan edge run` as a gateway", GatewaySettings),
)


def commands_page() -> str:
    """Every command with its arguments and options."""
    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="oilcan")
    return _WRITTEN + get_docs_for_click(obj=command, ctx=context, name="oilcan").rstrip() + "\n"


def settings_page() -> str:
    """Every variable that the programs read from their environment."""
    intro = (
        "# Settings\n\nRead from the environment when a process starts, and checked before anything"
        " connects.\nAn option of a command line stands over its variable.\n"
    )
    return _WRITTEN + intro + "".join(_section(title, model) for title, model in _SETTINGS)


def _section(title: str, model: type[BaseSettings]) -> str:
    prefix = model.model_config.get("env_prefix", "")
    lines = [
        f"| `{prefix}{name.upper()}` | {field.description} "
        f"| {_default(field)} | {_example(field.examples)} |"
        for name, field in model.model_fields.items()
    ]
    head = f"\n## {title}\n\n| variable | meaning | default | example |\n|---|---|---|---|\n"
    return head + "\n".join(lines) + "\n"


def _default(field: FieldInfo) -> str:
    # A default that depends on the machine, such as the user's home, is told by its meaning.
    return f"`{field.default}`" if field.default not in {"", PydanticUndefined} else ""


def _example(examples: Sequence[object] | None) -> str:
    return f"`{examples[0]}`" if examples else ""


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    (folder / "commands.md").write_text(commands_page(), encoding="utf-8")
    (folder / "settings.md").write_text(settings_page(), encoding="utf-8")
