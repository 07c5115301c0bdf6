"""Commands for planners who keep meters: declared here, imported when called."""

from typing import Annotated

import typer

from oilcan.options import DatabaseUrl, Home

meter = typer.Typer(
    help="What machines have done so far: look at meters, correct them, record a new one.",
    no_args_is_help=True,
)

Tag = Annotated[str, typer.Argument(metavar="TAG", help="Counter, like P-101.running_hours.")]
At = Annotated[
    str | None, typer.Option(help="When it was so, like 2026-11-23T10:00Z. Default: now.")
]
Reason = Annotated[str, typer.Option(help="Why; it is kept with who and when.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


@meter.command("list")
def list_meters(
    asset: Annotated[str | None, typer.Option(help="Those of this asset alone.")] = None,
    as_json: AsJson = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """List meters: life to date, today's usage, the average of 30 days, and what to look at."""
    from oilcan.meter_command import run_list

    run_list(asset, as_json=as_json, home=home, database_url=database_url)


@meter.command("show")
def show_meter(
    tag: Tag,
    days: Annotated[int, typer.Option(min=1, max=1_100, help="Usage of so many days.")] = 7,
    as_json: AsJson = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Show one meter: usage by the day, what was noticed, and what people recorded."""
    from oilcan.meter_command import run_show

    run_show(tag, days=days, as_json=as_json, home=home, database_url=database_url)


@meter.command("correct")
def correct_meter(  # noqa: PLR0913 - each option of a command is an argument
    tag: Tag,
    reason: Reason,
    by: Annotated[
        float | None, typer.Option(help="Add this to life to date; may be negative.")
    ] = None,
    to: Annotated[float | None, typer.Option(help="Life to date was this at that time.")] = None,
    at: At = None,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Correct life to date, in the point's unit, from a time on.

    Examples:

    - `oilcan meter correct P-101.running_hours --by -12.5 --reason "test run without load"`
    - `oilcan meter correct P-101.running_hours --to 12000 --at 2026-05-01T00:00Z --reason "old card"`
    """
    from ingest.meter.fact import FactKind, NewFact
    from oilcan.meter_command import run_record
    from oilcan.moments import moment_or_now

    if (by is None) == (to is None):
        raise typer.BadParameter("say --by or --to")
    kind = FactKind.INITIAL if by is None else FactKind.CORRECTION
    fact = NewFact(kind, moment_or_now("--at", at), reason, amount=to if by is None else by)
    run_record(tag, fact, home=home, database_url=database_url)


@meter.command("replace")
def replace_meter(  # noqa: PLR0913 - each option of a command is an argument
    tag: Tag,
    reason: Reason,
    end_count: Annotated[
        float | None, typer.Option(help="What the old meter showed. Default: its last reading.")
    ] = None,
    start_count: Annotated[float, typer.Option(help="What the new meter showed.")] = 0.0,
    at: At = None,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Record that a meter was exchanged for another one; life to date goes on.

    Example: `oilcan meter replace P-101.running_hours --end-count 48210.4 --reason "display dead"`
    """
    from ingest.meter.fact import FactKind, NewFact
    from oilcan.meter_command import run_record
    from oilcan.moments import moment_or_now

    fact = NewFact(
        FactKind.REPLACEMENT,
        moment_or_now("--at", at),
        reason,
        end_count=end_count,
        start_count=start_count,
    )
    run_record(tag, fact, home=home, database_url=database_url)


@meter.command("withdraw")
def withdraw_fact(
    tag: Tag,
    fact: Annotated[int, typer.Argument(metavar="FACT", help="Its number, as `show` says.")],
    reason: Reason,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Take a correction or a replacement back: the meter counts as if it had never been recorded."""
    from oilcan.meter_command import run_withdraw

    run_withdraw(tag, fact, reason=reason, home=home, database_url=database_url)
