"""SQL writes of the stock ledger, and the locks under them; transactions are the service's.

Whoever moves or reserves a part in a storeroom holds its row of `part_stock` first, so that ledger,
balance and commitments tell one story at every commit. An order is held before any stock.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, LiteralString

from psycopg.rows import TupleRow

from config.database import Connection, fetch_one
from maintenance.materials.ledger import Booking, Entry, HeldOrder, HeldStock, Said, Shelf
from maintenance.materials.part import NegativeStock
from maintenance.materials.stock import Balance, Movement

# An order that others change waits for this transaction, and is then seen as it became.
HOLD_ORDER: Final[LiteralString] = """
SELECT id, number, state FROM work_order WHERE number = %(number)s FOR SHARE
"""

HOLD_ORDER_BY_ID: Final[LiteralString] = """
SELECT id, number, state FROM work_order WHERE id = %(id)s FOR SHARE
"""

MAKE_STOCK: Final[LiteralString] = """
INSERT INTO part_stock (part_id, storeroom_id, bin_id)
SELECT part.id, room.id, (SELECT min(id) FROM bin WHERE storeroom_id = room.id)
FROM part, storeroom room
WHERE part.code = %(part)s AND part.retired_at IS NULL
  AND room.code = %(storeroom)s AND room.retired_at IS NULL
ON CONFLICT (part_id, storeroom_id) DO NOTHING
"""

STOCK: Final[LiteralString] = """
SELECT s.id, part.code, room.code, room.negative_stock, s.bin_id, s.on_hand, s.value_minor,
       s.rate_minor, s.rate_quantity, part.standard_cost_minor, s.committed, s.position
FROM part_stock s
JOIN part ON part.id = s.part_id
JOIN storeroom room ON room.id = s.storeroom_id
"""

STOCK_ID: Final[LiteralString] = STOCK + " WHERE part.code = %(part)s AND room.code = %(storeroom)s"

HOLD_STOCK_BY_ID: Final[LiteralString] = STOCK + " WHERE s.id = %(stock_id)s FOR NO KEY UPDATE OF s"

# In one statement and by id, so that two who want the same stocks wait for the first one and never
# crosswise.
HOLD_STOCKS: Final[LiteralString] = """
SELECT id FROM part_stock WHERE id = ANY (%(stock_ids)s) ORDER BY id FOR NO KEY UPDATE
"""

HOLD_STOCKS_OF_ORDERS: Final[LiteralString] = """
SELECT s.id FROM part_stock s
WHERE s.id IN (
    SELECT r.part_stock_id FROM reservation r
    WHERE r.work_order_id = ANY (%(order_ids)s) AND r.state = 'open'
)
ORDER BY s.id FOR NO KEY UPDATE
"""

SHELVES: Final[LiteralString] = """
SELECT bin.id, bin.code, coalesce(kept.on_hand, 0)
FROM part_stock s
JOIN bin ON bin.storeroom_id = s.storeroom_id
LEFT JOIN bin_stock kept ON kept.bin_id = bin.id AND kept.part_stock_id = s.id
WHERE s.id = %(stock_id)s
ORDER BY bin.id = s.bin_id DESC, coalesce(kept.on_hand, 0) DESC, bin.id
"""

SET_BALANCE: Final[LiteralString] = """
UPDATE part_stock
SET on_hand = %(on_hand)s, value_minor = %(value_minor)s, position = %(position)s,
    rate_minor = CASE WHEN %(on_hand)s::numeric = 0 THEN rate_minor ELSE %(value_minor)s END,
    rate_quantity = CASE WHEN %(on_hand)s::numeric = 0 THEN rate_quantity ELSE %(on_hand)s END
WHERE id = %(stock_id)s
"""

PUT_ON_SHELF: Final[LiteralString] = """
INSERT INTO bin_stock (part_stock_id, bin_id, on_hand)
VALUES (%(stock_id)s, %(bin_id)s, %(quantity)s)
ON CONFLICT (part_stock_id, bin_id) DO UPDATE SET on_hand = bin_stock.on_hand + excluded.on_hand
RETURNING on_hand
"""

INSERT_ENTRY: Final[LiteralString] = """
INSERT INTO stock_ledger (
    part_stock_id, position, bin_id, kind, quantity, value_minor, on_hand_after,
    value_after_minor, bin_after, work_order_id, returns_id, reverses_id, transfer,
    purchase_line_id, permit, reason, actor, at
) VALUES (
    %(stock_id)s, %(position)s, %(bin_id)s, %(kind)s, %(quantity)s, %(value_minor)s,
    %(on_hand_after)s, %(value_after_minor)s, %(bin_after)s, %(order_id)s, %(returns_id)s,
    %(reverses_id)s, %(transfer)s, %(purchase_line_id)s, %(permit)s, %(reason)s, %(actor)s, %(at)s
)
RETURNING id
"""

ENTRY: Final[LiteralString] = """
SELECT id, part_stock_id, position, bin_id, kind, quantity, value_minor, work_order_id,
       purchase_line_id
FROM stock_ledger WHERE id = %(id)s
"""

# What came back of an issue and was not taken out again by a reversal of the return.
GIVEN_BACK: Final[LiteralString] = """
SELECT coalesce(sum(back.quantity), 0), coalesce(sum(back.value_minor), 0)
FROM stock_ledger back
WHERE back.returns_id = %(id)s
  AND NOT EXISTS (SELECT FROM stock_ledger gone WHERE gone.reverses_id = back.id)
"""

IS_REVERSED: Final[LiteralString] = (
    "SELECT EXISTS (SELECT FROM stock_ledger WHERE reverses_id = %(id)s)"
)

MOVED_SINCE: Final[LiteralString] = """
SELECT coalesce(sum(quantity), 0) FROM stock_ledger
WHERE part_stock_id = %(stock_id)s AND bin_id = %(bin_id)s AND position > %(position)s
"""

INSERT_COUNT: Final[LiteralString] = """
INSERT INTO stock_count (
    part_stock_id, bin_id, position, counted, expected, ledger_id, reason, actor, at
) VALUES (
    %(stock_id)s, %(bin_id)s, %(position)s, %(counted)s, %(expected)s, %(ledger_id)s, %(reason)s,
    %(actor)s, %(at)s
)
"""

NOTIFY_ORDER: Final[LiteralString] = "SELECT pg_notify('work_order', %(order_id)s::bigint::text)"


async def hold_order(connection: Connection, number: str) -> HeldOrder | None:
    """An order that keeps its state to the end of the transaction."""
    row = await fetch_one(connection, HOLD_ORDER, {"number": number})
    return HeldOrder(*row) if row else None


async def hold_order_by_id(connection: Connection, order_id: int) -> HeldOrder | None:
    """The same by its id."""
    row = await fetch_one(connection, HOLD_ORDER_BY_ID, {"id": order_id})
    return HeldOrder(*row) if row else None


async def stock_id(connection: Connection, part: str, storeroom: str) -> int | None:
    """Id of a part in a storeroom, made if both are there."""
    given = {"part": part, "storeroom": storeroom}
    row = await fetch_one(connection, STOCK_ID, given)
    if row is None:
        await connection.execute(MAKE_STOCK, given)
        row = await fetch_one(connection, STOCK_ID, given)
    return int(row[0]) if row else None


async def hold_stock_by_id(connection: Connection, stock_id: int) -> HeldStock:
    """A part in a storeroom, which is there; nobody else moves or reserves it meanwhile."""
    row = await fetch_one(connection, HOLD_STOCK_BY_ID, {"stock_id": stock_id})
    assert row is not None  # noqa: S101 - rows of part_stock are never removed
    return _held(row)


async def hold_stocks(connection: Connection, stock_ids: Sequence[int]) -> None:
    """Hold several stocks at once, before any of them is moved or reserved."""
    await connection.execute(HOLD_STOCKS, {"stock_ids": list(stock_ids)})


async def hold_stocks_of_orders(connection: Connection, order_ids: Sequence[int]) -> None:
    """Hold every stock that held orders have open reservations of."""
    await connection.execute(HOLD_STOCKS_OF_ORDERS, {"order_ids": list(order_ids)})


async def shelves(connection: Connection, stock_id: int) -> list[Shelf]:
    """Every bin of the storeroom: where the part belongs first, then the fullest."""
    cursor = await connection.execute(SHELVES, {"stock_id": stock_id})
    return [Shelf(*row) for row in await cursor.fetchall()]


async def set_balance(
    connection: Connection, stock: HeldStock, balance: Balance, *, position: int
) -> None:
    """Write what the ledger of a held stock now adds up to, and how many entries it has."""
    given = {
        "stock_id": stock.id,
        "on_hand": balance.on_hand,
        "value_minor": balance.value_minor,
        "position": position,
    }
    await connection.execute(SET_BALANCE, given)


async def put_on_shelf(
    connection: Connection, stock: HeldStock, bin_id: int, quantity: Decimal
) -> Decimal:
    """Move a signed quantity into a bin; gives what then lies there."""
    given = {"stock_id": stock.id, "bin_id": bin_id, "quantity": quantity}
    row = await fetch_one(connection, PUT_ON_SHELF, given)
    return Decimal(row[0]) if row else quantity


async def insert_entry(
    connection: Connection, stock: HeldStock, booking: Booking, said: Said, after: Mapping[str, Any]
) -> int:
    """Append to the ledger; `after` has the position and what is there afterwards. Gives its id."""
    given = {
        "stock_id": stock.id,
        "bin_id": booking.bin_id,
        "kind": booking.kind.value,
        "quantity": booking.quantity,
        "value_minor": booking.value_minor,
        "order_id": booking.order_id,
        "returns_id": booking.returns_id,
        "reverses_id": booking.reverses_id,
        "transfer": booking.transfer,
        "purchase_line_id": booking.purchase_line_id,
        "permit": booking.permit,
        "reason": said.reason,
        "actor": said.actor,
        "at": said.at,
        **after,
    }
    row = await fetch_one(connection, INSERT_ENTRY, given)
    assert row is not None  # noqa: S101 - an INSERT without a condition returns its row
    return int(row[0])


async def find_entry(connection: Connection, entry_id: int) -> Entry | None:
    """An entry of the ledger, which never changes."""
    row = await fetch_one(connection, ENTRY, {"id": entry_id})
    return _entry(row) if row else None


async def given_back(connection: Connection, issue_id: int) -> tuple[Decimal, int]:
    """How much of an issue came back, and its value in minor units."""
    row = await fetch_one(connection, GIVEN_BACK, {"id": issue_id})
    return (Decimal(row[0]), int(row[1])) if row else (Decimal(0), 0)


async def is_reversed(connection: Connection, entry_id: int) -> bool:
    """Was the entry taken back?"""
    row = await fetch_one(connection, IS_REVERSED, {"id": entry_id})
    return bool(row and row[0])


async def moved_since(
    connection: Connection, stock: HeldStock, bin_id: int, position: int
) -> Decimal:
    """What came into a bin, less what left it, after an entry of that position."""
    given = {"stock_id": stock.id, "bin_id": bin_id, "position": position}
    row = await fetch_one(connection, MOVED_SINCE, given)
    return Decimal(row[0]) if row else Decimal(0)


async def insert_count(
    connection: Connection, stock: HeldStock, given: Mapping[str, Any], said: Said
) -> None:
    """Write down that somebody counted, whatever came of it."""
    told = {"reason": said.reason, "actor": said.actor, "at": said.at}
    await connection.execute(INSERT_COUNT, {"stock_id": stock.id, **told, **given})


async def notify_order(connection: Connection, order_id: int) -> None:
    """Wake those who show the order."""
    await connection.execute(NOTIFY_ORDER, {"order_id": order_id})


def _held(row: TupleRow) -> HeldStock:
    stock_id, part, room, negative, bin_id, on_hand, value, rate, rate_quantity, *rest = row
    standard, committed, position = rest
    known = Fraction(rate) / Fraction(rate_quantity) if rate_quantity else Fraction(standard)
    return HeldStock(
        id=stock_id,
        part=part,
        storeroom=room,
        negative_stock=NegativeStock(negative),
        bin_id=bin_id,
        balance=Balance(on_hand, value, known),
        committed=committed,
        position=position,
    )


def _entry(row: TupleRow) -> Entry:
    entry_id, stock_id, position, bin_id, kind, quantity, value, order_id, line = row
    return Entry(
        id=entry_id,
        stock_id=stock_id,
        position=position,
        bin_id=bin_id,
        kind=Movement(kind),
        quantity=quantity,
        value_minor=value,
        order_id=order_id,
        purchase_line_id=line,
    )
