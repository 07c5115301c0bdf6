"""Rule tests from files: a `tests:` section of a rule file, or `*.test.yaml` beside it.

Every mistake is found, with its file, line and remedy.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from conditions.rule import Rule
from conditions.rule_shape import Duration
from conditions.rule_tests.case import RuleTest
from conditions.rule_tests.expectation import ExpectationError, Step, parse_step
from conditions.rule_tests.stream import Stream, StreamError, parse_stream
from config.clock import to_us
from config.documents import Document, KeyPath, Problem, validation_problems
from config.suggestion import did_you_mean

_MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
_NOTHING = "nothing"


class RuleTestShape(BaseModel):
    """A test of a rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="", description="What it shows; left out: the rule's name.")
    rule: str = Field(description="Id of the rule.", examples=["vibration_zone"])
    params: dict[str, FiniteFloat] = Field(
        default={}, description="Parameters as an asset would override them."
    )
    inputs: dict[str, str | list[str]] = Field(
        default={},
        description="What each input gives.",
        examples=[{"vib": "3 until 10m, to 9 until 30m"}],
    )
    alarm: str | list[str] | None = Field(
        default=None,
        description="The device's alarm, for a rule that follows one.",
        examples=["on at 10s, off at 2m"],
    )
    every: Duration = Field(default=10_000_000, description="Time between readings.")
    start: datetime = Field(default=_MONDAY, description="Time of the start, UTC if without zone.")
    until: Duration | None = Field(
        default=None, description="How long it runs; left out: to the last time that it names."
    )
    expect: str | list[str] = Field(
        description="Changes in their order, or `nothing`.",
        examples=[["raised high at 12m", "cleared at 3h"]],
    )
    tolerance: Duration = Field(default=0, description="How far a time may be off.")


def has_tests(document: Document) -> bool:
    """Does the document hold tests of rules?"""
    return isinstance(document.data, dict) and "tests" in document.data


def load_tests(
    documents: Sequence[Document], rules: Sequence[Rule]
) -> tuple[list[RuleTest], list[Problem]]:
    """The tests of every document that has some, and every problem with them."""
    tests: list[RuleTest] = []
    problems: list[Problem] = []
    for document in filter(has_tests, documents):
        reader = _Reader(document, rules)
        tests += reader.read()
        problems += reader.problems
    return tests, problems


class _Reader:
    """Reads the tests of one document and collects what is wrong with them."""

    def __init__(self, document: Document, rules: Sequence[Rule]) -> None:
        self._document = document
        self._asset_class = document.data.get("asset_class")
        self._rules = {rule.id: rule for rule in rules if rule.asset_class == self._asset_class}
        self.problems: list[Problem] = []

    def read(self) -> list[RuleTest]:
        """Every test that is in order."""
        found = self._document.data["tests"]
        if not isinstance(self._asset_class, str):
            self._refuse(("tests",), "tests of no asset class", "Add `asset_class:` to the file")
            return []
        if not isinstance(found, list):
            self._refuse(("tests",), "`tests` is no list", "Write one `- rule: …` for each test")
            return []
        tests = [self._read_test(("tests", n), data) for n, data in enumerate(found)]
        return [test for test in tests if test is not None]

    def _refuse(self, path: KeyPath, message: str, remedy: str) -> None:
        self.problems.append(self._document.problem(path, message, remedy))

    def _read_test(self, path: KeyPath, data: Any) -> RuleTest | None:
        before = len(self.problems)
        try:
            shape = RuleTestShape.model_validate(data)
        except ValidationError as error:
            self.problems += validation_problems(error, self._document, path, model=RuleTestShape)
            return None
        rule = self._rules.get(shape.rule)
        if rule is None:
            remedy = did_you_mean(shape.rule, list(self._rules))
            message = f"{self._asset_class} has no rule {shape.rule!r}"
            self._refuse((*path, "rule"), message, remedy)
            return None
        self._check_names(path, shape, rule)
        streams = {
            name: stream
            for name, text in shape.inputs.items()
            if (stream := self._stream((*path, "inputs", name), text, shape)) is not None
        }
        alarm = None if shape.alarm is None else self._stream((*path, "alarm"), shape.alarm, shape)
        expected = self._expected((*path, "expect"), shape)
        if len(self.problems) > before:
            return None
        place = self._document.place(path)
        return RuleTest(
            name=shape.name or rule.id,
            rule=rule,
            streams=streams,
            alarm=alarm,
            parameters=shape.params,
            start_us=to_us(shape.start if shape.start.tzinfo else shape.start.replace(tzinfo=UTC)),
            end=_end(shape, [*streams.values(), *([alarm] if alarm else [])], expected),
            expected=expected,
            tolerance=shape.tolerance,
            file=place.file,
            line=place.line,
        )

    def _check_names(self, path: KeyPath, shape: RuleTestShape, rule: Rule) -> None:
        known = [read.name for read in rule.inputs]
        for name in shape.inputs:
            if name not in known:
                message = f"rule {rule.id} has no input {name!r}"
                self._refuse((*path, "inputs", name), message, did_you_mean(name, known))
        for name in shape.params:
            if name not in rule.parameters:
                message = f"rule {rule.id} has no parameter {name!r}"
                remedy = did_you_mean(name, list(rule.parameters))
                self._refuse((*path, "params", name), message, remedy)
        if (shape.alarm is None) != (rule.alarm is None):
            said = f"follows the alarm {rule.alarm}" if rule.alarm else "follows no alarm"
            self._refuse(path, f"rule {rule.id} {said}", "Give what the rule reads, and that alone")

    def _stream(self, path: KeyPath, text: str | list[str], shape: RuleTestShape) -> Stream | None:
        try:
            whole = text if isinstance(text, str) else ", ".join(text)
            return parse_stream(whole, every=shape.every)
        except StreamError as error:
            self._refuse(path, str(error), "Parts follow one another, parted by commas")
            return None

    def _expected(self, path: KeyPath, shape: RuleTestShape) -> list[Step]:
        said = [shape.expect] if isinstance(shape.expect, str) else shape.expect
        if said == [_NOTHING]:
            return []
        steps: list[Step] = []
        for text in said:
            try:
                steps.append(parse_step(text))
            except ExpectationError as error:
                self._refuse(path, str(error), "Say what changes, in order, or `nothing`")
        return steps


def _end(shape: RuleTestShape, streams: Sequence[Stream], expected: Sequence[Step]) -> int:
    """How long a test runs: to the last time that it names, or as long as it says."""
    if shape.until is not None:
        return shape.until
    times = [stream.end for stream in streams]
    times += [step.at + shape.tolerance for step in expected if step.at is not None]
    return max(times, default=0)
