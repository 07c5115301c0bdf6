"""SQL writes of reservations; the stock that they are of is held by the caller."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, LiteralString

from config.database import Connection, fetch_one
from maintenance.materials.ledger import HeldStock, Said
from maintenance.materials.part import ReservationState, Strength

INSERT_RESERVATION: Final[LiteralString] = """
INSERT INTO reservation (
    work_order_id, part_stock_id, strength, quantity, source, expires_at, reason, made_by, made_at
) VALUES (
    %(order_id)s, %(stock_id)s, %(strength)s, %(quantity)s, %(source)s, %(expires_at)s,
    %(reason)s, %(actor)s, %(at)s
)
ON CONFLICT (work_order_id, source) DO NOTHING
RETURNING id
"""

OPEN_OF_STOCK: Final[LiteralString] = """
SELECT r.id, r.work_order_id, r.part_stock_id, r.strength, r.quantity, r.committed, r.issued
FROM reservation r JOIN work_order o ON o.id = r.work_order_id
WHERE r.part_stock_id = %(stock_id)s AND r.state = 'open'
ORDER BY o.priority, o.due_at NULLS LAST, r.id
"""

STOCKS_OF_ORDER: Final[LiteralString] = """
SELECT DISTINCT part_stock_id FROM reservation
WHERE work_order_id = %(order_id)s AND state = 'open' ORDER BY part_stock_id
"""

STOCK_OF_RESERVATION: Final[LiteralString] = (
    "SELECT part_stock_id FROM reservation WHERE id = %(id)s"
)

# Both sides of the same truth, in one statement: what one holds, and what all hold together.
SET_COMMITTED: Final[LiteralString] = """
WITH held AS (
    UPDATE reservation SET committed = %(committed)s WHERE id = %(id)s
)
UPDATE part_stock SET committed = committed + %(change)s WHERE id = %(stock_id)s
"""

SET_ISSUED: Final[LiteralString] = """
UPDATE reservation
SET issued = issued + %(quantity)s,
    state = CASE WHEN issued + %(quantity)s = quantity THEN 'issued' ELSE state END,
    ended_at = CASE WHEN issued + %(quantity)s = quantity THEN %(at)s ELSE ended_at END
WHERE id = %(id)s
"""

END: Final[LiteralString] = """
UPDATE reservation SET state = %(state)s, ended_at = %(at)s,
       reason = CASE WHEN %(reason)s = '' THEN reason ELSE %(reason)s END
WHERE id = %(id)s
"""

STRENGTHEN: Final[LiteralString] = """
UPDATE reservation SET strength = 'hard'
WHERE work_order_id = %(order_id)s AND part_stock_id = %(stock_id)s
  AND state = 'open' AND strength = 'soft'
"""

EXPIRED_STOCKS: Final[LiteralString] = """
SELECT DISTINCT part_stock_id FROM reservation
WHERE state = 'open' AND expires_at <= %(at)s ORDER BY part_stock_id LIMIT 1000
"""

EXPIRED_OF_STOCK: Final[LiteralString] = """
SELECT id FROM reservation
WHERE part_stock_id = %(stock_id)s AND state = 'open' AND expires_at <= %(at)s ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class OpenReservation:
    """What an order still wants of a stock, and how much of it is held for sure."""

    id: int
    order_id: int
    stock_id: int
    strength: Strength
    quantity: Decimal
    committed: Decimal
    issued: Decimal

    @property
    def outstanding(self) -> Decimal:
        """What is still to be issued."""
        return self.quantity - self.issued

    @property
    def lacking(self) -> Decimal:
        """What it would hold for sure if it were there."""
        return self.outstanding - self.committed


async def insert(
    connection: Connection, order_id: int, stock: HeldStock, given: dict[str, Any], said: Said
) -> int | None:
    """Id of a new reservation that holds nothing yet; None if its source asked before."""
    told = {"reason": said.reason, "actor": said.actor, "at": said.at}
    row = await fetch_one(
        connection,
        INSERT_RESERVATION,
        {"order_id": order_id, "stock_id": stock.id, **told, **given},
    )
    return int(row[0]) if row else None


async def open_of_stock(connection: Connection, stock: HeldStock) -> list[OpenReservation]:
    """Open reservations of a held stock: the most urgent order first, then the oldest."""
    cursor = await connection.execute(OPEN_OF_STOCK, {"stock_id": stock.id})
    return [
        OpenReservation(first, order_id, stock_id, Strength(strength), *amounts)
        for first, order_id, stock_id, strength, *amounts in await cursor.fetchall()
    ]


async def stocks_of_order(connection: Connection, order_id: int) -> list[int]:
    """Ids of the stocks that an order has open reservations of, in the order to hold them."""
    cursor = await connection.execute(STOCKS_OF_ORDER, {"order_id": order_id})
    return [row[0] for row in await cursor.fetchall()]


async def stock_of(connection: Connection, reservation_id: int) -> int | None:
    """Id of the stock that a reservation is of."""
    row = await fetch_one(connection, STOCK_OF_RESERVATION, {"id": reservation_id})
    return int(row[0]) if row else None


async def set_committed(
    connection: Connection, reservation: OpenReservation, committed: Decimal
) -> None:
    """Hold more or less of the stock for a reservation."""
    given = {
        "id": reservation.id,
        "stock_id": reservation.stock_id,
        "committed": committed,
        "change": committed - reservation.committed,
    }
    await connection.execute(SET_COMMITTED, given)


async def set_issued(
    connection: Connection, reservation: OpenReservation, quantity: Decimal, *, at: datetime
) -> None:
    """So much more was issued; with all of it the reservation ends."""
    given = {"id": reservation.id, "quantity": quantity, "at": at}
    await connection.execute(SET_ISSUED, given)


async def end(
    connection: Connection, reservation: OpenReservation, state: ReservationState, said: Said
) -> None:
    """End a reservation that holds nothing any more."""
    given = {"id": reservation.id, "state": state.value, "at": said.at, "reason": said.reason}
    await connection.execute(END, given)


async def strengthen(connection: Connection, order_id: int, stock: HeldStock) -> None:
    """Make an order's soft reservations of a stock hard."""
    await connection.execute(STRENGTHEN, {"order_id": order_id, "stock_id": stock.id})


async def expired_stocks(connection: Connection, at: datetime) -> list[int]:
    """Ids of stocks with reservations whose time is over."""
    cursor = await connection.execute(EXPIRED_STOCKS, {"at": at})
    return [row[0] for row in await cursor.fetchall()]


async def expired_of(connection: Connection, stock: HeldStock, at: datetime) -> frozenset[int]:
    """Ids of a held stock's reservations whose time is over."""
    cursor = await connection.execute(EXPIRED_OF_STOCK, {"stock_id": stock.id, "at": at})
    return frozenset([row[0] for row in await cursor.fetchall()])
