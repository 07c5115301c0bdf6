"""Release: work that is due becomes an order, joins an open one, or is left out with a reason.

One asset is one transaction, and one process has it at a time, so that open orders and absorbing
work are seen as they are. An occurrence is locked, decided once, and names its order.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import psycopg

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from config.diagnostics import logger
from config.errors import OilcanError
from maintenance.commands.preparation import prepare
from maintenance.commands.service import change_state, comment
from maintenance.orders import queries
from maintenance.orders import store as orders
from maintenance.orders.work_order import Action, Origin, Particulars, State
from maintenance.plans import release_store, store
from maintenance.plans.plan import OccurrenceState, Work
from maintenance.plans.release import Decision, Drop, Join, OpenOrder, Pending, Release, decide
from maintenance.plans.release_store import PendingRow

ACTOR = "plans"
"""Who the audit trail names for what this module does."""

log = logger(__name__)


@dataclass(slots=True)
class Released:
    """What a release came to."""

    orders: int = 0
    decided: int = 0


async def release_due(connection: Connection, *, clock: ClockUs = now_us) -> Released:
    """Decide about all that may be released by now, asset by asset; in autocommit mode.

    An asset that another process has is left to it. What fails is told, and has its turn again.
    """
    now, done = from_us(clock()), Released()
    for asset_id in await release_store.due_assets(connection, now):
        try:
            await release_asset(connection, asset_id, now=now, done=done)
        except (OilcanError, psycopg.DataError, psycopg.IntegrityError, ValueError) as error:
            log.exception("work of a plan not released", asset_id=asset_id, error=repr(error))
    return done


async def release_asset(
    connection: Connection, asset_id: int, *, now: datetime, done: Released
) -> None:
    """Decide about what one asset has ahead of it, in a transaction."""
    async with connection.transaction():
        if not await release_store.try_lock_asset(connection, asset_id):
            return
        rows = await release_store.pending(connection, asset_id, now)
        situation = await release_store.situation(connection, asset_id)
        by_id = {row.pending.id: row for row in rows}
        for decision in decide([row.pending for row in rows], situation, now):
            await carry_out(connection, decision, by_id[decision.occurrence.id], now=now)
            done.decided += 1
            done.orders += isinstance(decision, Release)


async def carry_out(
    connection: Connection, decision: Decision, row: PendingRow, *, now: datetime
) -> None:
    """Do what was decided about a locked occurrence, in the caller's transaction."""
    if isinstance(decision, Drop):
        fate = store.Decided(
            decision.occurrence.id,
            decision.state.value,
            decision.reason,
            ACTOR,
            absorbed_by=decision.absorbed_by,
        )
        await store.decide(connection, fate, at=now)
    elif isinstance(decision, Join):
        await _join(connection, decision, now=now)
    else:
        for order in decision.supersedes:
            await _supersede(connection, order, decision.occurrence, now=now)
        await make_order(connection, row, actor=ACTOR, now=now)


async def make_order(connection: Connection, row: PendingRow, *, actor: str, now: datetime) -> str:
    """Make the order of a locked occurrence, in the caller's transaction; gives its number."""
    made = await orders.insert_order(connection, _order_row(row, actor), at=now)
    assert made is not None  # noqa: S101 - an order without a problem meets no other
    order_id, number = made
    details = {"plan": row.pending.code, "slot": row.slot_key, "occurrence": row.pending.id}
    first = orders.Record(order_id, number, 1, "create", None, State.DRAFT, actor, now)
    await orders.record(connection, replace(first, reason=row.because, details=details))
    await prepare(connection, order_id, at=now)
    fate = store.Decided(
        row.pending.id, OccurrenceState.RELEASED.value, row.reason, actor, order_id=order_id
    )
    await store.decide(connection, fate, at=now)
    if row.work.approved:
        await _approve(connection, number, actor)
    log.info("work order released", number=number, asset=row.asset, plan=row.pending.code)
    return number


async def _approve(connection: Connection, number: str, actor: str) -> None:
    """Approve the order, as its plan was; one that cannot be stays a draft for somebody to see."""
    try:
        async with connection.transaction():
            order = await queries.get_order(connection, number)
            await change_state(
                connection,
                number,
                Action.APPROVE,
                expected_version=order.version,
                given=Particulars(actor, "approved with its plan"),
            )
    except OilcanError as error:
        log.warning("work order of a plan stays a draft", number=number, error=str(error))


async def _join(connection: Connection, join: Join, *, now: datetime) -> None:
    order = join.order
    fate = store.Decided(
        join.occurrence.id,
        OccurrenceState.RELEASED.value,
        join.reason,
        ACTOR,
        order_id=order.order_id,
    )
    await store.decide(connection, fate, at=now)
    said = f"Due again with it: {join.occurrence.code} of {join.occurrence.due_at:%Y-%m-%d}."
    await comment(connection, order.number, said, actor=ACTOR)


async def _supersede(
    connection: Connection, order: OpenOrder, by: Pending, *, now: datetime
) -> None:
    """Cancel an order on which no work has begun; its occurrences were not done."""
    held = await queries.get_order(connection, order.number)
    reason = f"superseded by the work due on {by.due_at:%Y-%m-%d}"
    await change_state(
        connection,
        order.number,
        Action.CANCEL,
        expected_version=held.version,
        given=Particulars(ACTOR, reason),
    )
    await release_store.miss_occurrences(
        connection, order.order_id, reason=f"{order.number} was {reason}", at=now
    )


def _order_row(row: PendingRow, actor: str) -> orders.OrderRow:
    work: Work = row.work
    return orders.OrderRow(
        asset_id=row.asset_id,
        type=work.type,
        origin=Origin.PLAN,
        title=work.title or row.plan_name,
        description=work.description,
        failure_mode=None,
        job_plan=work.job_plan,
        priority=work.priority,
        priority_reason=f"Priority {work.priority}: set by the plan {row.pending.code}.",
        severity=None,
        problem=None,
        evidence=None,
        created_by=actor,
        due_at=row.pending.due_at,
        estimated_minutes=work.estimated_minutes,
        craft=work.craft,
        team=work.team,
    )
