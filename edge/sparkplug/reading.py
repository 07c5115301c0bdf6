"""From a metric to a reading: its number, time and quality. Pure."""

import math
from dataclasses import dataclass

from edge.reading import Quality
from edge.sparkplug.node import Arrival, Point
from edge.sparkplug.payload import Metric, number_of
from edge.sparkplug.quality import CLOCK_OFF, GOOD, NO_VALUE, UNREADABLE, quality_of
from edge.stamps import ClockLimits

Row = tuple[str, int, float, int]
"""Tag, time in µs, value, quality byte."""

_US_PER_MS = 1_000
_OLDEST_US = 946_684_800_000_000
"""2000-01-01: a time before it is not one that anything was measured at."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When a value was measured; the time of receipt for None, which may be for want of belief."""

    us: int | None
    believed: bool = True


_NOT_BELIEVED = Moment(None, believed=False)


@dataclass(frozen=True, slots=True)
class Clock:
    """How far the clock of an edge node may be from ours."""

    limits: ClockLimits

    def sent(self, arrival: Arrival) -> Moment:
        """When the node says that it sent the message."""
        if arrival.payload.timestamp is None:
            return Moment(None)
        at_us = arrival.payload.timestamp * _US_PER_MS
        believed = self.limits.allow(at_us, arrival.received_us)
        return Moment(at_us) if believed else _NOT_BELIEVED

    def measured(self, metric: Metric, arrival: Arrival, *, birth: bool) -> Moment:
        """When the node says that it measured the value.

        A birth repeats values that may be much older than itself: they hold at its own time.
        """
        sent = self.sent(arrival)
        if metric.timestamp is None:
            return sent
        at_us = metric.timestamp * _US_PER_MS
        if not _OLDEST_US <= at_us <= arrival.received_us + self.limits.ahead_us:
            return _NOT_BELIEVED
        if metric.is_historical:
            return Moment(at_us)
        if sent.believed and at_us < arrival.received_us - self.limits.behind_us:
            return sent if birth else _NOT_BELIEVED
        return Moment(at_us) if sent.believed else _NOT_BELIEVED


def reading(
    metric: Metric, datatype: int, point: Point, arrival: Arrival, moment: Moment
) -> Row | None:
    """The point's reading, which it is told of; None where the value is of another type."""
    number = math.nan if metric.is_null else number_of(metric, datatype)
    if number is None:
        return None
    quality = quality_of(metric.quality)
    if not math.isfinite(number) and quality < Quality.BAD:
        quality = NO_VALUE if metric.is_null else UNREADABLE
    if not moment.believed and quality == GOOD:
        quality = CLOCK_OFF
    value = number if math.isfinite(number) else math.nan
    if metric.is_historical and moment.us is not None:
        return point.tag, moment.us, value, quality
    return point.tag, point.place(moment.us, arrival.received_us), value, quality
