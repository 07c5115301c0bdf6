"""Larger work and its parts: who stands above, who below, and how far the parts are."""

from dataclasses import dataclass
from typing import Final, LiteralString

from psycopg.rows import dict_row

from config.database import Connection
from maintenance.orders.queries import ORDERS, order_of_row
from maintenance.orders.work_order import WorkOrder

ANCESTORS: Final[LiteralString] = """
WITH RECURSIVE above AS (
    SELECT id, parent_id FROM work_order WHERE id = %(id)s
    UNION
    SELECT o.id, o.parent_id FROM work_order o JOIN above ON o.id = above.parent_id
)
SELECT id FROM above
"""

PROGRESS: Final[LiteralString] = """
WITH RECURSIVE part AS (
    SELECT id, state, estimated_minutes FROM work_order WHERE parent_id = %(id)s
    UNION
    SELECT o.id, o.state, o.estimated_minutes
    FROM work_order o JOIN part ON o.parent_id = part.id
)
SELECT count(*), count(*) FILTER (WHERE state IN ('closed', 'cancelled')),
       count(*) FILTER (WHERE state IN ('completed', 'closed')),
       count(*) FILTER (WHERE state = 'cancelled'),
       coalesce(sum(estimated_minutes), 0)::integer,
       coalesce((SELECT sum(minutes) FROM labour_entry
                 WHERE work_order_id IN (SELECT id FROM part)), 0)::integer
FROM part
"""

CHILDREN: Final[LiteralString] = ORDERS + " WHERE o.parent_id = %(id)s ORDER BY o.id"

FOLLOWERS: Final[LiteralString] = ORDERS + " WHERE o.follows_id = %(id)s ORDER BY o.id"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the parts of an order are, and theirs, down to the last."""

    parts: int
    final: int
    done: int
    cancelled: int
    estimated_minutes: int
    worked_minutes: int

    @property
    def share(self) -> float | None:
        """Done of what is to be done, 0 to 1; None where nothing is."""
        to_do = self.parts - self.cancelled
        return self.done / to_do if to_do else None


async def ancestors_of(connection: Connection, order_id: int) -> set[int]:
    """Ids of an order and of all that it is a part of."""
    cursor = await connection.execute(ANCESTORS, {"id": order_id})
    return {row[0] for row in await cursor.fetchall()}


async def progress_of(connection: Connection, order: WorkOrder) -> Progress:
    """How far the parts of an order are."""
    cursor = await connection.execute(PROGRESS, {"id": order.id})
    row = await cursor.fetchone()
    assert row is not None, "an aggregate has one row"  # noqa: S101 - SQL says so
    return Progress(*row)


async def children_of(connection: Connection, order: WorkOrder) -> list[WorkOrder]:
    """The orders that are parts of it."""
    return await _orders(connection, CHILDREN, order)


async def followers_of(connection: Connection, order: WorkOrder) -> list[WorkOrder]:
    """The orders that it left to be done."""
    return await _orders(connection, FOLLOWERS, order)


async def _orders(connection: Connection, sql: LiteralString, order: WorkOrder) -> list[WorkOrder]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(sql, {"id": order.id})
        return [order_of_row(row) for row in await cursor.fetchall()]
