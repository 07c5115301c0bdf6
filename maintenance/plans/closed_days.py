"""Where a date comes to lie that falls on a closed day. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta

from maintenance.plans.plan import ClosedDays, WorkDays

LONGEST_CLOSURE_DAYS = 31
"""A date moves no further than this: after that it is left out."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Placed:
    """The day on which it is done, None if it is left out; and why it is not the nominal one."""

    day: date | None
    reason: str = ""


def place(day: date, days: WorkDays, policy: ClosedDays) -> Placed:
    """The day that takes the place of a nominal one."""
    closed = days.why_closed(day)
    if not closed or policy is ClosedDays.IGNORE:
        return Placed(day)
    if policy is ClosedDays.SKIP:
        return Placed(None, f"{day} is closed: {closed}")
    step = _DAY if policy is ClosedDays.AFTER else -_DAY
    for number in range(1, LONGEST_CLOSURE_DAYS + 1):
        moved = day + number * step
        if not days.why_closed(moved):
            return Placed(moved, f"moved from {day}: {closed}")
    return Placed(None, f"{day} is closed ({closed}), as are {LONGEST_CLOSURE_DAYS} days {policy}")
