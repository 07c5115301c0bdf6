"""How much work waits, against the hands that there are."""

from collections import defaultdict
from datetime import timedelta
from typing import Final, LiteralString

from config.database import Connection
from maintenance.figures.capacity import capacity
from maintenance.figures.figure import Measured, Period, Scope
from maintenance.figures.reading import given, of_scope, rows_of

_WEEKS = 4
_AHEAD = timedelta(weeks=_WEEKS)

# As it stands now: an order's history does not tell what its estimate was.
OPEN_WORK: Final[LiteralString] = of_scope("""
SELECT coalesce(o.craft, '') AS craft, count(*) AS orders,
       coalesce(sum(o.estimated_minutes), 0)::float8 / 60 AS hours,
       count(*) FILTER (WHERE o.estimated_minutes IS NULL) AS without_estimate
FROM work_order o JOIN scope ON scope.id = o.asset_id
WHERE o.state IN ('approved', 'scheduled', 'in_progress', 'on_hold')
GROUP BY 1
ORDER BY 1
""")


async def backlog(connection: Connection, scope: Scope, period: Period) -> Measured:
    """Weeks that the people of all crafts need for the approved work that is open at the end.

    Capacity is what they can give in the four weeks from the period's end, a week.
    """
    work = await rows_of(connection, OPEN_WORK, given(scope, period))
    a_week = await _weekly_hours(connection, scope, period)
    crafts = sorted({*a_week, *(row["craft"] for row in work)})
    of_craft = {row["craft"]: row for row in work}
    rows = [
        {
            "craft": craft or "none named",
            "orders": of_craft.get(craft, {}).get("orders", 0),
            "hours": of_craft.get(craft, {}).get("hours", 0.0),
            "hours_a_week": a_week.get(craft, 0.0),
            "weeks": _weeks(of_craft.get(craft, {}).get("hours", 0.0), a_week.get(craft, 0.0)),
        }
        for craft in crafts
    ]
    hours = sum(row["hours"] for row in work)
    left_out = {"without an estimate": sum(row["without_estimate"] for row in work)}
    counted = sum(row["orders"] for row in work) - left_out["without an estimate"]
    return Measured(_weeks(hours, sum(a_week.values())), counted, left_out, rows)


def _weeks(hours: float, a_week: float) -> float | None:
    """None: there is nobody to do it."""
    return hours / a_week if a_week else None


async def _weekly_hours(connection: Connection, scope: Scope, period: Period) -> dict[str, float]:
    """Craft -> hours that its people can give in a week."""
    ahead = Period(period.end, period.end + _AHEAD)
    found = await capacity(connection, scope.site, ahead)
    hours: dict[str, float] = defaultdict(float)
    for person, free in found.hours:
        hours[person.craft or ""] += free / _WEEKS
    return dict(hours)
