"""Reads of rounds: the walks that were made, and what they missed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

from config.database import Connection, fetch_dicts, fetch_one
from maintenance.orders.work_order import State

WALKS: Final[LiteralString] = """
SELECT o.number, o.state, o.assignee, o.created_at, o.started_at, o.completed_at,
       (SELECT count(*) FROM work_order_step step WHERE step.work_order_id = o.id) AS steps,
       (SELECT count(*) FROM work_order_step step
        WHERE step.work_order_id = o.id AND step.outcome <> 'open') AS done,
       (SELECT count(*) FROM work_order_step step
        WHERE step.work_order_id = o.id AND step.outcome = 'failed') AS failed,
       coalesce(report.missed, '[]') AS missed
FROM job_plan plan
JOIN job_plan_version version ON version.job_plan_id = plan.id
JOIN work_order_job_plan frozen ON frozen.job_plan_version_id = version.id
JOIN work_order o ON o.id = frozen.work_order_id
LEFT JOIN round_report report ON report.work_order_id = o.id
WHERE plan.code = %(code)s AND plan.kind = 'round'
  AND (%(after)s::bigint IS NULL OR o.id < %(after)s)
ORDER BY o.id DESC
LIMIT %(limit)s
"""

OPEN_WALK: Final[LiteralString] = """
SELECT o.number
FROM job_plan plan
JOIN job_plan_version version ON version.job_plan_id = plan.id
JOIN work_order_job_plan frozen ON frozen.job_plan_version_id = version.id
JOIN work_order o ON o.id = frozen.work_order_id
WHERE plan.code = %(code)s AND plan.kind = 'round'
  AND o.state NOT IN ('completed', 'closed', 'cancelled')
ORDER BY o.id DESC
LIMIT 1
"""

# Walks that are over and that nobody has been told about.
WALKS_TO_REPORT: Final[LiteralString] = """
SELECT o.id, o.number, plan.code
FROM work_order o
JOIN work_order_job_plan frozen ON frozen.work_order_id = o.id
JOIN job_plan_version version ON version.id = frozen.job_plan_version_id
JOIN job_plan plan ON plan.id = version.job_plan_id
WHERE plan.kind = 'round' AND o.state IN ('completed', 'closed', 'cancelled')
  AND NOT EXISTS (SELECT FROM round_report report WHERE report.work_order_id = o.id)
ORDER BY o.id
LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Walk:
    """One walk of a round; `missed` are its stops that nobody looked at, once it is over."""

    number: str
    state: State
    assignee: str | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    steps: int
    done: int
    failed: int
    missed: tuple[Mapping[str, Any], ...]


async def walks_of(
    connection: Connection, code: str, *, after: int | None = None, limit: int = 20
) -> list[Walk]:
    """The walks of a round, newest first."""
    given = {"code": code, "after": after, "limit": limit}
    rows = await fetch_dicts(connection, WALKS, given)
    return [
        Walk(**{**row, "state": State(row["state"]), "missed": tuple(row["missed"])})
        for row in rows
    ]


async def open_walk(connection: Connection, code: str) -> str | None:
    """Number of the walk of a round that is not over; None where there is none."""
    row = await fetch_one(connection, OPEN_WALK, {"code": code})
    return str(row[0]) if row else None


async def walks_to_report(
    connection: Connection, *, limit: int = 100
) -> list[tuple[int, str, str]]:
    """Id, number and round of each walk that is over and not reported, oldest first."""
    cursor = await connection.execute(WALKS_TO_REPORT, {"limit": limit})
    return [(row[0], row[1], row[2]) for row in await cursor.fetchall()]
