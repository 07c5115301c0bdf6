"""A maintenance plan: what makes its work due, for which assets, and what an order of it is. Pure.

Terms: EN 13306 (predetermined and condition-based maintenance); RFC 5545 (recurrence rules).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from maintenance.orders.work_order import OrderType


class Basis(StrEnum):
    """What the next due date counts from."""

    FIXED = "fixed"
    """The calendar, or the count of the meter: when the work was done changes nothing."""
    FLOATING = "floating"
    """The work that was done last."""


class ClosedDays(StrEnum):
    """What happens to a date on which the site is closed."""

    IGNORE = "ignore"
    SKIP = "skip"
    BEFORE = "before"
    """It moves to the working day before."""
    AFTER = "after"
    """It moves to the working day after."""


class Match(StrEnum):
    """Which of several triggers make the work due."""

    ANY = "any"
    """The first one."""
    ALL = "all"
    """The last one."""


class OpenOrderPolicy(StrEnum):
    """What becomes of work that is due while an order of the same plan and asset is open."""

    SKIP = "skip"
    """It is left out, with the order's number as the reason."""
    COALESCE = "coalesce"
    """It is done with the open order."""
    STACK = "stack"
    """It gets an order of its own."""
    SUPERSEDE = "supersede"
    """It takes the place of the open order, which is cancelled unless work on it has begun."""


class OccurrenceState(StrEnum):
    """Where an occurrence is in its life."""

    FORECAST = "forecast"
    RELEASED = "released"
    DONE = "done"
    SKIPPED = "skipped"
    SUPPRESSED = "suppressed"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Season:
    """Days of each year, (month, day), both ends among them; it may go over the turn of the year."""

    first: tuple[int, int]
    last: tuple[int, int]

    def __contains__(self, day: date) -> bool:
        place = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= place <= self.last
        return place >= self.first or place <= self.last


@dataclass(frozen=True, slots=True)
class TimeTrigger:
    """Due by the calendar: an RFC 5545 rule in the wall time of the asset's site.

    `start` is a wall time, without a zone. No season: all year.
    """

    rule: str
    start: datetime
    basis: Basis = Basis.FIXED
    seasons: tuple[Season, ...] = ()
    closed_days: ClosedDays = ClosedDays.IGNORE


@dataclass(frozen=True, slots=True)
class MeterTrigger:
    """Due every so much of life to date, in the unit of the meter.

    `meter` is the role of a counter of the asset. Fixed: at `start` (None: 0) + `every`, + 2 `every`
    and so on. Floating: `every` after the count at which the work was done, first after `start`
    (None: where the meter stood when the plan took effect). `tolerance` is how much sooner the work
    may be done and counts.
    """

    meter: str
    every: float
    basis: Basis = Basis.FIXED
    start: float | None = None
    tolerance: float = 0.0


@dataclass(frozen=True, slots=True)
class ConditionTrigger:
    """Due when a rule raises an event of at least this severity (1 to 4) on the asset."""

    rule: str
    severity: int = 1


Trigger = TimeTrigger | MeterTrigger | ConditionTrigger


@dataclass(frozen=True, slots=True)
class Selection:
    """The assets of a plan: those named, and those of the classes; at the sites, if any are named."""

    assets: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Nesting:
    """Work of one group on one asset: the greater rank absorbs the lesser within so many minutes."""

    group: str
    rank: int
    within_minutes: int


@dataclass(frozen=True, slots=True)
class Work:
    """What an order of the plan is made of; None: as preparation finds it.

    It begins approved, or as a draft that somebody approves.
    """

    type: OrderType = OrderType.PREVENTIVE
    title: str = ""
    description: str = ""
    job_plan: str | None = None
    priority: int = 3
    craft: str | None = None
    team: str | None = None
    estimated_minutes: int | None = None
    approved: bool = True


@dataclass(frozen=True, slots=True)
class MaintenancePlan:
    """A plan as it is written. All spans are in whole minutes.

    An order is made `lead_minutes` before the work is due; work that was done up to
    `early_minutes` before counts, and is in time up to `window_minutes` after.
    """

    code: str
    name: str
    triggers: tuple[Trigger, ...]
    applies_to: Selection
    match: Match = Match.ANY
    work: Work = field(default_factory=Work)
    open_order_policy: OpenOrderPolicy = OpenOrderPolicy.SKIP
    nesting: Nesting | None = None
    lead_minutes: int = 0
    early_minutes: int = 0
    window_minutes: int = 0
    horizon_days: int = 366
    calendar: str | None = None

    @property
    def is_chain(self) -> bool:
        """Whether each occurrence follows from the one before, so that one is ahead at a time."""
        return len(self.triggers) > 1 or any(
            not isinstance(each, ConditionTrigger) and each.basis is Basis.FLOATING
            for each in self.triggers
        )


@dataclass(frozen=True, slots=True)
class WorkDays:
    """When a plant works: each day that is not among the closed ones, which have their reasons."""

    closed: Mapping[date, str] = field(default_factory=dict)

    def why_closed(self, day: date) -> str:
        """The reason why nobody works on a day; empty: they do."""
        return self.closed.get(day, "")


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One piece of work of a plan on an asset, as it is stored; times in UTC."""

    id: int
    plan: str
    plan_name: str
    asset: str
    site: str
    slot_key: str
    state: OccurrenceState
    reason: str
    slot_at: datetime | None
    due_at: datetime | None
    due_p10: datetime | None
    due_p90: datetime | None
    due_because: str
    latest_at: datetime | None
    release_at: datetime | None
    meter_target: float | None
    work_order: str | None
    released_at: datetime | None
    done_at: datetime | None
    decided_by: str | None
    suppressed_by: str | None
    """The plan whose work absorbs it."""
