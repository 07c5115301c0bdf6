"""What maintenance cost."""

from typing import Final, LiteralString

from config.database import Connection
from maintenance.figures.figure import Measured, Period, Scope
from maintenance.figures.reading import given, of_scope, row_of, rows_of

# By the moment at which a cost was booked; reversals take their entries back.
COST: Final[LiteralString] = of_scope("""
SELECT count(DISTINCT cost.work_order_id) AS orders,
       coalesce(sum(cost.amount_minor), 0)::float8 AS minor
FROM order_cost cost
JOIN work_order o ON o.id = cost.work_order_id
JOIN scope ON scope.id = o.asset_id
WHERE cost.at >= %(start)s AND cost.at < %(end)s
""")

COST_ROWS: Final[LiteralString] = of_scope("""
SELECT o.number AS work_order, scope.tag AS asset, o.title,
       sum(cost.amount_minor) FILTER (WHERE cost.kind = 'labour')::float8 / 100 AS labour,
       sum(cost.amount_minor) FILTER (WHERE cost.kind = 'material')::float8 / 100 AS material,
       sum(cost.amount_minor) FILTER (WHERE cost.kind NOT IN ('labour', 'material'))::float8 / 100
           AS other,
       sum(cost.amount_minor)::float8 / 100 AS total
FROM order_cost cost
JOIN work_order o ON o.id = cost.work_order_id
JOIN scope ON scope.id = o.asset_id
WHERE cost.at >= %(start)s AND cost.at < %(end)s
GROUP BY o.id, scope.tag
ORDER BY total DESC, o.id
LIMIT %(most)s
""")


async def cost(connection: Connection, scope: Scope, period: Period) -> Measured:
    """What was booked on orders in the period, in whole units of the plant's currency."""
    asked = given(scope, period)
    found = await row_of(connection, COST, asked)
    rows = await rows_of(connection, COST_ROWS, asked)
    return Measured(found["minor"] / 100, found["orders"], {}, rows)
