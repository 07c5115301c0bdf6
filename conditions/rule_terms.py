"""The terms of one rule, read from its texts and checked for units: value, levels, what enables it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise

from conditions.constant import constant_value
from conditions.event import Severity
from conditions.expression import (
    Names,
    parse_number,
    parse_truth,
    score_input,
)
from conditions.expression_text import ExpressionError
from conditions.rule import Input, Level
from conditions.rule_shape import LevelShape, RuleShape
from conditions.term import Op, Term
from conditions.threshold import direction, negated, threshold
from conditions.unit_check import UnitChecker
from config.documents import KeyPath
from config.problem import Excerpt
from config.unit_algebra import NONE

Refuse = Callable[[KeyPath, str, str, Excerpt | None], None]
"""Called with path, message, remedy and excerpt of a mistake."""

_DEFAULT_SEVERITY = "medium"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the expressions of a file may name: inputs, and parameters with their default and unit."""

    inputs: Mapping[str, Input]
    parameters: Mapping[str, float]
    parameter_units: Mapping[str, str]
    """Those that parameters state themselves."""
    models: Collection[str] | None
    """Roles that a model may write its score to; None where they are not known."""

    @property
    def names(self) -> Names:
        """The names alone."""
        return Names(self.inputs, self.parameters, self.models)


@dataclass(frozen=True, slots=True)
class RuleTerms:
    """What a rule evaluates."""

    value: Term | None
    enabled_when: Term | None
    levels: tuple[Level, ...]
    parameter_units: Mapping[str, str]


class TermReader:
    """Reads the texts of one rule at `path`; what is wrong goes to `refuse`."""

    def __init__(self, path: KeyPath, vocabulary: Vocabulary, refuse: Refuse) -> None:
        self._path = path
        self._vocabulary = vocabulary
        self._report = refuse
        units = {name: one.unit for name, one in vocabulary.inputs.items()}
        self._checker = UnitChecker(units, vocabulary.parameter_units)
        self._failed = False

    def read(self, shape: RuleShape) -> RuleTerms | None:
        """The rule's terms, or None after a mistake."""
        value = self._value(shape)
        levels = tuple(
            level
            for path, severity, one in _level_shapes(self._path, shape)
            if (level := self._level(path, severity, one, value)) is not None
        )
        if value is None and levels:
            value = _compared(levels[0].raise_when)
        enabled_path = (*self._path, "enabled_when")
        enabled = self._truth(enabled_path, shape.enabled_when) if shape.enabled_when else None
        if not self._failed:
            self._check_order(levels, value)
        if self._failed:
            return None
        return RuleTerms(value, enabled, levels, self._checker.parameter_units)

    def _value(self, shape: RuleShape) -> Term | None:
        if shape.value is None:
            return None
        path = (*self._path, "value")
        try:
            value = self._checker.value(parse_number(shape.value, self._vocabulary.names))
        except ExpressionError as error:
            self._refuse_text(path, shape.value, error)
            return None
        if not value.inputs:
            self._refuse(path, f"{shape.value!r} reads no input", "Write an input's name")
        return value

    def _level(
        self, path: KeyPath, severity: Severity, shape: LevelShape, value: Term | None
    ) -> Level | None:
        if self._failed and value is None:
            return None
        raised = self._truth((*path, "raise"), shape.raise_when, value)
        if raised is None:
            return None
        if shape.clear_when is None:
            cleared: Term | None = negated(raised)
        else:
            against = value or _compared(raised)
            cleared = self._truth((*path, "clear"), shape.clear_when, against)
        if cleared is None:
            return None
        if not raised.inputs:
            self._refuse((*path, "raise"), "it reads no input", "Compare an input or a window")
        return Level(severity, raised, cleared, shape.for_us, shape.clear_for_us)

    def _truth(self, path: KeyPath, text: str, value: Term | None = None) -> Term | None:
        try:
            return self._checker.truth(parse_truth(text, self._vocabulary.names, value=value))
        except ExpressionError as error:
            self._refuse_text(path, text, error)
            return None

    def _check_order(self, levels: tuple[Level, ...], value: Term | None) -> None:
        """A worse severity has to need a worse value, where both are thresholds of the value."""
        for milder, worse in pairwise(levels):
            below, at = (threshold(level.raise_when, value) for level in (milder, worse))
            if below is None or at is None:
                continue
            place = (*self._path, "levels", worse.severity.label)
            way = direction(at.op)
            if way == 0 or way != direction(below.op):
                self._refuse(place, "levels look in different directions", "Write two rules")
                continue
            high, low = (
                constant_value(one.limit, self._vocabulary.parameters) for one in (at, below)
            )
            if (high - low) * way < 0:
                self._refuse(
                    place,
                    f"{worse.severity.label} ({high:g}) is reached before "
                    f"{milder.severity.label} ({low:g})",
                    "Order the thresholds by severity",
                )

    def _refuse_text(self, path: KeyPath, text: str, error: ExpressionError) -> None:
        excerpt = Excerpt(text, error.column, error.end_column)
        self._failed = True
        self._report(path, error.message, error.remedy, excerpt)

    def _refuse(self, path: KeyPath, message: str, remedy: str) -> None:
        self._failed = True
        self._report(path, message, remedy, None)


def used_inputs(terms: RuleTerms, inputs: Mapping[str, Input]) -> tuple[Input, ...]:
    """The inputs that terms read, by name; a model's score is read from the role of its name."""
    truths = [term for level in terms.levels for term in (level.raise_when, level.clear_when)]
    names: set[str] = set()
    for term in filter(None, (terms.enabled_when, terms.value, *truths)):
        names |= term.inputs
    return tuple(inputs.get(name) or _score(name) for name in sorted(names))


def _score(name: str) -> Input:
    model = name.removeprefix(score_input("").removesuffix(")")).removesuffix(")")
    return Input(name, model, NONE, None)


def _level_shapes(path: KeyPath, shape: RuleShape) -> list[tuple[KeyPath, Severity, LevelShape]]:
    """The levels of a rule over inputs, mildest first, with their places."""
    if shape.levels is None:
        severity = Severity[(shape.severity or _DEFAULT_SEVERITY).upper()]
        only = LevelShape.model_construct(
            raise_when=shape.raise_when or "",
            clear_when=shape.clear_when,
            for_us=shape.for_us,
            clear_for_us=shape.clear_for_us,
        )
        return [(path, severity, only)]
    levels = [
        ((*path, "levels", name), Severity[name.upper()], level)
        for name, level in shape.levels.items()
    ]
    return sorted(levels, key=lambda item: item[1])


def _compared(truth: Term) -> Term | None:
    """The number that a truth compares first; a constant on the left is passed over."""
    if truth.op in (Op.AND, Op.OR, Op.NOT, Op.HELD):
        return _compared(truth.operands[0])
    return next((number for number in truth.operands if number.inputs), None)
