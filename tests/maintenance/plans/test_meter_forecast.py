"""When a count is reached, from usage that is steady, noisy, flat, new or negative."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maintenance.plans.meter_forecast import DueRange, forecast_due

AT = datetime(2026, 3, 1, tzinfo=UTC)
usages = st.lists(st.floats(0, 24), min_size=3, max_size=91)


def days(found: DueRange) -> list[float | None]:
    """Days until P10, P50 and P90."""
    return [
        None if at is None else round((at - AT) / timedelta(days=1), 2)
        for at in (found.p10, found.p50, found.p90)
    ]


def test_a_steady_meter_is_certain() -> None:
    assert days(forecast_due(100, [10.0] * 28, AT)) == [10, 10, 10]


def test_a_meter_of_working_weeks_is_as_certain() -> None:
    week = [10.0] * 5 + [0.0, 0.0]
    assert days(forecast_due(100, week * 13, AT)) == [14, 14, 14]


def test_an_uneven_meter_has_a_range_around_its_middle() -> None:
    p10, p50, p90 = days(forecast_due(100, [0.0, 20.0] * 14, AT))
    assert None not in {p10, p50, p90}
    assert 3 < (p10 or 0) < 10 == p50 < (p90 or 0)


@pytest.mark.parametrize("daily", [[], [5.0], [5.0, 5.0], [0.0] * 30, [-3.0] * 30])
def test_a_flat_negative_or_new_meter_has_no_forecast(daily: list[float]) -> None:
    assert days(forecast_due(100, daily, AT)) == [None, None, None]


def test_a_count_that_is_reached_is_due_now_whatever_the_rate() -> None:
    assert days(forecast_due(-1, [0.0] * 30, AT)) == [0, 0, 0]


def test_a_single_day_of_much_usage_has_no_upper_bound() -> None:
    p10, p50, p90 = days(forecast_due(100, [0.0] * 27 + [30.0], AT))
    assert (p10 or 0) < (p50 or 0)
    assert p90 is None


def test_a_count_centuries_ahead_is_not_foreseen() -> None:
    assert days(forecast_due(1e9, [0.001] * 30, AT))[1] is None


@settings(max_examples=100)
@given(st.floats(0.1, 10_000), usages)
def test_the_bounds_are_in_order(remaining: float, daily: list[float]) -> None:
    p10, p50, p90 = days(forecast_due(remaining, daily, AT))
    if p50 is not None:
        assert p10 is not None
        assert p10 <= p50
        assert p90 is None or p90 >= p50


@settings(max_examples=100)
@given(st.floats(1, 1000), st.floats(1, 1000), usages)
def test_more_to_do_is_never_due_sooner(one: float, other: float, daily: list[float]) -> None:
    less, more = (days(forecast_due(amount, daily, AT)) for amount in sorted((one, other)))
    for sooner, later in zip(less, more, strict=True):
        assert sooner is None or later is None or sooner <= later
