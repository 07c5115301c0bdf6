"""Commands for planners who keep the asset register: declared here, imported when called."""

from pathlib import Path
from typing import Annotated

import typer

from oilcan.options import DatabaseUrl, Home

assets = typer.Typer(
    help="The asset register: as a table, a taxonomy to start from, labels for machines.",
    no_args_is_help=True,
)


@assets.command("import")
def import_assets(
    file: Annotated[Path, typer.Argument(help="CSV in UTF-8, one row an asset.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why; it is kept with who and when.")] = "",
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Make and change assets from a table, by tag; the database keeps them.

    A file with a wrong row is refused whole, and every wrong row is named with what would be right.
    Columns that the file lacks stay as they are, empty cells clear, assets that it lacks stay.

    Example: `oilcan assets import assets.csv --dry-run`
    """
    from oilcan.assets_command import run_import

    run_import(file, dry_run=dry_run, reason=reason, home=home, database_url=database_url)


@assets.command("export")
def export_assets(
    file: Annotated[Path, typer.Argument(help="File to write.")],
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Write every asset in use into a table that an import reads again without a change.

    Example: `oilcan assets export assets.csv`
    """
    from oilcan.assets_command import run_export

    run_export(file, home=home, database_url=database_url)


@assets.command("taxonomy")
def show_taxonomy(
    codes: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CODE]...", help="Equipment, like PU/CE. Left out: list them."),
    ] = None,
    load: Annotated[bool, typer.Option("--load", help="Make the classes in the database.")] = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Equipment classes and failure modes of ISO 14224 to start from.

    With codes it prints a plant file with a class for each; with `--load` the database keeps them.

    Examples:

    - `oilcan assets taxonomy`
    - `oilcan assets taxonomy PU/CE CO/SC > plant/classes.yaml`
    - `oilcan assets taxonomy PU/CE --load`
    """
    from oilcan.assets_command import run_taxonomy

    run_taxonomy(codes or [], load=load, home=home, database_url=database_url)


@assets.command("labels")
def write_labels(
    folder: Annotated[Path, typer.Argument(help="Folder to write to; it is made.")],
    address: Annotated[
        str, typer.Option(help="Where people reach the pages, like https://oilcan.plant.")
    ],
    tag: Annotated[
        list[str] | None, typer.Option(help="Asset, again for each further one. Default: all.")
    ] = None,
    subtree: Annotated[str | None, typer.Option(help="An asset and everything below it.")] = None,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Write a label with a QR code for each asset, as SVG: scanned, it opens a fault report.

    Example: `oilcan assets labels labels --address https://oilcan.plant --subtree W-100`
    """
    from oilcan.assets_command import run_labels

    run_labels(
        folder,
        address=address,
        tags=tag or [],
        subtree=subtree,
        home=home,
        database_url=database_url,
    )
