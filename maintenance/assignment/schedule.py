"""The schedule: what is planned when, by whom, against what they can give; and what does not fit. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import combinations
from zoneinfo import ZoneInfo

from maintenance.assignment.choice import Candidate
from maintenance.people.availability import free_minutes

_DAY = timedelta(days=1)
NO_CRAFT = "any"
"""The craft of work that asks for none."""


class ConflictKind(StrEnum):
    """What does not fit."""

    DOUBLE_BOOKED = "double_booked"
    OUTSIDE_SHIFT = "outside_shift"
    ABSENT = "absent"
    MISSING_SKILL = "missing_skill"
    OVER_CAPACITY = "over_capacity"


@dataclass(frozen=True, slots=True)
class Planned:
    """An order in the schedule; `skills` are those that its rule and its job plan ask for."""

    number: str
    title: str
    asset: str
    priority: int
    state: str
    assignee: str | None
    craft: str | None
    start: datetime
    finish: datetime
    minutes: int
    skills: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conflict:
    """What does not fit, of which orders, in words; `day` where it is a whole day."""

    kind: ConflictKind
    orders: tuple[str, ...]
    message: str
    assignee: str | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Capacity:
    """What people of a craft can give on a local day, and what is planned, in minutes."""

    day: date
    craft: str
    capacity_minutes: int
    planned_minutes: int

    @property
    def over(self) -> bool:
        """Is more planned than can be done?"""
        return self.planned_minutes > self.capacity_minutes


def conflicts(
    planned: Sequence[Planned],
    candidates: Mapping[str, Candidate],
    *,
    capacities: Sequence[Capacity] = (),
    zone: ZoneInfo,
) -> list[Conflict]:
    """Everything that does not fit, in the order of the schedule; capacities are of that zone."""
    ordered = sorted(planned, key=lambda order: (order.start, order.number))
    found = [*_double_booked(ordered)]
    for order in ordered:
        holder = candidates.get(order.assignee or "")
        if holder is not None:
            found += _of_person(order, holder)
    return [*found, *_over_capacity(capacities, ordered, candidates, zone)]


def capacity(
    planned: Sequence[Planned],
    candidates: Mapping[str, Candidate],
    *,
    days: Sequence[date],
    zone: ZoneInfo,
) -> list[Capacity]:
    """What each craft can give on each local day, and what is planned of it.

    An order's minutes are spread over its window; who says nothing of their shifts gives none.
    """
    crafts = {candidate.staff.craft or NO_CRAFT for candidate in candidates.values()}
    crafts |= {craft_of(order, candidates) for order in planned}
    return [
        Capacity(
            day,
            craft,
            sum(
                free_minutes(one.calendar, one.absences, *_bounds(day, zone))
                for one in candidates.values()
                if one.calendar is not None and (one.staff.craft or NO_CRAFT) == craft
            ),
            round(
                sum(
                    _minutes_on(order, *_bounds(day, zone))
                    for order in planned
                    if craft_of(order, candidates) == craft
                )
            ),
        )
        for day in days
        for craft in sorted(crafts)
    ]


def craft_of(order: Planned, candidates: Mapping[str, Candidate]) -> str:
    """The craft that an order takes: its own, else that of whom it is given to."""
    if order.craft is not None:
        return order.craft
    holder = candidates.get(order.assignee or "")
    return (holder.staff.craft if holder else None) or NO_CRAFT


def _bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    following = day + _DAY
    return (
        datetime(day.year, day.month, day.day, tzinfo=zone),
        datetime(following.year, following.month, following.day, tzinfo=zone),
    )


def _minutes_on(order: Planned, start: datetime, end: datetime) -> float:
    whole = (order.finish - order.start).total_seconds()
    if whole <= 0:
        return order.minutes if start <= order.start < end else 0
    part = (min(order.finish, end) - max(order.start, start)).total_seconds()
    return order.minutes * max(0.0, part) / whole


def _double_booked(ordered: Sequence[Planned]) -> Iterator[Conflict]:
    for one, other in combinations(ordered, 2):
        if one.assignee is None or one.assignee != other.assignee:
            continue
        if other.start < one.finish and one.start < other.finish:
            message = f"{one.assignee} has {one.number} and {other.number} at the same time"
            numbers = (one.number, other.number)
            yield Conflict(ConflictKind.DOUBLE_BOOKED, numbers, message, one.assignee)


def _of_person(order: Planned, candidate: Candidate) -> Iterator[Conflict]:
    code, numbers = candidate.staff.code, (order.number,)
    away = [
        each
        for each in candidate.absences
        if each.starts_at < order.finish and each.ends_at > order.start
    ]
    for absence in away:
        until = absence.ends_at.astimezone(candidate.zone)
        message = f"{code} is absent until {until:%Y-%m-%d %H:%M} during {order.number}"
        yield Conflict(ConflictKind.ABSENT, numbers, message, code)
    if candidate.calendar is not None and not away:
        window = int((order.finish - order.start).total_seconds() // 60)
        there = free_minutes(candidate.calendar, (), order.start, order.finish)
        if there < min(order.minutes, window):
            message = f"{code} is on shift for {there} of the {min(order.minutes, window)} minutes"
            yield Conflict(
                ConflictKind.OUTSIDE_SHIFT, numbers, f"{message} of {order.number}", code
            )
    day = order.start.astimezone(candidate.zone).date()
    for name in order.skills:
        skill = candidate.staff.skill(name)
        if skill is None or not skill.holds_on(day):
            what = f"no skill {name}" if skill is None else f"no valid certificate for {name}"
            message = f"{code} has {what} on {day} for {order.number}"
            yield Conflict(ConflictKind.MISSING_SKILL, numbers, message, code)


def _over_capacity(
    capacities: Sequence[Capacity],
    ordered: Sequence[Planned],
    candidates: Mapping[str, Candidate],
    zone: ZoneInfo,
) -> Iterator[Conflict]:
    for each in capacities:
        if each.over:
            message = (
                f"{each.craft}: {each.planned_minutes / 60:.1f} h are planned "
                f"for {each.capacity_minutes / 60:.1f} h on {each.day}"
            )
            numbers = tuple(
                order.number
                for order in ordered
                if craft_of(order, candidates) == each.craft
                and _minutes_on(order, *_bounds(each.day, zone)) > 0
            )
            yield Conflict(ConflictKind.OVER_CAPACITY, numbers, message, None, each.day)
