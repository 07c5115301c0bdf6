"""`oilcan rules list|shadow|activate|retire`: the life of rule versions, from a shell."""

import getpass
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from conditions.errors import RuleNotFound
from conditions.rule import Rule
from conditions.rule_life import Moved, RuleAction, RuleState
from conditions.rule_queries import EventCount, event_counts, find_rules, rule_versions
from conditions.rule_service import draft_rule, move_rule
from config.database import Connection
from oilcan.plant.folder import load_plant
from oilcan.session import with_database

_MOST = 10_000


def rule_of_folder(folder: Path, name: str) -> Rule:
    """A rule as a plant folder has it now, by `class/id` or by its id alone.

    Raises `DocumentError`, `RuleNotFound`.
    """
    rules = load_plant(folder).rules
    found = [rule for rule in rules if name in (rule.name, rule.id)]
    if len(found) != 1:
        said = "several rules are named" if found else "no rule of the folder is named"
        known = ", ".join(sorted(rule.name for rule in rules)[:12])
        raise RuleNotFound(f"{said} {name!r}; there are: {known}")
    return found[0]


def run_list(*, every: bool, **options: object) -> None:
    """Print the rules with their versions and what each has found. Raises `OilcanError`."""

    async def look(connection: Connection) -> tuple[Table, int]:
        table = Table("rule", "version", "state", "events", "open", "from", box=None)
        rules = await find_rules(connection, every=True, limit=_MOST)
        for rule in rules:
            versions = await rule_versions(connection, rule.rule)
            counts = await event_counts(connection, [version.id for version in versions])
            for version in versions:
                if every or version.state is not RuleState.RETIRED:
                    count = counts.get(version.id, EventCount(0, 0))
                    place = f"{version.file}:{version.line}"
                    table.add_row(
                        *(rule.rule, str(version.version), version.state),
                        *(str(count.events), str(count.open), place),
                    )
        return table, len(rules)

    table, rules = with_database(options, look)
    Console().print(table if rules else "no rules yet: bring some in with `oilcan apply`")


def run_shadow(rule: str, plant: Path | None, version: int | None, **options: object) -> None:
    """Put a rule of a folder, or a version of it, into shadow. Raises `OilcanError`."""
    reason = str(options.pop("reason", ""))
    drafted = rule_of_folder(plant, rule) if plant else None
    moved = Moved(getpass.getuser(), reason)

    async def put(connection: Connection) -> tuple[str, int]:
        async with connection.transaction():
            if drafted is None:
                number = version or await _newest(connection, rule, RuleState.DRAFT)
                name = rule
            else:
                name = drafted.name
                number = await draft_rule(
                    connection, drafted, actor=moved.actor, reason=moved.reason
                )
            return name, await move_rule(connection, name, number, RuleAction.SHADOW, moved=moved)

    name, number = with_database(options, put)
    typer.echo(f"{name} version {number} is in shadow: it is recorded, and raises no work")


def run_move(
    rule: str, action: RuleAction, version: int | None, *, reason: str, **options: object
) -> None:
    """Activate or retire a version of a rule. Raises `OilcanError`."""
    usual = RuleState.SHADOW if action is RuleAction.ACTIVATE else RuleState.ACTIVE
    moved = Moved(getpass.getuser(), reason)

    async def move(connection: Connection) -> int:
        async with connection.transaction():
            number = version or await _newest(connection, rule, usual)
            return await move_rule(connection, rule, number, action, moved=moved)

    number = with_database(options, move)
    done = "is active" if action is RuleAction.ACTIVATE else "is retired"
    typer.echo(f"{rule} version {number} {done}")


async def _newest(connection: Connection, rule: str, state: RuleState) -> int:
    """The newest version in a state. Raises `RuleNotFound`."""
    for version in await rule_versions(connection, rule):
        if version.state is state:
            return version.version
    raise RuleNotFound(f"{rule} has no version that is {state}: name one with --version")
