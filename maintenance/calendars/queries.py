"""Reads of calendars."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, LiteralString

from config.database import Connection
from maintenance.calendars.calendar import Calendar, CalendarHistory, CalendarVersion
from maintenance.calendars.form import calendar_from_json
from maintenance.calendars.kept import KeptIn
from maintenance.errors import NotFound

HISTORIES: Final[LiteralString] = """
SELECT calendar.code, one.version, one.effective_from, one.definition
FROM work_calendar calendar
JOIN work_calendar_version one ON one.calendar_id = calendar.id
WHERE %(codes)s::text[] IS NULL OR calendar.code = ANY (%(codes)s)
ORDER BY calendar.code, one.version
"""

CALENDARS: Final[LiteralString] = """
SELECT newest.definition, calendar.kept_in, newest.version
FROM work_calendar calendar
JOIN LATERAL (
    SELECT definition, version FROM work_calendar_version WHERE calendar_id = calendar.id
    ORDER BY version DESC LIMIT 1
) newest ON true
WHERE calendar.retired_at IS NULL
ORDER BY calendar.code
"""


@dataclass(frozen=True, slots=True)
class CurrentCalendar:
    """A calendar as it counts now, where it is kept, and the number of its version."""

    calendar: Calendar
    kept_in: KeptIn
    version: int


async def histories(
    connection: Connection, codes: Sequence[str] | None = None
) -> dict[str, CalendarHistory]:
    """Code -> all versions, of these calendars (None: of every one), retired ones too."""
    cursor = await connection.execute(HISTORIES, {"codes": None if codes is None else list(codes)})
    found: dict[str, list[CalendarVersion]] = {}
    for code, version, effective_from, definition in await cursor.fetchall():
        calendar = calendar_from_json(definition)
        found.setdefault(code, []).append(CalendarVersion(version, effective_from, calendar))
    return {code: CalendarHistory(tuple(versions)) for code, versions in found.items()}


async def get_calendar(connection: Connection, code: str) -> CalendarHistory:
    """All versions of a calendar. Raises `NotFound`."""
    found = await histories(connection, [code])
    if code not in found:
        raise NotFound("calendar", code)
    return found[code]


async def list_calendars(connection: Connection) -> list[CurrentCalendar]:
    """Every calendar that may be chosen, by code."""
    cursor = await connection.execute(CALENDARS)
    return [
        CurrentCalendar(calendar_from_json(definition), KeptIn(kept_in), version)
        for definition, kept_in, version in await cursor.fetchall()
    ]
