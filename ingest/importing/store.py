"""What an import writes, in SQL; the caller opens the transactions."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.errors import UniqueViolation

from config.database import Connection, fetch_one
from ingest import store
from ingest.binary_copy import encode_rows
from ingest.footing import join_as_guest
from ingest.rollup import mark_due
from ingest.sorting import Rows

TRY_LOCK_IMPORT = "SELECT pg_try_advisory_lock(hashtextextended('import ' || %s, 0))"

UNLOCK_IMPORT = "SELECT pg_advisory_unlock(hashtextextended('import ' || %s, 0))"

SELECT_IMPORT = """
SELECT lines, stored, known, rejected, rejects_bytes, finished_at FROM import_file
WHERE digest = %s
"""

UPSERT_IMPORT = """
INSERT INTO import_file (digest, name, lines, stored, known, rejected, rejects_bytes, finished_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, CASE WHEN %s THEN now() END)
ON CONFLICT (digest) DO UPDATE
SET lines = excluded.lines, stored = excluded.stored, known = excluded.known,
    rejected = excluded.rejected, rejects_bytes = excluded.rejects_bytes,
    finished_at = excluded.finished_at
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file has been taken in: its last line, and what came of the readings."""

    lines: int = 0
    stored: int = 0
    known: int = 0
    rejected: int = 0
    rejects_bytes: int = 0
    finished_at: datetime | None = None


async def try_lock(connection: Connection, digest: str) -> bool:
    """Be the only one who imports a file until the connection ends."""
    row = await fetch_one(connection, TRY_LOCK_IMPORT, [digest])
    return bool(row and row[0])


async def unlock(connection: Connection, digest: str) -> None:
    """Let others import the file."""
    await connection.execute(UNLOCK_IMPORT, [digest])


async def find_progress(connection: Connection, digest: str) -> Progress:
    """How far a file has been taken in; nothing of one that is not known."""
    row = await fetch_one(connection, SELECT_IMPORT, [digest])
    return Progress() if row is None else Progress(*row)


async def write_progress(
    connection: Connection, digest: str, name: str, progress: Progress, *, finished: bool
) -> None:
    """Note how far a file has been taken in."""
    await connection.execute(
        UPSERT_IMPORT,
        [
            digest,
            name,
            progress.lines,
            progress.stored,
            progress.known,
            progress.rejected,
            progress.rejects_bytes,
            finished,
        ],
    )


async def store_rows(connection: Connection, rows: Rows) -> int:
    """Store those of the rows that are not there yet; returns how many."""
    footing = await join_as_guest(connection)
    await mark_due(connection, rows)
    if not footing.guarded:
        return await store.insert_rows(connection, rows, footing)
    data = encode_rows(rows.point_id, rows.ts, rows.value, rows.quality)
    try:
        async with connection.transaction():
            await store.copy_rows(connection, data)
    except UniqueViolation:
        return await store.insert_rows(connection, rows, footing)
    return len(rows)
