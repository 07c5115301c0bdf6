"""Words of the stock ledger: what is held, what is booked, who says so. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from maintenance.materials.part import THOUSANDTH, NegativeStock
from maintenance.materials.stock import Balance, Movement


@dataclass(frozen=True, slots=True)
class Said:
    """Who books, when, and why."""

    actor: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A part in a storeroom, by codes; without a bin where it belongs, or wherever it lies."""

    part: str
    storeroom: str
    bin: str | None = None


@dataclass(frozen=True, slots=True)
class Permit:
    """Somebody with the permission lets stock fall below nothing, and says why."""

    by: str
    reason: str

    def __str__(self) -> str:
        return f"{self.by}: {self.reason}"


@dataclass(frozen=True, slots=True)
class HeldOrder:
    """An order whose state holds to the end of the transaction."""

    id: int
    number: str
    state: str


@dataclass(frozen=True, slots=True)
class HeldStock:
    """A part in a storeroom that nobody else moves or reserves in this transaction."""

    id: int
    part: str
    storeroom: str
    negative_stock: NegativeStock
    bin_id: int
    balance: Balance
    committed: Decimal
    position: int

    @property
    def available(self) -> Decimal:
        """What nobody holds for sure."""
        return max(self.balance.on_hand - self.committed, Decimal(0))


@dataclass(frozen=True, slots=True)
class Shelf:
    """A bin and what lies in it of the part."""

    id: int
    code: str
    on_hand: Decimal


@dataclass(frozen=True, slots=True)
class Booking:
    """One movement in one bin: signed quantity and value."""

    kind: Movement
    bin_id: int
    quantity: Decimal
    value_minor: int
    order_id: int | None = None
    returns_id: int | None = None
    reverses_id: int | None = None
    transfer: str | None = None
    purchase_line_id: int | None = None
    permit: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A movement as the ledger has it."""

    id: int
    stock_id: int
    position: int
    bin_id: int
    kind: Movement
    quantity: Decimal
    value_minor: int
    order_id: int | None
    purchase_line_id: int | None


@dataclass(frozen=True, slots=True)
class Portion:
    """So much out of one bin."""

    shelf: Shelf
    quantity: Decimal


def portions(shelves: Sequence[Shelf], quantity: Decimal) -> list[Portion]:
    """Take a quantity from bins in their order; what no bin has is owed by the first one."""
    left = quantity
    taken: dict[int, Decimal] = {}
    for shelf in shelves:
        some = min(max(shelf.on_hand, Decimal(0)), left)
        if some:
            taken[shelf.id] = some
            left -= some
    if left:
        first = shelves[0].id
        taken[first] = taken.get(first, Decimal(0)) + left
    by_id = {shelf.id: shelf for shelf in shelves}
    return [Portion(by_id[bin_id], some) for bin_id, some in taken.items()]


def exact(quantity: Decimal) -> Decimal:
    """A quantity in thousandths. Raises `ValueError` if it is finer, or not a number."""
    rounded = quantity.quantize(THOUSANDTH)
    if rounded != quantity:
        raise ValueError(f"{quantity} is finer than a thousandth")
    return rounded
