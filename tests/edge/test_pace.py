"""The pace stands on its grid of ticks, however late each taker is."""

from hypothesis import given
from hypothesis import strategies as st

from edge.pace import next_tick

# Whole numbers of milliseconds are exact in floating point, so that ticks compare exactly.
_MS = st.integers(0, 10**9).map(float)
_EVERY = st.integers(10, 10**6).map(float)


@given(_MS, _EVERY, st.lists(st.integers(0, 10**7).map(float), max_size=30))
def test_lateness_is_not_handed_on_to_later_ticks(
    first: float, every: float, busy: list[float]
) -> None:
    due = first
    for taken in busy:
        now = due + taken
        due = next_tick(first, every, now)
        assert (due - first) % every == 0
        assert now < due <= now + every


def test_a_tick_that_was_missed_is_left_out() -> None:
    assert next_tick(0.0, 10.0, 9.0) == 10.0
    assert next_tick(0.0, 10.0, 10.0) == 20.0
    assert next_tick(0.0, 10.0, 34.0) == 40.0
