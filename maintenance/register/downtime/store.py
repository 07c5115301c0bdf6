"""Writes of downtime. That intervals of an asset do not overlap is the database's own constraint."""

from dataclasses import asdict
from datetime import datetime

from config.database import Connection, fetch_one
from maintenance.register.downtime.interval import NewDowntime

INSERT = """
INSERT INTO downtime (asset_id, kind, started_at, ended_at, reason, work_order_id, actor, ended_by)
VALUES (%(asset_id)s, %(kind)s, %(started_at)s, %(ended_at)s, %(reason)s, %(work_order_id)s,
        %(actor)s, CASE WHEN %(ended_at)s::timestamptz IS NULL THEN NULL ELSE %(actor)s END)
RETURNING id
"""

END = """
UPDATE downtime SET ended_at = %(at)s, ended_by = %(actor)s
 WHERE id = %(id)s AND ended_at IS NULL AND withdrawn_at IS NULL
RETURNING id
"""

WITHDRAW = """
UPDATE downtime SET withdrawn_at = %(at)s, withdrawn_by = %(actor)s, withdrawn_for = %(reason)s
 WHERE id = %(id)s AND withdrawn_at IS NULL
RETURNING id
"""


async def insert(connection: Connection, new: NewDowntime, *, actor: str) -> int:
    """Record an interval; gives its id. Raises the driver's `ExclusionViolation` on an overlap."""
    row = await fetch_one(connection, INSERT, {**asdict(new), "actor": actor})
    assert row is not None  # noqa: S101 - RETURNING always gives the row
    return int(row[0])


async def end(connection: Connection, downtime_id: int, *, actor: str, at: datetime) -> bool:
    """Give an open interval its end; False where it has one."""
    given = {"id": downtime_id, "actor": actor, "at": at}
    return await fetch_one(connection, END, given) is not None


async def withdraw(
    connection: Connection, downtime_id: int, *, reason: str, actor: str, at: datetime
) -> bool:
    """Have an interval count for nothing; False where it does already."""
    given = {"id": downtime_id, "actor": actor, "at": at, "reason": reason}
    return await fetch_one(connection, WITHDRAW, given) is not None
