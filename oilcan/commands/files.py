"""Commands that write and read files: backups, and readings."""

from pathlib import Path
from typing import Annotated

import typer

from ingest.importing.layout import TimeUnit
from oilcan.options import DatabaseUrl, Home

imports = typer.Typer(help="Take in files.", no_args_is_help=True)
exports = typer.Typer(help="Write files.", no_args_is_help=True)


def backup(
    file: Annotated[Path, typer.Argument(help="File to write.")],
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Write the whole database into one file, as of one instant, while everything runs.

    Example: `oilcan backup plant-2026-11-23.oilcan`
    """
    from oilcan.backup.command import run_backup

    run_backup(file, home=home, database_url=database_url)


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `oilcan backup` wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Give up what the database holds at present.")
    ] = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Restore a backup: beside the database first, its rows counted, then in its place.

    Stop `oilcan up` before. Whatever goes wrong, the database stays as it was.

    Example: `oilcan restore plant-2026-11-23.oilcan --home /var/lib/oilcan`
    """
    from oilcan.backup.command import run_restore

    run_restore(file, replace=replace, home=home, database_url=database_url)


Files = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="CSV, CSV in gzip, or Parquet.")
]
TimeColumn = Annotated[
    str | None, typer.Option(help="Column of the time. Default: time, timestamp, ts...")
]
TimeZone = Annotated[
    str | None, typer.Option(help="Zone of times without an offset, like Europe/Berlin.")
]
CountedIn = Annotated[
    TimeUnit | None, typer.Option(help="What a time that is a number counts since 1970.")
]
DecimalSign = Annotated[str, typer.Option(help="Decimal sign of numbers in CSV.")]
Delimiter = Annotated[str, typer.Option(help="What parts the columns of CSV.")]
Names = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="NAME=TAG", help="Point that a column or name is."),
]
Skip = Annotated[list[str] | None, typer.Option(help="Column to leave out.")]
Rejects = Annotated[
    Path | None, typer.Option(help="File of what is rejected. Default: FILE.rejects.csv.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Read and check everything, store nothing.")
]


@imports.command("readings")
def import_readings(  # noqa: PLR0913 - each option of a command is an argument
    files: Files,
    time_column: TimeColumn = None,
    time_zone: TimeZone = None,
    time_unit: CountedIn = None,
    decimal: DecimalSign = ".",
    delimiter: Delimiter = ",",
    names: Names = None,
    skip: Skip = None,
    rejects: Rejects = None,
    dry_run: DryRun = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Take in the readings of files. An import that is broken off goes on where it stopped.

    A file has the columns time, tag, value (and quality), or time and a column for each tag.
    Values are in the point's unit. Rules do not judge what is imported. Exit code 1 if anything
    was rejected: the file of rejects can be corrected and imported by itself.

    Examples:

    - `oilcan import readings history.csv --dry-run`
    - `oilcan import readings *.parquet`
    - `oilcan import readings hall1.csv --time-zone Europe/Berlin --map "Temp 1=P-101.temp"`
    """
    from ingest.importing.layout import Reading
    from ingest.importing.service import Mode
    from oilcan.exchange_command import run_import, tags_of, zone_of

    reading = Reading(
        time_column=time_column,
        time_zone=zone_of(time_zone),
        time_unit=time_unit,
        decimal=decimal,
        delimiter=delimiter,
        tags=tags_of(names or []),
        skip=frozenset(skip or []),
    )
    mode = Mode.DRY_RUN if dry_run else Mode.STORE
    options = {"home": home, "database_url": database_url}
    raise typer.Exit(run_import(files, reading, mode=mode, rejects=rejects, **options))


@exports.command("readings")
def write_readings(  # noqa: PLR0913 - each option of a command is an argument
    file: Annotated[Path, typer.Argument(help="File to write: its name ends in .csv or .parquet.")],
    tag: Annotated[
        list[str] | None, typer.Option(help="Point, again for each further one.")
    ] = None,
    asset: Annotated[list[str] | None, typer.Option(help="Asset, with all of its points.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="After this time, like 2026-11-01T00:00Z.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Up to this time. Default: now.")] = None,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Write the readings of points into a file that an import reads again, bit for bit.

    Examples:

    - `oilcan export readings all.parquet`
    - `oilcan export readings pump.csv --asset P-101 --from 2026-11-01T00:00Z`
    """
    from oilcan.exchange_command import Selection, run_export

    selection = Selection(tag or (), asset or (), start, end)
    run_export(file, selection, home=home, database_url=database_url)
