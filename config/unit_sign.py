"""How a unit is written for people."""

from types import MappingProxyType

_SIGNS = MappingProxyType(
    {
        "": "",
        "1": "",
        "degC": "°C",
        "degF": "°F",
        "m3/h": "m³/h",
        "m^3/h": "m³/h",
        "m**3/h": "m³/h",
        "percent": "%",
        "ohm": "Ω",
    }
)


def unit_sign(unit: str) -> str:
    """A unit as it is written beside a number; nothing for `1`."""
    return _SIGNS.get(unit, unit.replace("**2", "²").replace("**3", "³").replace("*", "·"))


def with_unit(number: str, unit: str) -> str:
    """A number with its unit behind it."""
    return f"{number} {unit_sign(unit)}".rstrip()
