"""Reads of maintenance: work orders, what changed them, and the condition events behind them.

Lists of orders are in `list_query`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

from psycopg.rows import dict_row

from conditions.event import ConditionEvent, EventState, Recurrence, Severity, WorkOrderRequest
from config.database import Connection
from maintenance.errors import NotFound
from maintenance.orders.work_order import OrderType, Origin, State, WorkOrder

Row = Mapping[str, Any]

ORDERS: Final[LiteralString] = """
SELECT o.id, o.number, o.asset_id, asset.tag AS asset, asset.name AS asset_name,
       asset.retired_at IS NOT NULL AS asset_retired, site.code AS site,
       o.type, o.origin, o.title, o.description, o.failure_mode, o.job_plan,
       o.priority, o.priority_reason, o.severity, o.state, o.version, o.problem,
       o.assignee, o.resolution, parent.number AS parent, follows.number AS follows,
       o.planned_start, o.planned_finish, o.due_at, o.estimated_minutes, o.craft, o.team,
       o.hold_reason, o.held_at, o.failed_at, o.restored_at, o.reopened, o.created_by, o.created_at,
       o.updated_at, o.approved_at, o.scheduled_at, o.started_at, o.finished_at, o.completed_at,
       o.completed_by, o.closed_at, o.cancelled_at
FROM work_order o
JOIN asset ON asset.id = o.asset_id
JOIN site ON site.id = o.site_id
LEFT JOIN work_order parent ON parent.id = o.parent_id
LEFT JOIN work_order follows ON follows.id = o.follows_id
"""

ORDER_BY_NUMBER: Final[LiteralString] = ORDERS + " WHERE o.number = %(number)s"

# Both rows are held, so that what guards read stays true until the change: no timer starts, no part
# is added, no asset retires in between.
ORDER_FOR_CHANGE: Final[LiteralString] = ORDER_BY_NUMBER + " FOR UPDATE OF o FOR SHARE OF asset"

ORDER_BY_ID: Final[LiteralString] = ORDERS + " WHERE o.id = %(id)s"

ORDER_OF_ORIGIN: Final[LiteralString] = ORDERS + " WHERE o.origin_key = %(origin_key)s"

# The open one if there is one, else the newest.
ORDER_OF_PROBLEM: Final[LiteralString] = (
    ORDERS
    + """
WHERE o.problem = %(problem)s
ORDER BY o.state NOT IN ('completed', 'closed', 'cancelled') DESC, o.id DESC
LIMIT 1
"""
)

EVIDENCE_OF_ORDER: Final[LiteralString] = "SELECT evidence FROM work_order WHERE id = %(id)s"

CHANGES_OF_ORDER: Final[LiteralString] = """
SELECT version, action, from_state, to_state, actor, reason, details, at
FROM work_order_change WHERE work_order_id = %(id)s ORDER BY version
"""

EVENTS_OF_ORDER: Final[LiteralString] = """
SELECT e.id, e.key, e.rule, e.asset_id, asset.tag AS asset, e.failure_mode, e.state, e.severity,
       e.peak_severity, e.message, e.onset, e.raised_at, e.changed_at, e.cleared_at, e.value,
       e.work_order, e.evidence, e.acknowledged_at, e.acknowledged_by,
       link.relation, link.reason, link.at
FROM work_order_event link
JOIN condition_event e ON e.id = link.event_id
JOIN asset ON asset.id = e.asset_id
WHERE link.work_order_id = %(id)s
ORDER BY e.id
"""

LINK_OF_EVENT: Final[LiteralString] = """
SELECT work_order_id, relation, reason, at FROM work_order_event WHERE event_id = %(event_id)s
"""

COUNT_BY_STATE: Final[LiteralString] = "SELECT state, count(*) FROM work_order GROUP BY state"

COUNT_WAITING: Final[LiteralString] = (
    "SELECT count(*) FROM condition_outbox WHERE handled_at IS NULL"
)


@dataclass(frozen=True, slots=True)
class OrderChange:
    """One row of the audit trail: what made `version` of an order."""

    version: int
    action: str
    from_state: State | None
    to_state: State
    actor: str
    reason: str
    details: dict[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class LinkedEvent:
    """A condition event and what it did to the order: `raised`, `attached` or `cooled_down`."""

    event: ConditionEvent
    relation: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LinkedOrder:
    """A work order and what an event did to it: `raised`, `attached` or `cooled_down`."""

    order: WorkOrder
    relation: str
    reason: str
    at: datetime


async def get_order(connection: Connection, number: str) -> WorkOrder:
    """The order of that number. Raises `NotFound`."""
    return await _one_order(connection, ORDER_BY_NUMBER, number)


async def get_order_for_change(connection: Connection, number: str) -> WorkOrder:
    """The order of that number, held with its asset as it is for this transaction.

    Raises `NotFound`.
    """
    return await _one_order(connection, ORDER_FOR_CHANGE, number)


async def order_by_id(connection: Connection, order_id: int) -> WorkOrder | None:
    """The order of that id, the one that NOTIFY `work_order` speaks of."""
    return await _maybe_order(connection, ORDER_BY_ID, {"id": order_id})


async def order_of_origin(connection: Connection, origin_key: str) -> WorkOrder | None:
    """The order that something led to, such as `step:17`."""
    return await _maybe_order(connection, ORDER_OF_ORIGIN, {"origin_key": origin_key})


async def order_of_problem(connection: Connection, problem: str) -> WorkOrder | None:
    """The order that is open about a problem, else the newest one that was."""
    return await _maybe_order(connection, ORDER_OF_PROBLEM, {"problem": problem})


async def evidence_of(connection: Connection, order: WorkOrder) -> dict[str, Any] | None:
    """What the order was raised on (`maintenance.events.evidence` reads it); None for a person's order."""
    rows = await _rows(connection, EVIDENCE_OF_ORDER, {"id": order.id})
    evidence: dict[str, Any] | None = rows[0]["evidence"] if rows else None
    return evidence


async def changes_of(connection: Connection, order: WorkOrder) -> list[OrderChange]:
    """The order's audit trail, oldest first: as many rows as it has versions."""
    rows = await _rows(connection, CHANGES_OF_ORDER, {"id": order.id})
    return [
        OrderChange(
            **{
                **row,
                "from_state": State(row["from_state"]) if row["from_state"] else None,
                "to_state": State(row["to_state"]),
            }
        )
        for row in rows
    ]


async def events_of(connection: Connection, order: WorkOrder) -> list[LinkedEvent]:
    """The condition events that raised the order, joined it, or were held back by it."""
    rows = await _rows(connection, EVENTS_OF_ORDER, {"id": order.id})
    return [
        LinkedEvent(event_of_row(row), row["relation"], row["reason"], row["at"]) for row in rows
    ]


async def order_of_event(connection: Connection, event_id: int) -> LinkedOrder | None:
    """The order that an event raised, joined or was held back by; None if no work followed."""
    rows = await _rows(connection, LINK_OF_EVENT, {"event_id": event_id})
    if not rows:
        return None
    order = await order_by_id(connection, rows[0]["work_order_id"])
    return (
        LinkedOrder(order, rows[0]["relation"], rows[0]["reason"], rows[0]["at"]) if order else None
    )


async def count_by_state(connection: Connection) -> dict[State, int]:
    """How many orders are in each state; every state is there."""
    cursor = await connection.execute(COUNT_BY_STATE)
    return dict.fromkeys(State, 0) | {
        State(state): count for state, count in await cursor.fetchall()
    }


async def count_waiting(connection: Connection) -> int:
    """How many changes of conditions have not been handled yet."""
    cursor = await connection.execute(COUNT_WAITING)
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


def event_of_row(row: Row) -> ConditionEvent:
    """A condition event from a row with the columns of `EVENTS_OF_ORDER`."""
    request = row["work_order"]
    return ConditionEvent(
        id=row["id"],
        key=row["key"],
        rule=row["rule"],
        asset_id=row["asset_id"],
        asset=row["asset"],
        failure_mode=row["failure_mode"],
        state=EventState(row["state"]),
        severity=Severity(row["severity"]),
        peak_severity=Severity(row["peak_severity"]),
        message=row["message"],
        onset=row["onset"],
        raised_at=row["raised_at"],
        changed_at=row["changed_at"],
        cleared_at=row["cleared_at"],
        value=row["value"],
        work_order=_request(request) if request else None,
        evidence=row["evidence"],
        acknowledged_at=row["acknowledged_at"],
        acknowledged_by=row["acknowledged_by"],
    )


def _request(request: Row) -> WorkOrderRequest:
    return WorkOrderRequest(
        request["type"],
        request.get("job_plan"),
        float(request.get("cooldown_s") or 0),
        request.get("due"),
        Recurrence(request.get("recurrence") or Recurrence.COOLDOWN),
    )


def order_of_row(row: Row) -> WorkOrder:
    """A work order from a row with the columns of `ORDERS`."""
    return WorkOrder(
        **{
            **row,
            "type": OrderType(row["type"]),
            "origin": Origin(row["origin"]),
            "state": State(row["state"]),
        }
    )


async def _one_order(connection: Connection, sql: LiteralString, number: str) -> WorkOrder:
    order = await _maybe_order(connection, sql, {"number": number})
    if order is None:
        raise NotFound("work order", number)
    return order


async def _maybe_order(connection: Connection, sql: LiteralString, given: Row) -> WorkOrder | None:
    rows = await _rows(connection, sql, given)
    return order_of_row(rows[0]) if rows else None


async def _rows(connection: Connection, sql: LiteralString, given: Row) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(sql, given)
        return await cursor.fetchall()
