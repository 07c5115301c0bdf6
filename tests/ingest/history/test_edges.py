"""Where buckets begin: even widths from a Monday, days of a time zone of 23, 24 and 25 hours."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.clock import from_us, to_us
from ingest.history.edges import DAY_US, HOUR_US, MINUTE_US, day_edges, even_edges, grain_us

BERLIN = ZoneInfo("Europe/Berlin")


def utc(*parts: int) -> int:
    return to_us(datetime(*parts, tzinfo=UTC))  # type: ignore[misc,arg-type]


def test_even_buckets_hold_the_whole_range() -> None:
    edges = even_edges(utc(2026, 5, 4, 6, 7), utc(2026, 5, 4, 7, 53), HOUR_US)
    assert [from_us(edge).hour for edge in edges.tolist()] == [6, 7, 8]


def test_a_range_that_ends_on_an_edge_opens_no_further_bucket() -> None:
    edges = even_edges(utc(2026, 5, 4, 6), utc(2026, 5, 4, 8), HOUR_US)
    assert len(edges) == 3


def test_weeks_begin_on_a_monday() -> None:
    edges = even_edges(utc(2026, 5, 7), utc(2026, 5, 8), 7 * DAY_US)
    assert {from_us(edge).weekday() for edge in edges.tolist()} == {0}


@pytest.mark.parametrize(
    ("start", "hours"),
    [(utc(2026, 3, 28, 23), [23]), (utc(2026, 10, 24, 22), [25]), (utc(2026, 7, 1, 5), [24])],
)
def test_a_day_is_as_long_as_the_clocks_make_it(start: int, hours: list[int]) -> None:
    edges = day_edges(start, start + HOUR_US, days=1, zone=BERLIN)
    assert (np.diff(edges) / HOUR_US).tolist() == hours
    assert all(from_us(edge).astimezone(BERLIN).hour == 0 for edge in edges.tolist())


def test_weeks_of_a_time_zone_begin_on_its_monday() -> None:
    edges = day_edges(utc(2026, 3, 25), utc(2026, 3, 31), days=7, zone=BERLIN)
    starts = [from_us(edge).astimezone(BERLIN) for edge in edges.tolist()]
    assert [(start.weekday(), start.day) for start in starts] == [(0, 23), (0, 30), (0, 6)]


@pytest.mark.parametrize(
    ("zone", "grain"),
    [("Europe/Berlin", HOUR_US), ("Asia/Kolkata", HOUR_US // 2), ("Asia/Kathmandu", HOUR_US // 4)],
)
def test_days_lie_on_full_minutes(zone: str, grain: int) -> None:
    edges = day_edges(utc(2026, 1, 1), utc(2027, 1, 1), days=1, zone=ZoneInfo(zone))
    assert grain_us(edges) == grain
    assert grain % MINUTE_US == 0


@given(
    st.integers(utc(2000, 1, 1), utc(2040, 1, 1)),
    st.integers(1, 400 * DAY_US),
    st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"]),
    st.sampled_from([1, 7]),
)
def test_days_hold_the_range_and_no_more(start: int, length: int, zone: str, days: int) -> None:
    edges = day_edges(start, start + length, days=days, zone=ZoneInfo(zone))
    assert edges[0] <= start < edges[1]
    assert edges[-2] < start + length <= edges[-1]
    assert (np.diff(edges) > 0).all()
