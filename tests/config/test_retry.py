"""What failed is tried again: soon at first, then ever later, and not all at the same moment."""

from hypothesis import given
from hypothesis import strategies as st

from config.retry import FIRST_DELAY_S, LONGEST_DELAY_S, backoff_s


@given(st.integers(0, 10**6))
def test_a_pause_is_below_a_doubling_ceiling_and_never_nothing(failures: int) -> None:
    ceiling = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2 ** min(failures, 16))
    assert ceiling / 4 <= backoff_s(failures) <= ceiling


def test_pauses_are_jittered_so_that_a_plant_does_not_return_all_at_once() -> None:
    assert len({backoff_s(3) for _ in range(100)}) > 90
