"""Durations as people write them in files: `500ms`, `2s`, `5m`, `2h`, `7d`."""

import re
from decimal import Decimal
from types import MappingProxyType

UNIT_US = MappingProxyType(
    {
        "us": 1,
        "ms": 1_000,
        "s": 1_000_000,
        "m": 60_000_000,
        "h": 3_600_000_000,
        "d": 86_400_000_000,
    }
)
"""Microseconds in each unit, smallest first."""

_FORM = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(us|ms|s|m|h|d)", re.ASCII)
_REMEDY = "Write a number and a unit: 500ms, 2s, 5m, 2h or 7d"
_LONGEST_US = 100 * 366 * UNIT_US["d"]


def parse_duration(text: object) -> int:
    """Microseconds in a duration such as `500ms` or `1.5h`.

    Raises `ValueError` with problem and remedy (parted by ` | `) where it is not one, is finer than
    a microsecond or is longer than a century.
    """
    match = _FORM.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} is not a duration | {_REMEDY}")
    exact = Decimal(match[1]) * UNIT_US[match[2]]
    if exact != exact.to_integral_value() or exact > _LONGEST_US:
        raise ValueError(f"{text!r} is not within 1us and 100 years in whole us | {_REMEDY}")
    return int(exact)


def format_duration(us: int) -> str:
    """The shortest exact form that `parse_duration` reads back: 90_000_000 -> `90s`."""
    for unit, size in reversed(tuple(UNIT_US.items())):
        if us % size == 0:
            return f"{us // size}{unit}"
    return f"{us}us"
