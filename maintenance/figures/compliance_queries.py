"""What was promised and kept: preventive work, the schedule, service levels; what came back."""

from typing import Final, LiteralString

from config.database import Connection
from maintenance.figures.figure import Measured, Period, Scope, share
from maintenance.figures.reading import given, of_scope, row_of, rows_of

# Due in the period, whatever became of it: what was never done counts against.
_DUE: Final[LiteralString] = of_scope("""
, due AS MATERIALIZED (
    SELECT plan.code AS plan, scope.tag AS asset, c.due_at, c.latest_at, c.state, c.reason,
           o.number AS work_order, coalesce(o.finished_at, o.completed_at, c.done_at) AS done_at,
           CASE WHEN c.state IN ('skipped', 'suppressed') THEN c.state
                WHEN coalesce(o.finished_at, o.completed_at, c.done_at) <= coalesce(c.latest_at, c.due_at)
                    THEN 'in time'
                WHEN coalesce(o.finished_at, o.completed_at, c.done_at) IS NOT NULL THEN 'late'
                WHEN coalesce(c.latest_at, c.due_at) > %(end)s THEN 'not over'
                ELSE 'never done' END AS outcome
    FROM plan_occurrence c
    JOIN scope ON scope.id = c.asset_id
    JOIN maintenance_plan plan ON plan.id = c.plan_id
    LEFT JOIN work_order o ON o.id = c.work_order_id
    WHERE c.due_at >= %(start)s AND c.due_at < %(end)s
)
""")

PM_COUNTS: Final[LiteralString] = (
    _DUE
    + """
SELECT count(*) FILTER (WHERE outcome IN ('in time', 'late', 'never done')) AS due,
       count(*) FILTER (WHERE outcome = 'in time') AS in_time,
       count(*) FILTER (WHERE outcome = 'skipped') AS skipped,
       count(*) FILTER (WHERE outcome = 'suppressed') AS suppressed,
       count(*) FILTER (WHERE outcome = 'not over') AS not_over
FROM due
"""
)

PM_ROWS: Final[LiteralString] = (
    _DUE
    + """
SELECT plan, asset, due_at, latest_at, done_at, work_order, outcome, reason FROM due
ORDER BY due_at DESC LIMIT %(most)s
"""
)

# Against the schedule as it was frozen; one that was frozen and never begun counts against.
_SCHEDULED: Final[LiteralString] = of_scope("""
, frozen AS MATERIALIZED (
    SELECT o.number AS work_order, scope.tag AS asset, line.planned_start, f.week, o.completed_at,
           o.state,
           CASE WHEN o.state = 'cancelled' THEN 'cancelled'
                WHEN coalesce(o.finished_at, o.completed_at) >= f.starts_at
                     AND coalesce(o.finished_at, o.completed_at) < f.ends_at THEN 'in its week'
                WHEN f.ends_at > %(end)s AND o.completed_at IS NULL THEN 'not over'
                ELSE 'missed' END AS outcome
    FROM schedule_freeze f
    JOIN schedule_freeze_line line ON line.freeze_id = f.id
    JOIN work_order o ON o.id = line.work_order_id
    JOIN scope ON scope.id = o.asset_id
    WHERE f.starts_at >= %(start)s AND f.starts_at < %(end)s
)
""")

SCHEDULE_COUNTS: Final[LiteralString] = (
    _SCHEDULED
    + """
SELECT count(*) FILTER (WHERE outcome IN ('in its week', 'missed')) AS frozen,
       count(*) FILTER (WHERE outcome = 'in its week') AS kept,
       count(*) FILTER (WHERE outcome = 'cancelled') AS cancelled,
       count(*) FILTER (WHERE outcome = 'not over') AS not_over
FROM frozen
"""
)

SCHEDULE_ROWS: Final[LiteralString] = (
    _SCHEDULED
    + """
SELECT work_order, asset, week, planned_start, completed_at, outcome FROM frozen
ORDER BY planned_start DESC LIMIT %(most)s
"""
)

# A clock is decided when it has ended or its target has passed, whichever came first.
_DECIDED: Final[LiteralString] = of_scope("""
, decided AS MATERIALIZED (
    SELECT o.number AS work_order, scope.tag AS asset, clock.kind, clock.target_s, clock.used_s,
           clock.finished_at, clock.breached_at,
           clock.breached_at IS NULL AS met,
           coalesce(clock.breached_at, clock.finished_at) AS at
    FROM sla_clock clock
    JOIN work_order o ON o.id = clock.work_order_id
    JOIN scope ON scope.id = o.asset_id
    WHERE clock.phase <> 'void'
      AND coalesce(clock.breached_at, clock.finished_at) >= %(start)s
      AND coalesce(clock.breached_at, clock.finished_at) < %(end)s
)
""")

SLA_COUNTS: Final[LiteralString] = (
    _DECIDED + "SELECT count(*) AS decided, count(*) FILTER (WHERE met) AS met FROM decided"
)

SLA_ROWS: Final[LiteralString] = (
    _DECIDED
    + """
SELECT work_order, asset, kind, target_s / 3600.0 AS target_h, used_s / 3600.0 AS used_h,
       finished_at, breached_at
FROM decided ORDER BY at DESC LIMIT %(most)s
"""
)

COMPLETED: Final[LiteralString] = of_scope("""
SELECT count(*) AS completed, count(*) FILTER (WHERE o.reopened > 0) AS reopened
FROM work_order o JOIN scope ON scope.id = o.asset_id
WHERE o.completed_at >= %(start)s AND o.completed_at < %(end)s
""")

REOPENED_ROWS: Final[LiteralString] = of_scope("""
SELECT o.number AS work_order, scope.tag AS asset, o.title, o.completed_at, o.reopened
FROM work_order o JOIN scope ON scope.id = o.asset_id
WHERE o.completed_at >= %(start)s AND o.completed_at < %(end)s AND o.reopened > 0
ORDER BY o.completed_at DESC LIMIT %(most)s
""")


async def pm_compliance(connection: Connection, scope: Scope, period: Period) -> Measured:
    """Share of the preventive work due in the period that was done within its tolerance."""
    asked = given(scope, period)
    counted = await row_of(connection, PM_COUNTS, asked)
    left_out = {
        "skipped with a reason": counted["skipped"],
        "absorbed by other work": counted["suppressed"],
        "tolerance not over": counted["not_over"],
    }
    value = share(counted["in_time"], counted["due"])
    return Measured(value, counted["due"], left_out, await rows_of(connection, PM_ROWS, asked))


async def schedule_compliance(connection: Connection, scope: Scope, period: Period) -> Measured:
    """Share of the work in schedules frozen for weeks of the period that was done in its week."""
    asked = given(scope, period)
    counted = await row_of(connection, SCHEDULE_COUNTS, asked)
    left_out = {"cancelled": counted["cancelled"], "week not over": counted["not_over"]}
    value = share(counted["kept"], counted["frozen"])
    rows = await rows_of(connection, SCHEDULE_ROWS, asked)
    return Measured(value, counted["frozen"], left_out, rows)


async def sla_compliance(connection: Connection, scope: Scope, period: Period) -> Measured:
    """Share of the clocks decided in the period that were met."""
    asked = given(scope, period)
    counted = await row_of(connection, SLA_COUNTS, asked)
    value = share(counted["met"], counted["decided"])
    return Measured(value, counted["decided"], {}, await rows_of(connection, SLA_ROWS, asked))


async def reopened(connection: Connection, scope: Scope, period: Period) -> Measured:
    """Share of the orders completed in the period that came back at least once."""
    asked = given(scope, period)
    counted = await row_of(connection, COMPLETED, asked)
    value = share(counted["reopened"], counted["completed"])
    rows = await rows_of(connection, REOPENED_ROWS, asked)
    return Measured(value, counted["completed"], {}, rows)
