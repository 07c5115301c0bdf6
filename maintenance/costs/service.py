"""Commands on costs: one function, one transaction.

Labour becomes a cost when an order is completed, by the rate of the day on which each piece of work
began; reopening takes it back by entries of the opposite amount, and the next completion books it
anew. So nothing is doubled, and a later rate changes nothing that was frozen.
"""

from datetime import datetime

from config.currency import plant_currency
from config.database import Connection
from maintenance.costs import store
from maintenance.costs.cost import CostKind, labour_cost
from maintenance.errors import BookingRefused, NotFound
from maintenance.orders.work_order import WorkOrder


async def freeze_labour(
    connection: Connection, order: WorkOrder, *, actor: str, at: datetime
) -> None:
    """Book the labour of an order that was completed; a second time it changes nothing.

    Work of somebody without a rate in the plant's currency is booked with nothing, and says so.
    """
    currency = plant_currency()
    async with connection.transaction():
        await store.reverse_withdrawn(connection, order.id, actor=actor, at=at)
        found = await store.labour_to_freeze(connection, order.id)
        for entry_id, person, minutes, rate, rate_currency in found:
            known = rate is not None and rate_currency == currency
            hourly = rate if rate is not None and known else 0
            words = f"at {hourly} an hour" if known else f"without a rate in {currency}"
            given = {
                "order_id": order.id,
                "kind": CostKind.LABOUR.value,
                "amount_minor": labour_cost(minutes, hourly),
                "source": f"labour/{entry_id}/{order.reopened}",
                "description": f"{person}, {minutes} min {words}",
                "actor": actor,
                "at": at,
            }
            await store.insert_cost(connection, given)


async def thaw_labour(
    connection: Connection, order: WorkOrder, *, actor: str, at: datetime
) -> None:
    """Take the labour of an order back that was reopened."""
    await store.reverse_labour(connection, order.id, actor=actor, at=at)


async def add_cost(
    connection: Connection,
    number: str,
    amount_minor: int,
    description: str,
    *,
    actor: str,
    at: datetime,
) -> int:
    """Book a cost that is neither labour nor parts nor a service; gives the entry's id.

    Raises `NotFound`, and `BookingRefused` for an order that is closed or cancelled.
    """
    async with connection.transaction():
        order = await store.hold_order(connection, number)
        if order is None:
            raise NotFound("work order", number)
        if order[1] in {"closed", "cancelled"}:
            raise BookingRefused(f"{number} is {order[1]}: its cost does not change any more")
        if amount_minor <= 0 or not description.strip():
            raise BookingRefused("a cost is more than nothing, and says what it is for")
        given = {
            "order_id": order[0],
            "kind": CostKind.OTHER.value,
            "amount_minor": amount_minor,
            "source": None,
            "description": description,
            "actor": actor,
            "at": at,
        }
        return await store.insert_cost(connection, given) or 0


async def reverse_cost(
    connection: Connection, entry_id: int, reason: str, *, actor: str, at: datetime
) -> int:
    """Take such a cost back, once, with a reason, also of a closed order; gives the entry's id.

    Raises `BookingRefused`.
    """
    if not reason.strip():
        raise BookingRefused("it needs a reason")
    async with connection.transaction():
        given = {"id": entry_id, "reason": reason, "actor": actor, "at": at}
        made = await store.reverse_cost(connection, given)
        if made is None:
            raise BookingRefused(f"there is no cost {entry_id} that could be taken back")
        return made


async def set_replacement_value(
    connection: Connection, asset: str, amount_minor: int, *, actor: str, at: datetime
) -> None:
    """Say what a like asset would cost today. Raises `NotFound`."""
    async with connection.transaction():
        given = {"asset": asset, "amount_minor": amount_minor, "actor": actor, "at": at}
        if not await store.set_replacement(connection, given):
            raise NotFound("asset", asset)
