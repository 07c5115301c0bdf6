"""What could not be stored: shown with the reason, never dropped in silence."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from config.database import Connection, fetch_one
from ingest.batch import LetterKind
from ingest.errors import DeadLetterMissing


class LetterState(StrEnum):
    """What became of a dead letter."""

    OPEN = "open"
    RETRIED = "retried"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What could not be stored or read, and why; the bytes themselves stay in the table.

    `source` and `address` say where a payload came from. `rows` is None where they cannot be
    counted. A settled one says who settled it, when, and with what result or for what reason.
    """

    id: int
    kind: LetterKind
    state: LetterState
    edge: str
    source: str
    address: str
    reason: str
    rows: int | None
    size: int
    reader: str
    partition: int
    sequence: int
    batch: str
    received_at: datetime
    created_at: datetime
    settled_at: datetime | None
    settled_by: str | None
    settled_note: str | None


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Which dead letters are meant; None: any."""

    state: LetterState | None = None
    kind: LetterKind | None = None
    source: str | None = None
    edge: str | None = None


SELECT_DEAD_LETTERS = """
SELECT id, kind, state, edge, source, address, reason, rows, length(data), reader, partition,
       sequence, batch, received_at, created_at, settled_at, settled_by, settled_note
FROM dead_letter
WHERE (%(state)s::text IS NULL OR state = %(state)s)
  AND (%(kind)s::text IS NULL OR kind = %(kind)s)
  AND (%(source)s::text IS NULL OR source = %(source)s)
  AND (%(edge)s::text IS NULL OR edge = %(edge)s)
  AND (%(before)s::bigint IS NULL OR id < %(before)s)
ORDER BY id DESC
LIMIT %(limit)s
"""

SELECT_DEAD_LETTER = """
SELECT id, kind, state, edge, source, address, reason, rows, length(data), reader, partition,
       sequence, batch, received_at, created_at, settled_at, settled_by, settled_note, data
FROM dead_letter
WHERE id = %s
"""

COUNT_DEAD_LETTERS = "SELECT count(*) FROM dead_letter WHERE state = 'open'"

SELECT_RETRIABLE = """
SELECT id FROM dead_letter
WHERE state = 'open' AND kind IN ('readings', 'alarms') AND id > %(after)s
  AND (%(source)s::text IS NULL OR source = %(source)s)
  AND (%(edge)s::text IS NULL OR edge = %(edge)s)
ORDER BY id
LIMIT %(limit)s
"""


async def find_dead_letters(
    connection: Connection,
    which: LetterFilter | None = None,
    *,
    before: int | None = None,
    limit: int = 100,
) -> list[DeadLetter]:
    """Up to `limit` dead letters, newest first, behind the id `before` if it is given."""
    named = {**_named(which or LetterFilter()), "before": before, "limit": limit}
    cursor = await connection.execute(SELECT_DEAD_LETTERS, named)
    return [_letter(*row) for row in await cursor.fetchall()]


async def get_dead_letter(connection: Connection, letter_id: int) -> tuple[DeadLetter, bytes]:
    """One dead letter with its bytes. Raises `DeadLetterMissing`."""
    row = await fetch_one(connection, SELECT_DEAD_LETTER, [letter_id])
    if row is None:
        raise DeadLetterMissing(f"there is no dead letter {letter_id}")
    *fields, data = row
    return _letter(*fields), bytes(data)


async def find_retriable(
    connection: Connection, which: LetterFilter, *, after: int = 0, limit: int = 1_000
) -> list[int]:
    """Ids of open dead letters that hold rows, oldest first, behind the id `after`."""
    named = {**_named(which), "after": after, "limit": limit}
    cursor = await connection.execute(SELECT_RETRIABLE, named)
    return [letter_id for (letter_id,) in await cursor.fetchall()]


async def count_dead_letters(connection: Connection) -> int:
    """How many dead letters wait for somebody."""
    row = await fetch_one(connection, COUNT_DEAD_LETTERS)
    return int(row[0]) if row else 0


def _named(which: LetterFilter) -> dict[str, object]:
    return {
        "state": which.state,
        "kind": which.kind,
        "source": which.source,
        "edge": which.edge,
    }


def _letter(letter_id: int, kind: str, state: str, *fields: object) -> DeadLetter:
    return DeadLetter(letter_id, LetterKind(kind), LetterState(state), *fields)  # type: ignore[arg-type]  # a row's columns
