"""When an event is not annunciated: its parent has one, its asset is not at work, or it is time."""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum


class SuppressionKind(StrEnum):
    """What suppresses; the value is the key in a rule file."""

    PARENT = "parent"
    ASSET_STATE = "asset_state"
    WINDOW = "window"


@dataclass(frozen=True, slots=True)
class WeeklyWindow:
    """A stretch of some days of the week (Monday 0), in local time of the asset's site.

    `end` at or before `start` lies on the next day; both ends equal make a whole day.
    """

    weekdays: frozenset[int]
    start: time
    end: time

    def covers(self, local: datetime) -> bool:
        """Does a local time lie in it (from `start`, until before `end`)?"""
        at, today = local.time(), local.weekday()
        if self.start < self.end:
            return today in self.weekdays and self.start <= at < self.end
        begun_today = today in self.weekdays and at >= self.start
        begun_yesterday = (today - 1) % 7 in self.weekdays and at < self.end
        return begun_today or begun_yesterday


@dataclass(frozen=True, slots=True)
class DateWindow:
    """Whole days from `first` through `last`, in local time of the asset's site."""

    first: date
    last: date

    def covers(self, local: datetime) -> bool:
        """Does a local time lie in it?"""
        return self.first <= local.date() <= self.last


@dataclass(frozen=True, slots=True)
class Suppression:
    """One reason not to annunciate; what does not belong to its `kind` is empty.

    PARENT: an open event of an asset above, of the rule `rule` (`asset_class/id`, or an id alone),
    or of any rule where it is empty. ASSET_STATE: the asset is in one of `states`.
    """

    kind: SuppressionKind
    rule: str = ""
    states: frozenset[str] = frozenset()
    window: WeeklyWindow | DateWindow | None = None
