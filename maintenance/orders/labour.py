"""Time that people worked on an order. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class LabourEntry:
    """Time of one person on one order; entries of a person never overlap.

    A timer runs while `minutes` is None. An entry given in minutes alone has no times. What
    reverses another carries its minutes with a minus; `reversed_at` stands on the other.
    """

    id: int
    number: str
    person: str
    craft: str | None
    started_at: datetime | None
    finished_at: datetime | None
    minutes: int | None
    note: str
    entered_by: str
    entered_at: datetime
    reverses: int | None
    reversed_at: datetime | None

    @property
    def running(self) -> bool:
        """Whether it is a timer that runs."""
        return self.minutes is None

    @property
    def reversible(self) -> bool:
        """Whether it can be taken back: it counts, and is no correction itself."""
        return self.minutes is not None and self.reverses is None and self.reversed_at is None


@dataclass(frozen=True, slots=True)
class TimeWorked:
    """Time that a person enters: from and to, or minutes alone."""

    person: str
    started_at: datetime | None = None
    finished_at: datetime | None = None
    minutes: int | None = None
    craft: str | None = None
    note: str = ""


def whole_minutes(started_at: datetime, finished_at: datetime) -> int:
    """The span in whole minutes, halves up; a span that was worked counts at least one."""
    return max(1, (finished_at - started_at + _MINUTE / 2) // _MINUTE)


def refusal(worked: TimeWorked, now: datetime) -> str | None:
    """Why the time cannot be entered so; None where it can."""
    whole = worked.started_at is not None and worked.finished_at is not None
    if worked.minutes is not None and (worked.started_at or worked.finished_at):
        return "give from and to, or minutes alone"
    if worked.minutes is None and not whole:
        return "give from and to, or minutes"
    if worked.started_at is not None and worked.finished_at is not None:
        if worked.finished_at <= worked.started_at:
            return "the time ends before it begins"
        if worked.finished_at > now:
            return "the time lies in the future"
    return None


def net_minutes(entries: list[LabourEntry]) -> int:
    """Minutes worked: entries less what was taken back; timers that run do not count yet."""
    return sum(entry.minutes or 0 for entry in entries)
