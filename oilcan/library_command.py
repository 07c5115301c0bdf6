"""`oilcan rules library`: look at the templates of the starter library, and copy them."""

from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from conditions.errors import LibraryEntryUnknown
from conditions.library.catalog import Adaptation, find_template, rule_file, templates
from conditions.library.zones import FILE, load_zones


def run_list() -> None:
    """Print a line for each template."""
    table = Table(box=None, pad_edge=False)
    for title in ("template", "class", "about", "rules"):
        table.add_column(title, overflow="fold")
    for template in templates():
        about = template.about
        table.add_row(template.name, template.asset_class, about.title, ", ".join(about.rules))
    Console(highlight=False).print(table)


def run_show(name: str, *, group: str | None, zones: Path | None) -> None:
    """Print what a template expects, and its rule file."""
    template = find_template(name)
    text = rule_file(template, _adaptation(group=group, zones=zones))
    typer.echo(f"{template.about.title}\n\nRoles of class {template.asset_class}:")
    for role, note in template.about.roles.items():
        typer.echo(f"  {role} in {note.unit}: {note.what}")
    typer.echo(f"\n{text}", nl=False)


def run_copy(
    name: str,
    file: Path,
    *,
    asset_class: str | None,
    roles: Sequence[str],
    group: str | None,
    zones: Path | None,
) -> int:
    """Write a template to a new file; returns the exit code, 1 where the file exists."""
    template = find_template(name)
    adaptation = _adaptation(asset_class=asset_class, roles=roles, group=group, zones=zones)
    text = rule_file(template, adaptation)
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        typer.echo(f"{file} exists: name another file, or remove it first", err=True)
        return 1
    except OSError as error:
        typer.echo(f"{file} cannot be written: {error}", err=True)
        return 1
    typer.echo(f"wrote {file}: {', '.join(template.about.rules)}")
    if template.about.set_for_each_asset:
        names = ", ".join(template.about.set_for_each_asset)
        typer.echo(f"set under `params:` of each asset: {names}")
    return 0


def run_zones() -> None:
    """Print the table of zones as it comes along."""
    typer.echo(FILE.read_text(encoding="utf-8"), nl=False)


def _adaptation(
    *,
    asset_class: str | None = None,
    roles: Sequence[str] = (),
    group: str | None = None,
    zones: Path | None = None,
) -> Adaptation:
    return Adaptation(
        asset_class=asset_class,
        roles=dict(_pair(role) for role in roles),
        group=group,
        zones=load_zones(zones) if zones else None,
    )


def _pair(text: str) -> tuple[str, str]:
    role, sign, own = text.partition("=")
    if not (sign and role and own.isidentifier()):
        raise LibraryEntryUnknown(f"{text!r} names no role. Write it like --role de_vibration=vib")
    return role, own
