"""The rows of write commands and their outcomes: inserted, never changed."""

from datetime import datetime
from uuid import UUID

from api.writes.write import NewWrite
from config.database import Connection, fetch_one
from edge.write_command import WriteAnswer
from ingest.point import Point

INSERT_COMMAND = """
INSERT INTO write_command (command, point_id, value, unit, actor, reason, asked_at, expires_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id
"""

INSERT_OUTCOME = """
INSERT INTO write_outcome (write_command_id, outcome, message, edge, source, registers, read_back)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""


async def insert_command(
    connection: Connection,
    point: Point,
    new: NewWrite,
    *,
    command: UUID,
    actor: str,
    lives: tuple[datetime, datetime],
) -> int:
    """Id of a command that is about to be sent; it lives from one time to the other."""
    row = await fetch_one(
        connection,
        INSERT_COMMAND,
        [command, point.id, new.value, point.unit, actor, new.reason, *lives],
    )
    assert row is not None  # noqa: S101 - RETURNING gives a row
    return int(row[0])


async def insert_outcome(connection: Connection, write_id: int, answer: WriteAnswer) -> None:
    """What came of a command."""
    await connection.execute(
        INSERT_OUTCOME,
        [
            write_id,
            str(answer.outcome),
            answer.message,
            answer.edge,
            answer.source,
            list(answer.registers),
            answer.read_back,
        ],
    )
