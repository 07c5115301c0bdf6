"""Commands for whoever keeps the plant's Oilcan running: declared here, imported when called."""

from typing import Annotated, Literal

import typer

from oilcan.options import DatabaseUrl, Home, LogUrl

dead_letters = typer.Typer(
    help="What could not be stored or read: look at it, put it again, or give it up.",
    no_args_is_help=True,
)

Letters = Annotated[list[int], typer.Argument(metavar="ID...", help="Numbers, as `list` shows.")]
Source = Annotated[str | None, typer.Option(help="Payloads of this source alone.")]
Edge = Annotated[str | None, typer.Option(help="What came from this edge alone.")]


@dead_letters.command("list")
def list_letters(  # noqa: PLR0913 - each option of a command is an argument
    state: Annotated[
        Literal["open", "retried", "discarded", "all"], typer.Option(help="Only those.")
    ] = "open",
    kind: Annotated[
        Literal["readings", "alarms", "record", "payload", "all"], typer.Option(help="Only those.")
    ] = "all",
    source: Source = None,
    edge: Edge = None,
    limit: Annotated[int, typer.Option(min=1, help="So many at most.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """List what could not be stored or read, newest first.

    Example: `oilcan dead-letters list --kind payload --source line-7`
    """
    from ingest.batch import LetterKind
    from ingest.dead_letters import LetterFilter, LetterState
    from oilcan.dead_letters_command import run_list

    which = LetterFilter(
        None if state == "all" else LetterState(state),
        None if kind == "all" else LetterKind(kind),
        source,
        edge,
    )
    run_list(which, limit=limit, as_json=as_json, home=home, database_url=database_url)


@dead_letters.command("show")
def show_letter(
    letter: Annotated[int, typer.Argument(metavar="ID", help="Its number, as `list` shows.")],
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Print one dead letter with what it holds, as JSON."""
    from oilcan.dead_letters_command import run_show

    run_show(letter, home=home, database_url=database_url)


@dead_letters.command("retry")
def retry_letters(
    letters: Annotated[
        list[int] | None, typer.Argument(metavar="[ID...]", help="Numbers, as `list` shows.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every open one that holds rows, oldest first.")
    ] = False,
    edge: Edge = None,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Store the rows of dead letters after all, each letter whole or not at all, and once.

    A payload that nobody could read cannot be retried: correct the source's file, and what comes
    from then on is read. Exits with 1 where one is refused again.

    Examples:

    - `oilcan dead-letters retry 17 18`
    - `oilcan dead-letters retry --all --edge edge-1`
    """
    from ingest.dead_letters import LetterFilter
    from oilcan.dead_letters_command import run_retry

    if bool(letters) == everything:
        raise typer.BadParameter("name some, or say --all")
    which = LetterFilter(edge=edge) if everything else None
    raise typer.Exit(run_retry(letters or [], which, home=home, database_url=database_url))


@dead_letters.command("discard")
def discard_letters(
    letters: Letters,
    reason: Annotated[str, typer.Option(help="Why; it is kept with who and when.")],
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Give dead letters up. They stay to be looked at until they are too old.

    Example: `oilcan dead-letters discard 17 --reason "test signal of commissioning"`
    """
    from oilcan.dead_letters_command import run_discard

    raise typer.Exit(run_discard(letters, reason=reason, home=home, database_url=database_url))


def status(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
    log_url: LogUrl = None,
) -> None:
    """Show what runs, what waits and what is down; exits with 1 where something is.

    Listens to the log for a few seconds and asks the database: it needs no running API.

    Examples:

    - `oilcan status`
    - `oilcan status --json | jq .problems`
    """
    from oilcan.status_command import run_status

    raise typer.Exit(
        run_status(as_json=as_json, home=home, database_url=database_url, log_url=log_url)
    )
