"""SQL of generation: sets of slots against sets of occurrences, never one by one.

Occurrences that are decided are never touched; what is ahead is made, moved and taken away.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

from config.database import Connection, fetch_dicts
from maintenance.plans.plan import Selection

# One process takes a plan at a time; another one passes it by.
TAKE_PLANS: Final[LiteralString] = """
SELECT id, code, definition, version, effective_at, generated_at, generated_version
FROM maintenance_plan
WHERE retired_at IS NULL AND id > %(after)s
  AND CASE WHEN %(ids)s::integer[] IS NULL
           THEN generated_version IS DISTINCT FROM version OR generated_at < %(before)s
           ELSE id = ANY (%(ids)s) END
ORDER BY id LIMIT %(limit)s
FOR UPDATE SKIP LOCKED
"""

FIND_MEMBERS: Final[LiteralString] = """
WITH wanted AS (
    SELECT * FROM unnest(%(plans)s::integer[], %(kinds)s::text[], %(names)s::text[])
        AS w (plan_id, kind, name)
), plan AS (
    SELECT plan_id, bool_or(kind = 'site') AS at_sites, bool_or(kind <> 'site') AS named
    FROM wanted GROUP BY plan_id
), named AS MATERIALIZED (
    SELECT w.plan_id, asset.id FROM wanted w JOIN asset ON asset.tag = w.name
    WHERE w.kind = 'asset'
    UNION
    SELECT w.plan_id, asset.id FROM wanted w
    JOIN asset_class class ON class.code = w.name JOIN asset ON asset.class_id = class.id
    WHERE w.kind = 'class'
    UNION
    SELECT w.plan_id, asset.id FROM wanted w JOIN plan p ON p.plan_id = w.plan_id AND NOT p.named
    JOIN site ON site.code = w.name JOIN asset ON asset.site_id = site.id
    WHERE w.kind = 'site'
)
SELECT named.plan_id, a.id AS asset_id, a.tag, a.site_id, a.site, a.time_zone
FROM named
CROSS JOIN LATERAL (
    SELECT asset.id, asset.tag, site.id AS site_id, site.code AS site, site.time_zone
    FROM asset JOIN site ON site.id = asset.site_id
    WHERE asset.id = named.id AND asset.retired_at IS NULL
    OFFSET 0
) a
WHERE NOT EXISTS (SELECT FROM plan p WHERE p.plan_id = named.plan_id AND p.at_sites)
   OR EXISTS (SELECT FROM wanted w
              WHERE w.plan_id = named.plan_id AND w.kind = 'site' AND w.name = a.site)
ORDER BY named.plan_id, a.tag
"""

KEEP_MEMBERS: Final[LiteralString] = """
WITH found AS (
    SELECT * FROM unnest(%(plans)s::integer[], %(assets)s::integer[]) AS f (plan_id, asset_id)
), gone AS (
    DELETE FROM plan_asset m WHERE m.plan_id = ANY (%(taken)s)
      AND NOT EXISTS (SELECT FROM found f WHERE f.plan_id = m.plan_id AND f.asset_id = m.asset_id)
)
INSERT INTO plan_asset (plan_id, asset_id) SELECT plan_id, asset_id FROM found
ON CONFLICT DO NOTHING
"""

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

FIXED_TARGETS: Final[LiteralString] = """
SELECT plan_id, asset_id, max(meter_target) FILTER (WHERE decided_at IS NOT NULL) AS decided,
       min(meter_target) FILTER (WHERE decided_at IS NULL) AS ahead
FROM plan_occurrence
WHERE plan_id = ANY (%(plans)s) AND slot_key LIKE 'm:%%'
GROUP BY plan_id, asset_id
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

PAIRS: Final[LiteralString] = """
SELECT p.id, p.code, p.definition, p.version, p.effective_at, p.generated_at, p.generated_version,
       asset.id, asset.tag, site.id, site.code, site.time_zone
FROM unnest(%(plans)s::integer[], %(assets)s::integer[]) AS m (plan_id, asset_id)
JOIN maintenance_plan p ON p.id = m.plan_id AND p.chain AND p.retired_at IS NULL
JOIN asset ON asset.id = m.asset_id AND asset.retired_at IS NULL
JOIN site ON site.id = asset.site_id
ORDER BY p.id, asset.id
"""

MARK_GENERATED: Final[LiteralString] = """
UPDATE maintenance_plan p
SET generated_at = %(at)s, generated_version = p.version, trouble = t.trouble
FROM unnest(%(plans)s::integer[], %(troubles)s::text[]) AS t (plan_id, trouble)
WHERE p.id = t.plan_id
"""

NESTED_RANKS: Final[LiteralString] = """
SELECT p.rank, array_agg(DISTINCT p.nest) FROM maintenance_plan p
WHERE p.nest IS NOT NULL AND p.retired_at IS NULL
  AND p.nest IN (SELECT nest FROM maintenance_plan WHERE id = ANY (%(plans)s))
GROUP BY p.rank ORDER BY p.rank DESC
"""

# From the greatest rank down, so that what is absorbed absorbs nothing itself. Only what changes is
# written.
SUPPRESS_RANK: Final[LiteralString] = """
WITH lesser AS (
    SELECT o.id, o.state, o.suppressed_by, a.id AS absorber, a.due_at AS absorber_due, a.code
    FROM maintenance_plan p
    CROSS JOIN LATERAL (
        SELECT y.id, y.state, y.suppressed_by, y.asset_id, y.due_at FROM plan_occurrence y
        WHERE y.plan_id = p.id AND y.decided_at IS NULL AND y.state IN ('forecast', 'suppressed')
        OFFSET 0
    ) o
    LEFT JOIN LATERAL (
        SELECT g.id, g.due_at, q.code
        FROM maintenance_plan q
        JOIN plan_occurrence g ON g.plan_id = q.id AND g.asset_id = o.asset_id
         AND g.due_at BETWEEN o.due_at - p.within_min * interval '1 minute'
                          AND o.due_at + p.within_min * interval '1 minute'
        WHERE q.nest = p.nest AND q.rank > p.rank AND q.retired_at IS NULL AND q.paused_at IS NULL
          AND g.state IN ('forecast', 'released', 'done')
        ORDER BY q.rank DESC, g.id LIMIT 1
    ) a ON true
    WHERE p.nest = ANY (%(nests)s) AND p.rank = %(rank)s AND p.retired_at IS NULL
)
UPDATE plan_occurrence o
SET state = CASE WHEN l.absorber IS NULL THEN 'forecast' ELSE 'suppressed' END,
    suppressed_by = l.absorber,
    reason = CASE WHEN l.absorber IS NULL THEN ''
                  ELSE 'absorbed by ' || l.code || ', due on '
                       || to_char(l.absorber_due, 'YYYY-MM-DD') END
FROM lesser l
WHERE o.id = l.id AND o.decided_at IS NULL
  AND (l.suppressed_by IS DISTINCT FROM l.absorber OR (l.state = 'suppressed') <> (l.absorber IS NOT NULL))
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """A plan whose turn it is, held to the end of the transaction."""

    id: int
    code: str
    definition: Mapping[str, Any]
    version: int
    effective_at: datetime
    generated_at: datetime | None
    generated_version: int | None

    @property
    def since(self) -> datetime:
        """From here on slots are made: nothing is asked for that was before the plan."""
        if self.generated_at is None:
            return self.effective_at
        return max(self.effective_at, self.generated_at)


@dataclass(frozen=True, slots=True)
class Member:
    """An asset of a plan, and where it stands."""

    plan_id: int
    asset_id: int
    tag: str
    site_id: int
    site: str
    time_zone: str


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


@dataclass(frozen=True, slots=True)
class ProjectionRow:
    """What would come after it."""

    plan_id: int
    asset_id: int
    ordinal: int
    due_at: datetime


async def take_plans(
    connection: Connection,
    *,
    after: int,
    before: datetime,
    ids: Sequence[int] | None = None,
    limit: int,
) -> list[Taken]:
    """The next plans that changed or were generated before a moment; with `ids` those named."""
    given = {
        "after": after,
        "before": before,
        "ids": None if ids is None else list(ids),
        "limit": limit,
    }
    cursor = await connection.execute(TAKE_PLANS, given)
    return [Taken(*row) for row in await cursor.fetchall()]


async def find_members(connection: Connection, selections: Mapping[int, Selection]) -> list[Member]:
    """The assets of plans (by id), without retired ones, by plan and tag."""
    rows = [
        (number, kind, name)
        for number, selection in selections.items()
        for kind, names in (
            ("asset", selection.assets),
            ("class", selection.classes),
            ("site", selection.sites),
        )
        for name in names
    ]
    given = _given(("plans", "kinds", "names"), rows)
    cursor = await connection.execute(FIND_MEMBERS, given)
    return [Member(*row) for row in await cursor.fetchall()]


async def keep_members(
    connection: Connection, taken: Sequence[int], members: Sequence[Member]
) -> None:
    """Note which assets plans are for."""
    plans, assets = _columns([(each.plan_id, each.asset_id) for each in members], 2)
    given = {"taken": list(taken), "plans": plans, "assets": assets}
    await connection.execute(KEEP_MEMBERS, given)


async def keep_slots(
    connection: Connection, since: Mapping[int, datetime], slots: Sequence[SlotRow]
) -> None:
    """Bring what is ahead by the calendar in line: move, make and take away. `since` is by plan."""
    rows = [
        (each.plan_id, each.site_id, each.key, each.due_at, each.nominal_at, each.reason)
        for each in slots
    ]
    given = _given(("plans", "sites", "keys", "dues", "nominals", "reasons"), rows)
    given |= {"taken": list(since), "since": list(since.values())}
    for statement in (DELETE_STALE_SLOTS, MOVE_SLOTS, INSERT_SLOTS):
        await connection.execute(statement, given)


async def keep_rows(connection: Connection, rows: Sequence[ForecastRow]) -> None:
    """Make and move what is ahead by meters and in chains."""
    names = (
        *("plans", "assets", "keys", "dues", "p10s", "p90s", "becauses", "targets", "ordinals"),
        "befores",
    )
    await connection.execute(KEEP_ROWS, _given(names, [astuple(row) for row in rows]))


async def delete_stale_rows(
    connection: Connection, taken: Sequence[int], rows: Sequence[ForecastRow]
) -> None:
    """Take away what plans no longer have ahead of them by meters and in chains."""
    plans, assets, keys = _columns([(row.plan_id, row.asset_id, row.key) for row in rows], 3)
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


async def chain_ends(
    connection: Connection, pairs: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], dict[str, Any]]:
    """The last occurrence of each chain (plan, asset), with what it followed from."""
    plans, assets = _columns(pairs, 2)
    rows = await fetch_dicts(connection, CHAIN_ENDS, {"plans": plans, "assets": assets})
    return {(row["plan_id"], row["asset_id"]): row for row in rows}


async def known_targets(
    connection: Connection, plans: Sequence[int]
) -> dict[tuple[int, int], tuple[float | None, float | None]]:
    """(plan, asset) -> the highest count that is decided, and the lowest that is not."""
    rows = await fetch_dicts(connection, FIXED_TARGETS, {"plans": list(plans)})
    return {(row["plan_id"], row["asset_id"]): (row["decided"], row["ahead"]) for row in rows}


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
    plans, assets = _columns(pairs, 2)
    await connection.execute(DELETE_PROJECTED, {"plans": plans, "assets": assets})
    given = _given(("plans", "assets", "ordinals", "dues"), [astuple(row) for row in rows])
    await connection.execute(INSERT_PROJECTED, given)


async def clear_projections(connection: Connection, plans: Sequence[int]) -> None:
    """Take away all that would come, of plans."""
    await connection.execute(DELETE_PROJECTED_OF_PLANS, {"plans": list(plans)})


async def chains_of(
    connection: Connection, pairs: Sequence[tuple[int, int]]
) -> list[tuple[Taken, Member]]:
    """Those of the pairs (plan, asset) that are chains and go on."""
    plans, assets = _columns(pairs, 2)
    cursor = await connection.execute(PAIRS, {"plans": plans, "assets": assets})
    return [(Taken(*row[:7]), Member(row[0], *row[7:])) for row in await cursor.fetchall()]


async def mark_generated(
    connection: Connection, troubles: Mapping[int, str], *, at: datetime
) -> None:
    """Note that plans (by id) are generated, and what could not be."""
    given = {"plans": list(troubles), "troubles": list(troubles.values()), "at": at}
    await connection.execute(MARK_GENERATED, given)


async def suppress(connection: Connection, plans: Sequence[int]) -> None:
    """Say of what is ahead in the groups of plans (by id) which greater work absorbs it."""
    cursor = await connection.execute(NESTED_RANKS, {"plans": list(plans)})
    for rank, nests in await cursor.fetchall():
        await connection.execute(SUPPRESS_RANK, {"rank": rank, "nests": nests})


def _given(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    """Rows as named columns, as `unnest` takes them."""
    return dict(zip(names, _columns(rows, len(names)), strict=True))


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [[row[place] for row in rows] for place in range(width)]
