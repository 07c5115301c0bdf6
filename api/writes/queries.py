"""Write commands, read: newest first."""

from psycopg.rows import TupleRow

from api.errors import ResourceMissing
from api.writes.write import Write
from config.database import Connection, fetch_one

_REGISTERS = 13

SELECT_WRITES = """
SELECT c.id, c.command, p.tag, c.value, c.unit, c.actor, c.reason, c.asked_at, c.expires_at,
       o.outcome, coalesce(o.message, ''), coalesce(o.edge, ''), coalesce(o.source, ''),
       coalesce(o.registers, '{}'), o.read_back, o.at
FROM write_command c JOIN point p ON p.id = c.point_id
LEFT JOIN write_outcome o ON o.write_command_id = c.id
WHERE (%s::text IS NULL OR p.tag = %s) AND (%s::bigint IS NULL OR c.id < %s)
ORDER BY c.id DESC
LIMIT %s
"""

SELECT_WRITE = """
SELECT c.id, c.command, p.tag, c.value, c.unit, c.actor, c.reason, c.asked_at, c.expires_at,
       o.outcome, coalesce(o.message, ''), coalesce(o.edge, ''), coalesce(o.source, ''),
       coalesce(o.registers, '{}'), o.read_back, o.at
FROM write_command c JOIN point p ON p.id = c.point_id
LEFT JOIN write_outcome o ON o.write_command_id = c.id
WHERE c.id = %s
"""


async def find_writes(
    connection: Connection, *, tag: str | None = None, before: int | None = None, limit: int = 100
) -> list[Write]:
    """Up to `limit` commands older than `before`, newest first; of one point if it is given."""
    cursor = await connection.execute(SELECT_WRITES, [tag, tag, before, before, limit])
    return [_write(row) for row in await cursor.fetchall()]


async def get_write(connection: Connection, write_id: int) -> Write:
    """One command. Raises `ResourceMissing`."""
    row = await fetch_one(connection, SELECT_WRITE, [write_id])
    if row is None:
        raise ResourceMissing(f"there is no write {write_id}")
    return _write(row)


def _write(row: TupleRow) -> Write:
    fields = list(row)
    fields[_REGISTERS] = tuple(fields[_REGISTERS])
    return Write(*fields)
