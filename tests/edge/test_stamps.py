"""Times of receipt always rise; times of a source are believed within their limit."""

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st

from edge.pace import next_tick
from edge.stamps import ClockLimits, Stamps

NOW = 10**15


@given(st.lists(st.integers(0, 2**60), min_size=1))
def test_times_of_one_key_rise_strictly_and_are_never_early(received: list[int]) -> None:
    stamps = Stamps()
    given = [stamps.next("A.x", each) for each in received]
    assert all(one < other for one, other in itertools.pairwise(given))
    assert all(stamp >= each for stamp, each in zip(given, received, strict=True))


def test_keys_do_not_hold_each_other_up() -> None:
    stamps = Stamps()
    assert [stamps.next("A.x", 5), stamps.next("B.x", 5), stamps.next("A.x", 5)] == [5, 5, 6]


@given(st.integers(0, 10**10), st.integers(0, 10**10), st.integers(0, 10**20))
def test_a_time_is_believed_up_to_the_limit_on_its_side(ahead: int, behind: int, off: int) -> None:
    limits = ClockLimits(ahead, behind)
    assert limits.allow(NOW + off, NOW) == (off <= ahead)
    assert limits.allow(NOW - off, NOW) == (off <= behind)


def test_a_limit_itself_is_still_believed() -> None:
    limits = ClockLimits(ahead_us=2, behind_us=5)
    assert [limits.allow(NOW + off, NOW) for off in (-6, -5, 2, 3)] == [False, True, True, False]


@given(st.floats(0, 1e6), st.floats(0.01, 60), st.floats(0, 1e4))
def test_ticks_stand_at_whole_multiples(first: float, every: float, late: float) -> None:
    due = next_tick(first, every, first + late)
    assert due >= first + late - 1e-6
    assert due - (first + late) <= every + 1e-6
    beats = (due - first) / every
    assert math.isclose(beats, round(beats), abs_tol=1e-4)
