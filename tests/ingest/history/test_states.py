"""Time in each state: what is known, what is not, and how often each was entered."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingest.history.series import Series
from ingest.history.states import StateTime, add_times, state_times

SECOND = 1_000_000


def series(readings: list[tuple[int, float]]) -> Series:
    ts = np.array([at * SECOND for at, _ in readings], np.int64)
    value = np.array([value for _, value in readings], np.float64)
    return Series(ts, value, np.zeros(len(ts), np.uint8))


def times(
    readings: list[tuple[int, float]], start: int, end: int, gap: int
) -> dict[float, StateTime]:
    return state_times(
        series(readings), start_us=start * SECOND, end_us=end * SECOND, gap_us=gap * SECOND
    )


def test_a_state_lasts_until_the_next_reading() -> None:
    found = times([(0, 0.0), (30, 1.0), (50, 1.0), (60, 0.0)], 0, 100, 40)
    assert found == {0.0: StateTime(30.0, 1), 1.0: StateTime(30.0, 1)}


def test_nobody_knows_the_state_in_a_gap() -> None:
    found = times([(0, 1.0), (10, 1.0), (100, 1.0), (110, 1.0)], 0, 200, 60)
    assert found == {1.0: StateTime(20.0, 0)}


def test_a_state_that_reaches_in_counts_from_the_start() -> None:
    assert times([(0, 1.0), (40, 0.0)], 10, 30, 60) == {1.0: StateTime(20.0, 0)}


def test_no_reading_gives_no_state() -> None:
    assert times([], 0, 10, 60) == {}
    assert times([(5, 1.0)], 0, 10, 60) == {}


@given(
    st.lists(
        st.tuples(st.integers(0, 100), st.sampled_from([0.0, 1.0, 2.0])),
        unique_by=lambda reading: reading[0],
        max_size=25,
    ).map(sorted),
    st.integers(0, 100),
    st.integers(0, 60),
    st.integers(1, 50),
)
def test_times_are_those_of_the_oracle_in_one_piece_and_in_two(
    readings: list[tuple[int, float]], start: int, gap: int, middle: int
) -> None:
    expected: dict[float, list[float]] = {}
    for (at, value), (following, after) in pairwise(readings):
        seconds = sum(start <= second < 100 for second in range(at, following))
        if following - at <= gap:
            expected.setdefault(value, [0, 0])[0] += seconds
        if after != value and start <= following < 100:
            expected.setdefault(after, [0, 0])[1] += 1
    wanted = {state: StateTime(*known) for state, known in expected.items() if any(known)}
    assert times(readings, start, 100, gap) == wanted
    cut = min(middle, max(len(readings) - 1, 0))
    pieces = times(readings[: cut + 1], start, 100, gap), times(readings[cut:], start, 100, gap)
    assert add_times(*pieces) == dict(sorted(wanted.items()))
