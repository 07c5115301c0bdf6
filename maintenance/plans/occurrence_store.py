"""SQL of what is ahead: sets of slots and rows against sets of occurrences, never one by one.

Occurrences that are decided are never touched; what is ahead is made, moved and taken away.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Final, LiteralString

from config.database import Connection, fetch_dicts
from maintenance.plans.columns import columns, named_columns
from maintenance.plans.generation_store import Taken

# Slots of a plan and a site hold for each of its assets there. What closed days leave out is kept
# as skipped, with the reason, and comes back if the calendar is changed.
MOVE_SLOTS: Final[LiteralString] = """
WITH slot AS (
    SELECT * FROM unnest(
        %(plans)s::integer[], %(sites)s::integer[], %(keys)s::text[], %(dues)s::timestamptz[],
        %(nominals)s::timestamptz[], %(reasons)s::text[]
    ) AS s (plan_id, site_id, slot_key, due_at, slot_at, reason)
)
UPDATE plan_occurrence o
SET slot_at = s.slot_at, due_at = coalesce(s.due_at, s.slot_at), reason = s.reason,
    state = CASE WHEN s.due_at IS NULL THEN 'skipped' WHEN o.state = 'suppressed' THEN o.state
                 ELSE 'forecast' END,
    latest_at = coalesce(s.due_at, s.slot_at) + p.window_min * interval '1 minute',
    release_at = coalesce(s.due_at, s.slot_at) - p.lead_min * interval '1 minute'
FROM slot s
JOIN maintenance_plan p ON p.id = s.plan_id
JOIN plan_asset m ON m.plan_id = s.plan_id
JOIN asset ON asset.id = m.asset_id AND asset.site_id = s.site_id
WHERE o.plan_id = s.plan_id AND o.asset_id = m.asset_id AND o.slot_key = s.slot_key
  AND o.decided_at IS NULL
  AND (o.due_at, o.slot_at, o.release_at, o.latest_at, o.state = 'skipped')
      IS DISTINCT FROM
      (coalesce(s.due_at, s.slot_at), s.slot_at,
       coalesce(s.due_at, s.slot_at) - p.lead_min * interval '1 minute',
       coalesce(s.due_at, s.slot_at) + p.window_min * interval '1 minute', s.due_at IS NULL)
"""

INSERT_SLOTS: Final[LiteralString] = """
WITH slot AS (
    SELECT * FROM unnest(
        %(plans)s::integer[], %(sites)s::integer[], %(keys)s::text[], %(dues)s::timestamptz[],
        %(nominals)s::timestamptz[], %(reasons)s::text[]
    ) AS s (plan_id, site_id, slot_key, due_at, slot_at, reason)
)
INSERT INTO plan_occurrence (
    plan_id, asset_id, slot_key, slot_at, state, reason, due_at, due_because, latest_at, release_at
)
SELECT s.plan_id, m.asset_id, s.slot_key, s.slot_at,
       CASE WHEN s.due_at IS NULL THEN 'skipped' ELSE 'forecast' END, s.reason,
       coalesce(s.due_at, s.slot_at), 'by the calendar',
       coalesce(s.due_at, s.slot_at) + p.window_min * interval '1 minute',
       coalesce(s.due_at, s.slot_at) - p.lead_min * interval '1 minute'
FROM slot s
JOIN maintenance_plan p ON p.id = s.plan_id
JOIN plan_asset m ON m.plan_id = s.plan_id
JOIN asset ON asset.id = m.asset_id AND asset.site_id = s.site_id
WHERE NOT EXISTS (
    SELECT FROM plan_occurrence o
    WHERE o.plan_id = s.plan_id AND o.asset_id = m.asset_id AND o.slot_key = s.slot_key
)
ON CONFLICT (plan_id, asset_id, slot_key) DO NOTHING
"""

# From `since` on, what is ahead of a plan by the calendar is what its rule says now, on the assets
# that it is for now. What was due before is still to be decided.
DELETE_STALE_SLOTS: Final[LiteralString] = """
WITH slot AS (
    SELECT * FROM unnest(%(plans)s::integer[], %(sites)s::integer[], %(keys)s::text[])
        AS s (plan_id, site_id, slot_key)
), taken AS (
    SELECT * FROM unnest(%(taken)s::integer[], %(since)s::timestamptz[]) AS t (plan_id, since)
)
DELETE FROM plan_occurrence o
USING (
    SELECT x.id FROM taken t
    CROSS JOIN LATERAL (
        SELECT y.id, y.plan_id, y.asset_id, y.slot_key FROM plan_occurrence y
        WHERE y.plan_id = t.plan_id AND y.slot_at >= t.since AND y.decided_at IS NULL
          AND y.slot_key LIKE 't:%%'
        OFFSET 0
    ) x
    JOIN asset ON asset.id = x.asset_id
    WHERE (x.plan_id, asset.site_id, x.slot_key)
          NOT IN (SELECT plan_id, site_id, slot_key FROM slot)
       OR NOT EXISTS (SELECT FROM plan_asset m
                      WHERE m.plan_id = x.plan_id AND m.asset_id = x.asset_id)
) gone
WHERE o.id = gone.id AND o.decided_at IS NULL
"""

# Occurrences of the other kinds, row by row: counts of a meter, and links of a chain.
KEEP_ROWS: Final[LiteralString] = """
WITH row AS (
    SELECT * FROM unnest(
        %(plans)s::integer[], %(assets)s::integer[], %(keys)s::text[], %(dues)s::timestamptz[],
        %(p10s)s::timestamptz[], %(p90s)s::timestamptz[], %(becauses)s::text[],
        %(targets)s::double precision[], %(ordinals)s::integer[], %(befores)s::bigint[]
    ) AS r (plan_id, asset_id, slot_key, due_at, p10, p90, because, target, ordinal, after_id)
)
INSERT INTO plan_occurrence AS o (
    plan_id, asset_id, slot_key, state, due_at, due_p10, due_p90, due_because, meter_target,
    ordinal, after_id, latest_at, release_at
)
SELECT r.plan_id, r.asset_id, r.slot_key, 'forecast', r.due_at, r.p10, r.p90, r.because, r.target,
       r.ordinal, r.after_id, r.due_at + p.window_min * interval '1 minute',
       r.due_at - p.lead_min * interval '1 minute'
FROM row r JOIN maintenance_plan p ON p.id = r.plan_id AND p.retired_at IS NULL
ON CONFLICT (plan_id, asset_id, slot_key) DO UPDATE
SET due_at = excluded.due_at, due_p10 = excluded.due_p10, due_p90 = excluded.due_p90,
    due_because = excluded.due_because, meter_target = excluded.meter_target,
    latest_at = excluded.latest_at, release_at = excluded.release_at
WHERE o.decided_at IS NULL
  AND (o.due_at, o.due_p10, o.due_p90, o.due_because, o.meter_target, o.release_at, o.latest_at)
      IS DISTINCT FROM
      (excluded.due_at, excluded.due_p10, excluded.due_p90, excluded.due_because,
       excluded.meter_target, excluded.release_at, excluded.latest_at)
"""

DELETE_STALE_ROWS: Final[LiteralString] = """
WITH row AS (
    SELECT * FROM unnest(%(plans)s::integer[], %(assets)s::integer[], %(keys)s::text[])
        AS r (plan_id, asset_id, slot_key)
)
DELETE FROM plan_occurrence o
WHERE o.plan_id = ANY (%(taken)s) AND o.decided_at IS NULL
  AND o.slot_key NOT LIKE 't:%%' AND o.slot_key NOT LIKE 'c:%%'
  AND (o.plan_id, o.asset_id, o.slot_key) NOT IN (SELECT plan_id, asset_id, slot_key FROM row)
"""

DELETE_OTHER_KINDS: Final[LiteralString] = """
DELETE FROM plan_occurrence o
USING unnest(%(plans)s::integer[], %(kinds)s::text[], %(changed)s::boolean[])
    AS k (id, kind, changed)
WHERE o.plan_id = k.id AND o.decided_at IS NULL
  AND (split_part(o.slot_key, ':', 1) <> CASE k.kind WHEN 'after' THEN 'start' ELSE k.kind END
       OR k.changed AND o.slot_key = 'start')
  AND NOT (k.kind = 'after' AND o.slot_key LIKE 'after:%%')
"""

FIXED_TARGETS: Final[LiteralString] = """
SELECT plan_id, asset_id, max(meter_target) FILTER (WHERE decided_at IS NOT NULL) AS decided,
       min(meter_target) FILTER (WHERE decided_at IS NULL) AS ahead
FROM plan_occurrence
WHERE plan_id = ANY (%(plans)s) AND slot_key LIKE 'm:%%'
GROUP BY plan_id, asset_id
"""


@dataclass(frozen=True, slots=True)
class SlotRow:
    """A slot by the calendar, for every asset of the plan at the site."""

    plan_id: int
    site_id: int
    key: str
    nominal_at: datetime
    due_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class ForecastRow:
    """An occurrence ahead by a meter or in a chain."""

    plan_id: int
    asset_id: int
    key: str
    due_at: datetime | None
    p10: datetime | None
    p90: datetime | None
    because: str
    target: float | None
    ordinal: int = 1
    after_id: int | None = None


async def keep_slots(
    connection: Connection, since: Mapping[int, datetime], slots: Sequence[SlotRow]
) -> None:
    """Bring what is ahead by the calendar in line: move, make and take away. `since` is by plan."""
    rows = [
        (each.plan_id, each.site_id, each.key, each.due_at, each.nominal_at, each.reason)
        for each in slots
    ]
    given = named_columns(("plans", "sites", "keys", "dues", "nominals", "reasons"), rows)
    given |= {"taken": list(since), "since": list(since.values())}
    for statement in (DELETE_STALE_SLOTS, MOVE_SLOTS, INSERT_SLOTS):
        await connection.execute(statement, given)


async def keep_rows(connection: Connection, rows: Sequence[ForecastRow]) -> None:
    """Make and move what is ahead by meters and in chains."""
    names = (
        *("plans", "assets", "keys", "dues", "p10s", "p90s", "becauses", "targets", "ordinals"),
        "befores",
    )
    await connection.execute(KEEP_ROWS, named_columns(names, [astuple(row) for row in rows]))


async def delete_stale_rows(
    connection: Connection, taken: Sequence[int], rows: Sequence[ForecastRow]
) -> None:
    """Take away what plans no longer have ahead of them by meters and in chains."""
    plans, assets, keys = columns([(row.plan_id, row.asset_id, row.key) for row in rows], 3)
    given = {"taken": list(taken), "plans": plans, "assets": assets, "keys": keys}
    await connection.execute(DELETE_STALE_ROWS, given)


async def delete_other_kinds(
    connection: Connection, taken: Sequence[Taken], kinds: Mapping[int, str]
) -> None:
    """Take away what was ahead of plans that have become others; `kinds` is by id."""
    given = {
        "plans": [each.id for each in taken],
        "kinds": [kinds[each.id] for each in taken],
        "changed": [each.generated_version not in {None, each.version} for each in taken],
    }
    await connection.execute(DELETE_OTHER_KINDS, given)


async def known_targets(
    connection: Connection, plans: Sequence[int]
) -> dict[tuple[int, int], tuple[float | None, float | None]]:
    """(plan, asset) -> the highest count that is decided, and the lowest that is not."""
    rows = await fetch_dicts(connection, FIXED_TARGETS, {"plans": list(plans)})
    return {(row["plan_id"], row["asset_id"]): (row["decided"], row["ahead"]) for row in rows}
