"""SQL of nested plans: what is ahead of the lesser work is absorbed by the greater."""

from collections.abc import Sequence
from typing import Final, LiteralString

from config.database import Connection

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


async def suppress(connection: Connection, plans: Sequence[int]) -> None:
    """Say of what is ahead in the groups of plans (by id) which greater work absorbs it."""
    cursor = await connection.execute(NESTED_RANKS, {"plans": list(plans)})
    for rank, nests in await cursor.fetchall():
        await connection.execute(SUPPRESS_RANK, {"rank": rank, "nests": nests})
