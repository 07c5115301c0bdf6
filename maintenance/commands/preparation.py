"""What an order carries from the start, each part added by the room that keeps it.

Every way into being ends here, in the transaction that makes the order. Each preparer runs in a
savepoint of its own: an order that could not be prepared in some respect is raised all the same,
and what failed is told (outbox topic `work_order.unprepared`).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import psycopg

from config.database import Connection
from config.diagnostics import logger
from config.errors import OilcanError
from maintenance.assignment.service import prepare_assignment
from maintenance.commands.approval import approve_by_policy
from maintenance.job_plans.service import prepare_job_plan
from maintenance.orders import queries, store
from maintenance.orders.work_order import WorkOrder
from maintenance.procurement.order_parts import prepare_parts
from maintenance.sla.service import prepare_service_level

log = logger(__name__)

Prepare = Callable[[Connection, WorkOrder, datetime], Awaitable[None]]
"""Adds something to a new order, as of a moment; it is called once for each order."""


@dataclass(frozen=True, slots=True)
class Preparer:
    """`name` says in messages what an order went without."""

    name: str
    prepare: Prepare


PREPARERS: tuple[Preparer, ...] = (
    Preparer("job plan", prepare_job_plan),
    Preparer("service level", prepare_service_level),
    Preparer("assignment", prepare_assignment),
    Preparer("parts", prepare_parts),
)
"""In this order: later ones may read what earlier ones have written."""


async def prepare(
    connection: Connection,
    order_id: int,
    *,
    at: datetime,
    preparers: tuple[Preparer, ...] = PREPARERS,
) -> None:
    """Let every preparer have its turn at a new order, then the site's policy of approval."""
    for preparer in preparers:
        order = await queries.order_by_id(connection, order_id)
        if order is not None:
            await _guarded(connection, preparer, order, at)
    await approve_by_policy(connection, order_id, at=at)


async def _guarded(
    connection: Connection, preparer: Preparer, order: WorkOrder, at: datetime
) -> None:
    try:
        async with connection.transaction():
            await preparer.prepare(connection, order, at)
    except (
        OilcanError,
        psycopg.DataError,
        psycopg.IntegrityError,
        ValueError,
        LookupError,
    ) as error:
        log.error(  # noqa: TRY400 - the message says all; the order stands and the lack is told
            "work order not prepared",
            number=order.number,
            preparer=preparer.name,
            error=repr(error),
        )
        await store.tell_unprepared(connection, order, preparer=preparer.name, reason=str(error))
