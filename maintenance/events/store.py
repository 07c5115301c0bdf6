"""SQL of the conditions' outbox: locks, waiting changes, marks, and links of events to orders."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

from config.database import Connection, fetch_dict, fetch_dicts
from maintenance.orders.queries import ORDERS, order_of_row
from maintenance.orders.work_order import WorkOrder

# "work": the space of the advisory locks that keep the changes of one asset in order.
_LOCK_SPACE = 0x776F726B

# An asset is held by one worker at a time, to the end of its transaction. FOR UPDATE SKIP LOCKED on
# the rows alone would let a second worker handle a later change of an event before an earlier one.
# Trying never waits, so that workers cannot block one another.
LOCK_WAITING_ASSETS: Final[LiteralString] = """
WITH waiting AS MATERIALIZED (
    SELECT e.asset_id
    FROM condition_outbox o JOIN condition_event e ON e.id = o.event_id
    WHERE o.handled_at IS NULL
    ORDER BY o.id
    LIMIT %(limit)s
), waiting_asset AS MATERIALIZED (SELECT DISTINCT asset_id FROM waiting)
SELECT asset_id FROM waiting_asset
WHERE pg_try_advisory_xact_lock(%(space)s::integer, asset_id)
"""

# A statement of its own after the lock: it sees what the asset's last holder committed.
WAITING_CHANGES: Final[LiteralString] = """
WITH waiting AS MATERIALIZED (
    SELECT id, event_id, kind, severity, at, value
    FROM condition_outbox
    WHERE handled_at IS NULL
    ORDER BY id
    LIMIT %(limit)s
)
SELECT o.id AS change_id, o.kind AS change_kind, o.severity AS change_severity,
       o.at AS change_at, o.value AS change_value,
       e.id, e.key, e.rule, e.asset_id, asset.tag AS asset, e.failure_mode, e.state, e.severity,
       e.peak_severity, e.message, e.onset, e.raised_at, e.changed_at, e.cleared_at, e.value,
       e.work_order, e.evidence, e.acknowledged_at, e.acknowledged_by,
       asset.name AS asset_name, asset.criticality, asset.retired_at IS NOT NULL AS asset_retired,
       EXISTS (
           SELECT FROM work_order_change c WHERE c.condition_outbox_id = o.id
       ) AS acted_upon
FROM waiting o
JOIN condition_event e ON e.id = o.event_id
JOIN asset ON asset.id = e.asset_id
WHERE e.asset_id = ANY (%(asset_ids)s)
ORDER BY o.id
"""

# Events that still hold, noted on work that has ended or stands still: nobody sees to them.
LEFT_BY_WORK: Final[LiteralString] = """
SELECT NULL::bigint AS change_id, 'raised' AS change_kind, e.severity AS change_severity,
       e.changed_at AS change_at, e.value AS change_value,
       e.id, e.key, e.rule, e.asset_id, asset.tag AS asset, e.failure_mode, e.state, e.severity,
       e.peak_severity, e.message, e.onset, e.raised_at, e.changed_at, e.cleared_at, e.value,
       e.work_order, e.evidence, e.acknowledged_at, e.acknowledged_by,
       asset.name AS asset_name, asset.criticality, asset.retired_at IS NOT NULL AS asset_retired
FROM work_order_event link
JOIN work_order o ON o.id = link.work_order_id
JOIN condition_event e ON e.id = link.event_id
JOIN asset ON asset.id = e.asset_id
WHERE link.relation = 'suppressed' AND o.state <> 'in_progress' AND e.state = 'active'
  AND pg_try_advisory_xact_lock(%(space)s::integer, e.asset_id)
ORDER BY link.event_id
LIMIT %(limit)s
FOR UPDATE OF link SKIP LOCKED
"""

MARK_HANDLED: Final[LiteralString] = """
UPDATE condition_outbox SET handled_at = %(at)s WHERE id = ANY (%(ids)s) AND handled_at IS NULL
"""

# People are at the asset: the newest order in progress there.
HOLD_ORDER_UNDER_WAY: Final[LiteralString] = (
    ORDERS
    + " WHERE o.asset_id = %(asset_id)s AND o.state = 'in_progress'"
    + " ORDER BY o.id DESC LIMIT 1 FOR UPDATE OF o"
)

# An event that got worse after its order was finished moves on to the new one.
LINK_EVENT: Final[LiteralString] = """
INSERT INTO work_order_event (event_id, work_order_id, relation, reason, at)
VALUES (%(event_id)s, %(order_id)s, %(relation)s, %(reason)s, %(at)s)
ON CONFLICT (event_id) DO UPDATE
SET work_order_id = excluded.work_order_id, relation = excluded.relation,
    reason = excluded.reason, at = excluded.at
"""

# A change of a condition that cannot be acted upon is put before people, and blocks nothing.
TELL_REFUSED: Final[LiteralString] = """
INSERT INTO outbox (topic, payload)
SELECT 'condition_change.refused', jsonb_build_object(
    'condition_outbox_id', o.id, 'event_id', o.event_id, 'kind', o.kind,
    'reason', %(reason)s::text
)
FROM condition_outbox o WHERE o.id = %(id)s
"""


@dataclass(frozen=True, slots=True)
class Link:
    """What an event did to an order: `relation` is raised, attached, reopened, cooled_down or
    suppressed."""

    event_id: int
    order_id: int
    relation: str
    reason: str


async def lock_waiting_assets(connection: Connection, *, limit: int) -> list[int]:
    """Lock the assets of the first `limit` waiting changes that no other worker holds.

    The locks end with the transaction.
    """
    given = {"limit": limit, "space": _LOCK_SPACE}
    cursor = await connection.execute(LOCK_WAITING_ASSETS, given)
    return [asset_id for (asset_id,) in await cursor.fetchall()]


async def hold_order_under_way(connection: Connection, asset_id: int) -> WorkOrder | None:
    """The order that people work on at an asset; nobody else changes it in the transaction."""
    row = await fetch_dict(connection, HOLD_ORDER_UNDER_WAY, {"asset_id": asset_id})
    return order_of_row(row) if row else None


async def waiting_changes(
    connection: Connection, asset_ids: Sequence[int], *, limit: int
) -> list[dict[str, Any]]:
    """Rows of those of the first `limit` waiting changes that belong to the assets, in order."""
    return await fetch_dicts(
        connection, WAITING_CHANGES, {"asset_ids": list(asset_ids), "limit": limit}
    )


async def left_by_work(connection: Connection, *, limit: int) -> list[dict[str, Any]]:
    """Rows of events that work left behind, as `waiting_changes` gives them; their assets locked."""
    return await fetch_dicts(connection, LEFT_BY_WORK, {"space": _LOCK_SPACE, "limit": limit})


async def mark_handled(connection: Connection, ids: Sequence[int], *, at: datetime) -> None:
    """Note that these changes have been acted upon."""
    await connection.execute(MARK_HANDLED, {"ids": list(ids), "at": at})


async def tell_refused(connection: Connection, change_id: int, *, reason: str) -> None:
    """Put a change that could not be acted upon before people."""
    await connection.execute(TELL_REFUSED, {"id": change_id, "reason": reason})


async def link_event(connection: Connection, link: Link, *, at: datetime) -> None:
    """Say what an event did to an order."""
    await connection.execute(LINK_EVENT, {**asdict(link), "at": at})
