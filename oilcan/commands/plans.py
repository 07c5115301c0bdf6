"""Commands for planners of preventive work: declared here, imported when called."""

from typing import Annotated

import typer

from oilcan.options import DatabaseUrl, Home

plans = typer.Typer(
    help="Preventive work: look at plans and at the year that they make.", no_args_is_help=True
)

Code = Annotated[str, typer.Argument(metavar="CODE", help="Code of a plan, like pump-monthly.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept with who and when.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


@plans.command("list")
def list_plans(
    asset: Annotated[str | None, typer.Option(help="Those that are for this asset.")] = None,
    as_json: AsJson = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """List plans: what is due next, how many orders are open, and what keeps them from being due."""
    from oilcan.plans_command import run_list

    run_list(asset, as_json=as_json, home=home, database_url=database_url)


@plans.command("calendar")
def show_calendar(
    code: Annotated[
        str | None, typer.Argument(metavar="[CODE]", help="Code of a plan. Default: all of them.")
    ] = None,
    year: Annotated[
        int | None, typer.Option(min=2000, max=2200, help="Default: the year from now on.")
    ] = None,
    as_json: AsJson = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Show what is due when, and what becomes of it.

    Example: `oilcan plans calendar pump-monthly --year 2027`
    """
    from oilcan.plans_command import run_calendar

    run_calendar(code, year=year, as_json=as_json, home=home, database_url=database_url)


@plans.command("load")
def show_load(
    site: Annotated[str | None, typer.Option(help="At this site alone.")] = None,
    as_json: AsJson = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Show hours of work by week and craft for the next year, against what people can give."""
    from oilcan.plans_command import run_load

    run_load(site, as_json=as_json, home=home, database_url=database_url)


@plans.command("generate")
def generate_plans(home: Home = None, database_url: DatabaseUrl = None) -> None:
    """Work out now what plans have ahead, as the maintenance role does by itself.

    Safe beside it and as often as you like: nothing is made twice.
    """
    from oilcan.plans_command import run_generate

    run_generate(home=home, database_url=database_url)


@plans.command("pause")
def pause(code: Code, reason: Reason, home: Home = None, database_url: DatabaseUrl = None) -> None:
    """Let a plan make no orders: what comes due is skipped, with that reason."""
    from oilcan.plans_command import run_pause

    run_pause(code, reason, home=home, database_url=database_url)


@plans.command("resume")
def resume(code: Code, home: Home = None, database_url: DatabaseUrl = None) -> None:
    """Let a paused plan make orders again, of what comes due from now on."""
    from oilcan.plans_command import run_resume

    run_resume(code, home=home, database_url=database_url)


@plans.command("skip")
def skip(
    code: Code,
    occurrence: Annotated[
        int, typer.Argument(metavar="ID", help="Its number, as `calendar` says.")
    ],
    reason: Reason,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Leave out one piece of work that is ahead; it is not asked for again."""
    from oilcan.plans_command import run_skip

    run_skip(code, occurrence, reason, home=home, database_url=database_url)
