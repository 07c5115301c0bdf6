"""Codes that failure reports may use, and the reports themselves, as they are read."""

from typing import Final, LiteralString

from psycopg.rows import dict_row

from config.database import Connection
from maintenance.orders.failure_report import CodeKind, FailureCode, FailureFound, FailureReport
from maintenance.orders.work_order import WorkOrder

CODES_OF_ASSET: Final[LiteralString] = """
SELECT code.kind, code.code, code.name, nullif(code.asset_class, '')
FROM failure_code code
WHERE code.retired_at IS NULL AND code.asset_class IN ('', (
    SELECT class.code FROM asset JOIN asset_class class ON class.id = asset.class_id
    WHERE asset.id = %(asset_id)s
))
ORDER BY code.kind, code.asset_class = '', code.code
"""

REPORT_OF_ORDER: Final[LiteralString] = """
SELECT report.failure_mode, report.mechanism, report.cause, report.detection_method,
       report.activity, report.remark, o.failed_at, o.restored_at, report.reported_by,
       report.reported_at
FROM failure_report report JOIN work_order o ON o.id = report.work_order_id
WHERE report.work_order_id = %(id)s
"""


async def codes_of_asset(connection: Connection, asset_id: int) -> list[FailureCode]:
    """Codes that reports about the asset may use: those of its class, and those of every class."""
    cursor = await connection.execute(CODES_OF_ASSET, {"asset_id": asset_id})
    return [FailureCode(CodeKind(row[0]), *row[1:]) for row in await cursor.fetchall()]


async def failure_report_of(connection: Connection, order: WorkOrder) -> FailureReport | None:
    """What people found, if they said so."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(REPORT_OF_ORDER, {"id": order.id})
        row = await cursor.fetchone()
    if row is None:
        return None
    by, at = row.pop("reported_by"), row.pop("reported_at")
    return FailureReport(FailureFound(**row), by, at)
