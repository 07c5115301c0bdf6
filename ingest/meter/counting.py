"""Count a meter's readings, one after the other, over NumPy columns; pure.

Where a count has got to is all that the next reading needs, so readings may be counted in any
number of parts. A reading that does not follow from the count waits for the next one: if that goes
on from the count, the doubted one was a spike and is left out; if it goes on from the doubted
one, the counter was reset, or set to another count.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from edge.reading import Float64s, Int64s
from ingest.history.edges import HOUR_US
from ingest.meter.rules import Rules, Step, follow, reset_count

_SMALL_RUN, _LARGE_RUN = 64, 16_384


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reading that does not follow from the count before; `ts_us` since 1970."""

    ts_us: int
    value: float


@dataclass(frozen=True, slots=True)
class Count:
    """Where a meter's count has got to: what is held, when it was seen, and what is in doubt."""

    held: float
    seen_us: int
    doubt: Doubt | None = None


class NoticeKind(StrEnum):
    """What was found that is not simply counted."""

    RESET = "reset"
    """It began at 0 again; counted from there."""
    SPIKE = "spike"
    """A reading that the next one contradicts; kept out."""
    JUMP = "jump"
    """A rise that cannot be; counted on from there, the rise kept out."""
    SET_BACK = "set_back"
    """A fall that is neither rollover nor reset; counted on from there."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something for a person to look at: at `ts_us` the count went from `before` to `after`."""

    kind: NoticeKind
    ts_us: int
    before: float
    after: float


@dataclass(slots=True)
class Counting:
    """A count that goes on: `usage` is what was counted since the beginning of this object."""

    rules: Rules
    count: Count | None = None
    usage: float = 0.0
    notices: list[Notice] = field(default_factory=list)

    def add(self, ts: Int64s, value: Float64s) -> None:
        """Count readings, ascending in time (µs since 1970), all later than those before."""
        at, size = 0, _SMALL_RUN
        while at < len(ts):
            if self.count is not None and self.count.doubt is None:
                part = slice(at, at + size)
                plain = self._run(self.count, ts[part], value[part])
                at += plain
                size = _SMALL_RUN if plain < size else min(size * 4, _LARGE_RUN)
                if plain == part.stop - part.start or at == len(ts):
                    continue
            self.add_one(int(ts[at]), float(value[at]))
            at += 1

    def add_one(self, ts_us: int, value: float) -> None:
        """Count one reading."""
        count = self.count
        if count is None:
            self.count = Count(value, ts_us)
        elif (step := follow(count.held, value, ts_us - count.seen_us, self.rules)) is not None:
            self._leave_out(count)
            self._take(step, ts_us)
        elif (doubt := count.doubt) is not None and (
            step := follow(doubt.value, value, ts_us - doubt.ts_us, self.rules)
        ) is not None:
            self._begin_again(count, doubt)
            self._take(step, ts_us)
        else:
            self._leave_out(count)
            self.count = replace(count, doubt=Doubt(ts_us, value))

    def replace_meter(self, ts_us: int, *, end: float | None, start: float) -> None:
        """Another meter from here on: the old one stood at `end`, the new one stands at `start`.

        What a person says is believed, however much it is.
        """
        if end is not None and self.count is not None:
            self.add_one(ts_us, end)
            if self.count.doubt is not None:
                self.usage += max(0.0, end - self.count.held)
        self.count = Count(start, ts_us)

    def _run(self, count: Count, ts: Int64s, value: Float64s) -> int:
        """Count the first readings that rise as they should; returns how many those are."""
        rules = self.rules
        held = np.maximum.accumulate(np.concatenate([[count.held], value]))
        rise = value - held[:-1]
        follows = (rise >= -rules.tolerance) & (rise < rules.back_over_zero)
        if rules.max_per_hour is not None:
            elapsed = np.diff(ts, prepend=count.seen_us)
            follows &= rise <= rules.max_per_hour * np.maximum(elapsed, HOUR_US) / HOUR_US
        plain = len(ts) if follows.all() else int(np.argmin(follows))
        if plain:
            self._take(
                Step(float(held[plain]) - count.held, float(held[plain])), int(ts[plain - 1])
            )
        return plain

    def _take(self, step: Step, ts_us: int) -> None:
        self.usage += step.counted
        self.count = Count(step.held, ts_us)

    def _leave_out(self, count: Count) -> None:
        if count.doubt is not None:
            self._notice(NoticeKind.SPIKE, count, count.doubt)

    def _begin_again(self, count: Count, doubt: Doubt) -> None:
        """The doubted reading was right after all: count on from it."""
        elapsed_us = doubt.ts_us - count.seen_us
        since_zero = reset_count(count.held, doubt.value, elapsed_us, self.rules)
        if doubt.value > count.held:
            self._notice(NoticeKind.JUMP, count, doubt)
        elif since_zero is None:
            self._notice(NoticeKind.SET_BACK, count, doubt)
        else:
            self.usage += since_zero
            self._notice(NoticeKind.RESET, count, doubt)

    def _notice(self, kind: NoticeKind, count: Count, doubt: Doubt) -> None:
        self.notices.append(Notice(kind, doubt.ts_us, count.held, doubt.value))
