"""What would come of a plan that is not saved: it is saved, generated, read, and taken back."""

from datetime import timedelta

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from maintenance.plans import store
from maintenance.plans.file import PlanShape
from maintenance.plans.generation import generate
from maintenance.plans.queries import Entry, calendar_of


async def preview(
    connection: Connection, shape: PlanShape, *, days: int, clock: ClockUs = now_us
) -> list[Entry]:
    """Its calendar of the next days, as generation would make it; nothing is kept."""
    at = from_us(clock())
    async with connection.transaction(force_rollback=True):
        number, _ = await store.write_plan(connection, shape, kept_in="database", at=at)
        horizon = timedelta(days=days)
        await generate(connection, clock=clock, ids=[number], horizon=horizon)
        return await calendar_of(connection, shape.code, first=at, last=at + horizon)
