"""The kernel's meaning, said slowly: plain Python, one instance at a time, no arrays.

A stream is first rid of late rows. Then one instance walks over the rows of its series; between two
rows lies an interval of which the first part is known, and timers count down in known time only.

Whether a row is late is found by walking, from the start, over all that its series has taken before:
would a timer have ended by now, later than the row?
"""

import math
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

COMPARE = [operator.gt, operator.ge, operator.lt, operator.le, operator.eq, operator.ne]


@dataclass(frozen=True)
class Row:
    series: int
    """-1: a tick, or a point that no rule reads."""
    ts: int
    value: float = 0.0
    quality: int = 0

    @property
    def known(self) -> bool:
        return self.quality < 0x80 and math.isfinite(self.value)


@dataclass(frozen=True)
class LevelRule:
    severity: int
    raise_op: int
    raise_at: float
    clear_op: int
    clear_at: float
    hold: int
    clear_hold: int


@dataclass(frozen=True)
class InstanceRule:
    series: int
    levels: tuple[LevelRule, ...]
    max_age: float = math.inf


@dataclass(frozen=True)
class Change:
    at: int
    instance: int
    before: int
    after: int
    onset: int
    value: float
    evidence: tuple[tuple[int, float, int], ...] = ()


@dataclass
class Level:
    rule: LevelRule
    phase: str = "normal"
    since: int = 0
    remaining: int = 0

    @property
    def counts(self) -> bool:
        return self.phase in {"pending", "clearing"}

    @property
    def on(self) -> bool:
        return self.phase in {"active", "clearing"}

    def expire(self) -> None:
        self.phase = "active" if self.phase == "pending" else "normal"

    def see(self, ts: int, value: float) -> None:
        raised = COMPARE[self.rule.raise_op](value, self.rule.raise_at)
        cleared = not raised and COMPARE[self.rule.clear_op](value, self.rule.clear_at)
        if self.phase == "normal" and raised:
            self.phase, self.since, self.remaining = "pending", ts, self.rule.hold
        elif self.phase == "pending" and not raised:
            self.phase = "normal"
        elif self.phase == "active" and cleared:
            self.phase, self.remaining = "clearing", self.rule.clear_hold
        elif self.phase == "clearing" and not cleared:
            self.phase = "active"
        if self.counts and self.remaining == 0:
            self.expire()


@dataclass
class Instance:
    number: int
    rule: InstanceRule
    levels: list[Level] = field(default_factory=list)
    severity: int = 0
    onset: int = 0
    decided: list[int] = field(default_factory=list)
    """When timers ended."""

    def __post_init__(self) -> None:
        self.levels = [Level(level) for level in self.rule.levels]

    def walk(self, rows: Sequence[Row], end: int) -> Iterator[Change]:
        """Every change of the instance's event over the rows of its series and up to `end`."""
        for place, row in enumerate(rows):
            seen = rows[: place + 1]
            if row.known:
                for level in self.levels:
                    level.see(row.ts, row.value)
                yield from self.settle(row.ts, seen)
            until = rows[place + 1].ts if place + 1 < len(rows) else max(end, row.ts)
            if row.known:
                yield from self.wait(row.ts, min(until, row.ts + self.rule.max_age), seen)

    def wait(self, start: int, until: float, seen: Sequence[Row]) -> Iterator[Change]:
        """Let known time pass."""
        now = start
        while True:
            running = [level for level in self.levels if level.counts]
            step = min((level.remaining for level in running), default=0)
            if not running or now + step > until:
                break
            now += step
            for level in running:
                level.remaining -= step
                if level.remaining == 0:
                    level.expire()
                    self.decided.append(now)
            yield from self.settle(now, seen)
        for level in self.levels:
            if level.counts:
                level.remaining -= int(until) - now

    def settle(self, at: int, seen: Sequence[Row]) -> Iterator[Change]:
        before, after = self.severity, 0
        onsets = []
        for level in self.levels:
            if level.on:
                after = max(after, level.rule.severity)
                onsets.append(level.since)
        if before == after:
            return
        if before == 0:
            self.onset = min(onsets)
        self.severity = after
        evidence = tuple((r.ts, r.value, r.quality) for r in seen[-128:]) if before == 0 else ()
        yield Change(at, self.number, before, after, self.onset, seen[-1].value, evidence)


@dataclass
class Series:
    """What one series has taken; `lag` is how far its last row was behind the highest time."""

    rules: list[InstanceRule]
    taken: list[Row] = field(default_factory=list)
    lag: int = 0

    def refuses(self, row: Row, now: int) -> bool:
        """Is the row late, if by the series' clock it is `now` (less the lateness)?"""
        if not self.taken:
            return False
        if row.ts <= self.taken[-1].ts:
            return True
        # A timer that ended by a row ended no later than that row, so only `now` can be past it.
        return row.ts < now and any(
            stamp > row.ts for rule in self.rules for stamp in decisions(rule, self.taken, now)
        )


def decisions(rule: InstanceRule, rows: Sequence[Row], end: int) -> list[int]:
    """When the timers of a rule ended over rows of its series and up to `end`."""
    instance = Instance(0, rule)
    for _ in instance.walk(rows, end):
        pass
    return instance.decided


@dataclass
class Stream:
    """A stream rid of late rows."""

    series: dict[int, Series]
    highest: int = -(2**62)
    late: int = 0


def accept(rules: Sequence[InstanceRule], rows: Sequence[Row], lateness: int) -> Stream:
    """The rows that are not late, by series; how many are; and the highest time seen."""
    stream = Stream({})
    for rule in rules:
        stream.series.setdefault(rule.series, Series([])).rules.append(rule)
    for row in rows:
        if row.series < 0:
            stream.highest = max(stream.highest, row.ts)
            continue
        series = stream.series.setdefault(row.series, Series([]))
        if series.refuses(row, stream.highest - lateness - series.lag):
            stream.late += 1
            continue
        stream.highest = max(stream.highest, row.ts)
        series.taken.append(row)
        series.lag = stream.highest - row.ts
    return stream


def interpret(rules: Sequence[InstanceRule], rows: Sequence[Row], lateness: int) -> list[Change]:
    """Every change that a stream leads to, by time and instance."""
    stream = accept(rules, rows, lateness)
    changes: list[Change] = []
    for number, rule in enumerate(rules):
        series = stream.series[rule.series]
        now = stream.highest - lateness - series.lag
        changes += Instance(number, rule).walk(series.taken, now)
    return sorted(changes, key=lambda change: (change.at, change.instance))
