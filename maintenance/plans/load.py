"""Load: minutes of preventive work by week and craft, against what people can give. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Demand:
    """Work of one craft that is due in a week; `unknown` pieces have no estimate."""

    week: date
    craft: str
    pieces: int
    minutes: int
    unknown: int


@dataclass(frozen=True, slots=True)
class CraftWeek:
    """A craft in a week, from its Monday: what is due, and what its people can give."""

    week: date
    craft: str
    pieces: int
    minutes: int
    unknown: int
    capacity_minutes: int

    @property
    def share(self) -> float | None:
        """Load over capacity; None where nobody has the craft."""
        return self.minutes / self.capacity_minutes if self.capacity_minutes else None


def monday_of(day: date) -> date:
    """The first day of a week."""
    return day - timedelta(days=day.weekday())


def weeks_from(first: date, count: int) -> Sequence[date]:
    """The Mondays of so many weeks, that of `first` among them."""
    return [monday_of(first) + number * _WEEK for number in range(count)]


def load_of(
    weeks: Sequence[date],
    demands: Iterable[Demand],
    capacity: Mapping[tuple[str, date], int],
) -> list[CraftWeek]:
    """Every week of every craft that has work or people, by craft and week."""
    by_place = {(demand.craft, demand.week): demand for demand in demands}
    crafts = sorted({craft for craft, _ in (*by_place, *capacity)})
    return [
        _craft_week(craft, week, by_place.get((craft, week)), capacity.get((craft, week), 0))
        for craft in crafts
        for week in weeks
    ]


def _craft_week(craft: str, week: date, demand: Demand | None, capacity: int) -> CraftWeek:
    if demand is None:
        return CraftWeek(week, craft, 0, 0, 0, capacity)
    return CraftWeek(week, craft, demand.pieces, demand.minutes, demand.unknown, capacity)
