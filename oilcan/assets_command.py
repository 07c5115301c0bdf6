"""The commands on the asset register: `oilcan assets import|export|taxonomy|labels`."""

from collections.abc import Sequence
from pathlib import Path

import typer

from api.labels import label_svg
from config.clock import from_us, now_us
from config.database import Connection
from config.errors import SettingsError
from maintenance.errors import ImportRefused
from maintenance.register.asset import Asset, By
from maintenance.register.exchange import ImportMode, export_assets, import_assets
from maintenance.register.queries import AssetFilters, list_assets
from maintenance.register.taxonomy import chosen, load_classes, plant_file, taxonomy
from oilcan.plant.diff import change_line
from oilcan.session import who, with_database

_AT_ONCE = 500
_SAFE = frozenset("-_")


def run_import(file: Path, *, dry_run: bool, reason: str, **options: object) -> None:
    """Import a table and say what changed. Raises `OilcanError`."""
    text = _read(file)
    by = By(who(), from_us(now_us()), reason)
    mode = ImportMode.DRY_RUN if dry_run else ImportMode.COMMIT
    try:
        done = with_database(
            options, lambda connection: import_assets(connection, text, by=by, mode=mode)
        )
    except ImportRefused as refused:
        lines = [f"{file}: {problem}" for problem in refused.problems]
        raise ImportRefused([*lines, "nothing was imported"]) from refused
    for change in done.changes:
        typer.echo(change_line(change))
    end = "; dry run, nothing was changed" if dry_run else ""
    typer.echo(f"{len(done.changes)} changed, {done.unchanged} unchanged{end}")


def run_export(file: Path, **options: object) -> None:
    """Write every asset into a table. Raises `OilcanError`."""
    text = with_database(options, export_assets)
    try:
        file.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror or error}") from error
    typer.echo(f"{file}: {max(0, text.count(chr(10)) - 1)} assets")


def run_taxonomy(codes: Sequence[str], *, load: bool, **options: object) -> None:
    """List equipment, print it as a plant file, or make its classes. Raises `OilcanError`."""
    if not codes:
        for each in taxonomy():
            typer.echo(f"{each.code:6} {each.name:34} {each.category}")
        return
    equipment = chosen(codes)
    if not load:
        typer.echo(plant_file(equipment), nl=False)
        return
    made = with_database(options, lambda connection: load_classes(connection, equipment))
    for code in made:
        typer.echo(f"+ class {code}")
    typer.echo(f"{len(made)} made, {len(equipment) - len(made)} there already")


def run_labels(
    folder: Path, *, address: str, tags: Sequence[str], subtree: str | None, **options: object
) -> None:
    """Write a label for each asset. Raises `OilcanError`."""
    found = with_database(options, lambda connection: _chosen_assets(connection, subtree))
    missing = set(tags) - {asset.tag for asset in found}
    if missing:
        raise SettingsError(f"there is no asset {', '.join(sorted(missing))}")
    wanted = [asset for asset in found if not tags or asset.tag in tags]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for asset in wanted:
            svg = label_svg(address, asset.tag, asset.name)
            (folder / f"{_file_name(asset.tag)}.svg").write_text(svg, encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{folder}: {error.strerror or error}") from error
    typer.echo(f"{folder}: {len(wanted)} labels")


def _file_name(tag: str) -> str:
    """A tag as a name that every file system takes."""
    return "".join(sign if sign.isalnum() or sign in _SAFE else "_" for sign in tag)


async def _chosen_assets(connection: Connection, subtree: str | None) -> list[Asset]:
    found: list[Asset] = []
    while True:
        page = await list_assets(
            connection,
            AssetFilters(subtree=subtree),
            after=found[-1].tag if found else None,
            limit=_AT_ONCE,
        )
        found += page
        if len(page) < _AT_ONCE:
            return found


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file}: it is no UTF-8; save it as CSV UTF-8") from error
