"""What could not be stored: shown with the reason, never dropped in silence."""

from dataclasses import dataclass
from datetime import datetime

from config.database import Connection, fetch_one


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A batch, or rows of one, that could not be stored; the bytes themselves stay in the table."""

    id: int
    reader: str
    partition: int
    sequence: int
    batch: str
    reason: str
    rows: int | None
    created_at: datetime


SELECT_DEAD_LETTERS = """
SELECT id, reader, partition, sequence, batch, reason, rows, created_at
FROM dead_letter
WHERE %s::bigint IS NULL OR id < %s
ORDER BY id DESC
LIMIT %s
"""

COUNT_DEAD_LETTERS = "SELECT count(*) FROM dead_letter"


async def find_dead_letters(
    connection: Connection, *, before: int | None = None, limit: int = 100
) -> list[DeadLetter]:
    """Up to `limit` dead letters, newest first, behind the id `before` if it is given."""
    cursor = await connection.execute(SELECT_DEAD_LETTERS, [before, before, limit])
    return [DeadLetter(*row) for row in await cursor.fetchall()]


async def count_dead_letters(connection: Connection) -> int:
    """How many dead letters are kept."""
    row = await fetch_one(connection, COUNT_DEAD_LETTERS)
    return int(row[0]) if row else 0
