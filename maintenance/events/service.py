"""Acts on changes of conditions: each exactly once, those of one asset in their order.

A group of changes is one transaction: orders, links, audit trail, outbox and the marks "handled"
commit together. It ends with the first order that it raises: that order holds the stocks of its
parts, and nothing else is waited for while they are held. Beside the marks, the audit row carries the id of the change that made it, unique
in the database, so that even a mark taken back leads to nothing new.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import psycopg

from conditions.event import ChangeKind, Severity
from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from config.diagnostics import logger
from maintenance.commands.preparation import prepare
from maintenance.commands.service import move
from maintenance.errors import MaintenanceError
from maintenance.events import store as event_links
from maintenance.events import wording
from maintenance.events.policy import (
    Attach,
    ConditionChange,
    Escalate,
    FollowUp,
    Nothing,
    ProblemOrders,
    Raise,
    Reopen,
    decide,
    problem_key,
)
from maintenance.orders import queries, store
from maintenance.orders.policy_queries import policy_of_asset
from maintenance.orders.work_order import Action, OrderType, Origin, Particulars, State
from maintenance.register.asset import AssetFacts

ACTOR = "conditions"
"""Who the audit trail names for what this module does."""

_GROUP = 64

_LONGEST_S = 10 * 366 * 86_400.0
"""What is told to run out later than that says nothing about when work is due."""

_HOLDING_BACK = frozenset({"cooled_down", "suppressed"})

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Handled:
    """What came of a group of changes: how many there were, and how many orders they raised."""

    changes: int = 0
    orders: int = 0


async def handle_condition_changes(
    connection: Connection, *, limit: int = _GROUP, clock: ClockUs = now_us
) -> Handled:
    """Act on up to `limit` waiting changes, oldest first, in one transaction.

    No more than those up to the first one that raises an order. Changes of assets that another worker holds are left to it. Nothing waits on a lock of another
    worker; a change that cannot be acted upon is told (outbox) and passed over.
    """
    at = from_us(clock())
    async with connection.transaction():
        asset_ids = await event_links.lock_waiting_assets(connection, limit=limit)
        if not asset_ids:
            return Handled()
        rows = await event_links.waiting_changes(connection, asset_ids, limit=limit)
        done, raised = [], 0
        for row in rows:
            done.append(row["change_id"])
            raised = 0 if row["acted_upon"] else await _guarded(connection, row, at)
            if raised:
                break
        await event_links.mark_handled(connection, done, at=at)
    return Handled(len(done), raised)


async def raise_what_work_left(
    connection: Connection, *, limit: int = _GROUP, clock: ClockUs = now_us
) -> int:
    """See to events that were noted on work at their asset and still hold when that has ended.

    Gives the number of orders raised: one at most, in one transaction; ask again until it is none.
    Whoever comes second finds nothing left.
    """
    at = from_us(clock())
    async with connection.transaction():
        for row in await event_links.left_by_work(connection, limit=limit):
            if await _act(connection, _change(row), at):
                return 1
    return 0


async def _guarded(connection: Connection, row: Mapping[str, Any], at: datetime) -> int:
    """Act on one change; gives the number of orders raised. Data that cannot be used is told."""
    try:
        async with connection.transaction():
            change = _change(row)
            return await _act(connection, change, at)
    except (psycopg.DataError, psycopg.IntegrityError, ValueError, TypeError, LookupError) as error:
        log.error(  # noqa: TRY400 - the message says all; the row is kept and told
            "change of a condition cannot be acted upon",
            condition_outbox_id=row["change_id"],
            event_id=row["id"],
            error=repr(error),
        )
        await event_links.tell_refused(connection, row["change_id"], reason=repr(error))
        return 0


async def _act(connection: Connection, change: ConditionChange, at: datetime) -> int:
    """Decide and carry out; decide again where a person changed what the decision stood on."""
    policy = await policy_of_asset(connection, change.event.asset_id)
    reopenable = True
    while True:
        orders = replace(await _orders(connection, change), reopenable=reopenable)
        decision = decide(change, orders, policy=policy)
        if isinstance(decision, Reopen):
            reopenable = await _reopened(connection, decision, at)
        if isinstance(decision, Raise):
            if await _raise(connection, change, decision, at):
                return 1
        elif reopenable or not isinstance(decision, Reopen):
            await _carry_out(connection, change, decision, at)
            return 0


async def _reopened(connection: Connection, decision: Reopen, at: datetime) -> bool:
    """Take a held order up again; False where its guards do not let it be."""
    given = Particulars(ACTOR, decision.reason)
    try:
        async with connection.transaction():
            await move(connection, decision.order, Action.REOPEN, given, at=at)
    except MaintenanceError as refused:
        log.info("order not reopened", number=decision.order.number, reason=str(refused))
        return False
    return True


async def _orders(connection: Connection, change: ConditionChange) -> ProblemOrders:
    of_event = None
    if change.id is not None:
        of_event = await store.hold_order_of_event(connection, change.event.id)
    latest = await store.hold_order_of_problem(connection, problem_key(change.event))
    linked, relation = of_event or (None, "")
    held_back = relation in _HOLDING_BACK
    return ProblemOrders(
        linked=None if held_back else linked,
        held_back_by=linked if held_back else None,
        open=latest if latest and latest.is_open else None,
        last=latest,
        under_way=await event_links.hold_order_under_way(connection, change.event.asset_id),
    )


async def _raise(
    connection: Connection, change: ConditionChange, decision: Raise, at: datetime
) -> bool:
    """Make the draft order; False where the problem has an open one by now."""
    made = await store.insert_order(connection, _order_row(change, decision), at=at)
    if made is None:
        return False
    order_id, number = made
    await _link(connection, change, order_id, decision, at)
    details = {"event": change.event.id, "priority": decision.priority}
    record = store.Record(order_id, number, 1, decision.action, None, State.DRAFT, ACTOR, at)
    await _record(connection, record, change, decision.reason, details)
    await prepare(connection, order_id, at=at)
    log.info("work order raised", number=number, asset=change.asset.tag, rule=change.event.rule)
    return True


def _order_row(change: ConditionChange, decision: Raise) -> store.OrderRow:
    event = change.event
    return store.OrderRow(
        asset_id=event.asset_id,
        type=OrderType(decision.request.type),
        origin=Origin.CONDITION,
        title=wording.title(change),
        description=wording.description(change),
        failure_mode=event.failure_mode,
        job_plan=decision.request.job_plan,
        priority=decision.priority,
        priority_reason=decision.priority_reason,
        severity=change.severity.value,
        problem=problem_key(event),
        evidence=event.evidence,
        due_at=_due(change, decision),
        created_by=ACTOR,
    )


def _due(change: ConditionChange, decision: Raise) -> datetime | None:
    """The time that the rule's value, in seconds, leaves; None where that says nothing."""
    left_s = change.value
    if decision.request.due != "eta" or left_s is None or not 0 <= left_s < _LONGEST_S:
        return None
    return change.at + timedelta(seconds=left_s)


async def _carry_out(
    connection: Connection, change: ConditionChange, decision: FollowUp | Nothing, at: datetime
) -> None:
    if isinstance(decision, Nothing):
        log.debug("no work follows", event_id=change.event.id, reason=decision.reason)
        return
    order = await queries.get_order(connection, decision.order.number)
    details: dict[str, Any] = {"event": change.event.id}
    if isinstance(decision, Attach | Escalate | Reopen):
        urgency = store.Urgency(decision.priority, decision.priority_reason, change.severity.value)
        version = await store.set_urgency(connection, order, urgency, at=at)
        details["priority"] = {"from": order.priority, "to": decision.priority}
    else:
        version = await store.touch(connection, order, at=at)
    await _link(connection, change, order.id, decision, at)
    record = store.Record(
        order.id, order.number, version, decision.action, order.state, order.state, ACTOR, at
    )
    await _record(connection, record, change, decision.reason, details)


async def _link(
    connection: Connection,
    change: ConditionChange,
    order_id: int,
    decision: Raise | FollowUp,
    at: datetime,
) -> None:
    if decision.relation is not None:
        link = event_links.Link(change.event.id, order_id, decision.relation, decision.reason)
        await event_links.link_event(connection, link, at=at)


async def _record(
    connection: Connection,
    record: store.Record,
    change: ConditionChange,
    reason: str,
    details: dict[str, Any],
) -> None:
    whole = replace(record, reason=reason, details=details, condition_outbox_id=change.id)
    await store.record(connection, whole)


def _change(row: Mapping[str, Any]) -> ConditionChange:
    return ConditionChange(
        id=row["change_id"],
        kind=ChangeKind(row["change_kind"]),
        severity=Severity(row["change_severity"]),
        at=row["change_at"],
        value=row["change_value"],
        event=queries.event_of_row(row),
        asset=AssetFacts(row["asset"], row["asset_name"], row["criticality"], row["asset_retired"]),
    )
