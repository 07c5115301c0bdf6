"""The commands that work on the database itself: `oilcan migrate`, `oilcan apply`."""

import asyncio
from pathlib import Path

import typer

from config.migrate import migrate
from config.settings import Settings
from oilcan.engine_addresses import find_database_url
from oilcan.settings import load


def run_migrate(**options: object) -> None:
    """Apply the missing migrations and name them. Raises `OilcanError`."""
    url = find_database_url(load(Settings, **options))
    applied = asyncio.run(migrate(url))
    for migration in applied:
        typer.echo(f"applied {migration.number:04}_{migration.name}")
    if not applied:
        typer.echo("the schema is up to date")


def run_apply(plant: Path, *, dry_run: bool, **options: object) -> None:
    """Bring the database in line with a plant folder, and say what changed. Raises `OilcanError`."""
    from rich.console import Console

    from oilcan.plant.apply import apply_plant
    from oilcan.plant.diff import ApplyMode
    from oilcan.plant.folder import load_plant
    from oilcan.plant.report import print_report

    url = find_database_url(load(Settings, **options))
    mode = ApplyMode.DRY_RUN if dry_run else ApplyMode.COMMIT
    print_report(asyncio.run(apply_plant(url, load_plant(plant), mode=mode)), Console())
