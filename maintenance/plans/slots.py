"""The slots of a plan by the calendar: which there are, and when each is due. Pure.

A slot is its nominal wall time, for ever. When it is due follows from the time zone and the closed
days of the site, which may change. What a slot becomes depends on its neighbours within
`LONGEST_CLOSURE_DAYS` alone, and not on the period that is asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from maintenance.plans.closed_days import LONGEST_CLOSURE_DAYS, place
from maintenance.plans.local_time import moment, wall_time
from maintenance.plans.plan import TimeTrigger, WorkDays
from maintenance.plans.recurrence import Recurrence, wall_times

_AROUND = timedelta(days=LONGEST_CLOSURE_DAYS + 2)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SiteTime:
    """The time zone of a site, and when it works."""

    zone: ZoneInfo
    days: WorkDays


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot with its nominal moment, and when it is due; None: it is left out, for the reason."""

    key: str
    nominal_at: datetime
    due_at: datetime | None
    reason: str = ""


def fixed_slots(
    trigger: TimeTrigger, rule: Recurrence, site: SiteTime, *, first: datetime, last: datetime
) -> list[Slot]:
    """The slots with a nominal moment in [first, last), by wall time; those left out too."""
    around = (
        wall_time(first, site.zone) - _AROUND,
        wall_time(last, site.zone) + _AROUND,
    )
    walls = [
        wall
        for wall in wall_times(rule, *around)
        if in_season(trigger, wall) and not _is_over(rule, moment(wall, site.zone))
    ]
    return [slot for slot in _placed(walls, trigger, site) if first <= slot.nominal_at < last]


def in_season(trigger: TimeTrigger, wall: datetime) -> bool:
    """Whether the plan's work is done at all at that time of the year."""
    return not trigger.seasons or any(wall.date() in season for season in trigger.seasons)


def slot_key(wall: datetime) -> str:
    """The identity of a slot by the calendar."""
    return f"t:{wall:%Y-%m-%dT%H:%M}"


def _placed(walls: list[datetime], trigger: TimeTrigger, site: SiteTime) -> Iterator[Slot]:
    """Each slot at its place; what would come to lie on another one is left out."""
    nominal = {wall for wall in walls if not site.days.why_closed(wall.date())}
    taken: dict[datetime, datetime] = {}
    for wall in walls:
        at = moment(wall, site.zone)
        placed = place(wall.date(), site.days, trigger.closed_days)
        if placed.day is None:
            yield Slot(slot_key(wall), at, None, placed.reason)
            continue
        moved = datetime.combine(placed.day, wall.time())
        due = moment(moved, site.zone)
        if (moved != wall and moved in nominal) or due in taken:
            why = f"{placed.reason or f'{wall:%H:%M} does not exist on {wall.date()}'}; "
            yield Slot(
                slot_key(wall), at, None, f"{why}it falls together with {moved:%Y-%m-%d %H:%M}"
            )
            continue
        taken[due] = wall
        yield Slot(slot_key(wall), at, due, placed.reason)


def _is_over(rule: Recurrence, at: datetime) -> bool:
    return rule.until is not None and rule.until.tzinfo is not None and at > rule.until
