"""How long work takes: until somebody begins, until it is done."""

from typing import Final, LiteralString

from config.database import Connection
from maintenance.figures.figure import Measured, Period, Scope
from maintenance.figures.reading import given, of_scope, row_of, rows_of

# `started_at` is the first beginning: reopening leaves it as it is.
STARTED: Final[LiteralString] = of_scope("""
SELECT count(*) AS orders,
       avg(extract(epoch FROM o.started_at - o.created_at))::float8 / 3600 AS hours
FROM work_order o JOIN scope ON scope.id = o.asset_id
WHERE o.started_at >= %(start)s AND o.started_at < %(end)s AND o.origin <> 'plan'
""")

STARTED_ROWS: Final[LiteralString] = of_scope("""
SELECT o.number AS work_order, scope.tag AS asset, o.created_at, o.started_at,
       (extract(epoch FROM o.started_at - o.created_at) / 3600)::float8 AS hours
FROM work_order o JOIN scope ON scope.id = o.asset_id
WHERE o.started_at >= %(start)s AND o.started_at < %(end)s AND o.origin <> 'plan'
ORDER BY o.started_at DESC LIMIT %(most)s
""")

PLANNED_STARTED: Final[LiteralString] = of_scope("""
SELECT count(*) AS orders FROM work_order o JOIN scope ON scope.id = o.asset_id
WHERE o.started_at >= %(start)s AND o.started_at < %(end)s AND o.origin = 'plan'
""")

RESOLVED: Final[LiteralString] = of_scope("""
SELECT count(*) FILTER (WHERE o.origin <> 'plan') AS orders,
       count(*) FILTER (WHERE o.origin = 'plan') AS planned,
       avg(extract(epoch FROM o.completed_at - o.created_at)) FILTER (WHERE o.origin <> 'plan')
           ::float8 / 3600 AS hours
FROM work_order o JOIN scope ON scope.id = o.asset_id
WHERE o.completed_at >= %(start)s AND o.completed_at < %(end)s
  AND o.state IN ('completed', 'closed')
""")

RESOLVED_ROWS: Final[LiteralString] = of_scope("""
SELECT o.number AS work_order, scope.tag AS asset, o.created_at, o.completed_at,
       (extract(epoch FROM o.completed_at - o.created_at) / 3600)::float8 AS hours
FROM work_order o JOIN scope ON scope.id = o.asset_id
WHERE o.completed_at >= %(start)s AND o.completed_at < %(end)s AND o.origin <> 'plan'
  AND o.state IN ('completed', 'closed')
ORDER BY o.completed_at DESC LIMIT %(most)s
""")

_PLANNED = "planned work, which waits on purpose"


async def first_response(connection: Connection, scope: Scope, period: Period) -> Measured:
    """Mean hours from an order's making to the first work on it, of those begun in the period."""
    asked = given(scope, period)
    found = await row_of(connection, STARTED, asked)
    planned = await row_of(connection, PLANNED_STARTED, asked)
    rows = await rows_of(connection, STARTED_ROWS, asked)
    return Measured(found["hours"], found["orders"], {_PLANNED: planned["orders"]}, rows)


async def resolution(connection: Connection, scope: Scope, period: Period) -> Measured:
    """Mean hours from an order's making to its completion, of those completed in the period."""
    asked = given(scope, period)
    found = await row_of(connection, RESOLVED, asked)
    rows = await rows_of(connection, RESOLVED_ROWS, asked)
    return Measured(found["hours"], found["orders"], {_PLANNED: found["planned"]}, rows)
