"""Microseconds and datetimes are two spellings of one time."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from config.clock import from_us, monotonic, now, now_us, to_us

MOMENTS = st.datetimes(timezones=st.just(UTC))


@given(MOMENTS)
def test_a_time_survives_the_way_there_and_back(moment: datetime) -> None:
    assert from_us(to_us(moment)) == moment


@given(MOMENTS)
def test_the_same_instant_in_another_zone_is_the_same_number(moment: datetime) -> None:
    east = timezone(timedelta(hours=5, minutes=45))
    shifted = moment.replace(year=max(2, min(9998, moment.year)))
    assert to_us(shifted.astimezone(east)) == to_us(shifted)


def test_counting_starts_in_1970() -> None:
    assert to_us(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC)) == 1_000_005


def test_the_clock_goes_on() -> None:
    first, before = now_us(), monotonic()
    assert first <= to_us(now()) <= now_us()
    assert before <= monotonic()
