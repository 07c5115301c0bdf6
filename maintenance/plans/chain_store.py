"""SQL of chains: where each one ends, what came since, and what would come after."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

from config.database import Connection, fetch_dicts
from maintenance.plans.columns import columns, named_columns
from maintenance.plans.generation_store import Member, Taken

PAIRS: Final[LiteralString] = """
SELECT p.id, p.code, p.definition, p.version, p.effective_at, p.generated_at, p.generated_version,
       asset.id, asset.tag, site.id, site.code, site.time_zone
FROM unnest(%(plans)s::integer[], %(assets)s::integer[]) AS m (plan_id, asset_id)
JOIN maintenance_plan p ON p.id = m.plan_id AND p.chain AND p.retired_at IS NULL
JOIN asset ON asset.id = m.asset_id AND asset.retired_at IS NULL
JOIN site ON site.id = asset.site_id
ORDER BY p.id, asset.id
"""

# The end of each chain, and what it followed from.
CHAIN_ENDS: Final[LiteralString] = """
SELECT DISTINCT ON (o.plan_id, o.asset_id)
       o.plan_id, o.asset_id, o.id, o.slot_key, o.state, o.decided_at, o.ordinal, o.due_at,
       o.meter_target, o.done_at, o.done_count, o.after_id,
       b.due_at AS before_due_at, b.done_at AS before_done_at, b.done_count AS before_count,
       b.meter_target AS before_target, b.decided_at AS before_decided_at
FROM unnest(%(plans)s::integer[], %(assets)s::integer[]) AS m (plan_id, asset_id)
JOIN plan_occurrence o ON o.plan_id = m.plan_id AND o.asset_id = m.asset_id
 AND (o.slot_key = 'start' OR o.slot_key LIKE 'after:%%')
LEFT JOIN plan_occurrence b ON b.id = o.after_id
ORDER BY o.plan_id, o.asset_id, o.ordinal DESC
"""

EVENTS_SINCE: Final[LiteralString] = """
SELECT e.id, e.asset_id, e.rule, e.peak_severity, e.raised_at
FROM condition_event e
WHERE e.asset_id = ANY (%(assets)s) AND e.rule = ANY (%(rules)s) AND e.raised_at > %(since)s
ORDER BY e.raised_at, e.id
"""

DELETE_PROJECTED: Final[LiteralString] = """
DELETE FROM plan_projection j
USING unnest(%(plans)s::integer[], %(assets)s::integer[]) AS m (plan_id, asset_id)
WHERE j.plan_id = m.plan_id AND j.asset_id = m.asset_id
"""

DELETE_PROJECTED_OF_PLANS: Final[LiteralString] = """
DELETE FROM plan_projection WHERE plan_id = ANY (%(plans)s)
"""

INSERT_PROJECTED: Final[LiteralString] = """
INSERT INTO plan_projection (plan_id, asset_id, ordinal, due_at)
SELECT * FROM unnest(
    %(plans)s::integer[], %(assets)s::integer[], %(ordinals)s::integer[], %(dues)s::timestamptz[]
)
ON CONFLICT (plan_id, asset_id, ordinal) DO UPDATE SET due_at = excluded.due_at
"""


@dataclass(frozen=True, slots=True)
class ProjectionRow:
    """What would come after it."""

    plan_id: int
    asset_id: int
    ordinal: int
    due_at: datetime


async def chains_of(
    connection: Connection, pairs: Sequence[tuple[int, int]]
) -> list[tuple[Taken, Member]]:
    """Those of the pairs (plan, asset) that are chains and go on."""
    plans, assets = columns(pairs, 2)
    cursor = await connection.execute(PAIRS, {"plans": plans, "assets": assets})
    return [(Taken(*row[:7]), Member(row[0], *row[7:])) for row in await cursor.fetchall()]


async def chain_ends(
    connection: Connection, pairs: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], dict[str, Any]]:
    """The last occurrence of each chain (plan, asset), with what it followed from."""
    plans, assets = columns(pairs, 2)
    rows = await fetch_dicts(connection, CHAIN_ENDS, {"plans": plans, "assets": assets})
    return {(row["plan_id"], row["asset_id"]): row for row in rows}


async def events_since(
    connection: Connection, assets: Sequence[int], rules: Sequence[str], since: datetime
) -> list[dict[str, Any]]:
    """Events of rules on assets, by time."""
    given = {"assets": list(assets), "rules": list(rules), "since": since}
    return await fetch_dicts(connection, EVENTS_SINCE, given)


async def keep_projections(
    connection: Connection, pairs: Sequence[tuple[int, int]], rows: Sequence[ProjectionRow]
) -> None:
    """Replace what would come after the ends of chains."""
    plans, assets = columns(pairs, 2)
    await connection.execute(DELETE_PROJECTED, {"plans": plans, "assets": assets})
    given = named_columns(("plans", "assets", "ordinals", "dues"), [astuple(row) for row in rows])
    await connection.execute(INSERT_PROJECTED, given)


async def clear_projections(connection: Connection, plans: Sequence[int]) -> None:
    """Take away all that would come, of plans."""
    await connection.execute(DELETE_PROJECTED_OF_PLANS, {"plans": list(plans)})
