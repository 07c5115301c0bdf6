"""Durations in files are read exactly, and a wrong one says what would be right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("500ms", 500_000),
        ("2s", 2_000_000),
        ("1.5h", 5_400_000_000),
        ("5 m", 300_000_000),
        ("7d", 604_800_000_000),
        ("0s", 0),
    ],
)
def test_a_duration_is_read_in_microseconds(text: str, us: int) -> None:
    assert parse_duration(text) == us


@pytest.mark.parametrize(
    "text", ["", "5", "s", "5 parsecs", "-1s", "1e3s", "0.1us", "40000d", "5 S"]
)
def test_a_wrong_duration_names_the_remedy(text: str) -> None:
    with pytest.raises(ValueError, match=r" \| Write a number and a unit"):
        parse_duration(text)


@given(st.integers(0, 100 * 366 * 86_400_000_000))
def test_the_shortest_form_reads_back(us: int) -> None:
    assert parse_duration(format_duration(us)) == us
