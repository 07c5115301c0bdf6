"""Each interval ticks on its own grid; none is lost because another took long."""

from hypothesis import given
from hypothesis import strategies as st

from edge.modbus.rota import Rota

SECOND = 1_000_000


def test_everything_is_due_at_the_start_and_then_at_its_own_interval() -> None:
    rota = Rota([SECOND, 3 * SECOND], start=10.0)
    both = rota.take(10.0)
    assert both == {SECOND, 3 * SECOND}
    assert rota.finish(both, 10.2) == 11.0
    for now in (11.0, 12.0):
        assert rota.take(now) == {SECOND}
        assert rota.finish({SECOND}, now) == now + 1
    assert rota.take(13.0) == both


def test_nothing_is_due_before_its_tick() -> None:
    rota = Rota([SECOND], start=0.0)
    rota.finish(rota.take(0.0), 0.5)
    assert rota.take(0.999) == frozenset()


def test_ticks_that_were_missed_are_left_out() -> None:
    rota = Rota([SECOND], start=0.0)
    assert rota.finish(rota.take(0.0), 2.5) == 3.0


def test_what_fell_due_while_others_were_read_is_taken_late() -> None:
    rota = Rota([SECOND, 10 * SECOND], start=0.0)
    rota.finish(rota.take(0.0), 0.0)
    taken = rota.take(9.0)
    assert rota.finish(taken, 10.5) == 10.0
    assert rota.take(10.5) == {10 * SECOND}


@given(
    st.sets(st.sampled_from([1, 2, 3, 5]).map(lambda s: s * SECOND), min_size=1),
    st.lists(st.integers(0, 8), max_size=40),
)
def test_the_next_tick_is_near_and_on_a_grid(intervals: set[int], busy: list[int]) -> None:
    rota, now = Rota(intervals, start=0.0), 0.0
    for taken_s in busy:
        due = rota.take(now)
        assert due
        following = rota.finish(due, now + taken_s)
        assert any(following % (every / SECOND) == 0 for every in intervals)
        assert following <= now + taken_s + min(intervals) / SECOND
        assert rota.next_after(now + taken_s) > now + taken_s
        now = max(now + taken_s, following)
