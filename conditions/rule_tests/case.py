"""One test of a rule, and running it on the engine that runs live. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from conditions.binding import ActiveRule, Asset, Plant
from conditions.engine import Engine, Part, Tick
from conditions.rule import Rule
from conditions.rule_tests.expectation import Compared, Step, compare, step_of
from conditions.rule_tests.stream import Sample, Stream
from edge.reading import Quality, ReadingBatch, SensorAlarm
from ingest.point import Point, PointKind

ASSET = "TEST"
_ALARM_SEVERITY = 500


@dataclass(frozen=True, slots=True)
class RuleTest:
    """A rule, what its inputs give, and what has to come of it.

    `streams` are by the name of the input, `alarm` is the device's own: 1 while it is on.
    """

    name: str
    rule: Rule
    streams: Mapping[str, Stream]
    alarm: Stream | None
    parameters: Mapping[str, float]
    start_us: int
    end: int
    expected: Sequence[Step]
    tolerance: int
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a test."""

    test: RuleTest
    lines: Sequence[Compared]

    @property
    def passed(self) -> bool:
        """Was everything as expected?"""
        return all(line.same for line in self.lines)


def run_test(test: RuleTest) -> Outcome:
    """Feed the streams to an engine with this rule alone, in the order of their times."""
    engine = Engine(_plant(test), lateness_us=0)
    changes = [change for part in _parts(test) for change in engine.feed([part])]
    found = [step_of(change, start_us=test.start_us) for change in changes]
    return Outcome(test, compare(test.expected, found, tolerance=test.tolerance))


def _plant(test: RuleTest) -> Plant:
    rule = test.rule
    return Plant(
        rules=[ActiveRule(rule, 1, None)],
        points=[
            Point(
                id=number,
                tag=f"{ASSET}.{read.role}",
                asset_id=1,
                asset=ASSET,
                asset_class=rule.asset_class,
                role=read.role,
                name="",
                unit=read.unit,
                kind=PointKind.GAUGE,
                resolution=None,
                low=None,
                high=None,
                rollover=None,
            )
            for number, read in enumerate(rule.inputs, 1)
        ],
        assets={ASSET: Asset(1, ASSET, rule.asset_class)},
        parameters={(ASSET, name): value for name, value in test.parameters.items()},
    )


def _parts(test: RuleTest) -> list[Part]:
    """All readings and alarms in the order of their times, and a tick at the end."""
    rows: list[tuple[int, Part]] = []
    for read in test.rule.inputs:
        stream = test.streams.get(read.name)
        for sample in stream.samples if stream else ():
            at = test.start_us + sample.at
            rows.append((at, _reading(f"{ASSET}.{read.role}", at, sample.value)))
    told = test.alarm.samples if test.alarm else ()
    rows += [(test.start_us + sample.at, (_alarm(test, sample),)) for sample in told]
    rows.sort(key=lambda row: row[0])
    return [*_joined([part for _, part in rows]), Tick(test.start_us + test.end)]


def _alarm(test: RuleTest, sample: Sample) -> SensorAlarm:
    """The alarm as the device told it: off, on, or on with a severity of its own."""
    value = sample.value or 0.0
    severity = round(value) if value > 1 else _ALARM_SEVERITY
    at = test.start_us + sample.at
    return SensorAlarm(ASSET, test.rule.alarm or "", at, value > 0, severity, "")


def _reading(tag: str, at: int, value: float | None) -> ReadingBatch:
    quality = Quality.BAD if value is None else Quality.GOOD
    return ReadingBatch.from_rows([(tag, at, np.nan if value is None else value, int(quality))])


def _joined(parts: Sequence[Part]) -> list[Part]:
    """Readings that follow one another in one batch."""
    joined: list[Part] = []
    run: list[ReadingBatch] = []
    for part in [*parts, None]:
        if isinstance(part, ReadingBatch):
            run.append(part)
            continue
        if run:
            joined.append(ReadingBatch.concatenate(run))
            run = []
        if part is not None:
            joined.append(part)
    return joined
