"""What OPC UA values and times mean as readings (OPC UA Part 4, 7.11). Pure."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from asyncua import ua

from config.clock import to_us
from edge.opcua.status import quality_of
from edge.reading import Quality, Reason, quality_code
from edge.stamps import ClockLimits, Stamps

_UNREADABLE = quality_code(Quality.BAD, Reason.DECODE)
_FAULT = quality_code(Quality.BAD, Reason.DEVICE)
_CLOCK_OFF = quality_code(Quality.UNCERTAIN, Reason.CLOCK)


def number_of(value: Any, quality: int) -> tuple[float, int]:
    """A value as a number, with the quality that this leaves: what is no number is bad."""
    if quality >= Quality.BAD:
        return math.nan, quality
    if value is None:
        return math.nan, _FAULT
    if not isinstance(value, bool | int | float):
        return math.nan, _UNREADABLE
    number = float(value)
    return (number, quality) if math.isfinite(number) else (math.nan, _FAULT)


def us_of(moment: datetime | None) -> int | None:
    """A time of OPC UA, where there is one, as microseconds since 1970."""
    if moment is None:
        return None
    # OPC UA's first moment, 1601, is how servers write that they know no time.
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return us if (us := to_us(aware)) > 0 else None


@dataclass(frozen=True, slots=True)
class Timing:
    """How times are judged: the time of receipt, and how far a source's may be from it."""

    received_us: int
    limits: ClockLimits


def row_of(
    tag: str, data: ua.DataValue, timing: Timing, stamps: Stamps, *, first: bool
) -> tuple[str, int, float, int]:
    """The reading (tag, ts, value, quality) in a notification.

    The first notification of an item tells the present value, whose source time may be long ago
    with good reason: it gets the server's time or that of receipt. Later ones tell of a change just
    now, so a source time far off is a clock's fault.
    """
    status = data.StatusCode.value if data.StatusCode is not None else 0
    variant = data.Value.Value if data.Value is not None else None
    value, quality = number_of(variant, quality_of(status))
    source, server = us_of(data.SourceTimestamp), us_of(data.ServerTimestamp)
    received, limits = timing.received_us, timing.limits
    if source is not None and limits.allow(source, received):
        return tag, source, value, quality
    if source is not None and (not first or source > received) and quality < Quality.BAD:
        quality = _CLOCK_OFF
    if server is not None and limits.allow(server, received):
        received = server
    return tag, stamps.next(tag, received), value, quality
