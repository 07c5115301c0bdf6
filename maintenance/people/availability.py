"""When somebody works: their shifts less their absences. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from maintenance.calendars.calendar import CalendarHistory
from maintenance.calendars.working_time import Interval, working_spans
from maintenance.people.staff import Absence

AHEAD = timedelta(days=14)
"""How far it is looked for somebody's next shift."""


def free_spans(
    history: CalendarHistory, absences: Sequence[Absence], start: datetime, end: datetime
) -> Iterator[Interval]:
    """Working time within [start, end) in which nobody is absent, in order."""
    gone = sorted((each.starts_at, each.ends_at) for each in absences)
    for span in working_spans(history, start, end):
        begins = span.start
        for away, back in gone:
            if away < span.end and back > begins:
                if away > begins:
                    yield Interval(begins, away, span.shifts)
                begins = back
        if begins < span.end:
            yield Interval(begins, span.end, span.shifts)


def next_free(
    history: CalendarHistory, absences: Sequence[Absence], at: datetime
) -> Interval | None:
    """When they work next, from `at` on; None: not within `AHEAD`."""
    return next(free_spans(history, absences, at, at + AHEAD), None)


def free_minutes(
    history: CalendarHistory, absences: Sequence[Absence], start: datetime, end: datetime
) -> int:
    """Minutes of work that they can give within [start, end)."""
    return int(sum(span.seconds for span in free_spans(history, absences, start, end)) // 60)


def absence_at(absences: Sequence[Absence], at: datetime) -> Absence | None:
    """The absence that a moment is in."""
    return next((each for each in absences if each.starts_at <= at < each.ends_at), None)
