"""What is held for whom: commitments are given, used and taken back on stock that is held."""

from decimal import Decimal

from config.database import Connection
from maintenance.materials import reservation_store, store
from maintenance.materials.ledger import HeldStock, Said
from maintenance.materials.part import ReservationState, Strength
from maintenance.materials.reservation_store import OpenReservation


async def allot(connection: Connection, held: HeldStock) -> HeldStock:
    """Commit what is available to hard reservations that lack some, the most urgent order first."""
    for one in await reservation_store.open_of_stock(connection, held):
        now = await store.hold_stock_by_id(connection, held.id)
        some = min(one.lacking, now.available)
        if one.strength is Strength.HARD and some > 0:
            await reservation_store.set_committed(connection, one, one.committed + some)
    return await store.hold_stock_by_id(connection, held.id)


async def make_room(connection: Connection, held: HeldStock, on_hand: Decimal) -> HeldStock:
    """Take commitments back until they fit what will be on hand: the least urgent ones first.

    They stay reserved, and get their share when more comes in.
    """
    excess = held.committed - max(on_hand, Decimal(0))
    for one in reversed(await reservation_store.open_of_stock(connection, held)):
        less = min(one.committed, excess)
        if less > 0:
            await reservation_store.set_committed(connection, one, one.committed - less)
            excess -= less
    return await store.hold_stock_by_id(connection, held.id)


async def use(
    connection: Connection, held: HeldStock, order_id: int, quantity: Decimal, said: Said
) -> HeldStock:
    """An order takes a quantity: its reservations are used up, oldest first, as far as they go."""
    left = quantity
    for one in await of_order(connection, held, order_id):
        some = min(left, one.outstanding)
        if some <= 0:
            break
        await reservation_store.set_committed(
            connection, one, max(one.committed - some, Decimal(0))
        )
        await reservation_store.set_issued(connection, one, some, at=said.at)
        left -= some
    return await store.hold_stock_by_id(connection, held.id)


async def of_order(connection: Connection, held: HeldStock, order_id: int) -> list[OpenReservation]:
    """An order's open reservations of a held stock, oldest first."""
    found = await reservation_store.open_of_stock(connection, held)
    return [one for one in found if one.order_id == order_id]


async def let_go(
    connection: Connection, reservation: OpenReservation, state: ReservationState, said: Said
) -> None:
    """End a reservation; what it held is available again."""
    await reservation_store.set_committed(connection, reservation, Decimal(0))
    await reservation_store.end(connection, reservation, state, said)
