"""What procurement and the storerooms do by the clock. Each is safe to run twice at once."""

from config.clock import ClockUs, from_us
from config.database import Connection
from config.settings import Settings
from maintenance.materials.ledger import Said
from maintenance.materials.reservations import expire_reservations
from maintenance.procurement.requisitions import order_waiting, reorder

_ACTOR = "clock"


async def expire(connection: Connection, _: Settings, clock: ClockUs) -> None:
    """End reservations whose time is over."""
    await expire_reservations(connection, at=from_us(clock()))


async def reorder_parts(connection: Connection, _: Settings, clock: ClockUs) -> None:
    """Ask for what is at its reorder point, and order what has a price by now."""
    said = Said(_ACTOR, from_us(clock()))
    await reorder(connection, said=said)
    await order_waiting(connection, said=said)
