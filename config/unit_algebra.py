"""What becomes of units when numbers are added, compared, multiplied or differ over time."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from config.units import comparable, registry, same_unit

NONE = "1"
"""Unit of a number without one."""

# A converted number is rounded to what a person means: 185 degF is 85 degC, not 85.00000000001.
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Conversion:
    """number in the one unit = number in the other * factor + offset."""

    factor: float = 1.0
    offset: float = 0.0

    def apply(self, value: float) -> float:
        """A number in the other unit, rounded to twelve digits."""
        if self == Conversion():
            return value
        return float(f"{value * self.factor + self.offset:.{_DIGITS}g}")


@cache
def is_absolute(unit: str) -> bool:
    """Does the unit count from a zero of its own, as degC does? Only its differences add up."""
    return not _is_multiplicative(unit) and _unit(unit).dimensionality == _kelvin().dimensionality


@cache
def is_logarithmic(unit: str) -> bool:
    """Is it a level, such as dB, that neither adds up nor scales?"""
    return not _is_multiplicative(unit) and not is_absolute(unit)


@cache
def difference_unit(unit: str) -> str:
    """The unit of a difference of two numbers in `unit`: delta_degC of degC, mm/s of mm/s."""
    return f"delta_{_spell(_unit(unit))}" if is_absolute(unit) else unit


@cache
def convertible(one: str, other: str) -> bool:
    """Can a number in the one unit be told in the other? A temperature is no difference of such."""
    if same_unit(one, other):
        return True
    if is_logarithmic(one) or is_logarithmic(other) or not comparable(one, other):
        return False
    return is_absolute(one) == is_absolute(other) or _kelvin() in (_unit(one), _unit(other))


@cache
def conversion(one: str, other: str) -> Conversion:
    """How to tell a number in the one unit in the other, which it is `convertible` to."""
    if same_unit(one, other):
        return Conversion()
    steps = (_unit(difference_unit(one)), _unit(difference_unit(other)))
    factor = float(registry().Quantity(1.0, steps[0]).to(steps[1]).magnitude)
    zero = float(registry().Quantity(0.0, _unit(one)).to(_unit(other)).magnitude)
    return Conversion(factor, zero)


@cache
def product(one: str, other: str) -> str:
    """The unit of a product."""
    return _spell(_unit(one) * _unit(other))


@cache
def quotient(one: str, other: str) -> str:
    """The unit of a quotient."""
    return _spell(_unit(one) / _unit(other))


@cache
def is_plain(unit: str) -> bool:
    """Has it no dimension, like `1` and percent?"""
    return bool(_unit(unit).dimensionless)


def _is_multiplicative(unit: str) -> bool:
    # pint tells it of quantities in no other way.
    return bool(registry().Quantity(1, _unit(unit))._is_multiplicative)  # noqa: SLF001


def _kelvin() -> Any:
    return registry().Unit("kelvin")


def _unit(unit: str) -> Any:
    return registry().Unit("dimensionless" if unit == NONE else unit)


def _spell(unit: Any) -> str:
    text = f"{unit:~C}".replace("Δ", "delta_").replace("°", "deg").replace("%", "percent")
    return text or NONE
