"""A silent device is left alone for longer and longer, and its return ends that at once."""

import pytest

from edge.modbus.rest import Rest, first_look_s


def rests(count: int, every_s: float) -> list[float]:
    rest = Rest()
    taken = []
    for _ in range(count):
        rest.silent(100.0, every_s)
        taken.append(rest.until - 100.0)
    return taken


def test_each_rest_is_twice_the_last_up_to_half_a_minute() -> None:
    assert rests(7, 1.0) == [1, 2, 4, 8, 16, 30, 30]


def test_a_device_read_rarely_rests_for_its_interval() -> None:
    assert rests(3, 60.0) == [60, 60, 60]


def test_an_answer_ends_the_rest() -> None:
    rest = Rest()
    rest.silent(100.0, 1.0)
    assert rest.resting
    rest.answered()
    assert not rest.resting
    assert rest.until == 0.0


def test_a_silent_device_gets_the_time_that_is_left_and_all_of_it_each_fourth_time() -> None:
    waits = []
    rest = Rest()
    for _ in range(4):
        rest.silent(0.0, 1.0)
        waits.append(rest.patience_s(0.7))
    assert waits == [0.7, 0.7, 0.7, None]


def test_a_device_among_fast_ones_gets_a_quarter_of_a_second() -> None:
    rest = Rest()
    rest.silent(0.0, 0.05)
    assert rest.patience_s(0.01) == 0.25


def test_a_device_passed_over_at_the_first_look_is_asked_again_at_once() -> None:
    rest = Rest()
    rest.passed_over()
    assert (rest.resting, rest.until) == (True, 0.0)


@pytest.mark.parametrize(
    ("timeout_s", "look_s"), [(10.0, 2.5), (1.0, 0.25), (0.4, 0.25), (0.1, 0.1)]
)
def test_a_first_look_is_a_quarter_of_the_timeout(timeout_s: float, look_s: float) -> None:
    assert first_look_s(timeout_s) == look_s


def test_where_frames_have_no_numbers_it_is_not_asked_before_a_late_answer_came() -> None:
    rest = Rest()
    rest.passed_over(7.0)
    assert (rest.resting, rest.until) == (True, 7.0)


def test_a_first_look_waits_for_a_frame_that_is_on_the_line() -> None:
    assert first_look_s(2.0, frame_s=0.3) == 0.8
    assert first_look_s(0.4, frame_s=0.3) == 0.4
