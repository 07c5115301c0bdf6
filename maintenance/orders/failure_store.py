"""SQL writes of failure reports; transactions are the service's."""

from dataclasses import asdict
from datetime import datetime
from typing import Final, LiteralString

from config.database import Connection
from maintenance.orders.failure_report import FailureFound
from maintenance.orders.work_order import WorkOrder

KEEP_REPORT: Final[LiteralString] = """
INSERT INTO failure_report (
    work_order_id, failure_mode, mechanism, cause, detection_method, activity, remark, reported_by,
    reported_at
) VALUES (
    %(id)s, %(failure_mode)s, %(mechanism)s, %(cause)s, %(detection_method)s, %(activity)s,
    %(remark)s, %(actor)s, %(at)s
)
ON CONFLICT (work_order_id) DO UPDATE
SET failure_mode = excluded.failure_mode, mechanism = excluded.mechanism, cause = excluded.cause,
    detection_method = excluded.detection_method, activity = excluded.activity,
    remark = excluded.remark, reported_by = excluded.reported_by,
    reported_at = excluded.reported_at
"""

KEEP_TIMES: Final[LiteralString] = """
UPDATE work_order
SET failed_at = coalesce(%(failed_at)s, failed_at), restored_at = coalesce(%(restored_at)s, restored_at)
WHERE id = %(id)s
"""


async def keep_report(
    connection: Connection, order: WorkOrder, found: FailureFound, *, actor: str, at: datetime
) -> None:
    """Write what was found about a held order; the codes are known ones."""
    given = {**asdict(found), "id": order.id, "actor": actor, "at": at}
    await connection.execute(KEEP_REPORT, given)
    await connection.execute(KEEP_TIMES, given)
