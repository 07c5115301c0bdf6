"""Orders brought where a test wants them."""

from maintenance.commands.creation import NewOrder, create_order
from maintenance.commands.service import change_state
from maintenance.orders.queries import get_order
from maintenance.orders.work_order import Action, OrderType, Particulars, State, WorkOrder
from tests.maintenance.scene import START, Plant

WHOLE = Particulars("ana", "because", "done", hold_reason="weather", planned_start=START)
_WAY = {
    State.DRAFT: (),
    State.APPROVED: (Action.APPROVE,),
    State.SCHEDULED: (Action.APPROVE, Action.SCHEDULE),
    State.IN_PROGRESS: (Action.APPROVE, Action.START),
    State.ON_HOLD: (Action.APPROVE, Action.START, Action.HOLD),
    State.COMPLETED: (Action.APPROVE, Action.START, Action.COMPLETE),
    State.CLOSED: (Action.APPROVE, Action.START, Action.COMPLETE, Action.CLOSE),
    State.CANCELLED: (Action.CANCEL,),
}


async def moved(
    plant: Plant, order: WorkOrder, *actions: Action, given: Particulars = WHOLE
) -> WorkOrder:
    """The order after these actions, as it stands before each."""
    for action in actions:
        present = await read(plant, order)
        order = await change_state(
            plant.connection,
            order.number,
            action,
            expected_version=present.version,
            given=given,
            clock=plant.now_us,
        )
    return order


async def read(plant: Plant, order: WorkOrder) -> WorkOrder:
    """The order as it is now."""
    return await get_order(plant.connection, order.number)


async def order_in(plant: Plant, state: State, **new: object) -> WorkOrder:
    """A corrective order of P-101 in a state."""
    asked = NewOrder(**{"asset": "P-101", "type": OrderType.CORRECTIVE, "title": "Repair", **new})  # type: ignore[arg-type]
    order = await create_order(plant.connection, asked, actor="ana", clock=plant.now_us)
    return await moved(plant, order, *_WAY[state])
