"""Commands on reservations: one function, one transaction.

A hard reservation holds what is available for its order and gets more as it comes in, by the
urgency of the orders; a soft one only says what is planned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from config.database import Connection
from maintenance.errors import BookingRefused, NotFound, StockShort
from maintenance.materials import reservation_store, store
from maintenance.materials.booking import hold, hold_together, moved_quantity
from maintenance.materials.commitment import allot, let_go, of_order
from maintenance.materials.ledger import HeldStock, Place, Said
from maintenance.materials.part import ReservationState, Strength
from maintenance.materials.reservation_store import OpenReservation

NOT_FOR = frozenset({"completed", "closed", "cancelled"})
"""States of an order in which nothing is reserved for it."""


class WhenShort(StrEnum):
    """What becomes of a hard reservation that cannot hold all that it asks for."""

    REFUSE = "refuse"
    WAIT = "wait"
    """It holds what there is, and waits for the rest."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What an order is to have. `source` says what asked, so that it is asked for once."""

    place: Place
    quantity: Decimal
    strength: Strength = Strength.HARD
    when_short: WhenShort = WhenShort.REFUSE
    expires_at: datetime | None = None
    source: str | None = None


async def reserve(
    connection: Connection, number: str, wish: Wish, *, said: Said
) -> OpenReservation | None:
    """Reserve a part for an order that still has work to do; None if its source asked before.

    Raises `NotFound`, `BookingRefused`, and `StockShort` where a hard one would lack some and may
    not wait.
    """
    quantity = moved_quantity(wish.quantity)
    async with connection.transaction():
        order = await store.hold_order(connection, number)
        if order is None:
            raise NotFound("work order", number)
        if order.state in NOT_FOR:
            raise BookingRefused(f"{number} is {order.state}: it needs nothing any more")
        held = await hold(connection, wish.place)
        refuses = wish.strength is Strength.HARD and wish.when_short is WhenShort.REFUSE
        if refuses and held.available < quantity:
            raise StockShort(held.part, held.storeroom, asked=quantity, available=held.available)
        given = {
            "strength": wish.strength.value,
            "quantity": quantity,
            "source": wish.source,
            "expires_at": wish.expires_at,
        }
        made = await reservation_store.insert(connection, order.id, held, given, said)
        if made is None:
            return None
        await _commit_first(connection, held, made)
        await store.notify_order(connection, order.id)
        return await _open(connection, held, made)


async def release(connection: Connection, reservation_id: int, *, said: Said) -> None:
    """End a reservation; what it held goes to those that wait. Raises `NotFound`, `BookingRefused`."""
    async with connection.transaction():
        stock_id = await reservation_store.stock_of(connection, reservation_id)
        if stock_id is None:
            raise NotFound("reservation", str(reservation_id))
        held = await store.hold_stock_by_id(connection, stock_id)
        found = await _open(connection, held, reservation_id)
        if found is None:
            raise BookingRefused(f"reservation {reservation_id} has ended already")
        await let_go(connection, found, ReservationState.RELEASED, said)
        await allot(connection, await store.hold_stock_by_id(connection, stock_id))
        await store.notify_order(connection, found.order_id)


async def hold_parts(connection: Connection, places: Sequence[Place]) -> None:
    """Hold all that an order is about to reserve, in the caller's transaction. Raises `NotFound`."""
    await hold_together(connection, places)


async def hold_reserved(connection: Connection, order_ids: Sequence[int]) -> None:
    """Hold what several held orders have reserved, before any of them moves on."""
    await store.hold_stocks_of_orders(connection, order_ids)


async def release_order(connection: Connection, order_id: int, *, said: Said) -> None:
    """An order needs nothing more: what it had reserved and did not take is there for others."""
    async with connection.transaction():
        await store.hold_stocks_of_orders(connection, [order_id])
        for stock_id in await reservation_store.stocks_of_order(connection, order_id):
            held = await store.hold_stock_by_id(connection, stock_id)
            for one in await of_order(connection, held, order_id):
                await let_go(connection, one, ReservationState.RELEASED, said)
            await allot(connection, await store.hold_stock_by_id(connection, stock_id))


async def commit_order(connection: Connection, order_id: int) -> None:
    """An order will be carried out: what was planned for it is committed as far as it is there."""
    async with connection.transaction():
        await store.hold_stocks_of_orders(connection, [order_id])
        for stock_id in await reservation_store.stocks_of_order(connection, order_id):
            held = await store.hold_stock_by_id(connection, stock_id)
            await reservation_store.strengthen(connection, order_id, held)
            await allot(connection, held)


async def expire_reservations(connection: Connection, *, at: datetime) -> int:
    """End reservations whose time is over, stock by stock; gives how many ended."""
    ended = 0
    said = Said("clock", at)
    for stock_id in await reservation_store.expired_stocks(connection, at):
        async with connection.transaction():
            held = await store.hold_stock_by_id(connection, stock_id)
            over = await reservation_store.expired_of(connection, held, at)
            for one in await reservation_store.open_of_stock(connection, held):
                if one.id in over:
                    await let_go(connection, one, ReservationState.EXPIRED, said)
                    ended += 1
            await allot(connection, await store.hold_stock_by_id(connection, stock_id))
    return ended


async def _commit_first(connection: Connection, held: HeldStock, reservation_id: int) -> None:
    """Who asks gets what is available; nobody else lacks it, or he would hold it already."""
    found = await _open(connection, held, reservation_id)
    if found is not None and found.strength is Strength.HARD:
        some = min(found.lacking, held.available)
        await reservation_store.set_committed(connection, found, some)


async def _open(
    connection: Connection, held: HeldStock, reservation_id: int
) -> OpenReservation | None:
    found = await reservation_store.open_of_stock(connection, held)
    return next((one for one in found if one.id == reservation_id), None)
