"""Units of measurement, as `pint` knows them, with the names that plants use."""

import re
from functools import cache
from tokenize import TokenError
from typing import Any

import pint

from config.suggestion import did_you_mean

# `m3/h` on every flow meter's plate; pint wants `m**3/h`.
_POWER = re.compile(r"\b([a-z]{0,2}m|ft|in)([23])\b")

# pint computes numbers while it reads: 9**9**9 would never end.
_ENDLESS = re.compile(r"[\d)]\s*(\*\*|\^)|(\*\*|\^)\s*[-+]?\s*(\(|\d\d)")
_LONGEST = 40


@cache
def registry() -> pint.UnitRegistry[Any]:
    """The one registry, with the spellings of device lists (`rpm`, `degC`, `%`, `m3/h`, `kvar`)."""
    units: pint.UnitRegistry[Any] = pint.UnitRegistry(
        autoconvert_offset_to_baseunit=True,
        preprocessors=[lambda text: _POWER.sub(r"\1**\2", text)],
    )
    units.define("volt_ampere_reactive = volt * ampere = var")
    units.formatter.default_format = "~"
    return units


@cache
def unit_problem(unit: str) -> str | None:
    """What is wrong with a unit's spelling, or None; `1` stands for no dimension."""
    if not unit.strip():
        return 'a unit is empty: write "1" for a number without one'
    if len(unit) > _LONGEST or _ENDLESS.search(unit):
        return f"{unit!r} is not a unit"
    try:
        # pint reads `dB/m`, and finds only here that it cannot reckon with it.
        _ = registry().Unit(_spelling(unit)).dimensionality
    except pint.UndefinedUnitError:
        return f"{unit!r} is not a unit"
    except _UNREADABLE as error:
        return f"{unit!r} cannot be read as a unit ({error})" if str(error) else f"{unit!r} is odd"
    return None


_UNREADABLE = (
    pint.PintError,
    TokenError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    ArithmeticError,
    AssertionError,
)
"""All that pint raises on text that is no unit."""


@cache
def unit_remedy(unit: str) -> str:
    """What to write instead of a unit that is none."""
    meant = did_you_mean(unit, iter(registry()))
    known = 'Write it as in mm/s, degC, bar, rpm, m3/h, kWh, %; "1" for none'
    return meant if meant.startswith("Did") else known


@cache
def comparable(one: str, other: str) -> bool:
    """Do two units measure the same kind of quantity?"""
    first, second = (registry().Unit(_spelling(unit)) for unit in (one, other))
    return bool(first.dimensionality == second.dimensionality)


@cache
def same_unit(one: str, other: str) -> bool:
    """Are two units the same, however they are spelt (`m3/h` and `m^3/hour`)?"""
    first, second = (registry().Unit(_spelling(unit)) for unit in (one, other))
    return bool(first == second)


def _spelling(unit: str) -> str:
    return "dimensionless" if unit == "1" else unit


def converted(value: float, unit: str, target: str) -> float:
    """A value of one unit in another one of the same kind; offsets (degC, degF) are counted in."""
    if same_unit(unit, target):
        return value
    quantity: Any = registry().Quantity(value, _spelling(unit))
    return float(quantity.to(_spelling(target)).magnitude)
