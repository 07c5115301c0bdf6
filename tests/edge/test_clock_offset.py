"""A clock's offset is found whatever the network adds, and a backlog is not taken for one."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock_offset import AGREE_US, WINDOW_US, ClockOffset, Clocks

S = 1_000_000
HOUR = 3_600 * S
START = 1_800_000_000 * S

offsets = st.integers(-24 * HOUR, 24 * HOUR)
delays = st.lists(st.integers(0, AGREE_US), min_size=60, max_size=120)


def live(offset: int, waits: list[int], *, start: int = START) -> Iterator[tuple[int, int]]:
    """(source, received) of a reading each second, by a clock so far behind ours."""
    for second, delay in enumerate(waits):
        measured = start + second * S
        yield measured - offset, measured + delay


def fed(clock: ClockOffset, times: Iterator[tuple[int, int]]) -> ClockOffset:
    for source, received in sorted(times, key=lambda pair: pair[1]):
        clock.saw(source, received)
    return clock


@given(offsets, delays)
def test_the_offset_is_found_to_within_what_the_network_adds(offset: int, waits: list[int]) -> None:
    found = fed(ClockOffset(), live(offset, waits)).us
    assert found is not None
    assert offset - 1 <= found <= offset + max(waits) + 1


@given(offsets, delays, st.integers(1, 48), st.integers(2, 500), st.integers(1, 60))
def test_a_backlog_leaves_the_estimate_where_it_was(
    offset: int, waits: list[int], hours: int, speed: int, every_s: int
) -> None:
    clock = fed(ClockOffset(), live(offset, waits))
    began = START + len(waits) * S + hours * HOUR
    measured, received = START + len(waits) * S, began
    while measured < received:
        clock.saw(measured - offset, received)
        found = clock.us
        assert found is not None
        assert offset - 1 <= found <= offset + 2 * AGREE_US
        measured += every_s * speed * S
        received += every_s * S


@given(offsets, offsets, delays)
def test_a_clock_that_steps_is_followed(before: int, after: int, waits: list[int]) -> None:
    clock = fed(ClockOffset(), live(before, waits))
    found = fed(clock, live(after, waits, start=START + HOUR)).us
    assert found is not None
    assert abs(found - after) <= 2 * AGREE_US


@given(st.lists(st.tuples(st.integers(0, 2**60), st.integers(0, 2**60)), max_size=50))
def test_no_times_whatever_break_it(times: list[tuple[int, int]]) -> None:
    clock = ClockOffset()
    for source, received in times:
        clock.saw(source, received)
    assert clock.us is None or abs(clock.us) <= 2**61


def test_a_clock_that_stands_still_is_never_an_offset() -> None:
    clock = ClockOffset()
    for second in range(300):
        clock.saw(START, START + second * S)
    assert clock.us is None


def test_one_window_alone_says_nothing() -> None:
    clock = ClockOffset()
    for second in range(WINDOW_US // S):
        clock.saw(START + second * S, START + second * S)
    assert clock.us is None


def test_our_own_clock_that_steps_back_shows_as_the_offset_that_it_is() -> None:
    clock = fed(ClockOffset(), live(0, [0] * 60))
    for second in range(60):
        now = START + (60 + second) * S
        clock.saw(now, now - HOUR)
    assert clock.us == -HOUR


def test_the_clock_furthest_off_stands_for_its_source() -> None:
    clocks = Clocks()
    for device, offset in (("a", 3 * S), ("b", -9 * S), ("c", 0)):
        for source, received in live(offset, [0] * 40):
            clocks.saw(device, source, received)
    clocks.saw("new", START, START)
    assert clocks.offsets_s() == {"a": 3.0, "b": -9.0, "c": 0.0}
    assert clocks.furthest_s() == -9.0


def test_the_devices_followed_are_bounded() -> None:
    clocks = Clocks()
    for device in range(5_000):
        for second in (0, 11, 22):
            clocks.saw(str(device), START, START + second)
            clocks.saw(str(device), START + second * S, START + second * S)
    assert len(clocks.offsets_s()) == 1_000


@pytest.mark.parametrize("late", [HOUR])
def test_an_even_lateness_passes_for_an_offset(late: int) -> None:
    assert fed(ClockOffset(), live(0, [late] * 60)).us == late
