"""When plants work, as plans ask for it: the days of a calendar that have no shift, and why."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from config.database import Connection
from maintenance.calendars.calendar import Calendar
from maintenance.calendars.queries import histories
from maintenance.calendars.working_time import closed_because, shifts_on
from maintenance.plans.plan import WorkDays

_DAY = timedelta(days=1)


async def work_days_of(
    connection: Connection, codes: Iterable[str | None], *, first: datetime, last: datetime
) -> Mapping[str | None, WorkDays]:
    """The working days of calendars, between two moments; without a calendar all days are.

    A calendar counts as it is now: what is ahead follows it.
    """
    named = sorted({code for code in codes if code is not None})
    found: dict[str | None, WorkDays] = {None: WorkDays()}
    if named:
        kept = await histories(connection, named)
        for code in named:
            newest = kept[code].newest.calendar if code in kept else None
            found[code] = closed_days(newest, first.date(), last.date()) if newest else WorkDays()
    return found


def closed_days(calendar: Calendar, first: date, last: date) -> WorkDays:
    """The days without a shift, from the first to the last."""
    days = (first + number * _DAY for number in range((last - first).days + 1))
    return WorkDays(
        closed={
            day: closed_because(calendar, day) or "no working day"
            for day in days
            if not shifts_on(calendar, day)
        }
    )
