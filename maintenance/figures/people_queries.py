"""What requesters say of the work, and how much of their time people have their hands on it."""

from typing import Any, Final, LiteralString

from config.database import Connection
from maintenance.figures.capacity import capacity
from maintenance.figures.figure import Measured, Period, Scope, per
from maintenance.figures.reading import given, of_scope, row_of, rows_of

# Whoever reported the same problem has a word of their own. What was not rated belongs to the period
# in which its work was done.
_ANSWERED: LiteralString = of_scope("""
, said AS (
    SELECT id FROM work_request WHERE rated_at >= %(start)s AND rated_at < %(end)s
    UNION ALL
    SELECT r.id FROM work_order o JOIN work_request r ON r.work_order_id = o.id
    WHERE o.completed_at >= %(start)s AND o.completed_at < %(end)s
      AND o.state IN ('completed', 'closed')
      AND r.rated_at IS NULL AND r.state IN ('accepted', 'duplicate')
), answered AS MATERIALIZED (
    SELECT r.number AS request, scope.tag AS asset, o.number AS work_order, r.requester, r.rating,
           r.remark, r.rated_at
    FROM said JOIN work_request r USING (id)
    LEFT JOIN work_order o ON o.id = r.work_order_id
    JOIN scope ON scope.id = coalesce(o.asset_id, r.asset_id)
)
""")

RATINGS: Final[LiteralString] = (
    _ANSWERED
    + """
SELECT count(rating) AS rated, coalesce(sum(rating), 0)::float8 AS points,
       count(*) FILTER (WHERE rating IS NULL) AS unrated
FROM answered
"""
)

RATING_ROWS: Final[LiteralString] = (
    _ANSWERED
    + """
SELECT request, asset, work_order, requester, rating, remark, rated_at FROM answered
WHERE rating IS NOT NULL ORDER BY rated_at DESC, request LIMIT %(most)s
"""
)

# With its hours a time counts as far as it lies in the period, without them when it was entered.
# What was taken back counts nowhere: neither the entry nor what reverses it.
HANDS_ON: Final[LiteralString] = of_scope("""
, worked AS (
    SELECT person, work_order_id, minutes, 1::float8 AS part FROM labour_entry
    WHERE started_at IS NULL AND reverses_id IS NULL AND reversed_at IS NULL
      AND entered_at >= %(start)s AND entered_at < %(end)s
    UNION ALL
    SELECT person, work_order_id, minutes,
           (extract(epoch FROM least(finished_at, %(end)s) - greatest(started_at, %(start)s))
            / extract(epoch FROM finished_at - started_at))::float8
    FROM labour_entry
    WHERE finished_at > %(start)s AND started_at < %(end)s AND finished_at IS NOT NULL
      AND reverses_id IS NULL AND reversed_at IS NULL
    UNION ALL
    SELECT person, work_order_id, NULL, 0 FROM labour_entry
    WHERE minutes IS NULL AND started_at < %(end)s AND reversed_at IS NULL
)
SELECT worked.person, coalesce(sum(worked.minutes * worked.part), 0)::float8 / 60 AS hours,
       count(*) FILTER (WHERE worked.minutes IS NULL) AS running,
       count(DISTINCT worked.work_order_id) AS orders
FROM worked
JOIN work_order o ON o.id = worked.work_order_id
JOIN scope ON scope.id = o.asset_id
GROUP BY worked.person
ORDER BY worked.person
""")


async def satisfaction(connection: Connection, scope: Scope, period: Period) -> Measured:
    """Mean rating, 1 to 5, that requesters gave in the period."""
    asked = given(scope, period)
    found = await row_of(connection, RATINGS, asked)
    rows = await rows_of(connection, RATING_ROWS, asked)
    left_out = {"done and not rated": found["unrated"]}
    return Measured(per(found["points"], found["rated"]), found["rated"], left_out, rows)


async def wrench_time(connection: Connection, scope: Scope, period: Period) -> Measured:
    """Share of their working time in which people had their hands on the work.

    None where nobody recorded time, or nobody has a calendar. Of a class or of a part of the tree it
    is the share of all their time that was spent there.
    """
    recorded = {
        row["person"]: row for row in await rows_of(connection, HANDS_ON, given(scope, period))
    }
    hands = await capacity(connection, scope.site, period)
    rows: list[dict[str, Any]] = [
        {
            "person": one.code,
            "hours": recorded[one.code]["hours"] if one.code in recorded else 0.0,
            "available_hours": hours,
            "orders": recorded[one.code]["orders"] if one.code in recorded else 0,
        }
        for one, hours in hands.hours
    ]
    codes = {one.code for one, _ in hands.hours}
    left_out = {
        "people without a calendar": hands.without_calendar,
        "others who recorded time": len(recorded.keys() - codes),
        "timers that run": sum(row["running"] for row in recorded.values()),
    }
    worked = sum(row["hours"] for row in rows)
    value = _share(worked, sum(row["available_hours"] for row in rows))
    return Measured(value, len(rows), left_out, rows)


def _share(worked: float, available: float) -> float | None:
    """Hours of hours; None where one of them is nothing."""
    return worked / available if worked and available else None
