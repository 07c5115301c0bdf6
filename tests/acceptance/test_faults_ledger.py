"""The judge of the fault runs sees what is lost, doubled, out of order or invented."""

import time

from hypothesis import given
from hypothesis import strategies as st

from tests.acceptance.faults.ledger import CLEAN, Ledger, Verdict, judge

GIVEN = dict.fromkeys(range(1, 6), True)


def test_what_is_stored_once_and_in_order_is_clean():
    assert judge(GIVEN, [1, 2, 3, 4, 5]) == CLEAN


def test_every_fault_is_named():
    assert judge(GIVEN, [2, 2, 4, 3, 5, 9]) == Verdict(
        lost=(1,), doubled=(2,), reordered=(3,), invented=(9,)
    )


def test_what_was_not_promised_is_told_and_no_fault():
    found = judge(GIVEN | {2: False}, [1, 3, 4, 5])
    assert found == CLEAN
    assert found.missed == (2,)


@given(st.lists(st.integers(1, 5), max_size=12))
def test_only_the_very_numbers_are_clean(stored: list[int]):
    assert (judge(GIVEN, stored) == CLEAN) == (stored == [1, 2, 3, 4, 5])


def test_a_ledger_judges_a_part_of_what_was_given():
    ledger = Ledger()
    for _ in range(6):
        ledger.give(promised=True)
    assert ledger.judge([1, 3, 4, 6], after=2, until=4) == CLEAN
    assert ledger.judge([1, 3, 6], after=2, until=4) == Verdict(lost=(4,))


def test_what_was_under_way_is_excused():
    ledger = Ledger()
    ledger.give(promised=True)
    since = time.monotonic()
    ledger.give(promised=True)
    ledger.excuse(since, time.monotonic())
    assert ledger.judge([], after=0, until=2) == Verdict(lost=(1,))


def test_a_ledger_without_order_excuses_nothing_else():
    ledger = Ledger(in_order=False)
    for _ in range(3):
        ledger.give(promised=True)
    assert ledger.judge([1, 3, 2], after=0, until=3) == CLEAN
    assert ledger.judge([1, 3, 3], after=0, until=3) == Verdict(lost=(2,), doubled=(3,))


def test_what_a_broker_forgot_is_told_and_no_fault():
    ledger = Ledger()
    ledger.give(promised=True)
    since = time.monotonic()
    ledger.give(promised=True)
    ledger.forgotten(since, time.monotonic())
    found = ledger.judge([1, 2, 2], after=0, until=2)
    assert (found, found.repeated) == (CLEAN, (2,))
    assert ledger.judge([1, 1, 2], after=0, until=2) == Verdict(doubled=(1,))
