"""SQL writes of costs; transactions are the service's."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, LiteralString

from config.database import Connection, fetch_one

# The newest rate that holds on the day on which the work began.
LABOUR_TO_FREEZE: Final[LiteralString] = """
SELECT entry.id, entry.person, entry.minutes, rate.rate_minor, rate.currency
FROM labour_entry entry
LEFT JOIN LATERAL (
    SELECT r.rate_minor, r.currency FROM staff_rate r JOIN staff ON staff.id = r.staff_id
    WHERE staff.code = entry.person
      AND r.valid_from <= coalesce(entry.started_at, entry.entered_at)::date
    ORDER BY r.valid_from DESC LIMIT 1
) rate ON true
WHERE entry.work_order_id = %(order_id)s AND entry.minutes IS NOT NULL
  AND entry.reverses_id IS NULL AND entry.reversed_at IS NULL
ORDER BY entry.id
"""

INSERT_COST: Final[LiteralString] = """
INSERT INTO cost_entry (
    work_order_id, kind, amount_minor, source, description, actor, at
) VALUES (
    %(order_id)s, %(kind)s, %(amount_minor)s, %(source)s, %(description)s, %(actor)s, %(at)s
)
ON CONFLICT (source) DO NOTHING
RETURNING id
"""

REVERSE_LABOUR: Final[LiteralString] = """
INSERT INTO cost_entry (
    work_order_id, kind, amount_minor, reverses_id, description, actor, at
)
SELECT work_order_id, kind, -amount_minor, id, description, %(actor)s, %(at)s
FROM cost_entry entry
WHERE work_order_id = %(order_id)s AND kind = 'labour' AND reverses_id IS NULL
  AND NOT EXISTS (SELECT FROM cost_entry gone WHERE gone.reverses_id = entry.id)
ON CONFLICT (reverses_id) DO NOTHING
"""

# What was frozen and then corrected, between completion and closing.
REVERSE_WITHDRAWN: Final[LiteralString] = """
INSERT INTO cost_entry (
    work_order_id, kind, amount_minor, reverses_id, description, actor, at
)
SELECT cost.work_order_id, cost.kind, -cost.amount_minor, cost.id, cost.description, %(actor)s, %(at)s
FROM cost_entry cost
JOIN labour_entry entry ON entry.id = split_part(cost.source, '/', 2)::bigint
WHERE cost.work_order_id = %(order_id)s AND cost.kind = 'labour' AND cost.reverses_id IS NULL
  AND entry.reversed_at IS NOT NULL
ON CONFLICT (reverses_id) DO NOTHING
"""

REVERSE_COST: Final[LiteralString] = """
INSERT INTO cost_entry (
    work_order_id, kind, amount_minor, reverses_id, description, actor, at
)
SELECT work_order_id, kind, -amount_minor, id, %(reason)s, %(actor)s, %(at)s
FROM cost_entry WHERE id = %(id)s AND kind = 'other' AND reverses_id IS NULL
ON CONFLICT (reverses_id) DO NOTHING
RETURNING id
"""

HOLD_ORDER: Final[LiteralString] = """
SELECT id, state FROM work_order WHERE number = %(number)s FOR SHARE
"""

SET_REPLACEMENT: Final[LiteralString] = """
INSERT INTO replacement_value (asset_id, amount_minor, set_by, set_at)
SELECT id, %(amount_minor)s, %(actor)s, %(at)s FROM asset WHERE tag = %(asset)s
ON CONFLICT (asset_id) DO UPDATE
SET amount_minor = excluded.amount_minor, set_by = excluded.set_by, set_at = excluded.set_at
RETURNING asset_id
"""


async def labour_to_freeze(
    connection: Connection, order_id: int
) -> list[tuple[int, str, int, int | None, str | None]]:
    """Entry's id, person, minutes, rate in minor units per hour and its currency, if known."""
    cursor = await connection.execute(LABOUR_TO_FREEZE, {"order_id": order_id})
    return [(row[0], row[1], row[2], row[3], row[4]) for row in await cursor.fetchall()]


async def insert_cost(connection: Connection, given: Mapping[str, Any]) -> int | None:
    """Id of a new entry; None: its source was booked before."""
    row = await fetch_one(connection, INSERT_COST, given)
    return int(row[0]) if row else None


async def reverse_labour(
    connection: Connection, order_id: int, *, actor: str, at: datetime
) -> None:
    """Take all frozen labour of an order back that was not taken back yet."""
    await connection.execute(REVERSE_LABOUR, {"order_id": order_id, "actor": actor, "at": at})


async def reverse_withdrawn(
    connection: Connection, order_id: int, *, actor: str, at: datetime
) -> None:
    """Take frozen labour back whose entry was taken back since."""
    await connection.execute(REVERSE_WITHDRAWN, {"order_id": order_id, "actor": actor, "at": at})


async def reverse_cost(connection: Connection, given: Mapping[str, Any]) -> int | None:
    """Take a cost back that a person booked; None: there is none, or it was taken back."""
    row = await fetch_one(connection, REVERSE_COST, given)
    return int(row[0]) if row else None


async def hold_order(connection: Connection, number: str) -> tuple[int, str] | None:
    """Id and state of an order, which keeps its state."""
    row = await fetch_one(connection, HOLD_ORDER, {"number": number})
    return (int(row[0]), str(row[1])) if row else None


async def set_replacement(connection: Connection, given: Mapping[str, Any]) -> bool:
    """Write what a like asset would cost today; False: there is no such asset."""
    return await fetch_one(connection, SET_REPLACEMENT, given) is not None
