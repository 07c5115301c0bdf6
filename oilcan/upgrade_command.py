"""`oilcan migrate --upgrade`: the readings to the highest level that the server offers, with a bar."""

import asyncio

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from config.database import Level
from config.settings import Settings
from ingest.upgrade.progress import UpgradeProgress
from ingest.upgrade.service import upgrade
from oilcan.engine_addresses import find_database_url
from oilcan.settings import load

_NAMES = {
    Level.PARTITIONS: "level 1, partitions of PostgreSQL",
    Level.HYPERTABLE: "level 2, a hypertable of TimescaleDB",
    Level.COLUMNSTORE: "level 3, a columnstore of TimescaleDB Community",
}


def run_upgrade(**options: object) -> None:
    """Upgrade the database as far as its server offers, and say to what. Raises `OilcanError`."""
    url = find_database_url(load(Settings, **options))
    before, after = asyncio.run(_upgrade(url))
    if after is before:
        typer.echo(f"the readings are on {_NAMES[after]}, the highest that the server offers")
    else:
        typer.echo(f"upgraded from {_NAMES[before]}, to {_NAMES[after]}")


async def _upgrade(url: str) -> tuple[Level, Level]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TextColumn("days"), TimeRemainingColumn(), console=Console()) as bar:
        task = bar.add_task("upgrade", total=None)

        def tell(progress: UpgradeProgress) -> None:
            name = f"to level {progress.to.value}"
            bar.update(task, description=name, completed=progress.done, total=progress.of)

        return await upgrade(url, tell)
