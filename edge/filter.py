"""Report by exception: of a point's readings only those go on that tell something new.

Between two readings that were sent, the last one sent stands for the point: what was left out lay
within the deadband of it and had its quality. Pure but for its memory.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edge.reading import ReadingBatch

_FORM = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(%?)", re.ASCII)
_REMEDY = "Write a number in the point's unit, such as 0.5, or a share of the last value: 1%"
_REMEMBERED_POINTS = 100_000
_LONG_AGO = -(2**63)
_NONE_YET = -1


@dataclass(frozen=True, slots=True)
class Deadband:
    """How far a value may move from the one last sent before it is news."""

    absolute: float = 0.0
    share: float = 0.0

    def around(self, value: float) -> float:
        """The width to either side of a value."""
        return self.absolute + self.share * abs(value)


def parse_deadband(value: object) -> Deadband:
    """The deadband in `0.5` or `1%`. Raises `ValueError` with problem and remedy."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if 0 <= value < math.inf:
            return Deadband(float(value))
    elif isinstance(value, str) and (match := _FORM.fullmatch(value.strip())) is not None:
        number = float(match[1])
        return Deadband(share=number / 100) if match[2] else Deadband(number)
    raise ValueError(f"{value!r} is not a deadband | {_REMEDY}")


@dataclass(frozen=True, slots=True)
class Report:
    """What is news of a point: a move by more than the deadband, and a sign of life at times."""

    deadband: Deadband
    heartbeat_us: int


class PointFilter:
    """Decides for one point, reading by reading as they come."""

    __slots__ = ("_quality", "_report", "_seen_us", "_sent_us", "_value")

    def __init__(self, report: Report) -> None:
        self._report = report
        self._seen_us = self._sent_us = _LONG_AGO
        self._value = math.nan
        self._quality = _NONE_YET

    def is_news(self, ts: int, value: float, quality: int) -> bool:
        """Is this reading to be sent? Asked once for each, in the order of receipt.

        The heartbeat looks ahead: a reading goes where the next one, at the same pace, would come
        too late. One from before the last seen always goes, and so does the one after it, since
        what was left out in between stands for another value now.
        """
        if ts <= self._seen_us:
            self._quality = _NONE_YET
            return True
        next_us = ts + (ts - self._seen_us)
        self._seen_us = ts
        late = next_us - self._sent_us > self._report.heartbeat_us
        if not late and quality == self._quality and not self._moved(value):
            return False
        self._sent_us, self._value, self._quality = ts, value, quality
        return True

    def _moved(self, value: float) -> bool:
        if math.isnan(value) or math.isnan(self._value):
            return math.isnan(value) != math.isnan(self._value)
        return not abs(value - self._value) <= self._report.deadband.around(self._value)


class BatchFilter:
    """Takes from batches what is news, each point by its own report."""

    def __init__(self, report_of: Callable[[str], Report | None]) -> None:
        self._report_of = report_of
        self._filters: dict[str, PointFilter | None] = {}

    def news(self, readings: ReadingBatch) -> ReadingBatch:
        """The readings that are to be sent, in their order."""
        filters = [self._filter_of(tag) for tag in readings.tags]
        if not any(filters):
            return readings
        rows = zip(
            readings.tag_index.tolist(),
            readings.ts.tolist(),
            readings.value.tolist(),
            readings.quality.tolist(),
            strict=True,
        )
        news = [
            (judge := filters[index]) is None or judge.is_news(ts, value, quality)
            for index, ts, value, quality in rows
        ]
        return readings if all(news) else readings.take(np.array(news, np.bool_))

    def forget(self) -> None:
        """The next reading of every point is news."""
        self._filters.clear()

    def _filter_of(self, tag: str) -> PointFilter | None:
        if tag in self._filters:
            return self._filters[tag]
        if len(self._filters) >= _REMEMBERED_POINTS:
            self._filters.clear()
        report = self._report_of(tag)
        found = self._filters[tag] = None if report is None else PointFilter(report)
        return found
