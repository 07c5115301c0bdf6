"""Working time between moments, after a moment, and at a moment. Pure.

All moments are aware datetimes; results are in UTC. A shift begins and ends at local clock times,
so a night shift over the change to summer time has an hour less, and one over the change back an
hour more. A clock time that comes twice means the first; one that is left out means the moment at
which it would have come.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from maintenance.calendars.calendar import Calendar, CalendarHistory, Shift, Weekday
from maintenance.calendars.holiday import holiday_name

_DAY = timedelta(days=1)
_FIRST_MONDAY = date(2024, 1, 1)
LOOK_AHEAD = timedelta(days=2 * 366)
"""How far it is looked for working time; a calendar without any within it has none."""

_WINDOWS = (timedelta(days=4), timedelta(days=30), LOOK_AHEAD)

_EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
_LAST = datetime(9990, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Interval:
    """Working time from `start` up to `end`, with the names of its shifts."""

    start: datetime
    end: datetime
    shifts: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it is."""
        return (self.end - self.start).total_seconds()


def working_intervals(
    history: CalendarHistory, start: datetime, end: datetime
) -> Iterator[Interval]:
    """Working time within [start, end), in order; where shifts overlap it is told once.

    At each moment the version of the calendar counts that was in force then.
    """
    # Datetimes of one zone are compared and added to by the clock on the wall.
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    starts = [version.effective_from for version in history.versions]
    ends = [*starts[1:], _LAST]
    starts[0] = min(starts[0], start)
    for version, since, until in zip(history.versions, starts, ends, strict=True):
        lower, upper = max(start, since), min(end, until)
        if lower < upper:
            yield from _disjoint(_of_calendar(version.calendar, lower, upper))


def working_spans(history: CalendarHistory, start: datetime, end: datetime) -> Iterator[Interval]:
    """The same, shifts that follow on one another without a break as one."""
    return _joined(working_intervals(history, start, end))


def working_seconds(history: CalendarHistory, start: datetime, end: datetime) -> float:
    """Seconds of working time within [start, end)."""
    return sum(interval.seconds for interval in working_intervals(history, start, end))


def moment_after(history: CalendarHistory, start: datetime, seconds: float) -> datetime | None:
    """When so many working seconds have passed since `start`; None: not while it is looked for.

    Nothing left to pass is over at `start`, though nobody works then.
    """
    if seconds <= 0:
        return start.astimezone(UTC)
    left = seconds
    for interval in working_intervals(history, start, start.astimezone(UTC) + LOOK_AHEAD):
        if left <= interval.seconds:
            return interval.start + timedelta(seconds=left)
        left -= interval.seconds
    return None


def working_at(history: CalendarHistory, at: datetime) -> Interval | None:
    """The working time that a moment is in, from the moment to its end; None: nobody works."""
    found = next_working(history, at)
    return found if found is not None and found.start <= at else None


def next_working(history: CalendarHistory, at: datetime) -> Interval | None:
    """The working time that a moment is in, or the next one after it, from the moment on.

    Where work never ends, its first days.
    """
    for ahead in _WINDOWS:
        found = next(working_spans(history, at, at.astimezone(UTC) + ahead), None)
        if found is not None:
            return found
    return None


def is_working(history: CalendarHistory, at: datetime) -> bool:
    """Is work done at a moment?"""
    return (
        next(working_intervals(history, at, at.astimezone(UTC) + timedelta(microseconds=1)), None)
        is not None
    )


def closed_because(calendar: Calendar, day: date) -> str | None:
    """The holiday or exception that makes a day free; None where it is as its weekday."""
    for exception in calendar.exceptions:
        if exception.day == day:
            return None if exception.shifts else exception.name
    return holiday_name(calendar.holidays, day)


def shifts_on(calendar: Calendar, day: date) -> tuple[Shift, ...]:
    """The shifts that begin on a local day."""
    for exception in calendar.exceptions:
        if exception.day == day:
            return exception.shifts
    if holiday_name(calendar.holidays, day) is not None:
        return ()
    return tuple(shift for shift in calendar.shifts if _falls_on(shift, day))


def bounds(shift: Shift, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When a shift that begins on a local day begins and ends, in UTC."""
    last = day if shift.end > shift.start else day + _DAY
    return _moment(day, shift.start, zone), _moment(last, shift.end, zone)


def _falls_on(shift: Shift, day: date) -> bool:
    if Weekday(day.weekday()) not in shift.days:
        return False
    return (day - _FIRST_MONDAY).days // 7 % shift.every == shift.week


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def _of_calendar(calendar: Calendar, start: datetime, end: datetime) -> Iterator[Interval]:
    """Every shift of [start, end), cut to it, by day; those of one day in order of their start."""
    zone = ZoneInfo(calendar.time_zone)
    # The shift of the day before may reach into the first day.
    day = start.astimezone(zone).date() - _DAY
    last = end.astimezone(zone).date()
    while day <= last:
        spans = [(*bounds(shift, day, zone), shift.name) for shift in shifts_on(calendar, day)]
        for begins, ends, name in sorted(spans):
            lower, upper = max(begins, start), min(ends, end)
            if lower < upper:
                yield Interval(lower.astimezone(UTC), upper.astimezone(UTC), (name,))
        day += _DAY


def _disjoint(intervals: Iterator[Interval]) -> Iterator[Interval]:
    """Intervals in order of their start without what an earlier one has already."""
    reached = _EARLIEST
    for interval in intervals:
        start = max(interval.start, reached)
        if start < interval.end:
            yield Interval(start, interval.end, interval.shifts)
            reached = interval.end


def _joined(intervals: Iterator[Interval]) -> Iterator[Interval]:
    """Intervals as they come, those that touch as one."""
    held: Interval | None = None
    for interval in intervals:
        if held is not None and interval.start == held.end:
            names = dict.fromkeys((*held.shifts, *interval.shifts))
            held = Interval(held.start, interval.end, tuple(names))
            continue
        if held is not None:
            yield held
        held = interval
    if held is not None:
        yield held
