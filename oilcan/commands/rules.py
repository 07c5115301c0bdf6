"""Commands for who writes and tunes rules: declared here, imported when called."""

from pathlib import Path
from typing import Annotated

import typer

from oilcan.commands.library import library
from oilcan.options import DatabaseUrl, Home, Plant

rules = typer.Typer(
    help="Write, test, replay and activate rules.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
rules.add_typer(library, name="library")

RuleName = Annotated[
    str, typer.Argument(metavar="RULE", help="Name of the rule, like centrifugal_pump/hot.")
]
Version = Annotated[int | None, typer.Option(help="Number of the version.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is kept with who and when.")]


@rules.command("check")
def check_rules(plant: Plant) -> None:
    """Check the rules of a plant folder and their tests, with all that they refer to.

    Example: `oilcan rules check plant/`
    """
    from oilcan.plant.check import run

    raise typer.Exit(run(plant))


@rules.command("test")
def run_tests_of(
    path: Annotated[
        Path,
        typer.Argument(metavar="PATH", help="Plant folder, or one file with tests.", exists=True),
    ],
    name: Annotated[
        str | None, typer.Option("-k", "--name", help="Tests with this in their name alone.")
    ] = None,
) -> None:
    """Run the tests of rules on the engine that runs live; exits with 1 where one fails.

    Tests stand under `tests:` in a rule file or in a `*.test.yaml` beside it.

    Examples:

    - `oilcan rules test plant/`
    - `oilcan rules test plant/rules/pump.test.yaml --name spike`
    """
    from rich.console import Console

    from oilcan.rule_tests_command import run_tests

    raise typer.Exit(run_tests(path, name=name, console=Console(highlight=False)))


@rules.command("list")
def show(
    every: Annotated[bool, typer.Option("--all", help="Retired versions too.")] = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """List rules, their versions with their states, and how many events each has found."""
    from oilcan.rules_command import run_list

    run_list(every=every, home=home, database_url=database_url)


@rules.command("shadow")
def shadow(
    rule: RuleName,
    plant: Annotated[
        Path | None,
        typer.Option(
            help="Plant folder that has the rule as it is to be tried.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    version: Version = None,
    reason: Why = "",
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Try a rule beside the active version: it is evaluated and recorded, and raises no work.

    With `--plant` the rule as the folder has it now becomes a new version; else the newest draft
    is meant, or the `--version` that is named.

    Example: `oilcan rules shadow centrifugal_pump/hot --plant plant/ --reason "lower threshold"`
    """
    from oilcan.rules_command import run_shadow

    options = {"reason": reason, "home": home, "database_url": database_url}
    run_shadow(rule, plant, version, **options)


@rules.command("activate")
def activate(
    rule: RuleName,
    version: Version = None,
    reason: Why = "",
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Make the version in shadow the active one; the one before is retired.

    A retired `--version` is activated again as a new version.

    Example: `oilcan rules activate centrifugal_pump/hot --reason "three weeks in shadow"`
    """
    from conditions.rule_life import RuleAction
    from oilcan.rules_command import run_move

    run_move(
        rule, RuleAction.ACTIVATE, version, reason=reason, home=home, database_url=database_url
    )


@rules.command("retire")
def retire(
    rule: RuleName,
    version: Version = None,
    reason: Why = "",
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """End the active version of a rule, or the `--version` that is named.

    A rule that the plant's files still have comes back with the next `oilcan apply`.

    Example: `oilcan rules retire centrifugal_pump/hot --reason "the sensor was removed"`
    """
    from conditions.rule_life import RuleAction
    from oilcan.rules_command import run_move

    run_move(rule, RuleAction.RETIRE, version, reason=reason, home=home, database_url=database_url)


RuleNames = Annotated[
    list[str] | None,
    typer.Option("--rule", help="This rule, again for each further one. Default: all."),
]
Folder = Annotated[
    Path | None,
    typer.Argument(
        metavar="[PLANT_DIR]",
        help="Folder whose rules are tried as they stand. Left out: the active ones.",
        exists=True,
        file_okay=False,
    ),
]
FolderOption = Annotated[
    Path | None,
    typer.Option(
        "--plant",
        help="Folder whose rules are tried as they stand. Left out: the active ones.",
        exists=True,
        file_okay=False,
    ),
]
Assets = Annotated[
    list[str] | None, typer.Option("--asset", help="This asset, again for each further one.")
]
Start = Annotated[str | None, typer.Option("--from", help="After this time. Default: a year ago.")]
End = Annotated[str | None, typer.Option("--to", help="Up to this time. Default: now.")]
Params = Annotated[
    list[str] | None,
    typer.Option("--param", metavar="NAME=VALUE", help="Another value, for every asset."),
]
FailureFile = Annotated[
    Path | None,
    typer.Option(
        "--failures",
        help="CSV asset,time,failure_mode. Default: completed corrective orders.",
        exists=True,
        dir_okay=False,
    ),
]
Window = Annotated[str, typer.Option(help="So long before a failure a warning speaks of it.")]
Lead = Annotated[str, typer.Option(help="So long before a failure it has to come at the latest.")]
Aftermath = Annotated[str, typer.Option(help="So soon after a failure it says nothing new.")]
WorkTakes = Annotated[str, typer.Option(help="From a would-be order to its completion.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


@rules.command("backtest")
def backtest(  # noqa: PLR0913 - each option of a command is an argument
    plant: Folder = None,
    rule: RuleNames = None,
    asset: Assets = None,
    start: Start = None,
    end: End = None,
    param: Params = None,
    failures: FailureFile = None,
    window: Window = "14d",
    lead: Lead = "0s",
    aftermath: Aftermath = "1d",
    work_takes: WorkTakes = "3d",
    as_json: AsJson = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Replay rules over history: the events and orders they would have raised, against what failed.

    Nothing is raised for it. The result is kept, and shown on the page of backtests.

    Examples:

    - `oilcan rules backtest plant/ --rule vibration_zone --from 2024-01-01`
    - `oilcan rules backtest --failures failures.csv --window 30d --lead 2d --json`
    """
    from api.backtests.request import Kind
    from oilcan.backtest_command import Wanted, run_backtest

    horizon = {"window": window, "lead": lead, "aftermath": aftermath, "work_takes": work_takes}
    run_backtest(
        Wanted(
            plant=plant,
            rules=rule or (),
            assets=asset or (),
            start=start,
            end=end,
            params=param or (),
            failures=failures,
            horizon=horizon,
        ),
        Kind.BACKTEST,
        as_json=as_json,
        home=home,
        database_url=database_url,
    )


@rules.command("diff")
def diff(  # noqa: PLR0913 - each option of a command is an argument
    plant: Folder = None,
    rule: RuleNames = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against", metavar="RULE@N", help="Version to compare with. Default: the active one."
        ),
    ] = None,
    asset: Assets = None,
    start: Start = None,
    end: End = None,
    failures: FailureFile = None,
    window: Window = "14d",
    lead: Lead = "0s",
    aftermath: Aftermath = "1d",
    work_takes: WorkTakes = "3d",
    as_json: AsJson = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Compare versions of rules over the same history: events and orders of one alone, or shifted.

    Examples:

    - `oilcan rules diff plant/ --rule vibration_zone`
    - `oilcan rules diff --rule pump/hot@3 --against pump/hot@2`
    """
    from api.backtests.request import Kind
    from oilcan.backtest_command import Wanted, run_backtest

    horizon = {"window": window, "lead": lead, "aftermath": aftermath, "work_takes": work_takes}
    run_backtest(
        Wanted(
            plant=plant,
            rules=rule or (),
            assets=asset or (),
            start=start,
            end=end,
            failures=failures,
            horizon=horizon,
            against=against or (),
        ),
        Kind.DIFF,
        as_json=as_json,
        home=home,
        database_url=database_url,
    )


@rules.command("sweep")
def sweep(  # noqa: PLR0913 - each option of a command is an argument
    parameter: Annotated[str, typer.Argument(metavar="PARAMETER", help="Parameter to vary.")],
    values: Annotated[
        str, typer.Argument(metavar="VALUES", help="Like 4,4.5,5 or first:last:step.")
    ],
    plant: FolderOption = None,
    rule: RuleNames = None,
    asset: Assets = None,
    start: Start = None,
    end: End = None,
    failures: FailureFile = None,
    window: Window = "14d",
    lead: Lead = "0s",
    aftermath: Aftermath = "1d",
    work_takes: WorkTakes = "3d",
    as_json: AsJson = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Try values of a parameter over one reading of history: orders against failures caught.

    Examples:

    - `oilcan rules sweep vib_trip 5:9:0.5 --rule centrifugal_pump/vibration_zone`
    - `oilcan rules sweep vib_trip 6.5,7.1,8 --plant plant/ --from 2024-01-01 --json`
    """
    from api.backtests.request import Kind
    from oilcan.backtest_command import Wanted, run_backtest

    horizon = {"window": window, "lead": lead, "aftermath": aftermath, "work_takes": work_takes}
    run_backtest(
        Wanted(
            plant=plant,
            rules=rule or (),
            assets=asset or (),
            start=start,
            end=end,
            failures=failures,
            horizon=horizon,
            sweep=(parameter, values),
        ),
        Kind.SWEEP,
        as_json=as_json,
        home=home,
        database_url=database_url,
    )
