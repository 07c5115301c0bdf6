"""SQL writes of external work and what is called off by contract."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, LiteralString

from config.database import Connection, fetch_dict, fetch_one

# Whoever calls something off holds the contract, so that two do not spend the same rest.
HOLD_CONTRACT: Final[LiteralString] = """
SELECT c.id, c.code, vendor.code AS vendor, c.valid_from, c.valid_to, c.value_minor, c.minutes,
       c.rate_minor_per_hour, c.response_minutes, c.classes, c.assets
FROM service_contract c JOIN vendor ON vendor.id = c.vendor_id
WHERE c.code = %(code)s AND c.retired_at IS NULL
FOR NO KEY UPDATE OF c
"""

# Accepted amounts, and of what is still under way the rest that was agreed.
CALLED_OFF: Final[LiteralString] = """
SELECT coalesce(sum(done.amount + CASE w.state WHEN 'agreed'
                    THEN greatest(w.agreed_minor - done.amount, 0) ELSE 0 END), 0)::bigint,
       coalesce(sum(done.minutes + CASE w.state WHEN 'agreed'
                    THEN greatest(w.agreed_minutes - done.minutes, 0) ELSE 0 END), 0)::bigint
FROM external_work w
CROSS JOIN LATERAL (
    SELECT coalesce(sum(amount_minor), 0) AS amount, coalesce(sum(minutes), 0) AS minutes
    FROM service_entry WHERE external_work_id = w.id
) done
WHERE w.contract_id = %(contract_id)s AND w.id IS DISTINCT FROM %(except_id)s
"""

HOLD_ORDER: Final[LiteralString] = """
SELECT o.id, o.number, o.state, asset.tag AS asset, class.code AS asset_class
FROM work_order o
JOIN asset ON asset.id = o.asset_id
JOIN asset_class class ON class.id = asset.class_id
WHERE %(number)s::text IS NOT NULL AND o.number = %(number)s
   OR %(id)s::bigint IS NOT NULL AND o.id = %(id)s
FOR SHARE OF o
"""

INSERT_WORK: Final[LiteralString] = """
INSERT INTO external_work (
    work_order_id, vendor_id, contract_id, description, agreed_minor, agreed_minutes, respond_by,
    created_by, created_at
)
SELECT %(order_id)s, vendor.id, %(contract_id)s, %(description)s, %(agreed_minor)s,
       %(agreed_minutes)s, %(respond_by)s, %(actor)s, %(at)s
FROM vendor WHERE vendor.code = %(vendor)s AND vendor.retired_at IS NULL
RETURNING id
"""

WORK: Final[LiteralString] = """
SELECT w.id, w.work_order_id, w.state, w.agreed_minor, w.agreed_minutes, c.code AS contract
FROM external_work w LEFT JOIN service_contract c ON c.id = w.contract_id
WHERE w.id = %(id)s
"""

HOLD_WORK: Final[LiteralString] = WORK + " FOR NO KEY UPDATE OF w"

END_WORK: Final[LiteralString] = """
UPDATE external_work SET state = %(state)s, ended_by = %(actor)s, ended_at = %(at)s
WHERE id = %(id)s AND state = 'agreed'
"""

CANCEL_OF_ORDER: Final[LiteralString] = """
UPDATE external_work SET state = 'cancelled', ended_by = %(actor)s, ended_at = %(at)s
WHERE work_order_id = %(order_id)s AND state = 'agreed'
"""

ACCEPTED: Final[LiteralString] = """
SELECT coalesce(sum(amount_minor), 0)::bigint, coalesce(sum(minutes), 0)::bigint
FROM service_entry WHERE external_work_id = %(id)s
"""

INSERT_ENTRY: Final[LiteralString] = """
INSERT INTO service_entry (
    external_work_id, work_order_id, amount_minor, minutes, reverses_id, reason, actor, at
) VALUES (
    %(work_id)s, %(order_id)s, %(amount_minor)s, %(minutes)s, %(reverses_id)s, %(reason)s,
    %(actor)s, %(at)s
)
ON CONFLICT (reverses_id) DO NOTHING
RETURNING id
"""

ENTRY: Final[LiteralString] = """
SELECT id, external_work_id, work_order_id, amount_minor, minutes, reverses_id
FROM service_entry WHERE id = %(id)s
"""


@dataclass(frozen=True, slots=True)
class HeldContract:
    """A contract by which nobody else calls something off in this transaction."""

    id: int
    code: str
    vendor: str
    valid_from: date
    valid_to: date
    value_minor: int | None
    minutes: int | None
    rate_minor_per_hour: int
    response_minutes: int | None
    classes: tuple[str, ...]
    assets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrderOfWork:
    """An order whose state holds to the end of the transaction, and what it is about."""

    id: int
    number: str
    state: str
    asset: str
    asset_class: str


@dataclass(frozen=True, slots=True)
class HeldWork:
    """External work that nobody else changes in this transaction."""

    id: int
    work_order_id: int
    state: str
    agreed_minor: int
    agreed_minutes: int
    contract: str | None


async def hold_contract(connection: Connection, code: str) -> HeldContract | None:
    """A contract in force, held."""
    row = await fetch_dict(connection, HOLD_CONTRACT, {"code": code})
    if row is None:
        return None
    row |= {"classes": tuple(row["classes"]), "assets": tuple(row["assets"])}
    return HeldContract(**row)


async def called_off(
    connection: Connection, contract: HeldContract, *, except_work: int | None = None
) -> tuple[int, int]:
    """Minor units and minutes that are spent or held of a contract, some work left out."""
    given = {"contract_id": contract.id, "except_id": except_work}
    row = await fetch_one(connection, CALLED_OFF, given)
    return (int(row[0]), int(row[1])) if row else (0, 0)


async def hold_order(
    connection: Connection, *, number: str | None = None, order_id: int | None = None
) -> OrderOfWork | None:
    """An order by number or id; it keeps its state."""
    row = await fetch_dict(connection, HOLD_ORDER, {"number": number, "id": order_id})
    return OrderOfWork(**row) if row else None


async def insert_work(connection: Connection, given: Mapping[str, Any]) -> int | None:
    """Id of new work; None: there is no such vendor."""
    row = await fetch_one(connection, INSERT_WORK, given)
    return int(row[0]) if row else None


async def find_work(connection: Connection, work_id: int) -> HeldWork | None:
    """External work as it stands, not held."""
    row = await fetch_dict(connection, WORK, {"id": work_id})
    return HeldWork(**row) if row else None


async def hold_work(connection: Connection, work_id: int) -> HeldWork | None:
    """The same, held."""
    row = await fetch_dict(connection, HOLD_WORK, {"id": work_id})
    return HeldWork(**row) if row else None


async def end_work(connection: Connection, work_id: int, given: Mapping[str, Any]) -> None:
    """All of it is accepted, or it will not be done."""
    await connection.execute(END_WORK, {"id": work_id, **given})


async def cancel_of_order(connection: Connection, order_id: int, given: Mapping[str, Any]) -> None:
    """What was agreed for an order will not be done."""
    await connection.execute(CANCEL_OF_ORDER, {"order_id": order_id, **given})


async def accepted(connection: Connection, work_id: int) -> tuple[int, int]:
    """Minor units and minutes that were accepted."""
    row = await fetch_one(connection, ACCEPTED, {"id": work_id})
    return (int(row[0]), int(row[1])) if row else (0, 0)


async def insert_entry(connection: Connection, given: Mapping[str, Any]) -> int | None:
    """Id of a new entry; None: what it reverses was reversed before."""
    row = await fetch_one(connection, INSERT_ENTRY, given)
    return int(row[0]) if row else None


async def find_entry(connection: Connection, entry_id: int) -> dict[str, Any] | None:
    """An acceptance, which never changes."""
    return await fetch_dict(connection, ENTRY, {"id": entry_id})
