"""SQL of release: locks, what is pending of an asset, its open orders and nested work."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

from config.database import Connection, fetch_dicts, fetch_one
from maintenance.plans.file import PlanShape
from maintenance.plans.plan import Nesting, OpenOrderPolicy, Work
from maintenance.plans.release import Neighbour, OpenOrder, Pending, Situation

# "plan": the space of the advisory locks that keep the release of one asset to one process.
_LOCK_SPACE = 0x706C616E

DUE_ASSETS: Final[LiteralString] = """
SELECT DISTINCT asset_id FROM plan_occurrence
WHERE decided_at IS NULL AND release_at <= %(now)s
ORDER BY asset_id
"""

TRY_LOCK_ASSET: Final[LiteralString] = """
SELECT pg_try_advisory_xact_lock(%(space)s::integer, %(asset)s::integer)
"""

LOCK_ASSET: Final[LiteralString] = """
SELECT pg_advisory_xact_lock(%(space)s::integer, %(asset)s::integer)
"""

PENDING: Final[LiteralString] = """
SELECT o.id, o.plan_id, o.asset_id, asset.tag AS asset, o.slot_key, o.state, o.reason, o.due_at,
       o.due_because, p.code, p.name, p.definition
FROM plan_occurrence o
JOIN maintenance_plan p ON p.id = o.plan_id AND p.retired_at IS NULL
JOIN asset ON asset.id = o.asset_id
WHERE o.asset_id = %(asset)s AND o.decided_at IS NULL AND o.due_at IS NOT NULL
  AND o.release_at <= %(now)s
ORDER BY o.due_at, o.id
FOR UPDATE OF o
"""

ONE_PENDING: Final[LiteralString] = """
SELECT o.id, o.plan_id, o.asset_id, asset.tag AS asset, o.slot_key, o.state, o.reason,
       coalesce(o.due_at, %(now)s) AS due_at, o.due_because, p.code, p.name, p.definition
FROM plan_occurrence o
JOIN maintenance_plan p ON p.id = o.plan_id
JOIN asset ON asset.id = o.asset_id
WHERE o.id = %(id)s
"""

FACTS: Final[LiteralString] = """
SELECT asset.retired_at IS NOT NULL AS retired,
       ARRAY(SELECT p.id FROM maintenance_plan p JOIN plan_asset m ON m.plan_id = p.id
             WHERE m.asset_id = asset.id AND p.paused_at IS NOT NULL) AS paused
FROM asset WHERE asset.id = %(asset)s
"""

OPEN_ORDERS: Final[LiteralString] = """
SELECT o.plan_id, w.id, w.number, min(o.id),
       w.started_at IS NOT NULL OR w.state IN ('in_progress', 'on_hold')
FROM plan_occurrence o JOIN work_order w ON w.id = o.work_order_id
WHERE o.asset_id = %(asset)s AND o.state IN ('released', 'done')
  AND w.state NOT IN ('completed', 'closed', 'cancelled')
GROUP BY o.plan_id, w.id
ORDER BY w.id
"""

NEIGHBOURS: Final[LiteralString] = """
SELECT o.id, p.code, o.due_at, p.nest, p.rank, p.within_min
FROM plan_occurrence o
JOIN maintenance_plan p ON p.id = o.plan_id AND p.nest IS NOT NULL AND p.retired_at IS NULL
WHERE o.asset_id = %(asset)s AND o.state IN ('forecast', 'released', 'done')
  AND o.due_at IS NOT NULL AND (p.paused_at IS NULL OR o.state <> 'forecast')
  AND o.due_at >= coalesce((
      SELECT min(lesser.due_at) FROM plan_occurrence lesser
      WHERE lesser.asset_id = %(asset)s AND lesser.decided_at IS NULL
  ), 'infinity') - coalesce((
      SELECT max(within_min) FROM maintenance_plan WHERE nest IS NOT NULL
  ), 0) * interval '1 minute'
"""

MISS_OCCURRENCES: Final[LiteralString] = """
UPDATE plan_occurrence SET state = 'missed', reason = %(reason)s, decided_at = %(at)s
WHERE work_order_id = %(order_id)s AND state = 'released'
"""


@dataclass(frozen=True, slots=True)
class PendingRow:
    """An occurrence that is held, and what its order is made of."""

    pending: Pending
    asset_id: int
    asset: str
    slot_key: str
    reason: str
    because: str
    plan_name: str
    work: Work


async def due_assets(connection: Connection, now: datetime) -> list[int]:
    """The assets with something that may be released by now."""
    cursor = await connection.execute(DUE_ASSETS, {"now": now})
    return [asset_id for (asset_id,) in await cursor.fetchall()]


async def try_lock_asset(connection: Connection, asset_id: int) -> bool:
    """Keep the release of an asset to this transaction; False: another one has it."""
    row = await fetch_one(connection, TRY_LOCK_ASSET, {"space": _LOCK_SPACE, "asset": asset_id})
    return bool(row and row[0])


async def lock_asset(connection: Connection, asset_id: int) -> None:
    """The same, waiting for its turn."""
    await connection.execute(LOCK_ASSET, {"space": _LOCK_SPACE, "asset": asset_id})


async def pending(connection: Connection, asset_id: int, now: datetime) -> list[PendingRow]:
    """What may be released of an asset by now, held to the end of the transaction."""
    rows = await fetch_dicts(connection, PENDING, {"asset": asset_id, "now": now})
    return [_pending(row) for row in rows]


async def one_pending(connection: Connection, number: int, now: datetime) -> PendingRow:
    """An occurrence that the caller holds, whenever it is due."""
    rows = await fetch_dicts(connection, ONE_PENDING, {"id": number, "now": now})
    return _pending(rows[0])


async def situation(connection: Connection, asset_id: int) -> Situation:
    """What else decides about an asset's work."""
    facts = await fetch_dicts(connection, FACTS, {"asset": asset_id})
    cursor = await connection.execute(OPEN_ORDERS, {"asset": asset_id})
    orders = [OpenOrder(*row) for row in await cursor.fetchall()]
    cursor = await connection.execute(NEIGHBOURS, {"asset": asset_id})
    neighbours = [
        Neighbour(number, code, due_at, Nesting(group, rank, within))
        for number, code, due_at, group, rank, within in await cursor.fetchall()
    ]
    return Situation(
        orders=orders,
        neighbours=neighbours,
        paused=frozenset(facts[0]["paused"]),
        retired=facts[0]["retired"],
    )


async def miss_occurrences(
    connection: Connection, order_id: int, *, reason: str, at: datetime
) -> None:
    """Note that what an order was for was not done."""
    given = {"order_id": order_id, "reason": reason, "at": at}
    await connection.execute(MISS_OCCURRENCES, given)


def _pending(row: Mapping[str, Any]) -> PendingRow:
    plan = PlanShape.model_validate(row["definition"]).plan()
    pending_one = Pending(
        id=row["id"],
        plan_id=row["plan_id"],
        code=row["code"],
        due_at=row["due_at"],
        policy=OpenOrderPolicy(plan.open_order_policy),
        nesting=plan.nesting,
        left_out=row["reason"] if row["state"] == "skipped" else "",
    )
    return PendingRow(
        pending_one,
        row["asset_id"],
        row["asset"],
        row["slot_key"],
        row["reason"] if row["state"] == "forecast" else "",
        row["due_because"],
        row["name"],
        plan.work,
    )
