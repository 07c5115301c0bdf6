"""Commands for who writes and tunes rules: declared here, imported when called."""

from pathlib import Path
from typing import Annotated

import typer

from oilcan.options import DatabaseUrl, Home, Plant

rules = typer.Typer(
    help="Write, test, replay and activate rules.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

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
