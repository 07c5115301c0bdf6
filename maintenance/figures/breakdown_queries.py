"""Figures taken apart: which failures and assets weigh most, who works how much."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, LiteralString

from config.database import Connection
from maintenance.figures.figure import Period, Row, Scope
from maintenance.figures.reading import given, of_scope, rows_of


class ParetoBy(StrEnum):
    """What is put in order of its weight."""

    FAILURE_MODE = "failure_mode"
    CAUSE = "cause"
    MECHANISM = "mechanism"
    ASSET = "asset"
    ASSET_CLASS = "asset_class"


# Corrective work of the period by its making, cancelled orders left out. What a report of the
# failure says stands before what the order was made for.
_CORRECTIVE: LiteralString = of_scope("""
, corrective AS MATERIALIZED (
    SELECT o.id, scope.tag AS asset, class.code AS asset_class,
           coalesce(report.failure_mode, o.failure_mode, 'not said') AS failure_mode,
           coalesce(report.cause, 'not said') AS cause,
           coalesce(report.mechanism, 'not said') AS mechanism
    FROM work_order o
    JOIN scope ON scope.id = o.asset_id
    JOIN asset ON asset.id = o.asset_id
    JOIN asset_class class ON class.id = asset.class_id
    LEFT JOIN failure_report report ON report.work_order_id = o.id
    WHERE o.type = 'corrective' AND o.state <> 'cancelled'
      AND o.created_at >= %(start)s AND o.created_at < %(end)s
), weighed AS (
    SELECT corrective.*,
           coalesce((
               SELECT sum(extract(epoch FROM least(coalesce(d.ended_at, %(end)s), %(end)s)
                                             - greatest(d.started_at, %(start)s)))
               FROM downtime d
               WHERE d.work_order_id = corrective.id AND d.withdrawn_at IS NULL
                 AND d.started_at < %(end)s AND coalesce(d.ended_at, %(end)s) > %(start)s
           ), 0)::float8 / 3600 AS downtime_h,
           coalesce((
               SELECT sum(cost.amount_minor) FROM order_cost cost
               WHERE cost.work_order_id = corrective.id
           ), 0)::float8 / 100 AS cost
    FROM corrective
), grouped AS (
""")

_ORDERED: LiteralString = """
    FROM weighed GROUP BY 1
)
SELECT key, orders, downtime_h, cost,
       (sum(orders) OVER (ORDER BY orders DESC, key) / sum(orders) OVER ())::float8 AS cumulative
FROM grouped ORDER BY orders DESC, key LIMIT %(most)s
"""

_SUMS: LiteralString = (
    " AS key, count(*) AS orders, sum(downtime_h) AS downtime_h, sum(cost) AS cost"
)

PARETO_FAILURE_MODE: Final[LiteralString] = _CORRECTIVE + "SELECT failure_mode" + _SUMS + _ORDERED
PARETO_CAUSE: Final[LiteralString] = _CORRECTIVE + "SELECT cause" + _SUMS + _ORDERED
PARETO_MECHANISM: Final[LiteralString] = _CORRECTIVE + "SELECT mechanism" + _SUMS + _ORDERED
PARETO_ASSET: Final[LiteralString] = _CORRECTIVE + "SELECT asset" + _SUMS + _ORDERED
PARETO_ASSET_CLASS: Final[LiteralString] = _CORRECTIVE + "SELECT asset_class" + _SUMS + _ORDERED

_PARETO: Mapping[ParetoBy, LiteralString] = MappingProxyType(
    {
        ParetoBy.FAILURE_MODE: PARETO_FAILURE_MODE,
        ParetoBy.CAUSE: PARETO_CAUSE,
        ParetoBy.MECHANISM: PARETO_MECHANISM,
        ParetoBy.ASSET: PARETO_ASSET,
        ParetoBy.ASSET_CLASS: PARETO_ASSET_CLASS,
    }
)

# Minutes by when they were worked, else by when they were entered; a reversal takes its entry back.
TEAM_LOAD: Final[LiteralString] = of_scope("""
, worked AS (
    SELECT entry.person, sum(entry.minutes)::float8 / 60 AS hours,
           count(DISTINCT entry.work_order_id) AS orders
    FROM labour_entry entry
    JOIN work_order o ON o.id = entry.work_order_id
    JOIN scope ON scope.id = o.asset_id
    WHERE coalesce(entry.started_at, entry.entered_at) >= %(start)s
      AND coalesce(entry.started_at, entry.entered_at) < %(end)s
      AND entry.minutes IS NOT NULL
    GROUP BY entry.person
), waiting AS (
    SELECT o.assignee AS person, count(*) AS open_orders,
           coalesce(sum(o.estimated_minutes), 0)::float8 / 60 AS open_hours
    FROM work_order o JOIN scope ON scope.id = o.asset_id
    WHERE o.assignee IS NOT NULL AND o.state IN ('approved', 'scheduled', 'in_progress', 'on_hold')
    GROUP BY o.assignee
)
SELECT person, coalesce(hours, 0) AS hours, coalesce(orders, 0) AS orders,
       coalesce(open_orders, 0) AS open_orders, coalesce(open_hours, 0) AS open_hours
FROM worked FULL JOIN waiting USING (person)
ORDER BY person LIMIT %(most)s
""")


async def pareto(connection: Connection, by: ParetoBy, scope: Scope, period: Period) -> list[Row]:
    """Corrective orders made in the period, the heaviest group first.

    Each row: key, orders, downtime_h, cost, and the share of all orders up to and with it.
    """
    return await rows_of(connection, _PARETO[by], given(scope, period))


async def team_load(connection: Connection, scope: Scope, period: Period) -> list[Row]:
    """Person, hours worked in the period on how many orders, and what is open and assigned now."""
    return await rows_of(connection, TEAM_LOAD, given(scope, period))
