"""SQL writes of service levels; transactions are the service's."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

from psycopg.types.json import Jsonb

from config.database import Connection, fetch_one
from maintenance.calendars.kept import KeptIn
from maintenance.sla.agreement import Agreement, ClockKind, Escalation
from maintenance.sla.form import agreement_to_json
from maintenance.sla.queries import Binding, OrderFacts

HOLD_AGREEMENTS: Final[LiteralString] = "LOCK TABLE sla_agreement IN SHARE ROW EXCLUSIVE MODE"

UPSERT_AGREEMENT: Final[LiteralString] = """
INSERT INTO sla_agreement (code, kept_in) VALUES (%(code)s, %(kept_in)s)
ON CONFLICT (code) DO UPDATE SET kept_in = excluded.kept_in, retired_at = NULL
RETURNING id
"""

INSERT_VERSION: Final[LiteralString] = """
INSERT INTO sla_agreement_version (agreement_id, version, effective_from, definition)
SELECT %(id)s, coalesce(max(version), 0) + 1, %(at)s, %(definition)s
FROM sla_agreement_version WHERE agreement_id = %(id)s
"""

RETIRE_AGREEMENTS: Final[LiteralString] = """
UPDATE sla_agreement SET retired_at = %(at)s WHERE code = ANY (%(codes)s) AND retired_at IS NULL
"""

BIND: Final[LiteralString] = """
WITH bound AS (
    INSERT INTO sla_order (
        work_order_id, agreement_id, agreement_version, reason, facts, order_version
    ) VALUES (%(id)s, %(agreement_id)s, %(version)s, %(reason)s, %(facts)s, %(order_version)s)
    ON CONFLICT (work_order_id) DO UPDATE SET
        agreement_id = excluded.agreement_id, agreement_version = excluded.agreement_version,
        reason = excluded.reason, facts = excluded.facts, order_version = excluded.order_version
    RETURNING *
)
INSERT INTO sla_binding (work_order_id, agreement_id, agreement_version, reason, actor, at)
SELECT work_order_id, agreement_id, agreement_version, reason, %(actor)s, %(at)s FROM bound
"""

SET_SEEN: Final[LiteralString] = """
UPDATE sla_order
SET order_version = %(order_version)s, calendar_version = %(calendar_version)s, open = %(open)s
WHERE work_order_id = %(id)s
"""

DROP_CLOCKS: Final[LiteralString] = """
DELETE FROM sla_clock WHERE work_order_id = %(id)s AND NOT kind = ANY (%(kinds)s)
"""

UPSERT_CLOCK: Final[LiteralString] = """
INSERT INTO sla_clock (
    work_order_id, kind, target_s, phase, used_s, warn_at, due_at, breached_at, finished_at, next_at
) VALUES (
    %(order_id)s, %(kind)s, %(target_s)s, %(phase)s, %(used_s)s, %(warn_at)s, %(due_at)s,
    %(breached_at)s, %(finished_at)s, %(next_at)s
)
ON CONFLICT (work_order_id, kind) DO UPDATE SET
    target_s = excluded.target_s, phase = excluded.phase, used_s = excluded.used_s,
    warn_at = excluded.warn_at, due_at = excluded.due_at, breached_at = excluded.breached_at,
    finished_at = excluded.finished_at, next_at = excluded.next_at
"""

TOLD_STEPS: Final[LiteralString] = """
SELECT kind, step FROM sla_notice WHERE work_order_id = %(id)s
"""

TELL: Final[LiteralString] = """
WITH told AS (
    INSERT INTO sla_notice (work_order_id, kind, step, notify, due, at)
    VALUES (%(id)s, %(kind)s, %(step)s, %(notify)s, %(due)s, %(at)s)
    ON CONFLICT DO NOTHING
    RETURNING *
)
INSERT INTO outbox (topic, payload)
SELECT 'service_level.' || split_part(step, ':', 1), jsonb_build_object(
    'id', work_order_id, 'number', %(number)s::text, 'title', %(title)s::text,
    'asset', %(asset)s::text, 'priority', %(priority)s::integer, 'clock', kind, 'step', step,
    'agreement', %(agreement)s::text, 'notify', to_jsonb(notify), 'due', due, 'at', at
)
FROM told
RETURNING id, pg_notify('work_order', payload ->> 'id')
"""

# What changed since its clocks were derived: the order itself, or the calendar.
STALE: Final[LiteralString] = """
SELECT bound.work_order_id
FROM sla_order bound
JOIN work_order o ON o.id = bound.work_order_id
LEFT JOIN sla_agreement_version agreed
  ON agreed.agreement_id = bound.agreement_id AND agreed.version = bound.agreement_version
LEFT JOIN work_calendar calendar ON calendar.code = agreed.definition ->> 'calendar'
WHERE bound.open AND (
    o.version <> bound.order_version
    OR bound.calendar_version <> coalesce((
        SELECT max(version) FROM work_calendar_version WHERE calendar_id = calendar.id
    ), 0)
)
ORDER BY bound.work_order_id
LIMIT %(limit)s
"""

HOLD_BOUND: Final[LiteralString] = """
SELECT work_order_id FROM sla_order WHERE work_order_id = %(id)s FOR UPDATE
"""

HOLD_NEXT_DUE: Final[LiteralString] = """
SELECT bound.work_order_id
FROM sla_clock clock JOIN sla_order bound USING (work_order_id)
WHERE clock.next_at <= %(now)s
ORDER BY clock.next_at
LIMIT 1
FOR UPDATE OF bound SKIP LOCKED
"""


@dataclass(frozen=True, slots=True)
class ClockRow:
    """What lists and the job need of a clock."""

    order_id: int
    kind: ClockKind
    target_s: int
    phase: str
    used_s: float
    warn_at: datetime | None
    due_at: datetime | None
    breached_at: datetime | None
    finished_at: datetime | None
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a clock that is to be told."""

    kind: ClockKind
    escalation: Escalation
    due: datetime


async def hold_agreements(connection: Connection) -> None:
    """Nobody else changes agreements in this transaction."""
    await connection.execute(HOLD_AGREEMENTS)


async def write_agreement(
    connection: Connection, agreement: Agreement, kept_in: KeptIn, at: datetime
) -> None:
    """Make or revive an agreement, and make its next version."""
    given = {"code": agreement.code, "kept_in": kept_in.value}
    row = await fetch_one(connection, UPSERT_AGREEMENT, given)
    assert row is not None, "an upsert gives a row"  # noqa: S101 - it says so itself
    definition = Jsonb(agreement_to_json(agreement))
    await connection.execute(INSERT_VERSION, {"id": row[0], "at": at, "definition": definition})


async def retire_agreements(connection: Connection, codes: Sequence[str], at: datetime) -> None:
    """Let no further order come under these agreements."""
    await connection.execute(RETIRE_AGREEMENTS, {"codes": list(codes), "at": at})


async def bind(
    connection: Connection,
    order_id: int,
    binding: Binding,
    *,
    order_version: int,
    actor: str,
    at: datetime,
) -> None:
    """Put an order under an agreement, or under none, and write it down."""
    version = binding.version
    given = {
        "id": order_id,
        "agreement_id": version.agreement_id if version else None,
        "version": version.version if version else None,
        "reason": binding.reason,
        "facts": Jsonb(asdict(binding.facts)),
        "order_version": order_version,
        "actor": actor,
        "at": at,
    }
    await connection.execute(BIND, given)


async def set_seen(
    connection: Connection,
    order_id: int,
    order: OrderFacts,
    *,
    calendar_version: int,
    is_open: bool,
) -> None:
    """Say of which versions the clocks of an order are derived, and whether it may still move."""
    given = {
        "id": order_id,
        "order_version": order.version,
        "calendar_version": calendar_version,
        "open": is_open,
    }
    await connection.execute(SET_SEEN, given)


async def write_clocks(connection: Connection, order_id: int, clocks: Sequence[ClockRow]) -> None:
    """Keep what the clocks of an order come to; others that it had are gone."""
    kinds = [clock.kind.value for clock in clocks]
    await connection.execute(DROP_CLOCKS, {"id": order_id, "kinds": kinds})
    for clock in clocks:
        await connection.execute(UPSERT_CLOCK, {**asdict(clock), "kind": clock.kind.value})


async def told_steps(connection: Connection, order_id: int) -> set[tuple[str, str]]:
    """Kind and name of each step that was told of an order."""
    cursor = await connection.execute(TOLD_STEPS, {"id": order_id})
    return {(kind, step) for kind, step in await cursor.fetchall()}


async def tell(
    connection: Connection, order_id: int, order: OrderFacts, step: Step, *, told: dict[str, Any]
) -> bool:
    """Tell of a step, unless it was told: then False. `told` has `agreement` and `at`."""
    given = {
        "id": order_id,
        "kind": step.kind.value,
        "step": step.escalation.step,
        "notify": list(step.escalation.notify),
        "due": step.due,
        "number": order.number,
        "title": order.title,
        "asset": order.asset,
        "priority": order.facts.priority,
        **told,
    }
    return await fetch_one(connection, TELL, given) is not None


async def stale_orders(connection: Connection, *, limit: int) -> list[int]:
    """Orders whose clocks were derived from what is no longer so."""
    cursor = await connection.execute(STALE, {"limit": limit})
    return [row[0] for row in await cursor.fetchall()]


async def hold_bound(connection: Connection, order_id: int) -> bool:
    """Nobody else derives this order's clocks in the transaction; False: it was never looked at."""
    return await fetch_one(connection, HOLD_BOUND, {"id": order_id}) is not None


async def hold_next_due(connection: Connection, *, now: datetime) -> int | None:
    """An order of which something is to be told, held; another process takes another one."""
    row = await fetch_one(connection, HOLD_NEXT_DUE, {"now": now})
    return int(row[0]) if row else None
