"""Reads of requisitions, purchase orders, vendors, contracts and external work."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, LiteralString

from config.database import Connection, fetch_dicts
from maintenance.errors import NotFound

REQUISITIONS: Final[LiteralString] = """
SELECT r.id, r.number, part.code AS part, part.name AS part_name, part.unit,
       room.code AS storeroom, r.quantity, r.cause, r.state, r.version, r.needed_by,
       r.estimate_minor, r.reason, o.number AS work_order, r.requested_by, r.requested_at,
       r.decided_by, r.decided_at, r.decision, purchase.number AS purchase_order
FROM requisition r
JOIN part ON part.id = r.part_id
JOIN storeroom room ON room.id = r.storeroom_id
LEFT JOIN work_order o ON o.id = r.work_order_id
LEFT JOIN purchase_line line ON line.id = r.purchase_line_id
LEFT JOIN purchase_order purchase ON purchase.id = line.purchase_order_id
"""

FIND_REQUISITIONS: Final[LiteralString] = (
    REQUISITIONS
    + """
WHERE (%(states)s::text[] IS NULL OR r.state = ANY (%(states)s))
  AND (%(order_id)s::bigint IS NULL OR r.work_order_id = %(order_id)s)
  AND (%(before)s::bigint IS NULL OR r.id < %(before)s)
ORDER BY r.id DESC
LIMIT %(limit)s
"""
)

REQUISITION: Final[LiteralString] = REQUISITIONS + " WHERE r.number = %(number)s"

PURCHASES: Final[LiteralString] = """
SELECT p.id, p.number, vendor.code AS vendor, vendor.name AS vendor_name,
       room.code AS storeroom, p.state, p.version, p.created_by, p.created_at, p.sent_at,
       p.ended_at, p.reason,
       (SELECT count(*) FROM purchase_line WHERE purchase_order_id = p.id) AS lines,
       (SELECT coalesce(sum(round(price_minor * quantity / per)), 0)::bigint FROM purchase_line
        WHERE purchase_order_id = p.id) AS amount_minor
FROM purchase_order p
JOIN vendor ON vendor.id = p.vendor_id
JOIN storeroom room ON room.id = p.storeroom_id
"""

FIND_PURCHASES: Final[LiteralString] = (
    PURCHASES
    + """
WHERE (%(states)s::text[] IS NULL OR p.state = ANY (%(states)s))
  AND (%(before)s::bigint IS NULL OR p.id < %(before)s)
ORDER BY p.id DESC
LIMIT %(limit)s
"""
)

PURCHASE: Final[LiteralString] = PURCHASES + " WHERE p.number = %(number)s"

LINES: Final[LiteralString] = """
SELECT line.id, part.code AS part, part.name AS part_name, part.unit, line.quantity,
       line.received, line.cancelled,
       greatest(line.quantity - line.received - line.cancelled, 0) AS outstanding,
       line.price_minor, line.per, line.promised_on, line.choice
FROM purchase_line line JOIN part ON part.id = line.part_id
WHERE line.purchase_order_id = %(purchase_id)s
ORDER BY line.id
"""

RECEIPTS: Final[LiteralString] = """
SELECT receipt.id, receipt.purchase_line_id AS line_id, part.code AS part, receipt.quantity,
       receipt.amount_minor, receipt.difference_minor, receipt.delivery_note, receipt.reason,
       receipt.actor, receipt.at,
       EXISTS (SELECT FROM stock_ledger gone WHERE gone.reverses_id = receipt.ledger_id) AS reversed
FROM purchase_receipt receipt
JOIN purchase_line line ON line.id = receipt.purchase_line_id
JOIN part ON part.id = line.part_id
WHERE line.purchase_order_id = %(purchase_id)s
ORDER BY receipt.id
"""

CONTRACTS: Final[LiteralString] = """
SELECT c.code, c.name, vendor.code AS vendor, vendor.name AS vendor_name, c.valid_from,
       c.valid_to, c.value_minor, c.minutes, c.rate_minor_per_hour, c.response_minutes,
       c.classes, c.assets, c.terms, c.kept_in, c.version,
       off.amount AS called_off_minor, off.minutes AS called_off_minutes
FROM service_contract c
JOIN vendor ON vendor.id = c.vendor_id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(done.amount + CASE w.state WHEN 'agreed'
                        THEN greatest(w.agreed_minor - done.amount, 0) ELSE 0 END), 0)::bigint
               AS amount,
           coalesce(sum(done.minutes + CASE w.state WHEN 'agreed'
                        THEN greatest(w.agreed_minutes - done.minutes, 0) ELSE 0 END), 0)::bigint
               AS minutes
    FROM external_work w
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(amount_minor), 0) AS amount, coalesce(sum(minutes), 0) AS minutes
        FROM service_entry WHERE external_work_id = w.id
    ) done
    WHERE w.contract_id = c.id
) off
WHERE c.retired_at IS NULL
ORDER BY c.valid_to, c.code
"""

WORK_OF_ORDER: Final[LiteralString] = """
SELECT w.id, vendor.code AS vendor, contract.code AS contract, w.description, w.agreed_minor,
       w.agreed_minutes, w.state, w.respond_by, w.created_by, w.created_at, w.ended_by,
       w.ended_at,
       (SELECT coalesce(sum(amount_minor), 0)::bigint FROM service_entry
        WHERE external_work_id = w.id) AS accepted_minor
FROM external_work w
JOIN vendor ON vendor.id = w.vendor_id
LEFT JOIN service_contract contract ON contract.id = w.contract_id
WHERE w.work_order_id = %(order_id)s
ORDER BY w.id
"""


@dataclass(frozen=True, slots=True)
class Requisition:
    """What was asked for, by whom and why, and what was decided."""

    id: int
    number: str
    part: str
    part_name: str
    unit: str
    storeroom: str
    quantity: Decimal
    cause: str
    state: str
    version: int
    needed_by: date | None
    estimate_minor: int | None
    reason: str
    work_order: str | None
    requested_by: str
    requested_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision: str
    purchase_order: str | None


@dataclass(frozen=True, slots=True)
class Purchase:
    """A purchase order; `amount_minor` is what was agreed for all of its lines."""

    id: int
    number: str
    vendor: str
    vendor_name: str
    storeroom: str
    state: str
    version: int
    created_by: str
    created_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None
    reason: str
    lines: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class PurchaseLine:
    """A line of a purchase order; `choice` says why this vendor."""

    id: int
    part: str
    part_name: str
    unit: str
    quantity: Decimal
    received: Decimal
    cancelled: Decimal
    outstanding: Decimal
    price_minor: int
    per: Decimal
    promised_on: date | None
    choice: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """A delivery of a line; `difference_minor` is what it cost more than was agreed."""

    id: int
    line_id: int
    part: str
    quantity: Decimal
    amount_minor: int
    difference_minor: int
    delivery_note: str
    reason: str
    actor: str
    at: datetime
    reversed: bool


@dataclass(frozen=True, slots=True)
class Contract:
    """A service contract and what is spent or held of it."""

    code: str
    name: str
    vendor: str
    vendor_name: str
    valid_from: date
    valid_to: date
    value_minor: int | None
    minutes: int | None
    rate_minor_per_hour: int
    response_minutes: int | None
    classes: list[str]
    assets: list[str]
    terms: str
    kept_in: str
    version: int
    called_off_minor: int
    called_off_minutes: int

    @property
    def left_minor(self) -> int | None:
        """What may still be called off; None: no bound."""
        return None if self.value_minor is None else self.value_minor - self.called_off_minor

    @property
    def left_minutes(self) -> int | None:
        """The same in minutes."""
        return None if self.minutes is None else self.minutes - self.called_off_minutes


@dataclass(frozen=True, slots=True)
class ExternalWork:
    """Work of a vendor on an order."""

    id: int
    vendor: str
    contract: str | None
    description: str
    agreed_minor: int
    agreed_minutes: int
    state: str
    respond_by: datetime | None
    created_by: str
    created_at: datetime
    ended_by: str | None
    ended_at: datetime | None
    accepted_minor: int


async def find_requisitions(
    connection: Connection,
    *,
    states: frozenset[str] = frozenset(),
    order_id: int | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Requisition]:
    """A page of requisitions, newest first."""
    given = {
        "states": sorted(states) or None,
        "order_id": order_id,
        "before": before,
        "limit": limit,
    }
    return [Requisition(**row) for row in await fetch_dicts(connection, FIND_REQUISITIONS, given)]


async def get_requisition(connection: Connection, number: str) -> Requisition:
    """One requisition. Raises `NotFound`."""
    rows = await fetch_dicts(connection, REQUISITION, {"number": number})
    if not rows:
        raise NotFound("requisition", number)
    return Requisition(**rows[0])


async def find_purchases(
    connection: Connection,
    *,
    states: frozenset[str] = frozenset(),
    before: int | None = None,
    limit: int = 50,
) -> list[Purchase]:
    """A page of purchase orders, newest first."""
    given = {"states": sorted(states) or None, "before": before, "limit": limit}
    return [Purchase(**row) for row in await fetch_dicts(connection, FIND_PURCHASES, given)]


async def get_purchase(connection: Connection, number: str) -> Purchase:
    """One purchase order. Raises `NotFound`."""
    rows = await fetch_dicts(connection, PURCHASE, {"number": number})
    if not rows:
        raise NotFound("purchase order", number)
    return Purchase(**rows[0])


async def lines_of(connection: Connection, purchase: Purchase) -> list[PurchaseLine]:
    """The lines of a purchase order."""
    rows = await fetch_dicts(connection, LINES, {"purchase_id": purchase.id})
    return [PurchaseLine(**row) for row in rows]


async def receipts_of(connection: Connection, purchase: Purchase) -> list[Receipt]:
    """What came of a purchase order, oldest first."""
    rows = await fetch_dicts(connection, RECEIPTS, {"purchase_id": purchase.id})
    return [Receipt(**row) for row in rows]


async def list_contracts(connection: Connection) -> list[Contract]:
    """Every service contract, the one that ends first at the top."""
    return [Contract(**row) for row in await fetch_dicts(connection, CONTRACTS, {})]


async def work_of_order(connection: Connection, order_id: int) -> list[ExternalWork]:
    """What vendors do or did on an order."""
    rows = await fetch_dicts(connection, WORK_OF_ORDER, {"order_id": order_id})
    return [ExternalWork(**row) for row in rows]
