"""Reads of signatures."""

from typing import Final, LiteralString

from config.database import Connection
from maintenance.orders.signature import Meaning, Signature

SIGNATURES_OF_ORDER: Final[LiteralString] = """
SELECT id, version, meaning, signer, content, hash, at
FROM signature WHERE work_order_id = %(id)s ORDER BY id
"""


async def signatures_of(connection: Connection, order_id: int) -> list[Signature]:
    """The signatures of an order, oldest first."""
    cursor = await connection.execute(SIGNATURES_OF_ORDER, {"id": order_id})
    return [Signature(row[0], row[1], Meaning(row[2]), *row[3:]) for row in await cursor.fetchall()]
