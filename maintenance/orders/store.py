"""SQL writes of work orders, and the locks under them; transactions are the service's.

Every change of an order is one UPDATE that raises its version, followed by `record`, which writes
its row of the audit trail, its row of the outbox, and notifies `work_order`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, Final, LiteralString

from psycopg.rows import TupleRow, dict_row
from psycopg.types.json import Jsonb

from config.database import Connection
from maintenance.orders.edit import EDITABLE
from maintenance.orders.queries import (
    LINK_OF_EVENT,
    ORDER_BY_NUMBER,
    ORDER_OF_PROBLEM,
    ORDERS,
    order_of_row,
)
from maintenance.orders.work_order import OrderType, Origin, State, WorkOrder
from maintenance.register.asset import AssetFacts

HOLD_ASSET: Final[LiteralString] = """
SELECT id, tag, name, criticality, retired_at IS NOT NULL FROM asset WHERE tag = %(tag)s FOR SHARE
"""

HOLD_ORDER_OF_PROBLEM: Final[LiteralString] = ORDER_OF_PROBLEM + " FOR UPDATE OF o"

HOLD_ORDER: Final[LiteralString] = ORDER_BY_NUMBER + " FOR UPDATE OF o"

# Shared: others may look at it and add parts to it, but it does not change meanwhile.
SHARE_ORDER: Final[LiteralString] = """
SELECT id, number, state FROM work_order WHERE number = %(number)s FOR SHARE
"""

HOLD_ORDERS: Final[LiteralString] = """
SELECT id FROM work_order WHERE number = ANY (%(numbers)s) ORDER BY number FOR UPDATE
"""

HOLD_ORDER_OF_EVENT: Final[LiteralString] = ORDERS + " WHERE o.id = %(order_id)s FOR UPDATE OF o"

INSERT_ORDER: Final[LiteralString] = """
INSERT INTO work_order (
    asset_id, site_id, type, origin, title, description, failure_mode, job_plan, priority,
    priority_reason, severity, problem, evidence, parent_id, follows_id, planned_start,
    planned_finish, due_at, estimated_minutes, craft, team, failed_at, origin_key, created_by,
    created_at, updated_at
)
SELECT asset.id, asset.site_id, %(type)s, %(origin)s, %(title)s, %(description)s,
       %(failure_mode)s, %(job_plan)s, %(priority)s, %(priority_reason)s, %(severity)s,
       %(problem)s, %(evidence)s, %(parent_id)s, %(follows_id)s, %(planned_start)s,
       %(planned_finish)s, %(due_at)s, %(estimated_minutes)s, %(craft)s, %(team)s, %(failed_at)s,
       %(origin_key)s, %(created_by)s, %(at)s, %(at)s
FROM asset WHERE asset.id = %(asset_id)s
ON CONFLICT DO NOTHING
RETURNING id, number
"""

# A start is the first one; coming back takes the end of the work back.
CHANGE_STATE: Final[LiteralString] = """
UPDATE work_order
SET state = %(target)s, version = version + 1, updated_at = %(at)s,
    resolution = coalesce(%(resolution)s, resolution),
    planned_start = coalesce(%(planned_start)s, planned_start),
    planned_finish = coalesce(%(planned_finish)s, planned_finish),
    hold_reason = %(hold_reason)s,
    held_at = CASE %(target)s WHEN 'on_hold' THEN %(at)s::timestamptz END,
    approved_at = CASE %(target)s WHEN 'approved' THEN %(at)s ELSE approved_at END,
    scheduled_at = CASE %(target)s WHEN 'scheduled' THEN %(at)s ELSE scheduled_at END,
    started_at = CASE %(target)s WHEN 'in_progress' THEN coalesce(started_at, %(at)s)
                 ELSE started_at END,
    finished_at = CASE %(target)s WHEN 'completed' THEN coalesce(%(finished_at)s, %(at)s)
                  WHEN 'in_progress' THEN NULL ELSE finished_at END,
    completed_at = CASE %(target)s WHEN 'completed' THEN %(at)s WHEN 'in_progress' THEN NULL
                   ELSE completed_at END,
    completed_by = CASE %(target)s WHEN 'completed' THEN %(actor)s WHEN 'in_progress' THEN NULL
                   ELSE completed_by END,
    closed_at = CASE %(target)s WHEN 'closed' THEN %(at)s WHEN 'in_progress' THEN NULL
                ELSE closed_at END,
    cancelled_at = CASE %(target)s WHEN 'cancelled' THEN %(at)s ELSE cancelled_at END,
    reopened = reopened + (%(source)s IN ('completed', 'closed')
                           AND %(target)s = 'in_progress')::integer
WHERE id = %(id)s AND version = %(version)s AND state = %(source)s
RETURNING version
"""

EDIT: Final[LiteralString] = """
UPDATE work_order
SET title = %(title)s, description = %(description)s, type = %(type)s, priority = %(priority)s,
    priority_reason = %(priority_reason)s, planned_start = %(planned_start)s,
    planned_finish = %(planned_finish)s, due_at = %(due_at)s,
    estimated_minutes = %(estimated_minutes)s, craft = %(craft)s, team = %(team)s,
    failed_at = %(failed_at)s, restored_at = %(restored_at)s,
    version = version + 1, updated_at = %(at)s
WHERE id = %(id)s AND version = %(version)s AND state = %(state)s
RETURNING version
"""

SET_PARENT: Final[LiteralString] = """
UPDATE work_order SET parent_id = %(parent_id)s, version = version + 1, updated_at = %(at)s
WHERE id = %(id)s AND version = %(version)s AND state = %(source)s
RETURNING version
"""

# "fami": families change one at a time, so that two changes cannot close a ring between them.
LOCK_FAMILIES: Final[LiteralString] = "SELECT pg_advisory_xact_lock(1717660009)"

ASSIGN: Final[LiteralString] = """
UPDATE work_order SET assignee = %(assignee)s, version = version + 1, updated_at = %(at)s
WHERE id = %(id)s AND version = %(version)s AND state = %(source)s
RETURNING version
"""

SET_URGENCY: Final[LiteralString] = """
UPDATE work_order
SET priority = %(priority)s, priority_reason = %(priority_reason)s,
    severity = greatest(severity, %(severity)s),
    version = version + 1, updated_at = %(at)s
WHERE id = %(id)s
RETURNING version
"""

TOUCH: Final[LiteralString] = """
UPDATE work_order SET version = version + 1, updated_at = %(at)s
WHERE id = %(id)s
RETURNING version
"""

RECORD: Final[LiteralString] = """
WITH change AS (
    INSERT INTO work_order_change (
        work_order_id, version, action, from_state, to_state, actor, reason, details,
        condition_outbox_id, at
    ) VALUES (
        %(order_id)s, %(version)s, %(action)s, %(from_state)s, %(to_state)s, %(actor)s, %(reason)s,
        %(details)s, %(condition_outbox_id)s, %(at)s
    )
    RETURNING *
), told AS (
    INSERT INTO outbox (topic, payload)
    SELECT 'work_order.' || action, jsonb_build_object(
        'id', work_order_id, 'number', %(number)s::text, 'version', version, 'action', action,
        'from_state', from_state, 'to_state', to_state, 'actor', actor, 'reason', reason,
        'details', details, 'at', at
    )
    FROM change
)
SELECT pg_notify('work_order', work_order_id::text) FROM change
"""

TELL_UNPREPARED: Final[LiteralString] = """
INSERT INTO outbox (topic, payload)
VALUES ('work_order.unprepared', jsonb_build_object(
    'id', %(id)s::bigint, 'number', %(number)s::text, 'preparer', %(preparer)s::text,
    'reason', %(reason)s::text
))
"""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """What a new order is made of; `parent_id` and `follows_id` are ids of orders.

    `origin_key` names what may lead to one order only, such as `step:17`.
    """

    asset_id: int
    type: OrderType
    origin: Origin
    title: str
    description: str
    failure_mode: str | None
    job_plan: str | None
    priority: int
    priority_reason: str
    severity: int | None
    problem: str | None
    evidence: dict[str, Any] | None
    created_by: str
    parent_id: int | None = None
    follows_id: int | None = None
    planned_start: datetime | None = None
    planned_finish: datetime | None = None
    due_at: datetime | None = None
    estimated_minutes: int | None = None
    craft: str | None = None
    team: str | None = None
    failed_at: datetime | None = None
    origin_key: str | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """Where an order goes and what is written with it; None leaves what is there."""

    target: State
    actor: str
    at: datetime
    resolution: str | None = None
    hold_reason: str | None = None
    planned_start: datetime | None = None
    planned_finish: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Urgency:
    """How urgent an order becomes, why, and the severity (1 to 4) behind it."""

    priority: int
    priority_reason: str
    severity: int


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the audit trail, and of what others are told."""

    order_id: int
    number: str
    version: int
    action: str
    from_state: State | None
    to_state: State
    actor: str
    at: datetime
    reason: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    condition_outbox_id: int | None = None


async def hold_asset(connection: Connection, tag: str) -> tuple[int, AssetFacts] | None:
    """Id and facts of an asset, which stays as it is to the end of the transaction."""
    row = await _row(connection, HOLD_ASSET, {"tag": tag})
    return (row[0], AssetFacts(*row[1:])) if row else None


async def hold_orders(connection: Connection, numbers: Sequence[str]) -> list[int]:
    """Hold several orders, by number; ids of those that there are."""
    cursor = await connection.execute(HOLD_ORDERS, {"numbers": list(numbers)})
    return [row[0] for row in await cursor.fetchall()]


async def hold_order(connection: Connection, number: str) -> WorkOrder | None:
    """The order of that number; nobody else changes it in the transaction."""
    return await _hold(connection, HOLD_ORDER, {"number": number})


async def share_order(connection: Connection, number: str) -> tuple[int, State] | None:
    """Id and state of an order, which does not change to the end of the transaction."""
    row = await _row(connection, SHARE_ORDER, {"number": number})
    return (row[0], State(row[2])) if row else None


async def hold_order_of_problem(connection: Connection, problem: str) -> WorkOrder | None:
    """The problem's open order, else its newest; nobody else changes it in the transaction."""
    return await _hold(connection, HOLD_ORDER_OF_PROBLEM, {"problem": problem})


async def hold_order_of_event(
    connection: Connection, event_id: int
) -> tuple[WorkOrder, str] | None:
    """The order that an event belongs to, held, and the event's relation to it."""
    link = await _row(connection, LINK_OF_EVENT, {"event_id": event_id})
    if link is None:
        return None
    order = await _hold(connection, HOLD_ORDER_OF_EVENT, {"order_id": link[0]})
    return (order, link[1]) if order else None


async def insert_order(
    connection: Connection, order: OrderRow, *, at: datetime
) -> tuple[int, str] | None:
    """Id and number of the new draft order.

    None if its problem has an open one, or if there is an order of its `origin_key`.
    """
    given = {each.name: getattr(order, each.name) for each in fields(order)}
    given |= {"evidence": None if order.evidence is None else Jsonb(order.evidence), "at": at}
    row = await _row(connection, INSERT_ORDER, given)
    return (row[0], row[1]) if row else None


async def change_state(connection: Connection, order: WorkOrder, move: Move) -> int | None:
    """Move the order on if it still is what the caller read; its new version, else None."""
    given = {each.name: getattr(move, each.name) for each in fields(move)}
    given |= {"id": order.id, "version": order.version, "source": order.state.value}
    return await _version(connection, CHANGE_STATE, given | {"target": move.target.value})


async def assign(
    connection: Connection, order: WorkOrder, assignee: str | None, *, at: datetime
) -> int | None:
    """Give the order to someone if it still is what the caller read; its version, else None."""
    given = {
        "id": order.id,
        "version": order.version,
        "source": order.state.value,
        "assignee": assignee,
        "at": at,
    }
    return await _version(connection, ASSIGN, given)


async def edit(connection: Connection, after: WorkOrder, *, at: datetime) -> int | None:
    """Write what may be edited of an order if it still is what was read; its version, else None."""
    given = {name: getattr(after, name) for name in (*EDITABLE, "priority_reason")}
    given |= {"id": after.id, "version": after.version, "state": after.state.value, "at": at}
    return await _version(connection, EDIT, given)


async def set_parent(
    connection: Connection, order: WorkOrder, parent_id: int | None, *, at: datetime
) -> int | None:
    """Make it a part of larger work if it still is what was read; its version, else None."""
    given = {
        "id": order.id,
        "version": order.version,
        "source": order.state.value,
        "parent_id": parent_id,
        "at": at,
    }
    return await _version(connection, SET_PARENT, given)


async def lock_families(connection: Connection) -> None:
    """Keep others from changing what is a part of what, to the end of the transaction."""
    await connection.execute(LOCK_FAMILIES)


async def set_urgency(
    connection: Connection, order: WorkOrder, urgency: Urgency, *, at: datetime
) -> int:
    """Write priority and severity of a held order; its new version."""
    given = {**asdict(urgency), "id": order.id, "at": at}
    return await _held_version(connection, SET_URGENCY, given)


async def touch(connection: Connection, order: WorkOrder, *, at: datetime) -> int:
    """Raise the version of a held order where only its audit trail grows; gives the new one."""
    return await _held_version(connection, TOUCH, {"id": order.id, "at": at})


async def record(connection: Connection, change: Record) -> None:
    """Write the audit row and the outbox row of a change, and wake who waits for it."""
    given = {
        "order_id": change.order_id,
        "number": change.number,
        "version": change.version,
        "action": change.action,
        "from_state": change.from_state.value if change.from_state else None,
        "to_state": change.to_state.value,
        "actor": change.actor,
        "reason": change.reason,
        "details": Jsonb(change.details),
        "condition_outbox_id": change.condition_outbox_id,
        "at": change.at,
    }
    await connection.execute(RECORD, given)


async def tell_unprepared(
    connection: Connection, order: WorkOrder, *, preparer: str, reason: str
) -> None:
    """Put before people what a new order goes without."""
    given = {"id": order.id, "number": order.number, "preparer": preparer, "reason": reason}
    await connection.execute(TELL_UNPREPARED, given)


async def _hold(
    connection: Connection, sql: LiteralString, given: Mapping[str, Any]
) -> WorkOrder | None:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(sql, given)
        row = await cursor.fetchone()
    return order_of_row(row) if row else None


async def _row(
    connection: Connection, sql: LiteralString, given: Mapping[str, Any]
) -> TupleRow | None:
    cursor = await connection.execute(sql, given)
    return await cursor.fetchone()


async def _version(
    connection: Connection, sql: LiteralString, given: Mapping[str, Any]
) -> int | None:
    row = await _row(connection, sql, given)
    return int(row[0]) if row else None


async def _held_version(
    connection: Connection, sql: LiteralString, given: Mapping[str, Any]
) -> int:
    version = await _version(connection, sql, given)
    assert version is not None, "a held order is there"  # noqa: S101 - its lock says so
    return version
