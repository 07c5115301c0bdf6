"""Streams of rule tests as a person writes them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conditions.rule_tests.moment import format_moment, parse_moment
from conditions.rule_tests.stream import StreamError, parse_stream

S = 1_000_000
M = 60 * S


def read(text: str, every: int = M) -> list[tuple[float, float | None]]:
    """(minutes, value) of a stream."""
    return [(sample.at / M, sample.value) for sample in parse_stream(text, every=every).samples]


def test_a_constant_gives_a_reading_at_each_step_and_at_its_end() -> None:
    assert read("3 until 2m") == [(0, 3), (1, 3), (2, 3)]


def test_the_end_of_a_part_belongs_to_the_next_one() -> None:
    assert read("3 until 2m, 5 until 3m") == [(0, 3), (1, 3), (2, 5), (3, 5)]


def test_a_ramp_reaches_its_last_value_at_its_end() -> None:
    assert read("2 to 4 until 2m") == [(0, 2), (1, 3), (2, 4)]


def test_a_ramp_goes_on_from_the_value_in_front_of_it() -> None:
    assert read("2 until 1m, to 4 until 3m") == [(0, 2), (1, 2), (2, 3), (3, 4)]


def test_unknown_is_a_reading_without_a_number() -> None:
    assert read("unknown until 1m, 2 until 2m") == [(0, None), (1, 2), (2, 2)]


def test_nothing_gives_no_readings() -> None:
    assert read("1 until 1m, nothing until 5m, 2 until 6m") == [(0, 1), (5, 2), (6, 2)]


@pytest.mark.parametrize("text", ["8 at 3m", "8@3m", " 8 @ 180s", "8.0 at 2m60s"])
def test_a_single_reading_stands_at_its_time(text: str) -> None:
    assert read(text) == [(3, 8)]


def test_a_stream_ends_with_its_last_part_though_it_gives_nothing() -> None:
    assert parse_stream("1 at 0s, nothing until 9m", every=S).end == 9 * M


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cannot be read"),
        ("high until 3m", "cannot be read"),
        ("until 3m", "cannot be read"),
        ("3 until soon", "not a duration"),
        ("3 until 5m, 4 until 2m", "ends before"),
        ("to 9 until 5m", "nothing to start from"),
        ("3 to 9 at 5m", "takes time"),
        ("nothing at 5m", "takes time"),
        ("3 until 100d", "more than"),
    ],
)
def test_a_slip_is_told(text: str, said: str) -> None:
    with pytest.raises(StreamError, match=said):
        read(text, S)


def test_a_stream_without_time_between_its_readings_is_told() -> None:
    with pytest.raises(StreamError, match="every"):
        read("3 until 1m", 0)


@given(st.text(max_size=40))
def test_no_text_ends_in_anything_but_a_message(text: str) -> None:
    with suppress(StreamError):
        parse_stream(text, every=M)


@given(st.integers(0, 10**15))
def test_a_moment_is_read_back(us: int) -> None:
    assert parse_moment(format_moment(us)) == us
