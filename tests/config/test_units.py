"""Units that plants use are known; everything else is refused with a remedy, never a crash."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.units import comparable, unit_problem, unit_remedy

PLANT_UNITS = (
    "1 % ppm rpm Hz degC degF K bar mbar psi kPa Pa mm/s mm/s^2 m/s m/s**2 µm mm l/min m3/h m^3/h"
    " m³/h ft3/min kg/h t/h kW kWh kvar kVA VA A mA V Ω N*m dB h s min 1/min uS/cm inH2O W/m2"
)


@pytest.mark.parametrize("unit", PLANT_UNITS.split())
def test_a_unit_of_a_meters_plate_is_known(unit: str) -> None:
    assert unit_problem(unit) is None


@pytest.mark.parametrize(
    "unit", ["", "  ", "mm/s/", "furlon", "(", "5 bar", "9**9**9", "m^99", "m**(9", "dB/m"]
)
def test_what_is_no_unit_is_refused(unit: str) -> None:
    assert unit_problem(unit)


def test_a_misspelt_unit_is_told_the_right_one() -> None:
    assert unit_remedy("degc") == "Did you mean 'degC'?"


def test_an_unknown_unit_is_told_how_units_look() -> None:
    assert "mm/s" in unit_remedy("xyzzy")


@given(st.text(max_size=45))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_unit_or_a_problem(text: str) -> None:
    problem = unit_problem(text)
    assert problem is None or problem


@given(st.text(alphabet="mskg/*^()-+. 19%°e", max_size=12))
@settings(max_examples=500, deadline=None)
def test_any_text_that_looks_like_a_unit_is_one_or_a_problem(text: str) -> None:
    if unit_problem(text) is None:
        assert comparable(text, text)


def test_units_of_one_dimension_are_comparable() -> None:
    assert comparable("bar", "kPa")
    assert comparable("degC", "degF")
    assert comparable("%", "1")


def test_units_of_two_dimensions_are_not() -> None:
    assert not comparable("degC", "mm/s")
    assert not comparable("1", "rpm")
