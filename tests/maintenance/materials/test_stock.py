"""Moving average cost in whole minor units: nothing is lost, nothing comes from nowhere."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from maintenance.materials.stock import Balance, post, share, worth

EMPTY = Balance(Decimal(0), 0, Fraction(1000))
quantities = st.integers(-5_000, 5_000).filter(bool).map(lambda n: Decimal(n) / 1000)
costs = st.integers(0, 10_000)


def bought(quantity: str, value_minor: int, balance: Balance = EMPTY) -> Balance:
    return post(balance, Decimal(quantity), value_minor).balance


def taken(quantity: str, balance: Balance) -> Balance:
    given_out = Decimal(quantity)
    return post(balance, -given_out, -worth(balance, given_out)).balance


def test_an_issue_takes_the_average_of_what_was_bought() -> None:
    balance = bought("2", 300, bought("2", 100))
    assert worth(balance, Decimal(1)) == 100
    assert balance.average == 100


def test_the_last_piece_takes_the_cent_that_does_not_divide() -> None:
    balance = bought("3", 100)
    parts = []
    for _ in range(3):
        parts.append(worth(balance, Decimal(1)))
        balance = taken("1", balance)
    assert parts == [33, 34, 33]
    assert (balance.on_hand, balance.value_minor) == (0, 0)


def test_an_empty_shelf_gives_at_the_last_known_cost() -> None:
    empty = taken("2", bought("2", 500))
    assert worth(empty, Decimal(1)) == 250
    assert worth(EMPTY, Decimal(2)) == 2000


def test_what_was_taken_before_it_came_in_is_revalued_when_it_comes() -> None:
    below = taken("2", bought("0.001", 1, EMPTY))
    owed = post(EMPTY, Decimal(-2), -2000)
    assert owed.balance.value_minor == -2000
    came = post(owed.balance, Decimal(5), 6000)
    assert came.balance == Balance(Decimal(3), 3600, Fraction(1200))
    assert came.revaluation_minor == 3600 - 4000
    assert below.value_minor < 0


def test_stock_that_stays_below_nothing_keeps_its_cost_of_one() -> None:
    owed = post(EMPTY, Decimal(-4), -4000).balance
    came = post(owed, Decimal(1), 5000)
    assert came.balance.value_minor == -3000
    assert came.revaluation_minor == -4000


def test_taking_back_a_dear_receipt_leaves_no_value_on_an_empty_shelf() -> None:
    mixed = bought("2", 400, bought("2", 200))
    left = taken("2", mixed)
    gone = post(left, Decimal(-2), -400)
    assert gone.balance.value_minor == 0
    assert gone.revaluation_minor == 100


@given(st.lists(st.tuples(quantities, costs), max_size=30))
def test_a_balance_is_the_sum_of_all_that_was_posted(moves: list[tuple[Decimal, int]]) -> None:
    balance = EMPTY
    quantity, value = Decimal(0), 0
    for moved, cost in moves:
        amount = cost if moved > 0 else -worth(balance, -moved)
        posted = post(balance, moved, amount)
        balance = posted.balance
        quantity += moved
        value += amount + posted.revaluation_minor
        assert (balance.on_hand, balance.value_minor) == (quantity, value)
        assert balance.on_hand != 0 or balance.value_minor == 0
        assert balance.on_hand * balance.value_minor >= 0
        assert balance.average >= 0


@given(st.integers(0, 10**9), st.lists(st.integers(1, 10_000), min_size=1, max_size=20))
def test_shares_of_what_is_left_add_up_to_the_whole(value: int, parts: list[int]) -> None:
    left, whole = value, Decimal(sum(parts))
    for part in parts:
        given_back = share(left, Decimal(part), whole)
        assert 0 <= given_back <= left
        left -= given_back
        whole -= part
    assert left == 0
