"""What becomes of dead letters, in SQL; the caller opens the transaction."""

from config.clock import from_us
from config.database import Connection, fetch_one
from ingest.dead_letters import LetterState
from ingest.errors import DeadLetterMissing, DeadLetterSettled

LOCK_DEAD_LETTER = """
SELECT state, settled_by FROM dead_letter WHERE id = %s FOR UPDATE
"""

SETTLE_DEAD_LETTER = """
UPDATE dead_letter
SET state = %s, settled_at = now(), settled_by = %s, settled_note = %s
WHERE id = %s AND state = 'open'
"""

DELETE_OLD_LETTERS = """
DELETE FROM dead_letter
WHERE created_at < CASE
    WHEN state = 'open' AND kind <> 'payload' THEN %(rows)s::timestamptz
    ELSE %(others)s::timestamptz
END
"""

DELETE_TOO_MANY_PAYLOADS = """
DELETE FROM dead_letter d
USING (SELECT DISTINCT source FROM dead_letter WHERE kind = 'payload') AS s
WHERE d.kind = 'payload' AND d.source = s.source AND d.id <= (
    SELECT id FROM dead_letter
    WHERE kind = 'payload' AND source = s.source
    ORDER BY id DESC OFFSET %s LIMIT 1
)
"""


async def lock_open_letter(connection: Connection, letter_id: int) -> None:
    """Hold a dead letter until the transaction ends.

    Raises `DeadLetterMissing`, `DeadLetterSettled`.
    """
    row = await fetch_one(connection, LOCK_DEAD_LETTER, [letter_id])
    if row is None:
        raise DeadLetterMissing(f"there is no dead letter {letter_id}")
    if row[0] != LetterState.OPEN:
        raise DeadLetterSettled(f"dead letter {letter_id} was {row[0]} by {row[1]}")


async def settle(
    connection: Connection, letter_id: int, *, state: LetterState, by: str, note: str
) -> None:
    """Write down what became of an open dead letter, by whom and why."""
    await connection.execute(SETTLE_DEAD_LETTER, [state, by, note, letter_id])


async def delete_old_letters(
    connection: Connection, *, rows_before_us: int, others_before_us: int
) -> int:
    """Drop open rows from before one time, everything else from before another; returns how many."""
    cursor = await connection.execute(
        DELETE_OLD_LETTERS,
        {"rows": from_us(rows_before_us), "others": from_us(others_before_us)},
    )
    return cursor.rowcount


async def delete_payloads_beyond(connection: Connection, *, per_source: int) -> int:
    """Drop each source's oldest payloads, so that so many stay; returns how many went."""
    return (await connection.execute(DELETE_TOO_MANY_PAYLOADS, [per_source])).rowcount
