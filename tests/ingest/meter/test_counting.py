"""A meter counts on over all that happens to meters: each of the field's pitfalls, and an oracle."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.history.counter import gains
from ingest.meter.counting import Count, Counting, NoticeKind
from ingest.meter.rules import Rules
from tests.ingest.meter.oracle import plain_usage, usage

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US


def counted(values: list[float], rules: Rules, *, step_us: int = MINUTE_US) -> Counting:
    """Readings at an even pace, counted at once."""
    counting = Counting(rules)
    counting.add(np.arange(len(values), dtype=np.int64) * step_us, np.array(values, np.float64))
    return counting


def kinds(counting: Counting) -> list[NoticeKind]:
    return [notice.kind for notice in counting.notices]


def test_usage_is_what_lies_between_the_readings() -> None:
    assert counted([10, 15, 15, 22], Rules()).usage == 12


def test_the_first_reading_counts_nothing() -> None:
    assert counted([123_456.0], Rules()).usage == 0


def test_decimals_are_counted() -> None:
    assert counted([0.1, 0.35, 0.4], Rules()).usage == pytest.approx(0.3)


def test_a_rollover_is_counted_over() -> None:
    counting = counted([65_530, 65_535, 0, 4], Rules(rollover=65_535))
    assert (counting.usage, kinds(counting)) == (10, [])


def test_a_rollover_is_counted_in_steps_of_the_resolution() -> None:
    rules = Rules(rollover=9_999.9, resolution=0.1)
    assert counted([9_999.5, 0.5], rules).usage == pytest.approx(1.0)


def test_a_reset_counts_from_zero_once_the_next_reading_confirms_it() -> None:
    assert counted([500, 3], Rules()).usage == 0
    counting = counted([500, 3, 8], Rules())
    assert (counting.usage, kinds(counting)) == (8, [NoticeKind.RESET])


def test_a_fall_that_makes_no_rollover_is_a_reset() -> None:
    assert counted([500, 3, 8], Rules(rollover=65_535)).usage == 8


def test_two_resets_in_a_row_are_both_counted() -> None:
    assert counted([500, 30, 31, 2, 4], Rules()).usage == 31 + 4


def test_a_device_that_reads_zero_when_it_starts_counts_nothing_twice() -> None:
    counting = counted([100_000, 0, 100_001], Rules())
    assert (counting.usage, kinds(counting)) == (1, [NoticeKind.SPIKE])


def test_a_counter_that_loses_its_last_counts_is_no_reset() -> None:
    # A controller that starts from what it saved a while ago.
    counting = counted([123_456.7, 123_450.0, 123_451.0], Rules())
    assert (counting.usage, kinds(counting)) == (1.0, [NoticeKind.SET_BACK])


def test_a_flutter_of_the_last_digit_never_adds_up() -> None:
    rules = Rules(resolution=0.1)
    assert counted([100.0, 99.9] * 50 + [100.1], rules).usage == pytest.approx(0.1)


def test_jitter_says_how_deep_noise_goes() -> None:
    assert counted([100, 98, 100, 101], Rules(jitter=2)).usage == 1


def test_jitter_of_nothing_makes_every_fall_count() -> None:
    counting = counted([100, 99.9, 100], Rules(resolution=0.1, jitter=0))
    assert kinds(counting) == [NoticeKind.SPIKE]


def test_a_flutter_at_the_rollover_goes_round_no_second_time() -> None:
    rules = Rules(rollover=65_535, jitter=1)
    assert counted([65_534, 65_535, 0, 65_535, 0, 1], rules).usage == 3


def test_a_spike_is_kept_out() -> None:
    counting = counted([1_000, 9_999_999, 1_001], Rules(max_per_hour=100))
    assert (counting.usage, kinds(counting)) == (1, [NoticeKind.SPIKE])
    [notice] = counting.notices
    assert (notice.before, notice.after, notice.ts_us) == (1_000, 9_999_999, MINUTE_US)


def test_a_jump_that_stays_is_kept_out_and_counted_on_from() -> None:
    counting = counted([1_000, 5_000, 5_001, 5_003], Rules(max_per_hour=100))
    assert (counting.usage, kinds(counting)) == (3, [NoticeKind.JUMP])


def test_without_a_limit_every_rise_is_believed() -> None:
    assert counted([1_000, 5_000], Rules()).usage == 4_000


def test_a_lump_of_an_hours_counts_may_come_at_once() -> None:
    assert counted([1_000, 1_100], Rules(max_per_hour=100), step_us=1).usage == 100


def test_what_was_counted_while_nobody_looked_is_believed_by_its_time() -> None:
    rules = Rules(max_per_hour=100)
    assert counted([1_000, 1_900], rules, step_us=10 * HOUR_US).usage == 900
    assert counted([1_000, 2_100], rules, step_us=10 * HOUR_US).usage == 0


def test_a_reset_to_more_than_can_have_been_counted_is_no_reset() -> None:
    counting = counted([5_000, 2_000, 2_001], Rules(max_per_hour=100))
    assert (counting.usage, kinds(counting)) == (1, [NoticeKind.SET_BACK])


def test_a_rollover_by_more_than_can_have_been_counted_is_none() -> None:
    counting = counted([40_000, 0, 40_001], Rules(rollover=65_535, max_per_hour=100))
    assert (counting.usage, kinds(counting)) == (1, [NoticeKind.SPIKE])


def test_noise_alone_is_told_and_counts_nothing() -> None:
    values = [1_000.0] + [float(n * 7_919_777 % 10_000_000 + 10_000) for n in range(1, 50)]
    counting = counted(values, Rules(max_per_hour=1))
    assert counting.usage == 0
    assert counting.notices


def test_a_replaced_meter_counts_to_its_end_and_on_from_the_new_start() -> None:
    counting = counted([100, 110], Rules())
    counting.replace_meter(10 * MINUTE_US, end=115, start=7)
    counting.add_one(11 * MINUTE_US, 9)
    assert (counting.usage, counting.notices) == (10 + 5 + 2, [])


def test_a_replaced_meter_of_unknown_end_counts_to_its_last_reading() -> None:
    counting = counted([100, 110], Rules())
    counting.replace_meter(10 * MINUTE_US, end=None, start=0)
    counting.add_one(11 * MINUTE_US, 3)
    assert counting.usage == 13


def test_the_end_that_a_person_gives_is_believed() -> None:
    counting = counted([100, 101], Rules(max_per_hour=1))
    counting.replace_meter(10 * MINUTE_US, end=500, start=0)
    assert counting.usage == 400


def test_an_end_below_the_last_reading_takes_nothing_away() -> None:
    counting = counted([100, 110], Rules())
    counting.replace_meter(10 * MINUTE_US, end=105, start=0)
    assert counting.usage == 10


def test_a_doubted_reading_right_before_the_end_is_confirmed_by_it() -> None:
    counting = counted([100, 110, 4], Rules())
    counting.replace_meter(10 * MINUTE_US, end=6, start=0)
    assert counting.usage == 16


def test_a_count_goes_on_where_it_was_left() -> None:
    counting = Counting(Rules(), Count(100, 0))
    counting.add_one(MINUTE_US, 104)
    assert counting.usage == 4


RULES = st.builds(
    Rules,
    rollover=st.sampled_from([None, 255.0, 4_095.0]),
    resolution=st.sampled_from([None, 1.0]),
    jitter=st.sampled_from([None, 0.0, 2.0]),
    max_per_hour=st.sampled_from([None, 5.0, 60.0]),
)
# Mostly counting on, with a bit of everything else.
STEPS = st.lists(
    st.tuples(
        st.sampled_from([1, MINUTE_US, HOUR_US, 30 * HOUR_US]),
        st.one_of(
            st.tuples(st.just("rise"), st.integers(0, 8)),
            st.tuples(st.just("rise"), st.integers(0, 8)),
            st.tuples(st.just("fall"), st.integers(1, 3)),
            st.tuples(st.just("set"), st.integers(0, 5_000)),
        ),
    ),
    min_size=1,
    max_size=120,
)


def readings_of(steps: list[tuple[int, tuple[str, int]]], rules: Rules) -> list[tuple[int, float]]:
    """Readings (µs, value) of a meter to which these steps happen."""
    ts, value, found = 0, 0, list[tuple[int, float]]()
    for elapsed, (what, amount) in steps:
        ts += elapsed
        value = {"rise": value + amount, "fall": max(0, value - amount), "set": amount}[what]
        if rules.rollover is not None:
            value %= int(rules.rollover) + 1
        found.append((ts, float(value)))
    return found


@given(STEPS, RULES, st.lists(st.integers(0, 120), max_size=6))
def test_any_split_into_parts_counts_the_same_as_one_by_one(
    steps: list[tuple[int, tuple[str, int]]], rules: Rules, cuts: list[int]
) -> None:
    readings = readings_of(steps, rules)
    slow = Counting(rules)
    for ts, value in readings:
        slow.add_one(ts, value)
    fast, bounds = Counting(rules), sorted({0, len(readings), *cuts})
    for first, stop in pairwise(bounds):
        part = readings[first:stop]
        fast.add(np.array([ts for ts, _ in part], np.int64), np.array([value for _, value in part]))
    assert (fast.usage, fast.count, fast.notices) == (slow.usage, slow.count, slow.notices)


@given(
    st.lists(st.integers(0, 100), min_size=1, max_size=80),
    st.integers(1_000, 5_000),
    st.integers(0, 5_000),
)
def test_a_rolling_meter_counts_as_if_it_never_rolled(
    rises: list[int], rollover: int, start: int
) -> None:
    true = np.cumsum([start, *rises])
    shown = (true % (rollover + 1)).astype(np.float64).tolist()
    assert counted(shown, Rules(rollover=float(rollover))).usage == sum(rises)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), min_size=1, max_size=60))
def test_history_counts_flutter_as_the_meter_does(steps: list[tuple[int, int]]) -> None:
    true = np.cumsum([rise for rise, _ in steps])
    shown = np.maximum(true - np.array([dip for _, dip in steps]), 0).astype(np.float64)
    rules = Rules(rollover=999_999.0, jitter=3.0)
    assert gains(shown, rules.counter).sum() == counted(shown.tolist(), rules).usage


@given(
    st.lists(
        st.tuples(st.lists(st.integers(1, 9), min_size=2, max_size=30), st.integers(0, 3)),
        min_size=1,
        max_size=5,
    )
)
def test_a_meter_that_is_reset_counts_as_an_oracle_says(runs: list[tuple[list[int], int]]) -> None:
    values: list[float] = []
    for number, (rises, start) in enumerate(runs):
        # Each run ends well above where the next one begins, and begins with two readings.
        values += np.cumsum([start, *rises, 100 * (number + 1)]).astype(float).tolist()
    assert counted(values, Rules()).usage == plain_usage(values, range_=None, jitter=0)


@given(STEPS, RULES)
def test_usage_is_never_negative(steps: list[tuple[int, tuple[str, int]]], rules: Rules) -> None:
    assert usage(readings_of(steps, rules), rules) >= 0
