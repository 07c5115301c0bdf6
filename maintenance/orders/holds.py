"""Reasons for which work stands still: data of the plant."""

from dataclasses import dataclass
from typing import Final, LiteralString

from config.database import Connection

HOLD_REASONS: Final[LiteralString] = """
SELECT code, name, pauses_sla FROM hold_reason WHERE retired_at IS NULL ORDER BY code = 'other', name
"""


@dataclass(frozen=True, slots=True)
class HoldReason:
    """Why work stands still, and whether the clocks of an agreement stand still with it."""

    code: str
    name: str
    pauses_sla: bool


async def hold_reasons(connection: Connection) -> list[HoldReason]:
    """The reasons in use."""
    cursor = await connection.execute(HOLD_REASONS)
    return [HoldReason(*row) for row in await cursor.fetchall()]
