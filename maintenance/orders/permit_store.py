"""SQL writes of permits to work; transactions are the service's, and the order is held."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, LiteralString

from config.database import Connection
from maintenance.orders.permit import IsolationStep, NewIsolation, NewPermit, PermitStep
from maintenance.orders.work_order import WorkOrder

INSERT_PERMIT: Final[LiteralString] = """
INSERT INTO permit (work_order_id, kind, description, required_by, required_at)
VALUES (%(order_id)s, %(kind)s, %(description)s, %(actor)s, %(at)s)
RETURNING id
"""

INSERT_ISOLATION: Final[LiteralString] = """
INSERT INTO isolation_point (permit_id, tag, energy, method)
VALUES (%(permit_id)s, %(tag)s, %(energy)s, %(method)s)
"""

STEP_PERMIT: Final[LiteralString] = """
UPDATE permit
SET issued_by = CASE %(step)s WHEN 'issue' THEN %(actor)s ELSE issued_by END,
    issued_at = CASE %(step)s WHEN 'issue' THEN %(at)s ELSE issued_at END,
    valid_until = CASE %(step)s WHEN 'issue' THEN %(valid_until)s ELSE valid_until END,
    closed_by = CASE %(step)s WHEN 'close' THEN %(actor)s ELSE closed_by END,
    closed_at = CASE %(step)s WHEN 'close' THEN %(at)s ELSE closed_at END,
    withdrawn_by = CASE %(step)s WHEN 'withdraw' THEN %(actor)s ELSE withdrawn_by END,
    withdrawn_at = CASE %(step)s WHEN 'withdraw' THEN %(at)s ELSE withdrawn_at END
WHERE id = %(id)s
"""

# Applied again, it is verified and removed again; the audit trail tells of every time.
STEP_ISOLATION: Final[LiteralString] = """
UPDATE isolation_point
SET applied_by = CASE %(step)s WHEN 'apply' THEN %(actor)s ELSE applied_by END,
    applied_at = CASE %(step)s WHEN 'apply' THEN %(at)s ELSE applied_at END,
    verified_by = CASE %(step)s WHEN 'verify' THEN %(actor)s WHEN 'apply' THEN NULL
                  ELSE verified_by END,
    verified_at = CASE %(step)s WHEN 'verify' THEN %(at)s WHEN 'apply' THEN NULL
                  ELSE verified_at END,
    removed_by = CASE %(step)s WHEN 'remove' THEN %(actor)s WHEN 'apply' THEN NULL
                 ELSE removed_by END,
    removed_at = CASE %(step)s WHEN 'remove' THEN %(at)s WHEN 'apply' THEN NULL
                 ELSE removed_at END
WHERE id = %(id)s
"""


async def insert_permit(
    connection: Connection, order: WorkOrder, new: NewPermit, *, actor: str, at: datetime
) -> int:
    """Write a permit that is required, with its isolations; its id."""
    given = {
        "order_id": order.id,
        "kind": new.kind.value,
        "description": new.description,
        "actor": actor,
        "at": at,
    }
    cursor = await connection.execute(INSERT_PERMIT, given)
    row = await cursor.fetchone()
    assert row is not None, "an insert that returns has a row"  # noqa: S101 - SQL says so
    await _insert_isolations(connection, int(row[0]), new.isolations)
    return int(row[0])


async def step_permit(
    connection: Connection,
    permit_id: int,
    step: PermitStep,
    *,
    actor: str,
    at: datetime,
    valid_until: datetime | None,
) -> None:
    """Write what became of a permit."""
    given = {"id": permit_id, "step": step.value, "actor": actor, "at": at}
    await connection.execute(STEP_PERMIT, given | {"valid_until": valid_until})


async def step_isolation(
    connection: Connection, point_id: int, step: IsolationStep, *, actor: str, at: datetime
) -> None:
    """Write what was done at an isolation point."""
    given = {"id": point_id, "step": step.value, "actor": actor, "at": at}
    await connection.execute(STEP_ISOLATION, given)


async def _insert_isolations(
    connection: Connection, permit_id: int, isolations: Sequence[NewIsolation]
) -> None:
    for new in isolations:
        given = {
            "permit_id": permit_id,
            "tag": new.tag,
            "energy": new.energy.value,
            "method": new.method,
        }
        await connection.execute(INSERT_ISOLATION, given)
