"""Reads of permits to work and their isolations."""

from typing import Any, Final, LiteralString

from psycopg.rows import dict_row

from config.database import Connection
from maintenance.orders.permit import Energy, IsolationPoint, Permit, PermitKind

PERMITS_OF_ORDER: Final[LiteralString] = """
SELECT id, kind, description, required_by, required_at, issued_by, issued_at, valid_until,
       closed_by, closed_at, withdrawn_by, withdrawn_at
FROM permit WHERE work_order_id = %(id)s ORDER BY id
"""

ISOLATIONS_OF_ORDER: Final[LiteralString] = """
SELECT point.permit_id, point.id, point.tag, point.energy, point.method, point.applied_by,
       point.applied_at, point.verified_by, point.verified_at, point.removed_by, point.removed_at
FROM isolation_point point JOIN permit ON permit.id = point.permit_id
WHERE permit.work_order_id = %(id)s ORDER BY point.id
"""


async def permits_of(connection: Connection, order_id: int) -> list[Permit]:
    """The permits of an order with their isolations, in the order of their making."""
    points = await _rows(connection, ISOLATIONS_OF_ORDER, order_id)
    found: dict[int, list[IsolationPoint]] = {}
    for row in points:
        permit_id = row.pop("permit_id")
        point = IsolationPoint(**{**row, "energy": Energy(row["energy"])})
        found.setdefault(permit_id, []).append(point)
    return [
        Permit(
            **{**row, "kind": PermitKind(row["kind"])},
            isolations=tuple(found.get(row["id"], ())),
        )
        for row in await _rows(connection, PERMITS_OF_ORDER, order_id)
    ]


async def _rows(connection: Connection, sql: LiteralString, order_id: int) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(sql, {"id": order_id})
        return await cursor.fetchall()
