"""SQL writes of plans and of decisions about their occurrences; transactions are the service's."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, LiteralString

from psycopg.types.json import Jsonb

from config.database import Connection, fetch_one
from maintenance.plans.file import PlanShape
from maintenance.plans.plan import ConditionTrigger

STORED_PLANS: Final[LiteralString] = """
SELECT code, definition, kept_in, retired_at IS NOT NULL FROM maintenance_plan
"""

# What is written again is effective from now on: what was generated of it before is replaced.
UPSERT_PLAN: Final[LiteralString] = """
INSERT INTO maintenance_plan (
    code, name, definition, kept_in, chain, lead_min, window_min, rules, severities, nest, rank,
    within_min, effective_at
) VALUES (
    %(code)s, %(name)s, %(definition)s, %(kept_in)s, %(chain)s, %(lead_min)s, %(window_min)s,
    %(rules)s, %(severities)s, %(nest)s, %(rank)s, %(within_min)s, %(at)s
)
ON CONFLICT (code) DO UPDATE
SET name = excluded.name, definition = excluded.definition, kept_in = excluded.kept_in,
    chain = excluded.chain, lead_min = excluded.lead_min, window_min = excluded.window_min,
    rules = excluded.rules, severities = excluded.severities, nest = excluded.nest,
    rank = excluded.rank, within_min = excluded.within_min, effective_at = excluded.effective_at,
    version = maintenance_plan.version + 1, updated_at = excluded.effective_at, retired_at = NULL
RETURNING id, version
"""

HOLD_PLAN: Final[LiteralString] = """
SELECT id, code, version, kept_in, paused_at, retired_at
FROM maintenance_plan WHERE code = %(code)s FOR UPDATE
"""

RETIRE_PLANS: Final[LiteralString] = """
UPDATE maintenance_plan
SET retired_at = %(at)s, updated_at = %(at)s, version = version + 1
WHERE code = ANY (%(codes)s) AND retired_at IS NULL
RETURNING id, version
"""

PAUSE_PLAN: Final[LiteralString] = """
UPDATE maintenance_plan
SET paused_at = %(paused_at)s, pause_reason = %(reason)s, updated_at = %(at)s,
    version = version + 1, generated_version = CASE generated_version WHEN version THEN version + 1 END
WHERE id = %(id)s
RETURNING version
"""

# What nobody will be asked to do any more.
DELETE_FORECASTS: Final[LiteralString] = """
DELETE FROM plan_occurrence WHERE plan_id = ANY (%(ids)s) AND decided_at IS NULL
"""

DELETE_PROJECTIONS: Final[LiteralString] = """
DELETE FROM plan_projection WHERE plan_id = ANY (%(ids)s)
"""

RECORD_CHANGE: Final[LiteralString] = """
INSERT INTO maintenance_plan_change (plan_id, version, action, actor, reason, details, at)
VALUES (%(plan_id)s, %(version)s, %(action)s, %(actor)s, %(reason)s, %(details)s, %(at)s)
"""

HOLD_OCCURRENCE: Final[LiteralString] = """
SELECT o.id, o.plan_id, p.code AS plan, p.version, o.asset_id, o.slot_key, o.state, o.due_at,
       o.decided_at, p.definition
FROM plan_occurrence o JOIN maintenance_plan p ON p.id = o.plan_id
WHERE o.id = %(id)s AND p.code = %(plan)s
FOR UPDATE OF o
"""

# What others hear of: one row for each decision, in its transaction.
DECIDE: Final[LiteralString] = """
WITH decided AS (
    UPDATE plan_occurrence
    SET state = %(state)s, reason = %(reason)s, decided_at = %(at)s, decided_by = %(actor)s,
        work_order_id = coalesce(%(order_id)s, work_order_id),
        suppressed_by = %(absorbed_by)s,
        released_at = CASE %(state)s WHEN 'released' THEN %(at)s ELSE released_at END,
        done_at = %(done_at)s, done_count = %(done_count)s
    WHERE id = %(id)s AND (decided_at IS NULL OR state = 'released')
    RETURNING id, plan_id, asset_id, slot_key, state, reason, work_order_id
)
INSERT INTO outbox (topic, payload)
SELECT 'plan_occurrence.' || d.state, jsonb_build_object(
    'id', d.id, 'plan', p.code, 'asset', asset.tag, 'slot', d.slot_key, 'state', d.state,
    'reason', d.reason, 'work_order_id', d.work_order_id, 'at', %(at)s::timestamptz
)
FROM decided d JOIN maintenance_plan p ON p.id = d.plan_id JOIN asset ON asset.id = d.asset_id
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan's row, held to the end of the transaction."""

    id: int
    code: str
    version: int
    kept_in: str
    paused_at: datetime | None
    retired_at: datetime | None


@dataclass(frozen=True, slots=True)
class OccurrenceRow:
    """An occurrence, held to the end of the transaction."""

    id: int
    plan_id: int
    plan: str
    version: int
    asset_id: int
    slot_key: str
    state: str
    due_at: datetime | None
    decided_at: datetime | None
    definition: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to a plan, and by whom."""

    plan_id: int
    version: int
    action: str
    actor: str
    at: datetime
    reason: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of an occurrence."""

    id: int
    state: str
    reason: str
    actor: str
    order_id: int | None = None
    absorbed_by: int | None = None
    done_at: datetime | None = None
    done_count: float | None = None


async def write_plan(
    connection: Connection, shape: PlanShape, *, kept_in: str, at: datetime
) -> tuple[int, int]:
    """Make or change a plan, and bring it back if it was retired; its id and version."""
    plan = shape.plan()
    conditions = [each for each in plan.triggers if isinstance(each, ConditionTrigger)]
    nesting = plan.nesting
    row = await fetch_one(
        connection,
        UPSERT_PLAN,
        {
            "code": plan.code,
            "name": plan.name,
            "definition": Jsonb(shape.as_json()),
            "kept_in": kept_in,
            "chain": plan.is_chain,
            "lead_min": plan.lead_minutes,
            "window_min": plan.window_minutes,
            "rules": [each.rule for each in conditions],
            "severities": [each.severity for each in conditions],
            "nest": nesting.group if nesting else None,
            "rank": nesting.rank if nesting else 0,
            "within_min": nesting.within_minutes if nesting else 0,
            "at": at,
        },
    )
    assert row is not None  # noqa: S101 - an upsert gives a row
    return int(row[0]), int(row[1])


async def stored_plans(connection: Connection) -> dict[str, tuple[dict[str, Any], str, bool]]:
    """Code -> definition, where it is kept, and whether it is retired."""
    cursor = await connection.execute(STORED_PLANS)
    return {code: tuple(rest) for code, *rest in await cursor.fetchall()}


async def hold_plan(connection: Connection, code: str) -> PlanRow | None:
    """A plan, which nobody else changes in the transaction."""
    row = await fetch_one(connection, HOLD_PLAN, {"code": code})
    return PlanRow(*row) if row else None


async def hold_occurrence(connection: Connection, plan: str, number: int) -> OccurrenceRow | None:
    """An occurrence of a plan, which nobody else decides in the transaction."""
    row = await fetch_one(connection, HOLD_OCCURRENCE, {"id": number, "plan": plan})
    return OccurrenceRow(*row) if row else None


async def retire_plans(
    connection: Connection, codes: Sequence[str], *, at: datetime
) -> list[tuple[int, int]]:
    """Retire plans, with what they had ahead of them; ids and versions."""
    cursor = await connection.execute(RETIRE_PLANS, {"codes": list(codes), "at": at})
    found = [(int(number), int(version)) for number, version in await cursor.fetchall()]
    ids = {"ids": [number for number, _ in found]}
    await connection.execute(DELETE_FORECASTS, ids)
    await connection.execute(DELETE_PROJECTIONS, ids)
    return found


async def set_pause(
    connection: Connection, plan: PlanRow, paused_at: datetime | None, *, reason: str, at: datetime
) -> int:
    """Pause a held plan, or (None) let it go on; its new version."""
    given = {"id": plan.id, "paused_at": paused_at, "reason": reason, "at": at}
    row = await fetch_one(connection, PAUSE_PLAN, given)
    assert row is not None  # noqa: S101 - a held plan is there
    return int(row[0])


async def record_change(connection: Connection, change: Change) -> None:
    """Write into a plan's own story."""
    given = {
        "plan_id": change.plan_id,
        "version": change.version,
        "action": change.action,
        "actor": change.actor,
        "reason": change.reason,
        "details": Jsonb(change.details),
        "at": change.at,
    }
    await connection.execute(RECORD_CHANGE, given)


async def decide(connection: Connection, decided: Decided, *, at: datetime) -> bool:
    """Write what became of an occurrence; False where that was decided before."""
    given = {
        "id": decided.id,
        "state": decided.state,
        "reason": decided.reason,
        "actor": decided.actor,
        "order_id": decided.order_id,
        "absorbed_by": decided.absorbed_by,
        "done_at": decided.done_at,
        "done_count": decided.done_count,
        "at": at,
    }
    cursor = await connection.execute(DECIDE, given)
    return await cursor.fetchone() is not None
