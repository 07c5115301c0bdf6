"""A calendar: weekly shifts in a time zone, less public holidays, with exceptions. Pure.

A calendar never changes: an edit makes its next version, which counts from the moment of the edit
(`CalendarHistory`). What was measured before stays as it was measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import IntEnum

EVER = datetime(1, 1, 1, tzinfo=UTC)
"""From when the first version of a calendar counts: there was none before it."""


class Weekday(IntEnum):
    """Days of the week as `date.weekday` counts them."""

    MON = 0
    TUE = 1
    WED = 2
    THU = 3
    FRI = 4
    SAT = 5
    SUN = 6


ALL_DAYS = frozenset(Weekday)


@dataclass(frozen=True, slots=True)
class Shift:
    """Working time that begins on each of `days` at `start`, local time.

    Where `end` is not after `start` it is the next day's; equal ones make 24 hours. A shift belongs
    to the day on which it begins, its hours after midnight too. Crews that take turns work it in
    week `week` (0 is the first) of every `every` weeks, counted from Monday, 2024-01-01.
    """

    name: str
    days: frozenset[Weekday]
    start: time
    end: time
    every: int = 1
    week: int = 0


@dataclass(frozen=True, slots=True)
class HolidayRegion:
    """Whose public holidays are free: a country (ISO 3166-1) and a part of it (ISO 3166-2)."""

    country: str
    subdivision: str | None = None


@dataclass(frozen=True, slots=True)
class DayException:
    """A day that is not as its weekday or a holiday says: other shifts, or (none) no work."""

    day: date
    name: str
    shifts: tuple[Shift, ...] = ()


@dataclass(frozen=True, slots=True)
class Calendar:
    """One version of a calendar; `time_zone` is an IANA name."""

    code: str
    name: str
    time_zone: str
    shifts: tuple[Shift, ...]
    holidays: HolidayRegion | None = None
    exceptions: tuple[DayException, ...] = ()

    def only(self, names: Sequence[str]) -> "Calendar":
        """The same with the shifts of these names alone; with all of them where none is named."""
        if not names:
            return self
        return Calendar(
            self.code,
            self.name,
            self.time_zone,
            _named(self.shifts, names),
            self.holidays,
            tuple(
                DayException(each.day, each.name, _named(each.shifts, names))
                for each in self.exceptions
            ),
        )


@dataclass(frozen=True, slots=True)
class CalendarVersion:
    """A calendar as it counts from a moment on, until the next version does."""

    version: int
    effective_from: datetime
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class CalendarHistory:
    """All versions of a calendar, oldest first; there is at least one."""

    versions: tuple[CalendarVersion, ...]

    @classmethod
    def of(cls, calendar: Calendar) -> "CalendarHistory":
        """The history of a calendar that never was another."""
        return cls((CalendarVersion(1, EVER, calendar),))

    @property
    def newest(self) -> CalendarVersion:
        """The version that counts from its moment on."""
        return self.versions[-1]

    def at(self, moment: datetime) -> Calendar:
        """The calendar that counts at a moment."""
        found = self.versions[0]
        for version in self.versions:
            if version.effective_from <= moment:
                found = version
        return found.calendar

    def only(self, names: Sequence[str]) -> "CalendarHistory":
        """The same with the shifts of these names alone."""
        return CalendarHistory(
            tuple(
                CalendarVersion(each.version, each.effective_from, each.calendar.only(names))
                for each in self.versions
            )
        )


def _named(shifts: tuple[Shift, ...], names: Sequence[str]) -> tuple[Shift, ...]:
    return tuple(shift for shift in shifts if shift.name in names)
