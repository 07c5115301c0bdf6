"""How often the plant's hold reasons and failure codes are used: what is never used can go."""

from dataclasses import dataclass
from typing import Final, LiteralString

from config.database import Connection
from maintenance.orders.failure_report import CodeKind

HOLD_REASON_USE: Final[LiteralString] = """
SELECT reason.code, reason.name, reason.pauses_sla, reason.retired_at IS NOT NULL,
       count(*) FILTER (WHERE o.id IS NOT NULL)
FROM hold_reason reason
LEFT JOIN work_order o ON o.hold_reason = reason.code
GROUP BY reason.code
ORDER BY reason.retired_at IS NOT NULL, reason.code = 'other', reason.name
"""

# Reports name codes without their class: a code of a class counts what its own assets reported.
FAILURE_CODE_USE: Final[LiteralString] = """
WITH used AS (
    SELECT said.kind, said.code, class.code AS asset_class, count(*) AS times
    FROM failure_report report
    JOIN work_order o ON o.id = report.work_order_id
    JOIN asset ON asset.id = o.asset_id
    JOIN asset_class class ON class.id = asset.class_id
    CROSS JOIN LATERAL (VALUES
        ('mode', report.failure_mode), ('mechanism', report.mechanism), ('cause', report.cause),
        ('detection', report.detection_method), ('activity', report.activity)
    ) said (kind, code)
    WHERE said.code IS NOT NULL
    GROUP BY said.kind, said.code, class.code
)
SELECT code.kind, code.code, code.name, nullif(code.asset_class, ''),
       code.retired_at IS NOT NULL, coalesce(sum(used.times), 0)::bigint
FROM failure_code code
LEFT JOIN used ON used.kind = code.kind AND used.code = code.code
              AND code.asset_class IN ('', used.asset_class)
GROUP BY code.kind, code.code, code.asset_class
ORDER BY code.kind, code.retired_at IS NOT NULL, code.code, code.asset_class
"""


@dataclass(frozen=True, slots=True)
class HoldReasonUse:
    """A hold reason, and how many orders wait for it now."""

    code: str
    name: str
    pauses_sla: bool
    retired: bool
    waiting: int


@dataclass(frozen=True, slots=True)
class FailureCodeUse:
    """A failure code, and how many reports name it; without an `asset_class` it is for every class."""

    kind: CodeKind
    code: str
    name: str
    asset_class: str | None
    retired: bool
    times: int


async def hold_reason_use(connection: Connection) -> list[HoldReasonUse]:
    """Every hold reason, those in use first."""
    cursor = await connection.execute(HOLD_REASON_USE)
    return [HoldReasonUse(*row) for row in await cursor.fetchall()]


async def failure_code_use(connection: Connection) -> list[FailureCodeUse]:
    """Every failure code by kind, those in use first."""
    cursor = await connection.execute(FAILURE_CODE_USE)
    return [FailureCodeUse(CodeKind(row[0]), *row[1:]) for row in await cursor.fetchall()]
