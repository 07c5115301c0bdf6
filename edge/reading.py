"""Readings and sensor alarms as the rest of Oilcan sees them: columns, never an object per reading.

Times are int64 microseconds since 1970-01-01 UTC, values float64, quality one byte.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]
Float64s = npt.NDArray[np.float64]
UInt8s = npt.NDArray[np.uint8]


class Quality(IntEnum):
    """How far a reading may be believed: the upper two bits of the quality byte (OPC UA Part 8)."""

    GOOD = 0x00
    UNCERTAIN = 0x40
    BAD = 0x80


class Reason(IntEnum):
    """Why a reading is not simply good: the lower six bits of the quality byte."""

    NONE = 0
    CLOCK = 1
    """The source's clock was off; the time is the receive time."""
    RANGE = 2
    """Outside the range that the point allows."""
    DEVICE = 3
    """The device reported a fault or answered with an exception."""
    COMMUNICATION = 4
    """The device could not be reached."""
    STALE = 5
    """The source says that the value is old."""
    DECODE = 6
    """The payload could not be read as a number."""
    CONFIGURATION = 7
    """The device does not have what was asked for."""
    GAP = 8
    """Readings are missing before this one."""


QUALITY_MASK = 0xC0
REASON_MASK = 0x3F


def quality_code(quality: Quality, reason: Reason = Reason.NONE) -> int:
    """The quality byte of a quality and its reason."""
    return int(quality) | int(reason)


def split_quality(code: int) -> tuple[Quality, Reason | int]:
    """Quality and reason of a quality byte; a reason that is not known stays a number."""
    reason = code & REASON_MASK
    quality = code & QUALITY_MASK
    known = Reason(reason) if reason in Reason._value2member_map_ else reason
    return (Quality(quality) if quality != QUALITY_MASK else Quality.BAD), known


@dataclass(frozen=True, slots=True, eq=False)
class ReadingBatch:
    """Readings in columns of one length n, in the order they were taken.

    `tags` holds each tag once; `tag_index[i]` says which one reading i belongs to. A bad reading
    without a number has the value NaN.
    """

    tags: tuple[str, ...]
    tag_index: Int32s
    ts: Int64s
    value: Float64s
    quality: UInt8s
    source: str = ""
    """The source that all of them came from; empty where there are several, or none is known."""

    def __len__(self) -> int:
        return len(self.ts)

    def part(self, start: int, end: int) -> "ReadingBatch":
        """The readings from `start` to `end`, over the same memory."""
        return ReadingBatch(
            self.tags,
            self.tag_index[start:end],
            self.ts[start:end],
            self.value[start:end],
            self.quality[start:end],
            self.source,
        )

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[str, int, float, int]]) -> "ReadingBatch":
        """Batch of rows (tag, ts in µs, value, quality byte)."""
        tags: dict[str, int] = {}
        columns = [(tags.setdefault(tag, len(tags)), ts, v, q) for tag, ts, v, q in rows]
        index, times, values, qualities = zip(*columns, strict=True) if columns else ((),) * 4
        return cls(
            tuple(tags),
            np.array(index, np.int32),
            np.array(times, np.int64),
            np.array(values, np.float64),
            np.array(qualities, np.uint8),
        )

    @classmethod
    def concatenate(cls, batches: Sequence["ReadingBatch"]) -> "ReadingBatch":
        """One batch of several, rows in the batches' order, each tag held once."""
        if len(batches) == 1:
            return batches[0]
        tags: dict[str, int] = {}
        index = [np.empty(0, np.int32)]
        for batch in batches:
            places = [tags.setdefault(tag, len(tags)) for tag in batch.tags]
            index.append(np.array(places, np.int32)[batch.tag_index])
        return cls(
            tuple(tags),
            np.concatenate(index),
            np.concatenate([np.empty(0, np.int64), *(batch.ts for batch in batches)]),
            np.concatenate([np.empty(0, np.float64), *(batch.value for batch in batches)]),
            np.concatenate([np.empty(0, np.uint8), *(batch.quality for batch in batches)]),
        )

    def take(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> "ReadingBatch":
        """The batch of some rows, by index or mask; the tags stay as they are."""
        return ReadingBatch(
            self.tags,
            self.tag_index[rows],
            self.ts[rows],
            self.value[rows],
            self.quality[rows],
            self.source,
        )


@dataclass(frozen=True, slots=True)
class SensorAlarm:
    """A change of an alarm that a device raises by itself.

    `severity` is OPC UA's 1 to 1000. `code` names the alarm within its asset.
    """

    asset: str
    code: str
    ts: int
    active: bool
    severity: int
    message: str
    acknowledged_by: str = ""
    """Who has acknowledged it at the device (`source:NAME`), as far as the source tells."""


def acknowledged_at_source(name: str) -> str:
    """Who acknowledged an alarm where a source tells of it and not of the person."""
    return f"source:{name}"


AlarmBatch = tuple[SensorAlarm, ...]
"""Alarm changes in the order they were received; alarms are rare, so objects serve."""
