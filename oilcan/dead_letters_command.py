"""The commands on what could not be stored: `oilcan dead-letters list|show|retry|discard`."""

import json
from collections.abc import Awaitable, Callable, Sequence

import typer
from rich.console import Console
from rich.table import Table

from api.bodies.dead_letter import DeadLetterBody, DeadLetterDetail
from config.clock import now_us
from config.database import Connection
from config.settings import Settings
from ingest.dead_letter_service import discard_dead_letter, retry_dead_letter
from ingest.dead_letters import (
    DeadLetter,
    LetterFilter,
    count_dead_letters,
    find_dead_letters,
    find_retriable,
    get_dead_letter,
)
from ingest.errors import IngestError
from ingest.settings import load_ingest_settings, storable_span
from oilcan.session import who, with_database
from oilcan.settings import load

_AT_ONCE = 1_000


def run_list(which: LetterFilter, *, limit: int, as_json: bool, **options: object) -> None:
    """Print dead letters, newest first. Raises `OilcanError`."""

    async def look(connection: Connection) -> tuple[list[DeadLetter], int]:
        found = await find_dead_letters(connection, which, limit=limit)
        return found, await count_dead_letters(connection)

    found, waiting = with_database(options, look)
    if as_json:
        bodies = [DeadLetterBody.model_validate(letter) for letter in found]
        typer.echo(json.dumps([body.model_dump(mode="json") for body in bodies], indent=2))
        return
    console = Console()
    if found:
        console.print(_table(found))
    console.print(f"{waiting} waiting to be retried or discarded", highlight=False)


def run_show(letter_id: int, **options: object) -> None:
    """Print one dead letter with what it holds, as JSON. Raises `OilcanError`."""
    letter, data = with_database(options, lambda connection: get_dead_letter(connection, letter_id))
    typer.echo(DeadLetterDetail.of(letter, data).model_dump_json(indent=2))


def run_retry(letters: Sequence[int], which: LetterFilter | None, **options: object) -> int:
    """Retry some dead letters, or all that hold rows; returns the exit code. Raises `OilcanError`.

    Each is a transaction of its own: one that is refused keeps none of the others back.
    """
    settings = load(Settings, **options)
    span = storable_span(
        load_ingest_settings(), retention_days=settings.retention_days, clock=now_us
    )

    async def retry(connection: Connection, letter_id: int) -> str:
        return str(await retry_dead_letter(connection, letter_id, by=who(), span=span()))

    async def work(connection: Connection) -> int:
        if which is None:
            return await _each(connection, letters, retry)
        refused, after = 0, 0
        while some := await find_retriable(connection, which, after=after, limit=_AT_ONCE):
            refused += await _each(connection, some, retry)
            after = some[-1]
        return refused

    return min(1, with_database(options, work))


def run_discard(letters: Sequence[int], *, reason: str, **options: object) -> int:
    """Give dead letters up; returns the exit code. Raises `OilcanError`."""

    async def discard(connection: Connection, letter_id: int) -> str:
        await discard_dead_letter(connection, letter_id, by=who(), reason=reason)
        return "discarded"

    return min(1, with_database(options, lambda connection: _each(connection, letters, discard)))


async def _each(
    connection: Connection,
    letters: Sequence[int],
    command: Callable[[Connection, int], Awaitable[str]],
) -> int:
    """Run a command on each letter in a transaction of its own; returns how many refused it."""
    refused = 0
    for letter_id in letters:
        try:
            async with connection.transaction():
                said = await command(connection, letter_id)
        except IngestError as error:
            refused += 1
            typer.echo(f"{letter_id}: {error}", err=True)
        else:
            typer.echo(f"{letter_id}: {said}")
    return refused


def _table(letters: Sequence[DeadLetter]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("id", "state", "kind", "from", "rows", "reason"):
        table.add_column(name, justify="right" if name in ("id", "rows") else "left")
    for letter in letters:
        origin = f"{letter.source} {letter.address}" if letter.source else letter.batch
        table.add_row(
            str(letter.id),
            letter.state,
            letter.kind,
            origin,
            "" if letter.rows is None else str(letter.rows),
            letter.reason
            if letter.settled_note is None
            else f"{letter.reason} → {letter.settled_note}",
        )
    return table
