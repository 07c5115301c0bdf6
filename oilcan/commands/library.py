"""Commands of the starter library, under `oilcan rules library`."""

from pathlib import Path
from typing import Annotated

import typer

library = typer.Typer(
    help="Templates of rules to start from, with the source of every number.",
    no_args_is_help=True,
)

TemplateName = Annotated[
    str, typer.Argument(metavar="TEMPLATE", help="Name, as `oilcan rules library list` shows it.")
]
Group = Annotated[str | None, typer.Option(help="Machine group of the table of vibration zones.")]
Zones = Annotated[Path | None, typer.Option(help="Your own table of vibration zones.")]


@library.command("list")
def list_templates() -> None:
    """List the templates: asset class, rules, and what they are about."""
    from oilcan.library_command import run_list

    run_list()


@library.command("show")
def show_template(name: TemplateName, group: Group = None, zones: Zones = None) -> None:
    """Show a template: the roles and units that it expects, then its rule file.

    Example: `oilcan rules library show pump-vibration --group medium-rigid`
    """
    from oilcan.library_command import run_show

    run_show(name, group=group, zones=zones)


@library.command("copy")
def copy_template(
    name: TemplateName,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Rule file to write.")],
    asset_class: Annotated[
        str | None, typer.Option("--class", help="Your asset class. Default: the template's.")
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(metavar="ROLE=YOURS", help="Your name of a role, again for each further one."),
    ] = None,
    group: Group = None,
    zones: Zones = None,
) -> None:
    """Write a template into a plant folder, under your names of class and roles.

    A file that exists is left alone.

    Examples:

    - `oilcan rules library copy pump-vibration plant/rules/vibration.yaml --group medium-rigid`
    - `oilcan rules library copy filter plant/rules/filter.yaml --class bag_filter --role flow=air`
    """
    from oilcan.library_command import run_copy

    raise typer.Exit(
        run_copy(name, file, asset_class=asset_class, roles=role or [], group=group, zones=zones)
    )


@library.command("zones")
def show_zones() -> None:
    """Print the table of vibration zones, with sources and known conflicts, to copy and correct.

    Example: `oilcan rules library zones > zones.yaml`
    """
    from oilcan.library_command import run_zones

    run_zones()
