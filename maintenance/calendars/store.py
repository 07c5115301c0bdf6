"""SQL writes of calendars; transactions are the service's."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, LiteralString

from psycopg.types.json import Jsonb

from config.database import Connection, fetch_one
from maintenance.calendars.calendar import EVER, Calendar
from maintenance.calendars.form import calendar_from_json, calendar_to_json
from maintenance.calendars.kept import Kept, KeptIn

STORED_CALENDARS: Final[LiteralString] = """
SELECT calendar.code, newest.definition, calendar.kept_in, calendar.retired_at IS NOT NULL,
       newest.version
FROM work_calendar calendar
JOIN LATERAL (
    SELECT definition, version FROM work_calendar_version WHERE calendar_id = calendar.id
    ORDER BY version DESC LIMIT 1
) newest ON true
FOR UPDATE OF calendar
"""

UPSERT_CALENDAR: Final[LiteralString] = """
INSERT INTO work_calendar (code, kept_in) VALUES (%(code)s, %(kept_in)s)
ON CONFLICT (code) DO UPDATE SET kept_in = excluded.kept_in, retired_at = NULL
RETURNING id
"""

# Versions follow on one another even where the clock of the machine was set back.
INSERT_VERSION: Final[LiteralString] = """
INSERT INTO work_calendar_version (calendar_id, version, effective_from, definition)
SELECT %(id)s, coalesce(max(version), 0) + 1,
       CASE WHEN max(version) IS NULL THEN %(ever)s::timestamptz
            ELSE greatest(%(at)s, max(effective_from) + interval '1 microsecond') END,
       %(definition)s
FROM work_calendar_version WHERE calendar_id = %(id)s
HAVING NOT EXISTS (
    SELECT FROM work_calendar_version newest
    WHERE calendar_id = %(id)s AND definition = %(definition)s
      AND version = (SELECT max(version) FROM work_calendar_version WHERE calendar_id = %(id)s)
)
"""

RETIRE_CALENDARS: Final[LiteralString] = """
UPDATE work_calendar SET retired_at = %(at)s WHERE code = ANY (%(codes)s) AND retired_at IS NULL
"""


async def stored_calendars(connection: Connection) -> dict[str, Kept[Calendar]]:
    """Every calendar by code, the retired ones too, held to the end of the transaction."""
    cursor = await connection.execute(STORED_CALENDARS)
    return {
        code: Kept(calendar_from_json(definition), KeptIn(kept_in), retired, version)
        for code, definition, kept_in, retired, version in await cursor.fetchall()
    }


async def write_calendar(
    connection: Connection, calendar: Calendar, kept_in: KeptIn, at: datetime
) -> None:
    """Make or revive a calendar, with a new version where its definition is a new one."""
    row = await fetch_one(
        connection, UPSERT_CALENDAR, {"code": calendar.code, "kept_in": kept_in.value}
    )
    assert row is not None, "an upsert gives a row"  # noqa: S101 - it says so itself
    definition = Jsonb(calendar_to_json(calendar))
    given = {"id": row[0], "ever": EVER, "at": at, "definition": definition}
    await connection.execute(INSERT_VERSION, given)


async def retire_calendars(connection: Connection, codes: Sequence[str], at: datetime) -> None:
    """Let calendars no longer be chosen; who has one keeps it."""
    await connection.execute(RETIRE_CALENDARS, {"codes": list(codes), "at": at})
