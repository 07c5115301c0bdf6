"""Commands on calendars: one function, one transaction (in a caller's: a savepoint of it)."""

from collections.abc import Sequence

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from config.difference import Difference
from maintenance.calendars import kept, store
from maintenance.calendars.calendar import Calendar

_SHELF = kept.Shelf(
    "calendar", store.stored_calendars, store.write_calendar, store.retire_calendars
)


async def apply_calendars(
    connection: Connection, wanted: Sequence[Calendar], *, clock: ClockUs = now_us
) -> Difference[Calendar]:
    """Bring the calendars that files keep in line with them; a changed one gets a new version."""
    by_code = {calendar.code: calendar for calendar in wanted}
    return await kept.apply_files(connection, _SHELF, by_code, at=from_us(clock()))


async def save_calendar(
    connection: Connection,
    calendar: Calendar,
    *,
    expected_version: int | None = None,
    clock: ClockUs = now_us,
) -> None:
    """Make a calendar, or its next version, which counts from now.

    Raises `KeptInFiles`, `StaleVersion`.
    """
    await kept.save(
        connection,
        _SHELF,
        calendar.code,
        calendar,
        expected_version=expected_version,
        at=from_us(clock()),
    )


async def retire_calendar(connection: Connection, code: str, *, clock: ClockUs = now_us) -> None:
    """Let a calendar no longer be chosen. Raises `NotFound`, `KeptInFiles`."""
    await kept.retire(connection, _SHELF, code, at=from_us(clock()))
