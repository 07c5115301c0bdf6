"""What the engine means, said slowly: plain Python, one rule on one asset at a time, no arrays.

Terms are walked over plain lists of rows. Time passes microsecond by microsecond, and at each one it
is asked whether a timer ends or a truth changes that hangs on time alone. A value is None where it is
unknown.
"""

import math
import operator
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from conditions.rule import OnUnknown, Rule
from conditions.term import WINDOWED, Op, Term

PANES = 64
COMPARE: dict[Op, Callable[[float, float], bool]] = {
    Op.GREATER: operator.gt,
    Op.GREATER_EQUAL: operator.ge,
    Op.LESS: operator.lt,
    Op.LESS_EQUAL: operator.le,
    Op.EQUAL: operator.eq,
    Op.NOT_EQUAL: operator.ne,
}
Value = float | bool | None


@dataclass(frozen=True)
class Row:
    series: int
    """Its place among all series; -1: a tick, or a point that no rule reads."""
    ts: int
    value: float = 0.0
    quality: int = 0

    @property
    def known(self) -> bool:
        return self.quality < 0x80 and math.isfinite(self.value)


@dataclass(frozen=True)
class Change:
    at: int
    asset: int
    rule: int
    before: int
    after: int
    onset: int
    value: float | None
    evidence: tuple[tuple[tuple[int, float, int], ...], ...] = ()


@dataclass
class Level:
    severity: int
    phase: str = "normal"
    since: int = 0
    remaining: int = 0
    stands: bool = False
    """Does its timer stand still?"""

    @property
    def counts(self) -> bool:
        return self.phase in {"pending", "clearing"}

    @property
    def on(self) -> bool:
        return self.phase in {"active", "clearing"}

    def expire(self) -> None:
        self.phase = "active" if self.phase == "pending" else "normal"

    def move(self, ts: int, truth: tuple[Value, Value], lengths: tuple[int, int]) -> None:
        raised, cleared = truth
        before = self.phase
        if self.phase == "normal" and raised is True:
            self.phase, self.since = "pending", ts
        elif self.phase == "pending" and raised is False:
            self.phase = "normal"
        elif self.on and cleared is not None:
            self.phase = "clearing" if cleared else "active"
        if self.phase != before and self.counts:
            self.remaining = lengths[self.phase == "clearing"]
        if self.counts:
            self.stands = (raised if self.phase == "pending" else cleared) is None
            if self.remaining <= 0:
                self.expire()


@dataclass
class Samples:
    """What a windowed term has sampled: (time, value) of its first operand."""

    taken: list[tuple[int, Value]] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    """When, for each, the first of the inputs that were known then gets too old."""

    def known(self) -> list[tuple[int, float]]:
        return [(ts, float(value)) for ts, value in self.taken if value is not None]

    def in_view(self, ts: int, window: int) -> list[tuple[int, float]]:
        pane = -(-window // PANES)
        return [(at, value) for at, value in self.known() if at // pane > ts // pane - PANES]


@dataclass
class Instance:
    """One rule on one asset."""

    asset: int
    number: int
    rule: Rule
    lateness: int
    levels: list[Level] = field(default_factory=list)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    samples: dict[Term, Samples] = field(default_factory=dict)
    now: int = -(2**62)
    known_until: float = math.inf
    high: int = -(2**62)
    severity: int = 0
    onset: int = 0
    changes: list[Change] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.levels = [Level(int(level.severity)) for level in self.rule.levels]
        self.rows = {one.name: [] for one in self.rule.inputs}
        self.samples = {
            term: Samples()
            for whole in self.rule.terms
            for term in whole.walk()
            if term.op in WINDOWED
        }

    def latest(self, names: Sequence[str] | frozenset[str]) -> int:
        return max(self.rows[name][-1].ts for name in names if self.rows[name])

    def see(self, name: str, row: Row, high: int) -> None:
        """Take in a row of one of the inputs; `high` is the highest time before it."""
        if any(self.rows.values()):
            latest = self.latest(self.rule_inputs)
            self.wait(max(latest, row.ts, high - self.lateness - (self.high - latest)))
        self.rows[name].append(row)
        self.high = max(high, row.ts)
        self.sample(name)
        ts = max(self.latest(self.rule_inputs), self.now)
        self.elapse(ts)
        self.evaluate(ts)

    def end(self, high: int) -> None:
        """The stream ends with this highest time."""
        if any(self.rows.values()):
            self.wait(high - self.lateness - (self.high - self.latest(self.rule_inputs)))

    @property
    def rule_inputs(self) -> frozenset[str]:
        return frozenset(self.rows)

    def sample(self, name: str) -> None:
        for term, samples in self.samples.items():
            operand = term.operands[0]
            if name in operand.inputs:
                ts = self.latest(operand.inputs)
                samples.taken.append((ts, self.value(operand, ts)))
                samples.ends.append(self.known_end(operand.inputs, ts))

    # Time passes.

    def wait(self, until: int) -> None:
        """Decide all that is to be decided up to a time."""
        while (at := self.next_decision(until)) is not None:
            turned = self.hanging(at) != self.hanging(self.now if at == self.now else at - 1)
            self.elapse(at)
            ending = [level for level in self.levels if level.counts and not level.stands]
            for level in ending:
                if level.remaining == 0 and at <= self.known_until:
                    level.expire()
            self.settle(at)
            if turned:
                self.evaluate(at)

    def next_decision(self, until: int) -> int | None:
        hanging = self.hanging(self.now)
        for at in range(self.now + 1, until + 1):
            counted = at - self.now
            counting = [level for level in self.levels if level.counts and not level.stands]
            if at <= self.known_until and any(one.remaining == counted for one in counting):
                return at
            if self.hanging(at) != hanging:
                return at
        return None

    def elapse(self, ts: int) -> None:
        counted = max(0, min(ts, self.known_until) - self.now)
        for level in self.levels:
            if level.counts and not level.stands:
                level.remaining -= int(counted)
        self.now = ts

    def hanging(self, ts: int) -> list[Value]:
        """The truths at a time that may change although no row comes."""
        found: list[Value] = []
        for term in outside_windows(self.rule.terms):
            ages = term.op in COMPARE and term.operands[0].op is Op.AGE
            if ages or term.op is Op.HELD:
                found.append(self.value(term, ts))
        if self.rule.on_unknown is not OnUnknown.HOLD:
            inputs = (Term(Op.INPUT, name=one.name) for one in self.rule.inputs)
            found += [self.value(term, ts) is None for term in inputs]
        return found

    # Levels.

    def evaluate(self, ts: int) -> None:
        enabled = self.rule.enabled_when is None or self.value(self.rule.enabled_when, ts) is True
        for level, ruled in zip(self.levels, self.rule.levels, strict=True):
            raised, cleared = self.value(ruled.raise_when, ts), self.value(ruled.clear_when, ts)
            truth = self.decide(raised, cleared) if enabled else (False, True)
            level.move(ts, truth, (ruled.for_us, ruled.clear_for_us))
        self.known_until = math.inf
        if self.rule.on_unknown is OnUnknown.HOLD:
            self.known_until = self.known_end(self.rule_inputs, ts)
        self.settle(ts)

    def known_end(self, names: frozenset[str], ts: int) -> float:
        """When the first of the inputs that are known at a time gets too old."""
        ends = [math.inf]
        for one in self.rule.inputs:
            ages = one.name in names and one.max_age_us is not None
            if ages and self.reading(one.name, ts) is not None:
                ends.append(self.rows[one.name][-1].ts + (one.max_age_us or 0))
        return min(ends)

    def decide(self, raised: Value, cleared: Value) -> tuple[Value, Value]:
        """(raised, cleared) after what the rule does about unknown; what raises does not clear."""
        if raised is None and self.rule.on_unknown is not OnUnknown.HOLD:
            raised = self.rule.on_unknown is OnUnknown.RAISE
        if cleared is None and self.rule.on_unknown is OnUnknown.CLEAR:
            cleared = True
        return raised, both(negated(raised), cleared)

    def settle(self, at: int) -> None:
        on = [level for level in self.levels if level.on]
        before, after = self.severity, max((level.severity for level in on), default=0)
        if before == after:
            return
        if before == 0:
            self.onset = min(level.since for level in on)
        self.severity = after
        value = None if self.rule.value is None else self.value(self.rule.value, at)
        evidence = tuple(
            tuple((row.ts, row.value, row.quality) for row in rows[-128:])
            for rows in (self.rows[one.name] for one in self.rule.inputs)
        )
        self.changes.append(
            Change(
                at,
                self.asset,
                self.number,
                before,
                after,
                self.onset,
                None if value is None else float(value),
                evidence if before == 0 else (),
            )
        )

    # Terms.

    def value(self, term: Term, ts: int) -> Value:
        """The value of a term at a time."""
        if term.op in WINDOWED:
            return self.windowed(term, ts)
        if term.op is Op.NUMBER:
            return term.value
        if term.op is Op.PARAMETER:
            return self.rule.parameters[term.name]
        if term.op is Op.INPUT:
            return self.reading(term.name, ts)
        if term.op is Op.AGE:
            known = [row.ts for row in self.rows[term.operands[0].name] if row.known]
            return (ts - known[-1]) / 1e6 if known else None
        values = [self.value(operand, ts) for operand in term.operands]
        if term.op in (Op.AND, Op.OR):
            pairs = {Op.AND: both, Op.OR: either}[term.op]
            return pairs(*values)
        if term.op is Op.NOT:
            return negated(values[0])
        numbers = [float(value) for value in values if value is not None]
        if len(numbers) < len(values):
            return None
        if term.op in COMPARE:
            return COMPARE[term.op](*numbers)
        return arithmetic(term.op, numbers)

    def reading(self, name: str, ts: int) -> float | None:
        rows = self.rows[name]
        max_age = next(one.max_age_us for one in self.rule.inputs if one.name == name)
        if not rows or not rows[-1].known:
            return None
        return None if max_age is not None and ts - rows[-1].ts > max_age else rows[-1].value

    def windowed(self, term: Term, ts: int) -> Value:
        if term.op is Op.HELD:
            return self.held(term, ts)
        samples = self.samples[term]
        if term.op is Op.EWMA:
            return smoothed(samples.known(), term.window_us)
        seen = samples.in_view(ts, term.window_us)
        values = [value for _, value in seen]
        pane = -(-term.window_us // PANES)
        if term.op is Op.COUNT:
            return float(values.count(1.0) if term.operands[0].is_truth else len(values))
        if term.op is Op.COVERAGE:
            return len({at // pane for at, _ in seen}) / PANES
        if term.op in (Op.RISES, Op.INCREASE):
            return self.counted(term, samples.known(), seen)
        if term.op is Op.ZSCORE:
            now = self.value(term.operands[0], ts)
            deviation = statistics.stdev(values) if len(values) > 1 else 0.0
            if now is None or not deviation:
                return None
            return (float(now) - statistics.fmean(values)) / deviation
        return over(term.op, seen) if seen else None

    def counted(
        self, term: Term, known: Sequence[tuple[int, float]], seen: Sequence[tuple[int, float]]
    ) -> float | None:
        """Rises of a truth, or what a counter counted, from each sample in view to its forerunner."""
        if term.op is Op.INCREASE and not seen:
            return None
        total = 0.0
        for place in range(len(known) - len(seen), len(known)):
            before = known[place - 1][1] if place else None
            now = known[place][1]
            if before is not None and now != before:
                total += now - before if now > before else now if term.op is Op.INCREASE else 0.0
        return total

    def held(self, term: Term, ts: int) -> bool | None:
        """Was the truth true throughout the last w of known time?"""
        told, total, broken = None, 0, False
        taken = self.samples[term].taken
        for place, (at, value) in enumerate(taken):
            if value is False:
                told, total, broken = False, 0, True
            elif value is True:
                told = True
                end = taken[place + 1][0] if place + 1 < len(taken) else ts
                total += max(0, int(min(end, self.samples[term].ends[place])) - at)
        if told is not True:
            return told
        return True if total >= term.window_us else False if broken else None


def both(left: Value, right: Value) -> Value:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def either(left: Value, right: Value) -> Value:
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


def negated(value: Value) -> Value:
    return None if value is None else not value


def arithmetic(op: Op, numbers: Sequence[float]) -> float | None:
    if op is Op.DIVIDE and numbers[1] == 0:
        return None
    result = {
        Op.NEGATE: lambda: -numbers[0],
        Op.ABS: lambda: abs(numbers[0]),
        Op.ADD: lambda: numbers[0] + numbers[1],
        Op.SUBTRACT: lambda: numbers[0] - numbers[1],
        Op.MULTIPLY: lambda: numbers[0] * numbers[1],
        Op.DIVIDE: lambda: numbers[0] / numbers[1],
        Op.LEAST: lambda: min(numbers),
        Op.GREATEST: lambda: max(numbers),
    }[op]()
    return result if math.isfinite(result) else None


def over(op: Op, seen: Sequence[tuple[int, float]]) -> float | None:
    """A function of the known samples of a window, of which there is at least one."""
    values = [value for _, value in seen]
    if op is Op.STDDEV:
        return statistics.stdev(values) if len(values) > 1 else None
    if op is Op.RATE:
        minutes = (seen[-1][0] - seen[0][0]) / 60e6
        return (values[-1] - values[0]) / minutes if minutes else None
    return {
        Op.AVG: lambda: sum(values) / len(values),
        Op.MIN: lambda: min(values),
        Op.MAX: lambda: max(values),
        Op.SUM: lambda: sum(values),
        Op.DELTA: lambda: values[-1] - values[0],
    }[op]()


def smoothed(known: Sequence[tuple[int, float]], constant: int) -> float | None:
    mean: float | None = None
    for place, (ts, value) in enumerate(known):
        if mean is None:
            mean = value
        else:
            mean += (1 - math.exp(-(ts - known[place - 1][0]) / constant)) * (value - mean)
    return mean


def outside_windows(terms: Sequence[Term]) -> Iterator[Term]:
    """The terms and what is below them, but for what only windows sample."""
    for term in terms:
        yield term
        if term.op not in WINDOWED or term.op is Op.ZSCORE:
            yield from outside_windows(term.operands)


@dataclass
class Told:
    changes: list[Change]
    late: int


def interpret(
    rules: Sequence[Rule], roles: Sequence[str], assets: int, rows: Sequence[Row], lateness: int
) -> Told:
    """Every change that a stream leads to, by time; each asset has a series for each role, in order."""
    instances = [
        Instance(asset, number, rule, lateness)
        for asset in range(assets)
        for number, rule in enumerate(rules)
    ]
    last: dict[int, int] = {}
    high, late = -(2**62), 0
    for row in rows:
        if row.series >= 0 and row.ts <= last.get(row.series, -(2**62)):
            late += 1
            continue
        if row.series >= 0:
            last[row.series] = row.ts
            asset, role = divmod(row.series, len(roles))
            for one in instances:
                for read in one.rule.inputs:
                    if one.asset == asset and read.role == roles[role]:
                        one.see(read.name, row, high)
        high = max(high, row.ts)
    for one in instances:
        one.end(high)
    changes = [change for one in instances for change in one.changes]
    return Told(sorted(changes, key=lambda change: (change.at, change.asset, change.rule)), late)
