"""The one way into the stock ledger. Runs in the caller's transaction, on stock that it holds."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from config.database import Connection
from maintenance.errors import BookingRefused, NotFound, StockShort
from maintenance.materials import store
from maintenance.materials.ledger import (
    Booking,
    Entry,
    HeldStock,
    Permit,
    Place,
    Said,
    Shelf,
    exact,
)
from maintenance.materials.part import NegativeStock
from maintenance.materials.stock import Movement, post


async def hold(connection: Connection, place: Place) -> HeldStock:
    """Hold a part in a storeroom. Raises `NotFound`."""
    return await store.hold_stock_by_id(connection, await stock_id(connection, place))


async def stock_id(connection: Connection, place: Place) -> int:
    """Id of a part in a storeroom. Raises `NotFound`."""
    found = await store.stock_id(connection, place.part, place.storeroom)
    if found is None:
        raise NotFound("part in a storeroom:", f"{place.part} in {place.storeroom}")
    return found


async def hold_together(connection: Connection, places: Sequence[Place]) -> dict[Place, int]:
    """Hold parts in storerooms, and give the ids of their stocks. Raises `NotFound`.

    Everybody makes the stocks that are not there yet in the order of their codes, then holds all of
    them in the order of their ids: whoever holds one waits for nobody who wants it.
    """
    in_order = sorted(set(places), key=lambda place: (place.part, place.storeroom))
    ids = {place: await stock_id(connection, place) for place in in_order}
    await store.hold_stocks(connection, list(ids.values()))
    return ids


async def shelves_of(connection: Connection, held: HeldStock, bin_code: str | None) -> list[Shelf]:
    """Every bin, or the one that is named. Raises `NotFound`."""
    found = await store.shelves(connection, held.id)
    if bin_code is None:
        return found
    named = [shelf for shelf in found if shelf.code == bin_code]
    if not named:
        raise NotFound("bin", f"{bin_code} in {held.storeroom}")
    return named


def moved_quantity(quantity: Decimal) -> Decimal:
    """A quantity that can be moved: more than nothing. Raises `BookingRefused`."""
    try:
        found = exact(quantity)
    except (ValueError, ArithmeticError) as error:
        raise BookingRefused(f"{quantity} is no quantity: {error}") from error
    if found <= 0:
        raise BookingRefused(f"{quantity} is not more than nothing")
    return found


def permitted(
    held: HeldStock, asked: Decimal, available: Decimal, permit: Permit | None
) -> str | None:
    """Words of the permit if it is needed; None where there is enough. Raises `StockShort`."""
    if asked <= available:
        return None
    if permit is None or held.negative_stock is NegativeStock.REFUSED or not permit.reason.strip():
        raise StockShort(held.part, held.storeroom, asked=asked, available=available)
    return str(permit)


async def book(
    connection: Connection, held: HeldStock, bookings: Sequence[Booking], said: Said
) -> tuple[HeldStock, list[Entry]]:
    """Append movements, and the revaluations that they take, and bring the balance in line.

    Gives the stock as it is then, and an entry for each booking. What is committed is the caller's
    affair: it fits the new balance before.
    """
    balance, position = held.balance, held.position
    written: list[tuple[Booking, int, Decimal, int]] = []
    for booking in bookings:
        posted = post(balance, booking.quantity, booking.value_minor)
        balance, position = posted.balance, position + 1
        booked_value = balance.value_minor - posted.revaluation_minor
        written.append((booking, position, balance.on_hand, booked_value))
        if posted.revaluation_minor:
            position += 1
            correction = _revaluation(booking, posted.revaluation_minor)
            written.append((correction, position, balance.on_hand, balance.value_minor))
    await store.set_balance(connection, held, balance, position=position)
    entries = [await _append(connection, held, one, said) for one in written]
    after = replace(held, balance=balance, position=position)
    return after, [entry for entry in entries if entry.kind is not Movement.REVALUATION]


def _revaluation(booking: Booking, value_minor: int) -> Booking:
    return Booking(Movement.REVALUATION, booking.bin_id, Decimal(0), value_minor)


async def _append(
    connection: Connection,
    held: HeldStock,
    written: tuple[Booking, int, Decimal, int],
    said: Said,
) -> Entry:
    booking, position, on_hand, value_minor = written
    on_shelf = await store.put_on_shelf(connection, held, booking.bin_id, booking.quantity)
    after = {
        "position": position,
        "on_hand_after": on_hand,
        "value_after_minor": value_minor,
        "bin_after": on_shelf,
    }
    entry_id = await store.insert_entry(connection, held, booking, said, after)
    return Entry(
        id=entry_id,
        stock_id=held.id,
        position=position,
        bin_id=booking.bin_id,
        kind=booking.kind,
        quantity=booking.quantity,
        value_minor=booking.value_minor,
        order_id=booking.order_id,
        purchase_line_id=booking.purchase_line_id,
    )
