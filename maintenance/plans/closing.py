"""What became of the orders: occurrences follow them, and chains get their next link.

The state of an order is pulled, never pushed. Each step is a conditional UPDATE and what follows
from it in one transaction, so that a second process, or a second run, finds nothing left to do; the
next link is keyed by what was closed, so that closing it twice adds none.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, LiteralString

from config.clock import ClockUs, from_us, now_us
from config.database import Connection, fetch_dicts
from maintenance.plans.file import PlanShape
from maintenance.plans.generation import advance
from maintenance.plans.usage import AssetMeter, count_at

REOPENABLE = timedelta(days=60)
"""For so long it is looked at whether finished work was reopened or cancelled after all."""

# What else came due meanwhile and was left out is told.
CLOSE_DONE: Final[LiteralString] = """
UPDATE plan_occurrence o
SET state = 'done', done_at = coalesce(w.completed_at, w.closed_at),
    reason = concat_ws('; ', nullif(o.reason, ''), CASE
        WHEN coalesce(w.completed_at, w.closed_at) > o.latest_at THEN
            'done ' || (coalesce(w.completed_at, w.closed_at)::date - o.due_at::date)
            || ' days after it was due' END,
        (SELECT nullif(count(*), 0) || ' further due dates were left out meanwhile'
         FROM plan_occurrence later
         WHERE later.plan_id = o.plan_id AND later.asset_id = o.asset_id AND later.id <> o.id
           AND later.due_at > o.due_at AND later.due_at <= coalesce(w.completed_at, w.closed_at)
           AND later.state IN ('skipped', 'missed') AND later.decided_at IS NOT NULL))
FROM work_order w
WHERE w.id = o.work_order_id AND o.state = 'released' AND w.state IN ('completed', 'closed')
RETURNING o.id, o.plan_id, o.asset_id, o.done_at
"""

CLOSE_CANCELLED: Final[LiteralString] = """
UPDATE plan_occurrence o
SET state = 'skipped', done_at = NULL, done_count = NULL,
    reason = w.number || ' was cancelled' || coalesce((
        SELECT ': ' || c.reason FROM work_order_change c
        WHERE c.work_order_id = w.id AND c.action = 'cancel' AND c.reason <> ''
        ORDER BY c.version DESC LIMIT 1
    ), '')
FROM work_order w
WHERE w.id = o.work_order_id AND w.state = 'cancelled'
  AND (o.state = 'released' OR o.state = 'done' AND o.done_at > %(since)s)
RETURNING o.id, o.plan_id, o.asset_id, o.done_at
"""

# The link after it stays as it is, and is moved once the work is done again.
REOPEN: Final[LiteralString] = """
UPDATE plan_occurrence o SET state = 'released', done_at = NULL, done_count = NULL
FROM work_order w
WHERE w.id = o.work_order_id AND o.state = 'done' AND o.done_at > %(since)s
  AND w.state NOT IN ('completed', 'closed', 'cancelled')
"""

METERED: Final[LiteralString] = """
SELECT p.id, p.definition FROM maintenance_plan p
WHERE p.id = ANY (%(plans)s) AND p.definition ? 'meter'
"""

SET_COUNT: Final[LiteralString] = """
UPDATE plan_occurrence SET done_count = %(count)s WHERE id = %(id)s
"""


async def close_occurrences(connection: Connection, *, clock: ClockUs = now_us) -> int:
    """Let occurrences follow their orders, in one transaction; gives how many were closed."""
    now = from_us(clock())
    given = {"since": now - REOPENABLE}
    async with connection.transaction():
        await connection.execute(REOPEN, given)
        done = await fetch_dicts(connection, CLOSE_DONE, {})
        cancelled = await fetch_dicts(connection, CLOSE_CANCELLED, given)
        await note_counts(connection, done)
        closed = [*done, *cancelled]
        pairs = sorted({(row["plan_id"], row["asset_id"]) for row in closed})
        if pairs:
            await advance(connection, pairs, now=now)
    return len(closed)


async def note_counts(connection: Connection, done: Sequence[Mapping[str, Any]]) -> None:
    """Note where the meters of plans stood when the work was done: rows with id, plan, asset, time."""
    plans = {row["plan_id"] for row in done}
    metered = await fetch_dicts(connection, METERED, {"plans": sorted(plans)})
    roles: dict[int, str] = {
        row["id"]: meter.meter
        for row in metered
        if (meter := PlanShape.model_validate(row["definition"]).meter) is not None
    }
    for row in done:
        if row["plan_id"] in roles:
            where: AssetMeter = (row["asset_id"], roles[row["plan_id"]])
            counts = await count_at(connection, [where], row["done_at"])
            given = {"id": row["id"], "count": counts.get(where)}
            await connection.execute(SET_COUNT, given)
