"""Which vendor a part is ordered from, and why. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Offer:
    """A price agreement with the vendor behind it; `lead_time_days` is what holds for the part."""

    vendor: str
    vendor_id: int
    from_quantity: Decimal
    price_minor: int
    per: Decimal
    valid_from: date
    valid_to: date | None
    lead_time_days: int


@dataclass(frozen=True, slots=True)
class Choice:
    """An offer that was chosen, what the quantity costs by it, when it comes, and why it was."""

    offer: Offer
    amount_minor: int
    arrives_on: date
    reason: str


def amount_of(price_minor: int, per: Decimal, quantity: Decimal) -> int:
    """What a quantity costs, in minor units, rounded half to even."""
    return round(price_minor * Fraction(quantity) / Fraction(per))


def choose_offer(
    offers: Sequence[Offer], quantity: Decimal, *, on: date, needed_by: date | None = None
) -> Choice | None:
    """The cheapest offer that comes in time; where none does, the fastest one. None: no offer.

    Of a vendor's prices the one with the largest quantity that is reached holds. Equal offers are
    told apart by lead time, then by the vendor's code.
    """
    possible = [_choice(offer, quantity, on) for offer in _reached(offers, quantity, on)]
    if not possible:
        return None
    in_time = [one for one in possible if needed_by is None or one.arrives_on <= needed_by]
    if in_time:
        best = min(in_time, key=_by_price)
        return _explained(best, possible, _in_time_words(best, needed_by))
    best = min(possible, key=lambda one: (one.arrives_on, *_by_price(one)))
    return _explained(best, possible, f"none comes by {needed_by}, it comes first")


def _reached(offers: Iterable[Offer], quantity: Decimal, on: date) -> list[Offer]:
    best: dict[str, Offer] = {}
    for offer in offers:
        ended = offer.valid_to is not None and on > offer.valid_to
        if on < offer.valid_from or ended or quantity < offer.from_quantity:
            continue
        present = best.get(offer.vendor)
        if present is None or _rank(offer) > _rank(present):
            best[offer.vendor] = offer
    return list(best.values())


def _rank(offer: Offer) -> tuple[Decimal, date]:
    """The larger break first; of equal ones that which was agreed last."""
    return offer.from_quantity, offer.valid_from


def _choice(offer: Offer, quantity: Decimal, on: date) -> Choice:
    amount = amount_of(offer.price_minor, offer.per, quantity)
    return Choice(offer, amount, on + timedelta(days=offer.lead_time_days), "")


def _by_price(choice: Choice) -> tuple[int, int, str]:
    return choice.amount_minor, choice.offer.lead_time_days, choice.offer.vendor


def _in_time_words(best: Choice, needed_by: date | None) -> str:
    if needed_by is None:
        return "the lowest price"
    return f"the lowest price of those that come by {needed_by}"


def _explained(best: Choice, possible: Sequence[Choice], why: str) -> Choice:
    offer = best.offer
    others = len(possible) - 1
    among = f"of {len(possible)} vendors" if others else "the only vendor with a price"
    break_ = f", price from {offer.from_quantity.normalize():f}" if offer.from_quantity else ""
    reason = f"{offer.vendor}: {why} ({among}{break_}); {offer.lead_time_days} days."
    return Choice(offer, best.amount_minor, best.arrives_on, reason)
