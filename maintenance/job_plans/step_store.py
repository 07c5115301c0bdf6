"""SQL writes of what is recorded at steps; transactions are the commands'."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString
from uuid import UUID

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from config.database import Connection, fetch_one
from maintenance.job_plans.judgement import Given, Judgement
from maintenance.job_plans.order_step import OrderStep
from maintenance.job_plans.queries import STEPS, step_of_row
from maintenance.orders.work_order import WorkOrder

# The order cannot move on while something is recorded at it; recordings do not wait for each other.
HOLD_ORDER: Final[LiteralString] = "SELECT state FROM work_order WHERE id = %(id)s FOR SHARE"

HOLD_STEP: Final[LiteralString] = (
    STEPS
    + """
WHERE step.work_order_id = %(order_id)s AND step.position = %(position)s
FOR UPDATE OF step
"""
)

STEP_OF_REQUEST: Final[LiteralString] = """
SELECT step.work_order_id, step.position
FROM work_order_step_result result JOIN work_order_step step ON step.id = result.step_id
WHERE result.request = %(request)s
"""

INSERT_RESULT: Final[LiteralString] = """
INSERT INTO work_order_step_result (
    step_id, revision, request, outcome, value, said, photos, note, reason, actor, at, recorded_at
) VALUES (
    %(step_id)s, %(revision)s, %(request)s, %(outcome)s, %(value)s, %(said)s, %(photos)s, %(note)s,
    %(reason)s, %(actor)s, %(at)s, %(recorded_at)s
)
RETURNING id
"""

SET_OUTCOME: Final[LiteralString] = """
UPDATE work_order_step SET revision = %(revision)s, outcome = %(outcome)s WHERE id = %(step_id)s
"""

# Who signed has not seen what is recorded later.
VOID_SIGNATURES: Final[LiteralString] = """
UPDATE work_order_step SET outcome = 'open'
WHERE work_order_id = %(order_id)s AND kind = 'signature' AND position > %(position)s
  AND outcome <> 'open'
"""

INSERT_FINDING: Final[LiteralString] = """
INSERT INTO work_order_step_finding (step_id, result_id, order_id, relation, at)
VALUES (%(step_id)s, %(result_id)s, %(order_id)s, %(relation)s, %(at)s)
ON CONFLICT (step_id) DO NOTHING
"""

# A reading at a time that has one already is not another one.
INSERT_READING: Final[LiteralString] = """
INSERT INTO manual_reading (tag, ts, value, quality, actor, result_id)
VALUES (%(tag)s, %(ts)s, %(value)s, %(quality)s, %(actor)s, %(result_id)s)
ON CONFLICT (tag, ts) DO NOTHING
"""

NOTIFY_READING: Final[LiteralString] = "SELECT pg_notify('manual_reading', '')"

TELL_RECORDED: Final[LiteralString] = """
WITH told AS (
    INSERT INTO outbox (topic, payload) VALUES (%(topic)s, %(payload)s)
)
SELECT pg_notify('work_order', %(order_id)s::bigint::text)
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is written of a recording: what was given, what it means, by whom and when."""

    given: Given
    judged: Judgement
    request: UUID
    actor: str
    at: datetime
    recorded_at: datetime


async def hold_order(connection: Connection, order_id: int) -> str:
    """The state of an order, which stays to the end of the transaction."""
    row = await fetch_one(connection, HOLD_ORDER, {"id": order_id})
    return str(row[0]) if row else ""


async def hold_step(connection: Connection, order_id: int, position: int) -> OrderStep | None:
    """A step of an order; nobody else records at it in the transaction."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(HOLD_STEP, {"order_id": order_id, "position": position})
        row = await cursor.fetchone()
    return step_of_row(row) if row else None


async def step_of_request(connection: Connection, request: UUID) -> tuple[int, int] | None:
    """Id of the order and position of the step that a recording was for, if it is there already."""
    row = await fetch_one(connection, STEP_OF_REQUEST, {"request": request})
    return (row[0], row[1]) if row else None


async def insert_result(connection: Connection, step: OrderStep, entry: Entry) -> int:
    """Write a held step's next revision and make it count; gives the result's id."""
    given = entry.given
    fields = {
        "step_id": step.id,
        "revision": step.revision + 1,
        "request": entry.request,
        "outcome": entry.judged.outcome.value,
        "value": None if given.skipped else given.value,
        "said": None if given.skipped else given.said,
        "photos": list(given.photos),
        "note": given.note,
        "reason": entry.judged.reason,
        "actor": entry.actor,
        "at": entry.at,
        "recorded_at": entry.recorded_at,
    }
    row = await fetch_one(connection, INSERT_RESULT, fields)
    await connection.execute(SET_OUTCOME, fields)
    assert row is not None, "what is inserted is returned"  # noqa: S101 - RETURNING says so
    return int(row[0])


async def void_signatures(connection: Connection, step: OrderStep) -> None:
    """Open the signatures behind a step again."""
    given = {"order_id": step.order_id, "position": step.position}
    await connection.execute(VOID_SIGNATURES, given)


async def insert_finding(
    connection: Connection,
    step: OrderStep,
    order: WorkOrder,
    *,
    result_id: int,
    relation: str,
    at: datetime,
) -> None:
    """Say to which order a failed step led: `raised` or `joined`; the first one stays."""
    given = {
        "step_id": step.id,
        "result_id": result_id,
        "order_id": order.id,
        "relation": relation,
        "at": at,
    }
    await connection.execute(INSERT_FINDING, given)


async def insert_reading(
    connection: Connection,
    reading: tuple[str, datetime, float, int],
    *,
    actor: str,
    result_id: int | None,
) -> None:
    """Put a reading (tag, time, value in the point's unit, quality byte) on its way into the log."""
    tag, ts, value, quality = reading
    given = {
        "tag": tag,
        "ts": ts,
        "value": value,
        "quality": quality,
        "actor": actor,
        "result_id": result_id,
    }
    await connection.execute(INSERT_READING, given)
    await connection.execute(NOTIFY_READING)


async def tell(
    connection: Connection, order_id: int, topic: str, payload: dict[str, object]
) -> None:
    """Tell others what was recorded, and wake the pages that show the order."""
    given = {"order_id": order_id, "topic": topic, "payload": Jsonb(payload)}
    await connection.execute(TELL_RECORDED, given)
