"""Commands that put the books right: adjustments, counts of shelves, reversals of entries.

Each opens its own transaction; nothing that was booked is changed, something is booked against it.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from config.database import Connection
from maintenance.errors import BookingRefused
from maintenance.materials import store
from maintenance.materials.booking import book, hold, moved_quantity, permitted, shelves_of
from maintenance.materials.commitment import allot, make_room
from maintenance.materials.ledger import Booking, Entry, HeldStock, Permit, Place, Said, Shelf
from maintenance.materials.service import existing_entry, reason_if_closed
from maintenance.materials.stock import Movement, worth

_TAKEN_BACK = frozenset({Movement.RECEIPT, Movement.ISSUE, Movement.RETURN, Movement.ADJUSTMENT})


@dataclass(frozen=True, slots=True)
class Counted:
    """What a count found: what was expected on the shelf, and the adjustment if it differed."""

    expected: Decimal
    counted: Decimal
    adjustment: Entry | None


async def adjust(
    connection: Connection,
    place: Place,
    quantity: Decimal,
    *,
    said: Said,
    permit: Permit | None = None,
) -> Entry:
    """Book a signed quantity at the average cost. Raises `BookingRefused` without a reason."""
    moved_quantity(abs(quantity))
    _reason_given(said)
    async with connection.transaction():
        held = await hold(connection, place)
        shelf = (await shelves_of(connection, held, place.bin))[0]
        return await _put_right(connection, held, shelf, quantity, said=said, permit=permit)


async def count(
    connection: Connection, place: Place, counted: Decimal, *, position: int | None, said: Said
) -> Counted:
    """Book the difference between what somebody counted in a bin and what was there *then*.

    `position` is the ledger's newest entry as the counter read it (None: of now). What others moved
    between the count and its booking is left as it was booked. Raises `BookingRefused`.
    """
    if counted:
        moved_quantity(counted)
    _reason_given(said)
    async with connection.transaction():
        held = await hold(connection, place)
        shelf = (await shelves_of(connection, held, place.bin))[0]
        as_of = held.position if position is None else position
        if not 0 <= as_of <= held.position:
            raise BookingRefused(f"the ledger of {held.part} ends with entry {held.position}")
        since = await store.moved_since(connection, held, shelf.id, as_of)
        expected = shelf.on_hand - since
        entry = None
        if counted != expected:
            difference = counted - expected
            entry = await _put_right(connection, held, shelf, difference, said=said, permit=None)
        told = {
            "bin_id": shelf.id,
            "position": as_of,
            "counted": counted,
            "expected": expected,
            "ledger_id": entry.id if entry else None,
        }
        await store.insert_count(connection, held, told, said)
        return Counted(expected, counted, entry)


async def reverse(
    connection: Connection, entry_id: int, *, said: Said, permit: Permit | None = None
) -> Entry:
    """Take an entry back, once, by one of the opposite quantity and value in the same bin.

    Raises `BookingRefused` for an entry that was taken back before, for an issue of which something
    came back, for a side of a transfer (transfer it back), and for what a purchase brought.
    """
    _reason_given(said)
    async with connection.transaction():
        entry = await existing_entry(connection, entry_id)
        if entry.purchase_line_id is not None:
            raise BookingRefused(f"entry {entry_id} came by a purchase: take its receipt back")
        return await take_back(connection, entry, said=said, permit=permit)


async def take_back(
    connection: Connection, entry: Entry, *, said: Said, permit: Permit | None = None
) -> Entry:
    """The same for an entry that is known, also one that a purchase brought."""
    if entry.kind not in _TAKEN_BACK:
        raise BookingRefused(f"a {entry.kind} is not taken back: book the opposite")
    if entry.order_id is not None:
        await reason_if_closed(connection, entry, said)
    held = await store.hold_stock_by_id(connection, entry.stock_id)
    await _once(connection, entry)
    words = None
    if entry.quantity > 0:
        shelves = await store.shelves(connection, held.id)
        on_shelf = next(shelf.on_hand for shelf in shelves if shelf.id == entry.bin_id)
        free = max(min(on_shelf, held.available), Decimal(0))
        words = permitted(held, entry.quantity, free, permit)
        held = await make_room(connection, held, held.balance.on_hand - entry.quantity)
    booking = Booking(
        Movement.REVERSAL,
        entry.bin_id,
        -entry.quantity,
        -entry.value_minor,
        order_id=entry.order_id,
        reverses_id=entry.id,
        permit=words,
    )
    held, entries = await book(connection, held, [booking], said)
    await allot(connection, held)
    return entries[0]


async def _once(connection: Connection, entry: Entry) -> None:
    """The stock is held, so nobody takes it back at the same time."""
    if await store.is_reversed(connection, entry.id):
        raise BookingRefused(f"entry {entry.id} was taken back before")
    back, _ = await store.given_back(connection, entry.id)
    if back:
        raise BookingRefused(f"of entry {entry.id} {back.normalize():f} came back: return the rest")


async def _put_right(
    connection: Connection,
    held: HeldStock,
    shelf: Shelf,
    quantity: Decimal,
    *,
    said: Said,
    permit: Permit | None,
) -> Entry:
    """Adjust one bin of a held stock; commitments that no longer fit wait for more."""
    words = None
    if quantity < 0:
        free = max(min(shelf.on_hand, held.balance.on_hand), Decimal(0))
        words = permitted(held, -quantity, free, permit)
        value = -worth(held.balance, -quantity)
        held = await make_room(connection, held, held.balance.on_hand + quantity)
    else:
        value = round(held.balance.average * Fraction(quantity))
    booking = Booking(Movement.ADJUSTMENT, shelf.id, quantity, value, permit=words)
    held, entries = await book(connection, held, [booking], said)
    await allot(connection, held)
    return entries[0]


def _reason_given(said: Said) -> None:
    if not said.reason.strip():
        raise BookingRefused("it needs a reason")
