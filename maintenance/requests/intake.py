"""Requests out of a CSV file: every row checked, all of them taken in or none."""

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass

from psycopg import Rollback

from config.clock import ClockUs, now_us
from config.database import Connection
from maintenance.errors import ImportRefused, MaintenanceError
from maintenance.requests.request import Channel, NewRequest, Urgency
from maintenance.requests.service import report

COLUMNS = (
    "external_id",
    "title",
    "description",
    "asset",
    "site",
    "location",
    "place",
    "failure_mode",
    "urgency",
    "contact",
)
MOST_ROWS = 5000
_MOST_PROBLEMS = 50

# No field holds these: NUL ends a text in every program that writes files of this kind.
_TOO_MANY = "\0more"
_TOO_FEW = "\0less"


@dataclass(frozen=True, slots=True)
class Intake:
    """What a file led to: how many rows were new, their numbers, and those that came before."""

    new: int
    made: tuple[str, ...]
    known: tuple[str, ...]


async def take_in(
    connection: Connection, text: str, *, actor: str, dry_run: bool, clock: ClockUs = now_us
) -> Intake:
    """Take the rows of a file in. A row is known by its `external_id`, else by all that it says.

    A dry run does the same and takes it back. Raises `ImportRefused`, which names each wrong row.
    """
    made: list[str] = []
    known: list[str] = []
    problems: list[str] = []
    async with connection.transaction():
        for line, row in _rows(text):
            try:
                async with connection.transaction():
                    done = await report(connection, _request(row), actor=actor, clock=clock)
            except (MaintenanceError, ValueError) as error:
                problems.append(f"line {line}: {error}")
                continue
            (made if done.is_new else known).append(done.request.number)
        if problems:
            raise ImportRefused(problems[:_MOST_PROBLEMS])
        taken = Intake(len(made), () if dry_run else tuple(made), tuple(known))
        _end(dry_run=dry_run)
    return taken


def _end(*, dry_run: bool) -> None:
    """Take back what a dry run did, by the end of its transaction."""
    if dry_run:
        raise Rollback


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row with the line that it ends on; the header is checked first."""
    reader = csv.DictReader(
        io.StringIO(text.removeprefix("\ufeff"), newline=""),
        restkey=_TOO_MANY,
        restval=_TOO_FEW,
        strict=True,
    )
    try:
        unknown = sorted(set(reader.fieldnames or ()) - set(COLUMNS))
        if unknown or "title" not in (reader.fieldnames or ()):
            what = f"unknown columns {', '.join(unknown)}" if unknown else "no column title"
            raise ImportRefused([f"line 1: {what}; there are {', '.join(COLUMNS)}"])
        for count, row in enumerate(reader, start=1):
            if count > MOST_ROWS:
                raise ImportRefused([f"more than {MOST_ROWS} rows: send them in parts"])
            if _TOO_MANY in row or _TOO_FEW in row.values():
                raise ImportRefused([f"line {reader.line_num}: not as many fields as columns"])
            yield reader.line_num, row
    except csv.Error as error:
        raise ImportRefused([f"line {reader.line_num}: {error}"]) from error


def _request(row: dict[str, str]) -> NewRequest:
    said = {name: value.strip() for name, value in row.items()}
    urgency = said.get("urgency") or Urgency.NORMAL
    if urgency not in set(Urgency):
        raise ValueError(f"urgency: {urgency!r} is none of {', '.join(Urgency)}")
    whole = hashlib.sha256("\x1f".join(f"{k}={v}" for k, v in sorted(said.items())).encode())
    return NewRequest(
        title=said.get("title", ""),
        channel=Channel.CSV,
        description=said.get("description", ""),
        asset=said.get("asset") or None,
        site=said.get("site") or None,
        location=said.get("location") or None,
        place=said.get("place", ""),
        failure_mode=said.get("failure_mode") or None,
        urgency=Urgency(urgency),
        contact=said.get("contact", ""),
        external_id=said.get("external_id") or whole.hexdigest(),
    )
