"""SQL about what orders lack: where a part is best taken from, and what is still missing."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, LiteralString

from config.database import Connection, fetch_one

# Where all of it is available; else where most is; else where it is meant to be kept.
BEST_STOREROOM: Final[LiteralString] = """
SELECT room.code
FROM storeroom room
JOIN site ON site.id = room.site_id
JOIN part ON part.code = %(part)s AND part.retired_at IS NULL
LEFT JOIN part_stock s ON s.storeroom_id = room.id AND s.part_id = part.id
WHERE site.code = %(site)s AND room.retired_at IS NULL
ORDER BY coalesce(s.on_hand - s.committed, 0) >= %(quantity)s DESC,
         greatest(coalesce(s.on_hand - s.committed, 0), 0) DESC, coalesce(s.stocked, false) DESC,
         room.code
LIMIT 1
"""

UNIT_OF: Final[LiteralString] = """
SELECT unit FROM part WHERE code = %(part)s AND retired_at IS NULL
"""

LACKING: Final[LiteralString] = """
SELECT r.id, part.code, room.code, r.quantity - r.issued - r.committed,
       ARRAY(SELECT other.code FROM unnest(part.alternatives) WITH ORDINALITY AS alt (code, rank)
             JOIN part other ON other.code = alt.code AND other.retired_at IS NULL
             JOIN part_stock os ON os.part_id = other.id AND os.storeroom_id = s.storeroom_id
             WHERE os.on_hand - os.committed >= r.quantity - r.issued - r.committed
             ORDER BY alt.rank)
FROM reservation r
JOIN part_stock s ON s.id = r.part_stock_id
JOIN part ON part.id = s.part_id
JOIN storeroom room ON room.id = s.storeroom_id
WHERE r.work_order_id = %(order_id)s AND r.state = 'open' AND r.strength = 'hard'
  AND r.quantity > r.issued + r.committed
  AND NOT EXISTS (SELECT FROM requisition q WHERE q.reservation_id = r.id)
ORDER BY r.id
"""

WITHDRAW_OF_ORDER: Final[LiteralString] = """
UPDATE requisition
SET state = 'cancelled', version = version + 1, decided_by = %(actor)s, decided_at = %(at)s,
    decision = 'its work order needs it no more'
WHERE work_order_id = %(order_id)s AND state IN ('open', 'approved')
"""


@dataclass(frozen=True, slots=True)
class Lacking:
    """What a reservation would hold if it were there, and what could be used in its place."""

    reservation_id: int
    part: str
    storeroom: str
    quantity: Decimal
    alternatives: tuple[str, ...]


async def best_storeroom(
    connection: Connection, site: str, part: str, quantity: Decimal
) -> str | None:
    """The storeroom of a site that a part is best reserved in; None: there is none, or no part."""
    given = {"site": site, "part": part, "quantity": quantity}
    row = await fetch_one(connection, BEST_STOREROOM, given)
    return str(row[0]) if row else None


async def unit_of(connection: Connection, part: str) -> str | None:
    """What quantities of a part count; None: there is no such part."""
    row = await fetch_one(connection, UNIT_OF, {"part": part})
    return str(row[0]) if row else None


async def lacking_of(connection: Connection, order_id: int) -> list[Lacking]:
    """What an order's firm reservations lack and nobody has asked for."""
    cursor = await connection.execute(LACKING, {"order_id": order_id})
    return [
        Lacking(row[0], row[1], row[2], row[3], tuple(row[4])) for row in await cursor.fetchall()
    ]


async def withdraw_of_order(
    connection: Connection, order_id: int, *, actor: str, at: datetime
) -> None:
    """What was asked for an order and not ordered yet is not needed."""
    given = {"order_id": order_id, "actor": actor, "at": at}
    await connection.execute(WITHDRAW_OF_ORDER, given)
