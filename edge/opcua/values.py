"""What OPC UA values and times mean as readings (OPC UA Part 4, 7.11). Pure."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from config.clock import to_us
from edge.opcua.changes import Changes, Kind
from edge.opcua.status import quality_of
from edge.reading import Int64s, Quality, Reason, UInt8s, quality_code
from edge.stamps import ClockLimits

_UNREADABLE = quality_code(Quality.BAD, Reason.DECODE)
_FAULT = quality_code(Quality.BAD, Reason.DEVICE)
_CLOCK_OFF = quality_code(Quality.UNCERTAIN, Reason.CLOCK)
_TICKS_PER_US = 10
_FIRST_US = to_us(datetime(1601, 1, 1, tzinfo=UTC))

NO_TIME = 0
"""In place of a time that is not known."""

Bools = npt.NDArray[np.bool_]


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


def qualities_of(changes: Changes) -> UInt8s:
    """The quality byte of each change; one that leaves no number to be believed is bad."""
    statuses, which = np.unique(changes["status"], return_inverse=True)
    quality = np.array([quality_of(status) for status in statuses.tolist()], np.uint8)[which]
    believed = quality < Quality.BAD
    quality[believed & ~np.isfinite(changes["value"])] = _FAULT
    quality[believed & (changes["kind"] == Kind.OTHER)] = _UNREADABLE
    return quality


def times_of(
    changes: Changes, quality: UInt8s, timing: Timing, *, first: Bools
) -> tuple[Int64s, Int64s]:
    """The source's time of each change in µs, and the server's; `NO_TIME` where it cannot be believed.

    The first notification of an item tells the present value, whose source time may be long ago
    with good reason. Later ones tell of a change just now, so a source time far off is a clock's
    fault, which is written into `quality`.
    """
    source, server = _us(changes["source"]), _us(changes["server"])
    known = source > 0
    off = known & ~_allowed(source, timing)
    wrong = off & (~first | (source > timing.received_us)) & (quality < Quality.BAD)
    quality[wrong] = _CLOCK_OFF
    times = np.where(known & ~off, source, NO_TIME)
    return times, np.where(_allowed(server, timing), server, NO_TIME)


def own_times_of(changes: Changes) -> Int64s:
    """The time of each change in µs as the source tells it, else the server; `NO_TIME` without."""
    source, server = _us(changes["source"]), _us(changes["server"])
    return np.maximum(np.where(source > NO_TIME, source, server), NO_TIME)


def newest_of(changes: Changes) -> int | None:
    """The latest source time of changes in µs since 1970; None where none has one."""
    known = _us(changes["source"])
    known = known[known > 0]
    return int(known.max()) if len(known) else None


def _us(ticks: npt.NDArray[np.int64]) -> Int64s:
    """OPC UA's time as µs since 1970; its first moment, 1601, is how servers say that they have none."""
    return ticks // _TICKS_PER_US + _FIRST_US


def _allowed(us: Int64s, timing: Timing) -> Bools:
    limits, received = timing.limits, timing.received_us
    earliest = max(received - limits.behind_us, NO_TIME + 1)
    return (us >= earliest) & (us <= received + limits.ahead_us)
