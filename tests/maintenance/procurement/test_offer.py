"""The vendor is chosen by price agreement and lead time, and the choice says why."""

from datetime import date
from decimal import Decimal

from maintenance.procurement.offer import Offer, amount_of, choose_offer

TODAY = date(2026, 3, 2)
TEN = Decimal(10)


def offer(vendor: str, price_minor: int, **given: object) -> Offer:
    fields: dict[str, object] = {
        "vendor_id": 1,
        "from_quantity": Decimal(0),
        "per": Decimal(1),
        "valid_from": date(2026, 1, 1),
        "valid_to": None,
        "lead_time_days": 5,
    }
    return Offer(vendor=vendor, price_minor=price_minor, **(fields | given))  # type: ignore[arg-type]


def chosen(*offers: Offer, quantity: Decimal = TEN, needed_by: date | None = None) -> str:
    choice = choose_offer(offers, quantity, on=TODAY, needed_by=needed_by)
    return choice.offer.vendor if choice else "nobody"


def test_the_lowest_price_is_chosen() -> None:
    assert chosen(offer("A", 100), offer("B", 90), offer("C", 95)) == "B"


def test_a_dearer_one_that_comes_in_time_is_chosen() -> None:
    cheap = offer("A", 90, lead_time_days=20)
    assert chosen(cheap, offer("B", 100), needed_by=date(2026, 3, 9)) == "B"


def test_where_none_comes_in_time_the_fastest_is_chosen() -> None:
    cheap = offer("A", 90, lead_time_days=20)
    choice = choose_offer([cheap, offer("B", 100)], TEN, on=TODAY, needed_by=date(2026, 3, 3))
    assert choice is not None
    assert choice.offer.vendor == "B"
    assert "none comes by 2026-03-03" in choice.reason


def test_the_largest_break_that_is_reached_holds() -> None:
    breaks = [
        offer("A", 100),
        offer("A", 80, from_quantity=TEN),
        offer("A", 50, from_quantity=Decimal(11)),
    ]
    choice = choose_offer(breaks, TEN, on=TODAY)
    assert choice is not None
    assert choice.amount_minor == 800
    assert "price from 10" in choice.reason


def test_a_later_agreement_on_the_same_break_replaces_the_earlier() -> None:
    prices = [offer("A", 100), offer("A", 120, valid_from=date(2026, 3, 1))]
    choice = choose_offer(prices, TEN, on=TODAY)
    assert choice is not None
    assert choice.amount_minor == 1200


def test_agreements_hold_on_their_first_and_last_day_only() -> None:
    last = offer("A", 100, valid_to=TODAY)
    assert chosen(last) == "A"
    assert chosen(offer("A", 100, valid_to=date(2026, 3, 1))) == "nobody"
    assert chosen(offer("A", 100, valid_from=date(2026, 3, 3))) == "nobody"


def test_equal_prices_are_told_apart_by_lead_time() -> None:
    assert chosen(offer("A", 100), offer("B", 100, lead_time_days=2)) == "B"


def test_a_price_for_a_hundred_is_exact_for_one() -> None:
    assert amount_of(1990, Decimal(100), Decimal(3)) == 60
    assert amount_of(1990, Decimal(100), Decimal(100)) == 1990
