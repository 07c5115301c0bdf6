"""Moments of a test, as time since its start: `90s`, `15m30s`, `1h 30m`. Pure."""

import re

from config.durations import UNIT_US, parse_duration

_PARTS = re.compile(r"[0-9.]+\s*(?:us|ms|s|m|h|d)", re.ASCII)


def parse_moment(text: str) -> int:
    """Microseconds since the start. Raises `ValueError`."""
    parts = _PARTS.findall(text)
    if not parts or "".join(parts).replace(" ", "") != text.replace(" ", ""):
        parse_duration(text)
    return sum(parse_duration(part) for part in parts)


def format_moment(us: int) -> str:
    """The form that `parse_moment` reads back, largest units first: 930 s -> `15m30s`."""
    said = ""
    for unit, size in reversed(tuple(UNIT_US.items())):
        number, us = divmod(us, size)
        said += f"{number}{unit}" if number else ""
    return said or "0s"
