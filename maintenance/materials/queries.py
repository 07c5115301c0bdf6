"""Reads of parts, what lies where, the ledger, and what orders reserve."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, LiteralString

from psycopg.rows import dict_row

from config.database import Connection
from maintenance.errors import NotFound

PARTS: Final[LiteralString] = """
SELECT part.code, part.name, part.unit, part.classes, part.assets, part.manufacturer_numbers,
       part.alternatives, part.lead_time_days, part.standard_cost_minor, part.kept_in,
       part.version, part.retired_at,
       coalesce(stock.on_hand, 0) AS on_hand, coalesce(stock.committed, 0) AS committed,
       coalesce(stock.value_minor, 0)::bigint AS value_minor, coalesce(stock.low, false) AS low
FROM part
LEFT JOIN LATERAL (
    SELECT sum(s.on_hand) AS on_hand, sum(s.committed) AS committed,
           sum(s.value_minor) AS value_minor,
           bool_or(s.on_hand - s.committed <= coalesce(s.reorder_point, s.minimum)) AS low
    FROM part_stock s JOIN storeroom room ON room.id = s.storeroom_id
    WHERE s.part_id = part.id AND (%(storeroom)s::text IS NULL OR room.code = %(storeroom)s)
) stock ON true
"""

FIND_PARTS: Final[LiteralString] = (
    PARTS
    + """
WHERE part.retired_at IS NULL AND part.code > %(after)s
  AND (%(words)s::text IS NULL OR part.code ILIKE %(words)s OR part.name ILIKE %(words)s
       OR part.manufacturer_numbers::text ILIKE %(words)s)
  AND (%(asset_class)s::text IS NULL OR %(asset_class)s = ANY (part.classes))
  AND (%(asset)s::text IS NULL OR %(asset)s = ANY (part.assets) OR EXISTS (
       SELECT FROM asset JOIN asset_class class ON class.id = asset.class_id
       WHERE asset.tag = %(asset)s AND class.code = ANY (part.classes)))
  AND (NOT %(low_only)s OR coalesce(stock.low, false))
ORDER BY part.code
LIMIT %(limit)s
"""
)

PART: Final[LiteralString] = PARTS + " WHERE part.code = %(code)s"

STOCKS: Final[LiteralString] = """
SELECT room.code AS storeroom, room.name AS storeroom_name, site.code AS site,
       home.code AS home_bin, s.minimum, s.reorder_point, s.maximum, s.on_hand, s.committed,
       s.value_minor, s.position,
       coalesce((SELECT sum(quantity - issued - committed) FROM reservation
                 WHERE part_stock_id = s.id AND state = 'open'), 0) AS waiting,
       coalesce((SELECT sum(greatest(line.quantity - line.received - line.cancelled, 0))
                 FROM purchase_line line JOIN purchase_order p ON p.id = line.purchase_order_id
                 WHERE line.part_id = s.part_id AND p.storeroom_id = s.storeroom_id
                   AND p.state IN ('draft', 'sent')), 0) AS on_order,
       ARRAY(SELECT jsonb_build_object('bin', bin.code, 'on_hand', kept.on_hand::text)
             FROM bin_stock kept JOIN bin ON bin.id = kept.bin_id
             WHERE kept.part_stock_id = s.id AND kept.on_hand <> 0 ORDER BY bin.code) AS bins
FROM part_stock s
JOIN part ON part.id = s.part_id
JOIN storeroom room ON room.id = s.storeroom_id
JOIN site ON site.id = room.site_id
JOIN bin home ON home.id = s.bin_id
WHERE part.code = %(code)s
ORDER BY room.code
"""

LEDGER: Final[LiteralString] = """
SELECT l.id, room.code AS storeroom, bin.code AS bin, l.position, l.kind, l.quantity,
       l.value_minor, l.on_hand_after, l.value_after_minor, o.number AS work_order,
       l.returns_id, l.reverses_id, l.permit, l.reason, l.actor, l.at,
       EXISTS (SELECT FROM stock_ledger gone WHERE gone.reverses_id = l.id) AS reversed
FROM stock_ledger l
JOIN part_stock s ON s.id = l.part_stock_id
JOIN part ON part.id = s.part_id
JOIN storeroom room ON room.id = s.storeroom_id
JOIN bin ON bin.id = l.bin_id
LEFT JOIN work_order o ON o.id = l.work_order_id
WHERE part.code = %(code)s
  AND (%(storeroom)s::text IS NULL OR room.code = %(storeroom)s)
  AND (%(before)s::bigint IS NULL OR l.id < %(before)s)
ORDER BY l.id DESC
LIMIT %(limit)s
"""

RESERVATIONS: Final[LiteralString] = """
SELECT r.id, o.number AS work_order, part.code AS part, part.name AS part_name, part.unit,
       room.code AS storeroom, home.code AS bin, r.strength, r.quantity, r.committed, r.issued,
       r.state, r.expires_at, r.reason, r.made_by, r.made_at
FROM reservation r
JOIN work_order o ON o.id = r.work_order_id
JOIN part_stock s ON s.id = r.part_stock_id
JOIN part ON part.id = s.part_id
JOIN storeroom room ON room.id = s.storeroom_id
JOIN bin home ON home.id = s.bin_id
"""

RESERVATIONS_OF_ORDER: Final[LiteralString] = (
    RESERVATIONS + " WHERE r.work_order_id = %(order_id)s ORDER BY r.id"
)

RESERVATIONS_OF_PART: Final[LiteralString] = (
    RESERVATIONS + " WHERE part.code = %(code)s AND r.state = 'open' ORDER BY o.priority, r.id"
)

ONE_RESERVATION: Final[LiteralString] = RESERVATIONS + " WHERE r.id = %(id)s"

# What went out to an order, and how much of each is still there to come back.
ISSUES_OF_ORDER: Final[LiteralString] = """
SELECT l.id, part.code AS part, part.name AS part_name, part.unit, room.code AS storeroom,
       bin.code AS bin, -l.quantity AS issued, -l.value_minor AS value_minor, l.actor, l.at,
       CASE WHEN EXISTS (SELECT FROM stock_ledger x WHERE x.reverses_id = l.id) THEN 0
            ELSE -l.quantity - coalesce((
                SELECT sum(back.quantity) FROM stock_ledger back
                WHERE back.returns_id = l.id AND NOT EXISTS (
                    SELECT FROM stock_ledger gone WHERE gone.reverses_id = back.id)), 0)
       END AS still_out
FROM stock_ledger l
JOIN part_stock s ON s.id = l.part_stock_id
JOIN part ON part.id = s.part_id
JOIN storeroom room ON room.id = s.storeroom_id
JOIN bin ON bin.id = l.bin_id
WHERE l.work_order_id = %(order_id)s AND l.kind = 'issue'
ORDER BY l.id
"""

STOREROOMS: Final[LiteralString] = """
SELECT room.code, room.name, site.code AS site, room.bins, room.negative_stock, room.kept_in,
       room.version
FROM storeroom room JOIN site ON site.id = room.site_id
WHERE room.retired_at IS NULL
ORDER BY room.code
"""


@dataclass(frozen=True, slots=True)
class Part:
    """A part with what lies of it in all storerooms, or in the one that was asked for."""

    code: str
    name: str
    unit: str
    classes: list[str]
    assets: list[str]
    manufacturer_numbers: list[dict[str, str]]
    alternatives: list[str]
    lead_time_days: int
    standard_cost_minor: int
    kept_in: str
    version: int
    retired_at: datetime | None
    on_hand: Decimal
    committed: Decimal
    value_minor: int
    low: bool

    @property
    def available(self) -> Decimal:
        """What nobody holds for sure."""
        return max(self.on_hand - self.committed, Decimal(0))


@dataclass(frozen=True, slots=True)
class Stock:
    """A part in one storeroom. `waiting` is what reservations still lack, `bins` what lies where."""

    storeroom: str
    storeroom_name: str
    site: str
    home_bin: str
    minimum: Decimal | None
    reorder_point: Decimal | None
    maximum: Decimal | None
    on_hand: Decimal
    committed: Decimal
    value_minor: int
    position: int
    waiting: Decimal
    on_order: Decimal
    bins: list[dict[str, str]]

    @property
    def available(self) -> Decimal:
        """What nobody holds for sure."""
        return max(self.on_hand - self.committed, Decimal(0))


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A row of the ledger; `reversed` says whether a later one takes it back."""

    id: int
    storeroom: str
    bin: str
    position: int
    kind: str
    quantity: Decimal
    value_minor: int
    on_hand_after: Decimal
    value_after_minor: int
    work_order: str | None
    returns_id: int | None
    reverses_id: int | None
    permit: str | None
    reason: str
    actor: str
    at: datetime
    reversed: bool


@dataclass(frozen=True, slots=True)
class Reservation:
    """What an order wants of a part; `committed` of it is held for sure."""

    id: int
    work_order: str
    part: str
    part_name: str
    unit: str
    storeroom: str
    bin: str
    strength: str
    quantity: Decimal
    committed: Decimal
    issued: Decimal
    state: str
    expires_at: datetime | None
    reason: str
    made_by: str
    made_at: datetime

    @property
    def lacking(self) -> Decimal:
        """What it still waits for."""
        open_ = self.state == "open"
        return self.quantity - self.issued - self.committed if open_ else Decimal(0)


@dataclass(frozen=True, slots=True)
class Issued:
    """Parts that went out to an order at a frozen value; `still_out` may come back."""

    id: int
    part: str
    part_name: str
    unit: str
    storeroom: str
    bin: str
    issued: Decimal
    value_minor: int
    actor: str
    at: datetime
    still_out: Decimal


@dataclass(frozen=True, slots=True)
class Storeroom:
    """A storeroom as it is."""

    code: str
    name: str
    site: str
    bins: list[str]
    negative_stock: str
    kept_in: str
    version: int


@dataclass(frozen=True, slots=True)
class PartFilter:
    """Which parts to list; what is None does not filter. `words` stand in code, name or numbers."""

    words: str | None = None
    asset_class: str | None = None
    asset: str | None = None
    storeroom: str | None = None
    low_only: bool = False


async def find_parts(
    connection: Connection, wanted: PartFilter, *, after: str = "", limit: int = 100
) -> list[Part]:
    """A page of parts by code, those after one."""
    words = wanted.words
    given = {
        "words": f"%{words.replace('%', '').replace('_', chr(92) + '_')}%" if words else None,
        "asset_class": wanted.asset_class,
        "asset": wanted.asset,
        "storeroom": wanted.storeroom,
        "low_only": wanted.low_only,
        "after": after,
        "limit": limit,
    }
    return [Part(**row) for row in await _rows(connection, FIND_PARTS, given)]


async def get_part(connection: Connection, code: str) -> Part:
    """The part of a code, a retired one too. Raises `NotFound`."""
    rows = await _rows(connection, PART, {"code": code, "storeroom": None})
    if not rows:
        raise NotFound("part", code)
    return Part(**rows[0])


async def stocks_of(connection: Connection, code: str) -> list[Stock]:
    """What lies of a part in each storeroom."""
    return [Stock(**row) for row in await _rows(connection, STOCKS, {"code": code})]


async def ledger_of(
    connection: Connection,
    code: str,
    *,
    storeroom: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[LedgerEntry]:
    """A page of a part's ledger, newest first."""
    given = {"code": code, "storeroom": storeroom, "before": before, "limit": limit}
    return [LedgerEntry(**row) for row in await _rows(connection, LEDGER, given)]


async def reservations_of_order(connection: Connection, order_id: int) -> list[Reservation]:
    """Everything that was ever reserved for an order."""
    rows = await _rows(connection, RESERVATIONS_OF_ORDER, {"order_id": order_id})
    return [Reservation(**row) for row in rows]


async def reservations_of_part(connection: Connection, code: str) -> list[Reservation]:
    """Open reservations of a part, the most urgent order first."""
    rows = await _rows(connection, RESERVATIONS_OF_PART, {"code": code})
    return [Reservation(**row) for row in rows]


async def get_reservation(connection: Connection, reservation_id: int) -> Reservation:
    """One reservation. Raises `NotFound`."""
    rows = await _rows(connection, ONE_RESERVATION, {"id": reservation_id})
    if not rows:
        raise NotFound("reservation", str(reservation_id))
    return Reservation(**rows[0])


async def issues_of_order(connection: Connection, order_id: int) -> list[Issued]:
    """What was issued to an order."""
    rows = await _rows(connection, ISSUES_OF_ORDER, {"order_id": order_id})
    return [Issued(**row) for row in rows]


async def list_storerooms(connection: Connection) -> list[Storeroom]:
    """Every storeroom by code."""
    return [Storeroom(**row) for row in await _rows(connection, STOREROOMS, {})]


async def _rows(
    connection: Connection, sql: LiteralString, given: Mapping[str, Any]
) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(sql, given)
        return await cursor.fetchall()
