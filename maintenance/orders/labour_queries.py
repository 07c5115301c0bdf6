"""Reads of the time that people worked."""

from typing import Any, Final, LiteralString

from psycopg.rows import class_row

from config.database import Connection
from maintenance.orders.labour import LabourEntry

ENTRIES: Final[LiteralString] = """
SELECT entry.id, o.number, entry.person, entry.craft, entry.started_at, entry.finished_at,
       entry.minutes, entry.note, entry.entered_by, entry.entered_at,
       entry.reverses_id AS reverses, entry.reversed_at
FROM labour_entry entry JOIN work_order o ON o.id = entry.work_order_id
"""

ENTRIES_OF_ORDER: Final[LiteralString] = ENTRIES + " WHERE o.id = %(id)s ORDER BY entry.id"

ENTRY_BY_ID: Final[LiteralString] = ENTRIES + " WHERE entry.id = %(id)s AND o.number = %(number)s"

TIMER_OF_PERSON: Final[LiteralString] = (
    ENTRIES + " WHERE entry.person = %(person)s AND entry.minutes IS NULL"
)


async def labour_of(connection: Connection, order_id: int) -> list[LabourEntry]:
    """Every entry of an order, those that were taken back too, in the order of their making."""
    return await _entries(connection, ENTRIES_OF_ORDER, {"id": order_id})


async def entry_of(connection: Connection, number: str, entry_id: int) -> LabourEntry | None:
    """One entry of an order."""
    found = await _entries(connection, ENTRY_BY_ID, {"id": entry_id, "number": number})
    return found[0] if found else None


async def timer_of(connection: Connection, person: str) -> LabourEntry | None:
    """The timer of a person that runs, on whichever order."""
    found = await _entries(connection, TIMER_OF_PERSON, {"person": person})
    return found[0] if found else None


async def _entries(
    connection: Connection, sql: LiteralString, given: dict[str, Any]
) -> list[LabourEntry]:
    async with connection.cursor(row_factory=class_row(LabourEntry)) as cursor:
        await cursor.execute(sql, given)
        return await cursor.fetchall()
