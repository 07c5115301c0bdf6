"""Quantities and worth of a part in a storeroom: moving average cost in whole minor units. Pure.

What lies there has a value, not a price: an issue takes its share of the value, rounded half to
even, and the last piece takes the rest. So the values of all entries add up to the cent, whatever
the average was.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

NOTHING = Decimal(0)


class Movement(StrEnum):
    """What an entry of the ledger says happened."""

    RECEIPT = "receipt"
    ISSUE = "issue"
    RETURN = "return"
    TRANSFER = "transfer"
    ADJUSTMENT = "adjustment"
    REVERSAL = "reversal"
    REVALUATION = "revaluation"


@dataclass(frozen=True, slots=True)
class Balance:
    """What the ledger adds up to. `rate` is the last known cost of one, in minor units."""

    on_hand: Decimal
    value_minor: int
    rate: Fraction

    @property
    def average(self) -> Fraction:
        """Cost of one at present, in minor units, exact."""
        return Fraction(self.value_minor) / Fraction(self.on_hand) if self.on_hand else self.rate


@dataclass(frozen=True, slots=True)
class Posted:
    """A balance after a movement, and the revaluation that it took to keep it true."""

    balance: Balance
    revaluation_minor: int


def worth(balance: Balance, quantity: Decimal) -> int:
    """What a quantity that leaves is worth, in minor units; all of it is worth all the value."""
    if quantity == balance.on_hand:
        return balance.value_minor
    return round(balance.average * Fraction(quantity))


def share(value_minor: int, quantity: Decimal, whole: Decimal) -> int:
    """The part of a value that a quantity is of a whole, in minor units."""
    return (
        value_minor
        if quantity == whole
        else round(value_minor * Fraction(quantity) / Fraction(whole))
    )


def post(balance: Balance, quantity: Decimal, value_minor: int) -> Posted:
    """The balance after a signed quantity and value; what is not there is worth nothing.

    What was taken out before it came in was valued by the last known cost. When it comes in, the
    difference to what it really cost is a revaluation: the orders that took it keep their cost.
    """
    on_hand = balance.on_hand + quantity
    moved = balance.value_minor + value_minor
    value = _true_value(balance, quantity, value_minor)
    known = Fraction(value) / Fraction(on_hand) if on_hand else balance.rate
    after = replace(balance, on_hand=on_hand, value_minor=value, rate=known)
    return Posted(after, value - moved)


def _true_value(balance: Balance, quantity: Decimal, value_minor: int) -> int:
    on_hand = balance.on_hand + quantity
    if not on_hand:
        return 0
    if balance.on_hand < 0 < quantity:
        if on_hand > 0:
            return share(value_minor, on_hand, quantity)
        return share(balance.value_minor, on_hand, balance.on_hand)
    moved = balance.value_minor + value_minor
    return max(moved, 0) if on_hand > 0 else min(moved, 0)
