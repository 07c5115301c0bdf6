"""What comes after a piece of work, where each follows from the one before. Pure.

A plan of several triggers, and one that floats, has one occurrence ahead of it at a time. When that
is due follows from what closed the one before, the calendar, the meter and the events since.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from maintenance.plans.closed_days import place
from maintenance.plans.local_time import moment, wall_time
from maintenance.plans.meter_forecast import DueRange, forecast_due
from maintenance.plans.plan import (
    Basis,
    ClosedDays,
    ConditionTrigger,
    MaintenancePlan,
    Match,
    MeterTrigger,
    TimeTrigger,
    Trigger,
)
from maintenance.plans.recurrence import Recurrence, following, parse
from maintenance.plans.slots import SiteTime, fixed_slots, in_season

# Rounding of decimals: 0.3 is the third multiple of 0.1.
_HARDLY = 1e-9
_NEVER = datetime.max.replace(tzinfo=UTC)
_DAY = timedelta(days=1)
# How far a rule is looked through for its next slot, in steps that double.
_FIRST_LOOK = timedelta(days=62)
_FURTHEST_LOOK = timedelta(days=366 * 12)


@dataclass(frozen=True, slots=True)
class Usage:
    """Where a meter stands, and its usage on the last full days, oldest first."""

    life_to_date: float | None
    at: datetime
    daily: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Raised:
    """An event that a plan's condition is about."""

    event_id: int
    rule: str
    severity: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Closed:
    """What the next occurrence follows from: when the work before was done, and at which count.

    `due_at` is when that work was due. At the beginning of a chain `ordinal` is 0, `at` is when the
    plan took effect, and `count` where the meter stood then.
    """

    ordinal: int
    at: datetime
    due_at: datetime | None = None
    count: float | None = None
    target: float | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else the next due date depends on, for one asset."""

    site: SiteTime
    usage: Mapping[str, Usage]
    """By role of the meter."""
    raised: Sequence[Raised] = ()
    """Events on the asset, by time."""


@dataclass(frozen=True, slots=True)
class Due:
    """When the next work is due, and why; None in `at`: that cannot be seen yet."""

    at: datetime | None
    because: str
    p10: datetime | None = None
    p90: datetime | None = None
    target: float | None = None


def next_due(plan: MaintenancePlan, closed: Closed, around: Surroundings) -> Due | None:
    """When the work after `closed` is due; None: there is none any more."""
    found = [_due(plan, trigger, closed, around) for trigger in plan.triggers]
    known = [due for due in found if due is not None]
    if not known or (plan.match is Match.ALL and len(known) < len(found)):
        return None
    pick = min if plan.match is Match.ANY else max
    chosen = pick(known, key=lambda due: due.at or _NEVER)
    target = next((due.target for due in known if due.target is not None), None)
    return replace(chosen, target=target)


def projected(
    plan: MaintenancePlan, due: Due, closed: Closed, around: Surroundings, *, last: datetime
) -> Iterator[datetime]:
    """When work would be due after `due`, up to `last`, if each were done the day it is due."""
    ordinal, at, target = closed.ordinal, due.at, due.target
    while at is not None and at < last:
        ordinal += 1
        before = at
        usage = {role: _moved_on(use, at) for role, use in around.usage.items()}
        closed = Closed(ordinal, at, due_at=at, count=_count(plan, usage), target=target)
        following_due = next_due(plan, closed, replace(around, usage=usage, raised=()))
        at, target = (following_due.at, following_due.target) if following_due else (None, None)
        if at is None or at <= before or at >= last:
            return
        yield at


def _due(
    plan: MaintenancePlan, trigger: Trigger, closed: Closed, around: Surroundings
) -> Due | None:
    if isinstance(trigger, TimeTrigger):
        return _by_time(plan, trigger, closed, around.site)
    if isinstance(trigger, MeterTrigger):
        return _by_meter(trigger, closed, around)
    return _by_condition(trigger, closed, around.raised)


def _by_time(
    plan: MaintenancePlan, trigger: TimeTrigger, closed: Closed, site: SiteTime
) -> Due | None:
    rule = parse(trigger.rule, trigger.start)
    if rule.count is not None and closed.ordinal >= rule.count:
        return None
    if trigger.basis is Basis.FIXED or closed.ordinal == 0:
        return _next_slot(plan, trigger, rule, closed, site)
    wall = following(rule, closed.at.astimezone(site.zone).date())
    if wall is None:
        return None
    at = moment(_at_work(wall, trigger, site), site.zone)
    if rule.until is not None and rule.until.tzinfo is not None and at > rule.until:
        return None
    return Due(at, f"{_interval(trigger)} after {wall_time(closed.at, site.zone):%Y-%m-%d}")


def _next_slot(
    plan: MaintenancePlan, trigger: TimeTrigger, rule: Recurrence, closed: Closed, site: SiteTime
) -> Due | None:
    """The first slot that the work before does not count for."""
    after = closed.at + timedelta(minutes=plan.early_minutes if closed.ordinal else 0)
    if closed.due_at is not None:
        after = max(after, closed.due_at)
    # What closes a chain counts for a slot at that very moment; its beginning does not.
    first = after if closed.ordinal == 0 else after + timedelta(microseconds=1)
    look = _FIRST_LOOK
    # A slot that was moved by closed days may be due after `first` though its place is before it;
    # and those that passed are counted.
    begin = min(first, closed.due_at or first) - _FIRST_LOOK
    while look <= _FURTHEST_LOOK:
        slots = fixed_slots(trigger, rule, site, first=begin, last=first + look)
        dues = sorted(slot.due_at for slot in slots if slot.due_at is not None)
        ahead = next((due for due in dues if due >= first), None)
        if ahead is not None:
            return Due(ahead, "by the calendar" + _passed(dues, closed))
        look *= 4
    return None


def _passed(dues: Sequence[datetime], closed: Closed) -> str:
    """How many dates went by while the work before was not done."""
    if closed.due_at is None:
        return ""
    passed = sum(closed.due_at < due <= closed.at for due in dues)
    return f"; {passed} passed while the work before was open" if passed else ""


def _at_work(wall: datetime, trigger: TimeTrigger, site: SiteTime) -> datetime:
    """A floating date, moved into the season and onto a day on which somebody works."""
    for _ in range(366):
        if in_season(trigger, wall):
            break
        wall += _DAY
    policy = trigger.closed_days
    # Left out, it would be the end of the chain.
    policy = ClosedDays.AFTER if policy is ClosedDays.SKIP else policy
    day = place(wall.date(), site.days, policy).day
    return wall if day is None else datetime.combine(day, wall.time())


def _interval(trigger: TimeTrigger) -> str:
    return trigger.rule.strip().upper().removeprefix("RRULE:")


def _by_meter(trigger: MeterTrigger, closed: Closed, around: Surroundings) -> Due | None:
    usage = around.usage.get(trigger.meter)
    target = next_target(trigger, closed)
    if usage is None or usage.life_to_date is None or target is None:
        return Due(None, f"the meter {trigger.meter} has no reading yet", target=target)
    found = forecast_due(target - usage.life_to_date, usage.daily, usage.at)
    return meter_due(trigger, target, usage, found)


def meter_due(trigger: MeterTrigger, target: float, usage: Usage, found: DueRange) -> Due:
    """A forecast in words."""
    if found.p50 is None:
        why = f"{trigger.meter} stands still" if usage.daily else f"{trigger.meter} is new"
        return Due(None, f"at {target:g} on {trigger.meter}; {why}", target=target)
    return Due(found.p50, f"at {target:g} on {trigger.meter}", found.p10, found.p90, target)


def next_target(trigger: MeterTrigger, closed: Closed) -> float | None:
    """The count at which the meter makes work due; None: where it stood is not known.

    Floating: so much after the count at which the work was done. Fixed: the next multiple that
    this work does not count for, being done no more than `tolerance` before it.
    """
    if trigger.basis is Basis.FLOATING:
        before = _last_count(trigger, closed)
        return None if before is None else before + trigger.every
    reached = -math.inf if closed.count is None else closed.count
    if closed.ordinal:
        reached += trigger.tolerance
    if closed.target is not None:
        reached = max(reached, closed.target)
    return None if math.isinf(reached) else multiple_after(trigger, reached)


def multiple_after(trigger: MeterTrigger, count: float) -> float:
    """The first multiple of a fixed meter trigger that is above a count."""
    start = trigger.start or 0.0
    steps = max(1, math.floor((count - start) / trigger.every + _HARDLY) + 1)
    return start + steps * trigger.every


def _last_count(trigger: MeterTrigger, closed: Closed) -> float | None:
    if closed.ordinal == 0 and trigger.start is not None:
        return trigger.start
    return closed.target if closed.count is None else closed.count


def _by_condition(trigger: ConditionTrigger, closed: Closed, raised: Sequence[Raised]) -> Due:
    for event in raised:
        if event.at > closed.at and matches(trigger, event):
            return Due(event.at, f"event {event.event_id} of {event.rule}")
    return Due(None, f"waits for {trigger.rule}")


def matches(trigger: ConditionTrigger, event: Raised) -> bool:
    """Whether an event is one that the trigger is about."""
    return event.rule == trigger.rule and event.severity >= trigger.severity


def _moved_on(usage: Usage, at: datetime) -> Usage:
    """The meter at a later moment, if it goes on as on average."""
    days = max(0.0, (at - usage.at) / _DAY)
    rate = sum(max(0.0, used) for used in usage.daily) / len(usage.daily) if usage.daily else 0.0
    life = None if usage.life_to_date is None else usage.life_to_date + rate * days
    return Usage(life, max(at, usage.at), usage.daily)


def _count(plan: MaintenancePlan, usage: Mapping[str, Usage]) -> float | None:
    for trigger in plan.triggers:
        if isinstance(trigger, MeterTrigger) and trigger.meter in usage:
            return usage[trigger.meter].life_to_date
    return None


def key_after(closed_id: int | None) -> str:
    """The identity of an occurrence in a chain: the one that it follows, which closes once."""
    return "start" if closed_id is None else f"after:{closed_id}"
