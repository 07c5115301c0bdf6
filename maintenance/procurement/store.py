"""SQL writes of requisitions, purchases and external work; transactions are the service's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, LiteralString

from config.database import Connection, fetch_dict, fetch_dicts, fetch_one
from maintenance.procurement.offer import Choice, Offer

INSERT_REQUISITION: Final[LiteralString] = """
INSERT INTO requisition (
    part_id, storeroom_id, quantity, cause, work_order_id, reservation_id, needed_by,
    estimate_minor, reason, requested_by, requested_at
)
SELECT part.id, room.id, %(quantity)s, %(cause)s, %(work_order_id)s, %(reservation_id)s,
       %(needed_by)s, %(estimate_minor)s, %(reason)s, %(actor)s, %(at)s
FROM part, storeroom room WHERE part.code = %(part)s AND room.code = %(storeroom)s
ON CONFLICT DO NOTHING
RETURNING number
"""

HOLD_REQUISITION: Final[LiteralString] = """
SELECT r.id, r.number, part.code AS part, room.code AS storeroom, r.quantity, r.cause, r.state,
       r.version, r.needed_by, r.estimate_minor
FROM requisition r
JOIN part ON part.id = r.part_id
JOIN storeroom room ON room.id = r.storeroom_id
WHERE r.number = %(number)s
FOR NO KEY UPDATE OF r
"""

DECIDE: Final[LiteralString] = """
UPDATE requisition
SET state = %(state)s, version = version + 1, decided_by = %(actor)s, decided_at = %(at)s,
    decision = %(decision)s
WHERE id = %(id)s AND version = %(version)s AND state = ANY (%(sources)s)
RETURNING version
"""

PUT_ON_LINE: Final[LiteralString] = """
UPDATE requisition
SET state = 'ordered', version = version + 1, purchase_line_id = %(line_id)s
WHERE id = %(id)s AND state = 'approved'
"""

WAITING: Final[LiteralString] = """
SELECT number FROM requisition WHERE state = 'approved' ORDER BY id
"""

OFFERS: Final[LiteralString] = """
SELECT vendor.code, vendor.id, p.from_quantity, p.price_minor, p.per, p.valid_from, p.valid_to,
       coalesce(p.lead_time_days, nullif(vendor.lead_time_days, 0), part.lead_time_days)
FROM price_agreement p
JOIN vendor ON vendor.id = p.vendor_id
JOIN part ON part.id = p.part_id
WHERE part.code = %(part)s AND p.retired_at IS NULL AND vendor.retired_at IS NULL
  AND (%(vendor)s::text IS NULL OR vendor.code = %(vendor)s)
"""

# Everyone who orders from a vendor for a storeroom adds to the one draft.
OPEN_DRAFT: Final[LiteralString] = """
INSERT INTO purchase_order (vendor_id, storeroom_id, created_by, created_at)
SELECT %(vendor_id)s, id, %(actor)s, %(at)s FROM storeroom WHERE code = %(storeroom)s
ON CONFLICT (vendor_id, storeroom_id) WHERE state = 'draft'
    DO UPDATE SET version = purchase_order.version + 1
RETURNING id, number
"""

INSERT_LINE: Final[LiteralString] = """
INSERT INTO purchase_line (
    purchase_order_id, part_id, quantity, price_minor, per, promised_on, choice
)
SELECT %(order_id)s, id, %(quantity)s, %(price_minor)s, %(per)s, %(promised_on)s, %(choice)s
FROM part WHERE code = %(part)s
RETURNING id
"""

HOLD_PURCHASE: Final[LiteralString] = """
SELECT p.id, p.number, vendor.code AS vendor, room.code AS storeroom, p.state, p.version,
       vendor.over_delivery_percent
FROM purchase_order p
JOIN vendor ON vendor.id = p.vendor_id
JOIN storeroom room ON room.id = p.storeroom_id
WHERE p.number = %(number)s
FOR NO KEY UPDATE OF p
"""

MOVE_PURCHASE: Final[LiteralString] = """
UPDATE purchase_order
SET state = %(state)s, version = version + 1,
    reason = CASE WHEN %(reason)s = '' THEN reason ELSE %(reason)s END,
    sent_at = CASE %(state)s WHEN 'sent' THEN coalesce(sent_at, %(at)s) ELSE sent_at END,
    ended_at = CASE WHEN %(state)s IN ('closed', 'cancelled') THEN %(at)s::timestamptz END
WHERE id = %(id)s
RETURNING version
"""

LINES_OF: Final[LiteralString] = """
SELECT line.id, part.code AS part, line.quantity, line.received, line.cancelled,
       line.price_minor, line.per
FROM purchase_line line JOIN part ON part.id = line.part_id
WHERE line.purchase_order_id = %(purchase_id)s
ORDER BY line.id
"""

SET_LINE: Final[LiteralString] = """
UPDATE purchase_line
SET received = received + %(received)s, cancelled = cancelled + %(cancelled)s
WHERE id = %(id)s
"""

# What nobody delivered has to be decided again; what was delivered in part stays ordered.
FREE_REQUISITIONS: Final[LiteralString] = """
UPDATE requisition r
SET state = 'open', version = r.version + 1, purchase_line_id = NULL, decision = %(reason)s
FROM purchase_line line
WHERE line.id = r.purchase_line_id AND line.purchase_order_id = %(purchase_id)s
  AND line.received = 0
"""

INSERT_RECEIPT: Final[LiteralString] = """
INSERT INTO purchase_receipt (
    purchase_line_id, ledger_id, quantity, amount_minor, difference_minor, delivery_note, reason,
    actor, at
) VALUES (
    %(line_id)s, %(ledger_id)s, %(quantity)s, %(amount_minor)s, %(difference_minor)s,
    %(delivery_note)s, %(reason)s, %(actor)s, %(at)s
)
RETURNING id
"""

RECEIPT: Final[LiteralString] = """
SELECT receipt.id, receipt.purchase_line_id, receipt.ledger_id, receipt.quantity,
       purchase.number
FROM purchase_receipt receipt
JOIN purchase_line line ON line.id = receipt.purchase_line_id
JOIN purchase_order purchase ON purchase.id = line.purchase_order_id
WHERE receipt.id = %(id)s
"""

# What will be there when all comes in and everybody who is near takes what is reserved for him. One
# line for a stock at a time: the unique index says so, whoever looks at the same moment.
LOW_STOCKS: Final[LiteralString] = """
SELECT part.code AS part, room.code AS storeroom, s.reorder_point, s.maximum, s.on_hand,
       coalesce(wanted.quantity, 0) AS wanted, coalesce(asked.quantity, 0) AS asked,
       coalesce(coming.quantity, 0) AS coming
FROM part_stock s
JOIN part ON part.id = s.part_id AND part.retired_at IS NULL
JOIN storeroom room ON room.id = s.storeroom_id AND room.retired_at IS NULL
LEFT JOIN LATERAL (
    SELECT sum(r.quantity - r.issued) AS quantity
    FROM reservation r JOIN work_order o ON o.id = r.work_order_id
    WHERE r.part_stock_id = s.id AND r.state = 'open'
      AND (r.strength = 'hard' OR coalesce(o.planned_start, o.due_at, %(at)s)
           <= %(at)s::timestamptz + (part.lead_time_days + 7) * interval '1 day')
) wanted ON true
LEFT JOIN LATERAL (
    SELECT sum(quantity) AS quantity FROM requisition
    WHERE part_id = s.part_id AND storeroom_id = s.storeroom_id AND state IN ('open', 'approved')
) asked ON true
LEFT JOIN LATERAL (
    SELECT sum(greatest(line.quantity - line.received - line.cancelled, 0)) AS quantity
    FROM purchase_line line JOIN purchase_order p ON p.id = line.purchase_order_id
    WHERE line.part_id = s.part_id AND p.storeroom_id = s.storeroom_id
      AND p.state IN ('draft', 'sent')
) coming ON true
WHERE s.reorder_point IS NOT NULL
  AND s.on_hand + coalesce(asked.quantity, 0) + coalesce(coming.quantity, 0)
      - coalesce(wanted.quantity, 0) <= s.reorder_point
ORDER BY s.id
"""

TELL: Final[LiteralString] = """
INSERT INTO outbox (topic, payload)
VALUES (%(topic)s, jsonb_build_object('number', %(number)s::text, 'text', %(text)s::text))
"""


@dataclass(frozen=True, slots=True)
class HeldRequisition:
    """A requisition that nobody else decides about in this transaction."""

    id: int
    number: str
    part: str
    storeroom: str
    quantity: Decimal
    cause: str
    state: str
    version: int
    needed_by: date | None
    estimate_minor: int | None


@dataclass(frozen=True, slots=True)
class HeldPurchase:
    """A purchase order that nobody else changes in this transaction."""

    id: int
    number: str
    vendor: str
    storeroom: str
    state: str
    version: int
    over_delivery_percent: int


@dataclass(frozen=True, slots=True)
class HeldLine:
    """A line of a held purchase order."""

    id: int
    part: str
    quantity: Decimal
    received: Decimal
    cancelled: Decimal
    price_minor: int
    per: Decimal

    @property
    def outstanding(self) -> Decimal:
        """What is still to come."""
        return max(self.quantity - self.received - self.cancelled, Decimal(0))


@dataclass(frozen=True, slots=True)
class LowStock:
    """A part that is at its reorder point, all that comes and all that is wanted counted in."""

    part: str
    storeroom: str
    reorder_point: Decimal
    maximum: Decimal
    on_hand: Decimal
    wanted: Decimal
    asked: Decimal
    coming: Decimal


async def insert_requisition(connection: Connection, given: Mapping[str, Any]) -> str | None:
    """Number of a new requisition; None where the same was asked for already."""
    row = await fetch_one(connection, INSERT_REQUISITION, given)
    return str(row[0]) if row else None


async def hold_requisition(connection: Connection, number: str) -> HeldRequisition | None:
    """A requisition of that number, held."""
    row = await fetch_dict(connection, HOLD_REQUISITION, {"number": number})
    return HeldRequisition(**row) if row else None


async def decide(connection: Connection, held: HeldRequisition, given: Mapping[str, Any]) -> bool:
    """Move a requisition if it still is what was read."""
    row = await fetch_one(connection, DECIDE, {"id": held.id, "version": held.version, **given})
    return row is not None


async def put_on_line(connection: Connection, held: HeldRequisition, line_id: int) -> None:
    """An approved requisition is ordered by a line."""
    await connection.execute(PUT_ON_LINE, {"id": held.id, "line_id": line_id})


async def waiting(connection: Connection) -> list[str]:
    """Numbers of what is approved and not ordered yet."""
    cursor = await connection.execute(WAITING)
    return [row[0] for row in await cursor.fetchall()]


async def offers(connection: Connection, part: str, *, vendor: str | None = None) -> list[Offer]:
    """What vendors have agreed on for a part, whatever the day."""
    cursor = await connection.execute(OFFERS, {"part": part, "vendor": vendor})
    return [Offer(*row) for row in await cursor.fetchall()]


async def add_line(
    connection: Connection, held: HeldRequisition, choice: Choice, *, actor: str, at: datetime
) -> tuple[str, int]:
    """Put a quantity on the vendor's draft; gives the draft's number and the id of the line."""
    given = {
        "vendor_id": choice.offer.vendor_id,
        "storeroom": held.storeroom,
        "actor": actor,
        "at": at,
    }
    draft = await fetch_one(connection, OPEN_DRAFT, given)
    assert draft is not None  # noqa: S101 - storerooms are never removed
    line = {
        "order_id": draft[0],
        "part": held.part,
        "quantity": held.quantity,
        "price_minor": choice.offer.price_minor,
        "per": choice.offer.per,
        "promised_on": choice.arrives_on,
        "choice": choice.reason,
    }
    row = await fetch_one(connection, INSERT_LINE, line)
    assert row is not None  # noqa: S101 - nor are parts
    return str(draft[1]), int(row[0])


async def hold_purchase(connection: Connection, number: str) -> HeldPurchase | None:
    """A purchase order of that number, held."""
    row = await fetch_dict(connection, HOLD_PURCHASE, {"number": number})
    return HeldPurchase(**row) if row else None


async def move_purchase(
    connection: Connection, held: HeldPurchase, state: str, *, reason: str, at: datetime
) -> None:
    """Move a held purchase order on."""
    given = {"id": held.id, "state": state, "reason": reason, "at": at}
    await connection.execute(MOVE_PURCHASE, given)


async def lines_of(connection: Connection, held: HeldPurchase) -> list[HeldLine]:
    """The lines of a held purchase order."""
    rows = await fetch_dicts(connection, LINES_OF, {"purchase_id": held.id})
    return [HeldLine(**row) for row in rows]


async def set_line(
    connection: Connection,
    line_id: int,
    *,
    received: Decimal = Decimal(0),
    cancelled: Decimal = Decimal(0),
) -> None:
    """So much more was received, or will not come."""
    given = {"id": line_id, "received": received, "cancelled": cancelled}
    await connection.execute(SET_LINE, given)


async def free_requisitions(connection: Connection, held: HeldPurchase, reason: str) -> None:
    """What a cancelled purchase did not bring is open again."""
    await connection.execute(FREE_REQUISITIONS, {"purchase_id": held.id, "reason": reason})


async def insert_receipt(connection: Connection, given: Mapping[str, Any]) -> int:
    """Id of a new receipt."""
    row = await fetch_one(connection, INSERT_RECEIPT, given)
    assert row is not None  # noqa: S101 - an INSERT without a condition returns its row
    return int(row[0])


async def find_receipt(connection: Connection, receipt_id: int) -> dict[str, Any] | None:
    """A receipt with the number of its purchase order."""
    return await fetch_dict(connection, RECEIPT, {"id": receipt_id})


async def low_stocks(connection: Connection, at: datetime) -> list[LowStock]:
    """What is to be ordered again."""
    rows = await fetch_dicts(connection, LOW_STOCKS, {"at": at})
    return [LowStock(**row) for row in rows]


async def tell(connection: Connection, topic: str, number: str, text: str) -> None:
    """Put something before people."""
    await connection.execute(TELL, {"topic": topic, "number": number, "text": text})
