"""Storerooms with parts in them, orders that need some, and what must hold of their books."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from config.database import Connection
from maintenance.materials.definitions import put_part, put_storeroom
from maintenance.materials.ledger import Place, Said
from maintenance.materials.part import NegativeStock, PartDefinition, Stocking, StoreroomDefinition
from maintenance.materials.service import receive
from tests.maintenance.scene import START

BEARING, SEAL = "BRG-6309", "SEAL-40"
MAIN, YARD = "MAIN", "YARD"
ANA = Said("ana", START, "because")

ORDER = """
INSERT INTO work_order (
    asset_id, site_id, type, origin, title, priority, priority_reason, state, created_by
)
SELECT id, site_id, 'corrective', 'person', 'Replace the bearing', %s, 'set here', %s, 'ana'
FROM asset WHERE tag = 'P-101' RETURNING number
"""

# Each query names what is wrong; an empty answer is a sound ledger.
WRONG = (
    """
    SELECT 'balance is not the sum of the ledger', s.id FROM part_stock s
    WHERE (s.on_hand, s.value_minor, s.position) <> (
        SELECT coalesce(sum(quantity), 0), coalesce(sum(value_minor), 0), count(*)
        FROM stock_ledger WHERE part_stock_id = s.id)
    """,
    """
    SELECT 'bin is not the sum of its entries', b.part_stock_id FROM bin_stock b
    WHERE b.on_hand <> (SELECT sum(quantity) FROM stock_ledger l
                        WHERE l.part_stock_id = b.part_stock_id AND l.bin_id = b.bin_id)
    """,
    """
    SELECT 'entry does not follow from the one before', l.id FROM stock_ledger l
    LEFT JOIN stock_ledger b ON b.part_stock_id = l.part_stock_id AND b.position = l.position - 1
    WHERE l.on_hand_after <> coalesce(b.on_hand_after, 0) + l.quantity
       OR l.value_after_minor <> coalesce(b.value_after_minor, 0) + l.value_minor
    """,
    """
    SELECT 'below nothing without a permit', l.id FROM stock_ledger l
    WHERE l.quantity < 0 AND l.permit IS NULL AND least(l.on_hand_after, l.bin_after) < 0
    """,
    """
    SELECT 'commitments are not those of the reservations', s.id FROM part_stock s
    WHERE s.committed <> (SELECT coalesce(sum(committed), 0) FROM reservation
                          WHERE part_stock_id = s.id AND state = 'open')
       OR s.committed > greatest(s.on_hand, 0)
    """,
    """
    SELECT 'more came back than went out', i.id FROM stock_ledger i
    JOIN stock_ledger r ON r.returns_id = i.id
    WHERE NOT EXISTS (SELECT FROM stock_ledger x WHERE x.reverses_id = r.id)
    GROUP BY i.id HAVING sum(r.quantity) > -i.quantity OR sum(r.value_minor) > -i.value_minor
    """,
    """
    SELECT 'a transfer loses something', min(id) FROM stock_ledger WHERE transfer IS NOT NULL
    GROUP BY transfer HAVING sum(quantity) <> 0 OR sum(value_minor) <> 0 OR count(*) <> 2
    """,
    """
    SELECT 'somebody waits for what is available', r.id FROM reservation r
    JOIN part_stock s ON s.id = r.part_stock_id
    WHERE r.state = 'open' AND r.strength = 'hard' AND r.committed + r.issued < r.quantity
      AND s.on_hand > s.committed
    """,
)


async def build_storerooms(connection: Connection) -> None:
    """MAIN with bins A and B, where stock is never below nothing, and YARD, where it may be."""
    main = StoreroomDefinition(MAIN, "Main store", "north", ("A", "B"))
    yard = StoreroomDefinition(YARD, "Yard", "north", ("Y",), NegativeStock.PERMITTED)
    for room in (main, yard):
        await put_storeroom(connection, room, expected_version=None)
    stock = (Stocking(MAIN, "A", Decimal(1), Decimal(8), Decimal(2)),)
    bearing = PartDefinition(BEARING, "Bearing 6309", standard_cost_minor=4_250, stock=stock)
    seal = PartDefinition(SEAL, "Seal 40 mm", standard_cost_minor=990, stock=(Stocking(MAIN, "B"),))
    for part in (bearing, seal):
        await put_part(connection, part, expected_version=None, said=ANA)


async def make_order(connection: Connection, *, state: str = "approved", priority: int = 3) -> str:
    """Number of a new order about P-101."""
    cursor = await connection.execute(ORDER, [priority, state])
    row = await cursor.fetchone()
    assert row is not None
    return str(row[0])


async def fill(connection: Connection, quantity: int | str, *, value_minor: int = 10_000) -> None:
    """Put bearings into MAIN."""
    await receive(
        connection, Place(BEARING, MAIN), Decimal(quantity), value_minor=value_minor, said=ANA
    )


async def on_hand(connection: Connection, part: str = BEARING, room: str = MAIN) -> Decimal:
    """What the balance says is there."""
    return Decimal(await value(connection, _OF.format(column="on_hand"), part, room))


async def committed(connection: Connection, part: str = BEARING, room: str = MAIN) -> Decimal:
    """What the balance says is held for orders."""
    return Decimal(await value(connection, _OF.format(column="committed"), part, room))


async def wrongs(connection: Connection) -> list[Any]:
    """Everything that is wrong with the books."""
    found = []
    for sql in WRONG:
        found += await (await connection.execute(sql.encode())).fetchall()
    return found


async def value(connection: Connection, sql: str, *given: Any) -> Any:
    """First column of the first row."""
    row = await (await connection.execute(sql.encode(), given)).fetchone()
    return row[0] if row else None


def later(**span: float) -> Said:
    """Ana, some time after the start."""
    return replace(ANA, at=START + timedelta(**span))


_OF = """
SELECT coalesce(sum(s.{column}), 0) FROM part_stock s JOIN part ON part.id = s.part_id
JOIN storeroom room ON room.id = s.storeroom_id WHERE part.code = %s AND room.code = %s
"""
