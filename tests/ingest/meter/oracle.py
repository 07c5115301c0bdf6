"""A meter counted the slow way: one reading after the other, all of them, no columns."""

from collections.abc import Iterable

from ingest.meter.counting import Counting
from ingest.meter.rules import Rules

HOUR_US = 3_600_000_000


def usage(readings: Iterable[tuple[int, float]], rules: Rules) -> float:
    """What readings (µs, value), in any order, count."""
    counting = Counting(rules)
    for ts, value in sorted(readings):
        counting.add_one(ts, value)
    return counting.usage


def plain_usage(values: list[float], *, range_: float | None, jitter: float) -> float:
    """Written by itself, for meters without spikes: what the values count.

    A count that falls is a rollover or, if what follows goes on from there, a reset.
    """
    total, held = 0.0, values[0]
    for value in values[1:]:
        if value >= held:
            total, held = total + value - held, value
        elif held - value <= jitter:
            continue
        elif range_ is not None and value + range_ - held <= range_ / 2:
            total, held = total + value + range_ - held, value
        else:
            total, held = total + value, value
    return total
