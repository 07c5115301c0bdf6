"""Find the rows that the database refuses, by halving, so that all the others land."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import psycopg
from psycopg.errors import RaiseException

from config.database import Connection

# What a row can be guilty of: its data, a constraint, or a trigger's verdict. Any other error is
# the server's or ours, and repeating the transaction is the cure.
REFUSALS = (psycopg.DataError, psycopg.IntegrityError, RaiseException)


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that the database refuses alone, by its number, and the database's words."""

    row: int
    reason: str


async def store_or_halve(
    connection: Connection, rows: range, store: Callable[[range], Awaitable[int]]
) -> tuple[int, list[Refused]]:
    """Await `store(rows)` in a savepoint; where it is refused, each half by itself.

    Returns how many rows `store` said it stored, and the rows that are refused.
    """
    if not rows:
        return 0, []
    try:
        async with connection.transaction():
            return await store(rows), []
    except REFUSALS as error:
        if len(rows) == 1:
            return 0, [Refused(rows.start, f"refused: {error}")]
    half = len(rows) // 2
    first, refused = await store_or_halve(connection, rows[:half], store)
    second, more = await store_or_halve(connection, rows[half:], store)
    return first + second, refused + more
