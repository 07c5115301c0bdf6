"""SQL of a turn of generation: the plans whose turn it is, held, and the assets that they are for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

from config.database import Connection
from maintenance.plans.columns import columns, named_columns
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

MARK_GENERATED: Final[LiteralString] = """
UPDATE maintenance_plan p
SET generated_at = %(at)s, generated_version = p.version, trouble = t.trouble
FROM unnest(%(plans)s::integer[], %(troubles)s::text[]) AS t (plan_id, trouble)
WHERE p.id = t.plan_id
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
    given = named_columns(("plans", "kinds", "names"), rows)
    cursor = await connection.execute(FIND_MEMBERS, given)
    return [Member(*row) for row in await cursor.fetchall()]


async def keep_members(
    connection: Connection, taken: Sequence[int], members: Sequence[Member]
) -> None:
    """Note which assets plans are for."""
    plans, assets = columns([(each.plan_id, each.asset_id) for each in members], 2)
    given = {"taken": list(taken), "plans": plans, "assets": assets}
    await connection.execute(KEEP_MEMBERS, given)


async def mark_generated(
    connection: Connection, troubles: Mapping[int, str], *, at: datetime
) -> None:
    """Note that plans (by id) are generated, and what could not be."""
    given = {"plans": list(troubles), "troubles": list(troubles.values()), "at": at}
    await connection.execute(MARK_GENERATED, given)
