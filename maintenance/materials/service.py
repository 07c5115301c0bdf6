"""Commands on stock: one function, one transaction.

Each opens its own transaction on the connection that it is given (in a caller's transaction: a
savepoint of it), holds the order first where there is one, then each stock in the order of their
ids. Raises `NotFound` for a part, storeroom, bin or order that is not there, and `StockShort`.
"""

from decimal import Decimal

from config.database import Connection
from maintenance.errors import BookingRefused, NotFound
from maintenance.materials import store
from maintenance.materials.booking import (
    book,
    hold,
    hold_together,
    moved_quantity,
    permitted,
    shelves_of,
)
from maintenance.materials.commitment import allot, make_room, of_order, use
from maintenance.materials.ledger import (
    Booking,
    Entry,
    HeldOrder,
    HeldStock,
    Permit,
    Place,
    Said,
    Shelf,
    portions,
)
from maintenance.materials.stock import Movement, share, worth

ISSUED_IN = frozenset({"approved", "scheduled", "in_progress", "on_hold"})
"""States of an order in which parts may be issued to it."""


async def receive(
    connection: Connection,
    place: Place,
    quantity: Decimal,
    *,
    value_minor: int,
    said: Said,
    purchase_line_id: int | None = None,
) -> Entry:
    """Take parts in; `value_minor` is what all of them cost. Waiting reservations get their share."""
    quantity = moved_quantity(quantity)
    async with connection.transaction():
        held = await hold(connection, place)
        shelf = (await shelves_of(connection, held, place.bin))[0]
        booking = Booking(
            Movement.RECEIPT, shelf.id, quantity, value_minor, purchase_line_id=purchase_line_id
        )
        held, entries = await book(connection, held, [booking], said)
        await allot(connection, held)
        return entries[0]


async def issue(
    connection: Connection,
    number: str,
    place: Place,
    quantity: Decimal,
    *,
    said: Said,
    permit: Permit | None = None,
) -> list[Entry]:
    """Give parts to an order, at their average cost of now: an entry for each bin.

    What the order had reserved is used up first; what others hold for sure is not touched, unless
    the permit says so. Raises `BookingRefused` in a state in which no work is done.
    """
    quantity = moved_quantity(quantity)
    async with connection.transaction():
        order = await _working_order(connection, number)
        held = await hold(connection, place)
        own = sum(one.committed for one in await of_order(connection, held, order.id))
        shelves = await shelves_of(connection, held, place.bin)
        free = _within(held.available + own, shelves, place)
        words = permitted(held, quantity, free, permit)
        value = worth(held.balance, quantity)
        held = await use(connection, held, order.id, quantity, said)
        held = await make_room(connection, held, held.balance.on_hand - quantity)
        bookings = _issues(shelves, quantity, value, order, words)
        _, entries = await book(connection, held, bookings, said)
        await store.notify_order(connection, order.id)
        return entries


async def give_back(
    connection: Connection,
    issue_id: int,
    quantity: Decimal,
    *,
    said: Said,
    bin_code: str | None = None,
) -> Entry:
    """Return what an order did not use, at the cost that was frozen when it was issued.

    Raises `BookingRefused` for more than is still out, and for a closed order without a reason.
    """
    quantity = moved_quantity(quantity)
    async with connection.transaction():
        entry = await existing_entry(connection, issue_id)
        if entry.kind is not Movement.ISSUE:
            raise BookingRefused(f"entry {issue_id} is a {entry.kind}, not an issue")
        await reason_if_closed(connection, entry, said)
        held = await store.hold_stock_by_id(connection, entry.stock_id)
        left, left_minor = await _still_out(connection, entry)
        if quantity > left:
            raise BookingRefused(f"of entry {issue_id} {left.normalize():f} are still out")
        shelf_id = entry.bin_id
        if bin_code is not None:
            shelf_id = (await shelves_of(connection, held, bin_code))[0].id
        booking = Booking(
            Movement.RETURN,
            shelf_id,
            quantity,
            share(left_minor, quantity, left),
            order_id=entry.order_id,
            returns_id=entry.id,
        )
        held, entries = await book(connection, held, [booking], said)
        await allot(connection, held)
        await store.notify_order(connection, entry.order_id or 0)
        return entries[0]


async def transfer(
    connection: Connection, source: Place, target: Place, quantity: Decimal, *, said: Said
) -> list[Entry]:
    """Move parts to another bin or storeroom, with their value: one entry out, one in.

    Another storeroom gets only what nobody holds for sure. Raises `BookingRefused`.
    """
    quantity = moved_quantity(quantity)
    if source.part != target.part:
        raise BookingRefused("a transfer moves one part; give another one out and take it in")
    async with connection.transaction():
        held, taking = await _both(connection, source, target)
        out = (await shelves_of(connection, held, source.bin))[0]
        into = (await shelves_of(connection, taking, target.bin))[0]
        if out.id == into.id:
            raise BookingRefused("it is there already")
        there = held.balance.on_hand if held.id == taking.id else held.available
        free = max(min(out.on_hand, there), Decimal(0))
        permitted(held, quantity, free, None)
        value, key = worth(held.balance, quantity), f"{held.id}/{held.position + 1}"
        leaving = Booking(Movement.TRANSFER, out.id, -quantity, -value, transfer=key)
        coming = Booking(Movement.TRANSFER, into.id, quantity, value, transfer=key)
        if held.id == taking.id:
            return (await book(connection, held, [leaving, coming], said))[1]
        _, left = await book(connection, held, [leaving], said)
        taking, came = await book(connection, taking, [coming], said)
        await allot(connection, taking)
        return [*left, *came]


async def _working_order(connection: Connection, number: str) -> HeldOrder:
    order = await store.hold_order(connection, number)
    if order is None:
        raise NotFound("work order", number)
    if order.state not in ISSUED_IN:
        raise BookingRefused(f"{number} is {order.state}: nothing can be issued to it")
    return order


async def existing_entry(connection: Connection, entry_id: int) -> Entry:
    """An entry of the ledger. Raises `NotFound`."""
    entry = await store.find_entry(connection, entry_id)
    if entry is None:
        raise NotFound("entry of the stock ledger", str(entry_id))
    return entry


async def reason_if_closed(connection: Connection, entry: Entry, said: Said) -> None:
    """The cost of a closed order changes by entries that say why, and by nothing else."""
    order = await store.hold_order_by_id(connection, entry.order_id or 0)
    if order is not None and order.state == "closed" and not said.reason.strip():
        raise BookingRefused(f"{order.number} is closed: say why something comes back of it")


async def _still_out(connection: Connection, entry: Entry) -> tuple[Decimal, int]:
    """What of an issue was neither given back nor taken back, and its frozen value."""
    if await store.is_reversed(connection, entry.id):
        return Decimal(0), 0
    back, back_minor = await store.given_back(connection, entry.id)
    return -entry.quantity - back, -entry.value_minor - back_minor


async def _both(
    connection: Connection, source: Place, target: Place
) -> tuple[HeldStock, HeldStock]:
    """Both stocks of a transfer, held in the order of their ids, whichever way it goes."""
    ids = await hold_together(connection, (source, target))
    return (
        await store.hold_stock_by_id(connection, ids[source]),
        await store.hold_stock_by_id(connection, ids[target]),
    )


def _within(free: Decimal, shelves: list[Shelf], place: Place) -> Decimal:
    """What can be taken: where a bin is named, no more than lies in it."""
    return free if place.bin is None else min(free, shelves[0].on_hand)


def _issues(
    shelves: list[Shelf], quantity: Decimal, value_minor: int, order: HeldOrder, words: str | None
) -> list[Booking]:
    bookings = []
    left, left_minor = quantity, value_minor
    for portion in portions(shelves, quantity):
        value = share(left_minor, portion.quantity, left)
        left, left_minor = left - portion.quantity, left_minor - value
        bookings.append(
            Booking(
                Movement.ISSUE,
                portion.shelf.id,
                -portion.quantity,
                -value,
                order_id=order.id,
                permit=words,
            )
        )
    return bookings
