"""Commands that bring the database and the plant in order."""

from typing import Annotated

import typer

from oilcan.options import DatabaseUrl, Home, Plant
from oilcan.plant.schema_kind import SchemaKind


def migrate(
    upgrade: Annotated[
        bool,
        typer.Option(
            "--upgrade", help="Then bring the readings to the highest level that the server offers."
        ),
    ] = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Bring the database's schema up to date, and say what was applied.

    With `--upgrade`, readings that were kept before the server had TimescaleDB move into a hypertable,
    and into a columnstore where the server is the Community edition. Everything keeps running
    meanwhile; what is broken off goes on with the same command.
    """
    from oilcan.database_command import run_migrate

    run_migrate(home=home, database_url=database_url)
    if upgrade:
        from oilcan.upgrade_command import run_upgrade

        run_upgrade(home=home, database_url=database_url)


def check(plant: Plant) -> None:
    """Check a plant folder: every mistake with its file, line and remedy. Connects to nothing.

    Example: `oilcan check plant/`
    """
    from oilcan.plant.check import run

    raise typer.Exit(run(plant))


def schema(
    kind: Annotated[SchemaKind, typer.Argument(help="Rule files, or the other plant files.")],
) -> None:
    """Print the JSON Schema of files, for editors that complete and check while a person types.

    Example: `oilcan schema rules > plant/rules.schema.json`
    """
    from oilcan.plant.schema import schema_text

    typer.echo(schema_text(kind), nl=False)


def apply(
    plant: Plant,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
    ] = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Bring register, points and rules in line with a plant folder, all or nothing.

    Examples:

    - `oilcan apply plant/ --dry-run`
    - `oilcan apply plant/`
    """
    from oilcan.database_command import run_apply

    run_apply(plant, dry_run=dry_run, home=home, database_url=database_url)
