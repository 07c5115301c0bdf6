"""An order asks for its parts by itself, and gives free what it does not need any more.

Work on a failure holds what it needs at once; planned work says what it will need, and holds it
when it is approved. What is not there is asked for, once for each reservation.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from config.database import Connection
from maintenance.job_plans.queries import parts_of_order
from maintenance.materials.ledger import Place, Said
from maintenance.materials.part import Strength
from maintenance.materials.reservations import (
    WhenShort,
    Wish,
    commit_order,
    hold_parts,
    release_order,
    reserve,
)
from maintenance.orders.work_order import OrderType, WorkOrder
from maintenance.procurement import order_part_store, store
from maintenance.procurement.order_part_store import Lacking
from maintenance.procurement.requisitions import Cause, Need, require
from maintenance.procurement.services import cancel_order

_PIECES = frozenset({"1", "pcs", "pc", "piece", "pieces", "ea", "each"})

ACTOR = "job plan"
"""Who reserves what a job plan asks for."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A part of an order's job plan, all of its lines together."""

    part: str
    quantity: Decimal
    unit: str


async def prepare_parts(connection: Connection, order: WorkOrder, at: datetime) -> None:
    """Reserve the parts of the order's job plan at its site, and ask for what is not there."""
    strength = Strength.HARD if order.type is OrderType.CORRECTIVE else Strength.SOFT
    wishes = [
        Wish(place, planned.quantity, strength, WhenShort.WAIT, source=f"job_plan/{planned.part}")
        for planned in await _planned(connection, order)
        if (place := await _place(connection, order, planned)) is not None
    ]
    await hold_parts(connection, [wish.place for wish in wishes])
    said = Said(ACTOR, at, f"job plan {order.job_plan}")
    for wish in wishes:
        await reserve(connection, order.number, wish, said=said)
    await ask_for_lacking(connection, order, at)


async def order_approved(connection: Connection, order: WorkOrder, at: datetime) -> None:
    """The order will be carried out: what was planned is held, and what lacks is asked for."""
    await commit_order(connection, order.id)
    await ask_for_lacking(connection, order, at)


async def order_ended(connection: Connection, order: WorkOrder, *, said: Said) -> None:
    """The order is completed or cancelled: what it did not take is there for others."""
    await release_order(connection, order.id, said=said)
    await order_part_store.withdraw_of_order(connection, order.id, actor=said.actor, at=said.at)


async def order_cancelled(connection: Connection, order: WorkOrder, *, said: Said) -> None:
    """The same, and what vendors were to do for it will not be done."""
    await order_ended(connection, order, said=said)
    await cancel_order(connection, order.id, said=said)


async def ask_for_lacking(connection: Connection, order: WorkOrder, at: datetime) -> None:
    """Make a requisition for each firm reservation of the order that lacks something, once."""
    for lacking in await order_part_store.lacking_of(connection, order.id):
        needed_by = (order.planned_start or order.due_at or at).date()
        need = Need(
            Place(lacking.part, lacking.storeroom),
            lacking.quantity,
            Cause.ORDER,
            needed_by=needed_by,
            work_order_id=order.id,
            reservation_id=lacking.reservation_id,
        )
        await require(connection, need, said=Said(ACTOR, at, _why(order, lacking)))


async def _planned(connection: Connection, order: WorkOrder) -> list[Planned]:
    """What the job plan asks for, by part."""
    found: dict[tuple[str, str], Decimal] = {}
    for line in await parts_of_order(connection, order.id):
        key = (line.part, line.unit)
        found[key] = found.get(key, Decimal(0)) + line.quantity
    return [Planned(part, quantity, unit) for (part, unit), quantity in sorted(found.items())]


async def _place(connection: Connection, order: WorkOrder, planned: Planned) -> Place | None:
    """Where the part is best taken from; None: the order goes without it, which is told."""
    room = await order_part_store.best_storeroom(
        connection, order.site, planned.part, planned.quantity
    )
    unit = await order_part_store.unit_of(connection, planned.part)
    if room is None or not _same_unit(unit, planned.unit):
        await _tell_unknown(connection, order, planned, unit)
        return None
    return Place(planned.part, room)


async def _tell_unknown(
    connection: Connection, order: WorkOrder, planned: Planned, unit: str | None
) -> None:
    """Somebody has to look: the order goes without this part."""
    why = f"no storeroom at {order.site} can keep it"
    if unit is None:
        why = "there is no such part"
    elif not _same_unit(unit, planned.unit):
        why = f"it is counted in {unit}, the job plan says {planned.unit}"
    text = f"{planned.part} of job plan {order.job_plan} was not reserved: {why}"
    await store.tell(connection, "work_order.part_unknown", order.number, text)


def _same_unit(unit: str | None, planned: str) -> bool:
    """Pieces have many names, and a job plan may use any of them."""
    return unit == planned or (unit in _PIECES and planned in _PIECES)


def _why(order: WorkOrder, lacking: Lacking) -> str:
    others = (
        f"; in stock instead: {', '.join(lacking.alternatives)}" if lacking.alternatives else ""
    )
    return (
        f"{order.number} lacks {lacking.quantity.normalize():f} of {lacking.part} in "
        f"{lacking.storeroom}{others}"
    )
