"""Units of sums, products and rates; temperatures are not their differences."""

import pytest

from config.unit_algebra import (
    conversion,
    convertible,
    difference_unit,
    is_absolute,
    is_logarithmic,
    is_plain,
    product,
    quotient,
)


@pytest.mark.parametrize(
    ("one", "other", "value", "told"),
    [
        ("bar", "kPa", 1.5, 150.0),
        ("degF", "degC", 185.0, 85.0),
        ("K", "degC", 350.0, 76.85),
        ("delta_degF", "delta_degC", 9.0, 5.0),
        ("percent", "1", 80.0, 0.8),
        ("mm/s", "mm/s", 4.5, 4.5),
        ("m3/h", "m**3/hour", 0.1, 0.1),
    ],
)
def test_a_number_is_told_in_another_unit(one: str, other: str, value: float, told: float) -> None:
    assert convertible(one, other)
    assert conversion(one, other).apply(value) == told


@pytest.mark.parametrize(
    ("one", "other"),
    [("degC", "delta_degC"), ("bar", "mm/s"), ("dB", "1"), ("dBm", "mW"), ("delta_degF", "degC")],
)
def test_what_is_of_another_kind_has_no_way(one: str, other: str) -> None:
    assert not convertible(one, other)


def test_a_temperature_counts_from_a_zero_of_its_own() -> None:
    assert [unit for unit in ("degC", "degF", "K", "delta_degC", "dB") if is_absolute(unit)] == [
        "degC",
        "degF",
    ]
    assert [unit for unit in ("dB", "degC", "%") if is_logarithmic(unit)] == ["dB"]
    assert difference_unit("degC") == "delta_degC"
    assert difference_unit("mm/s") == "mm/s"


def test_units_multiply_and_divide_into_units_that_read_back() -> None:
    assert product("bar", "1") == "bar"
    assert quotient("m", "m") == "1"
    speed = quotient(difference_unit("degC"), "min")
    assert (speed, quotient(speed, "delta_degC")) == ("delta_degC/min", "1/min")
    assert is_plain(quotient("bar", "kPa"))
    assert conversion(quotient("bar", "kPa"), "1").factor == pytest.approx(100.0)
