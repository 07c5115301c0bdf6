"""What an order's steps have to say before it is completed."""

from collections.abc import Mapping

from config.database import Connection
from maintenance.job_plans.queries import progress
from maintenance.orders.lack import Lack
from maintenance.orders.work_order import Action, WorkOrder


async def steps_gate(connection: Connection, order: WorkOrder) -> Mapping[Action, tuple[Lack, ...]]:
    """Each step that is still to be done, or that has failed and stops the work."""
    missing = (await progress(connection, order.id)).missing
    lacks = tuple(Lack("step", f"the step {text!r} is not done") for text in missing)
    return {Action.COMPLETE: lacks} if lacks else {}
