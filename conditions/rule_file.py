"""Rules from files: every mistake is found, with its file, line and remedy.

A rule file is a YAML document with `asset_class`, `inputs`, `params` and `rules`.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from itertools import pairwise
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from conditions.event import Severity, WorkOrderRequest
from conditions.expression import (
    NEGATION,
    Comparison,
    ExpressionError,
    parse_comparison,
)
from conditions.rule import Input, Level, Rule, dead_band_problem, direction
from conditions.rule_shape import InputShape, LevelShape, RuleFileShape, RuleShape, WorkOrderShape
from config.documents import Document, KeyPath, Problem, validation_problems
from config.units import comparable, unit_problem

Roles = Mapping[str, Mapping[str, str]]
"""Asset class -> role -> unit."""

ShapeT = TypeVar("ShapeT", bound=BaseModel)

_DEFAULT_SEVERITY = "medium"
_SECOND = 1_000_000


def is_rule_file(document: Document) -> bool:
    """Does the document hold rules?"""
    return isinstance(document.data, dict) and "rules" in document.data


def load_rules(
    documents: Sequence[Document], roles: Roles | None
) -> tuple[list[Rule], list[Problem]]:
    """The rules of every rule file among `documents`, and every problem with them.

    Without `roles` nothing is said of classes and roles that are not known.
    """
    rules: list[Rule] = []
    problems: list[Problem] = []
    first: dict[str, Rule] = {}
    for document in filter(is_rule_file, documents):
        reader = _Reader(document, roles)
        for path, rule in reader.read():
            known = first.setdefault(rule.name, rule)
            if known is rule:
                rules.append(rule)
            else:
                reader.refuse(
                    (*path, "id"),
                    f"rule {rule.name} is already at {known.file}:{known.line}",
                    "Give it another id",
                )
        problems += reader.problems
    return rules, problems


def rule_from_definition(definition: Mapping[str, Any], *, file: str, line: int) -> Rule:
    """A rule as `Rule.definition` kept it; it was checked against the register before.

    Raises `ValueError` where a program of another time wrote something else.
    """
    reader = _Reader(Document(file, dict(definition), {}), None)
    found = reader.read()
    if reader.problems or len(found) != 1:
        raise ValueError("; ".join(map(str, reader.problems)) or "not one rule")
    rule = found[0][1]
    return Rule(
        **{name: getattr(rule, name) for name in Rule.__slots__ if name not in {"file", "line"}},
        file=file,
        line=line,
    )


class _Reader:
    """Reads one rule file and collects what is wrong with it."""

    def __init__(self, document: Document, roles: Roles | None) -> None:
        self._document = document
        self._roles = roles
        self._inputs: dict[str, Input] = {}
        self._broken: set[str] = set()
        self._shape = RuleFileShape(asset_class="", rules=[])
        self.problems: list[Problem] = []

    def refuse(self, path: KeyPath, message: str, remedy: str) -> None:
        self.problems.append(self._document.problem(path, message, remedy))

    def read(self) -> list[tuple[KeyPath, Rule]]:
        """Every rule that is in order, with its place in the document."""
        shape = self._parse(RuleFileShape, self._document.data, ())
        if shape is None:
            return []
        self._shape = shape
        known = self._check_class()
        for name, data in shape.inputs.items():
            self._read_input(name, data, known)
        found: list[tuple[KeyPath, Rule]] = []
        for index, data in enumerate(shape.rules):
            path: KeyPath = ("rules", index)
            before = len(self.problems)
            rule = self._read_rule(path, data)
            if rule is not None and len(self.problems) == before:
                found.append((path, rule))
        return found

    def _parse(self, shape: type[ShapeT], data: Any, path: KeyPath) -> ShapeT | None:
        try:
            return shape.model_validate(data)
        except ValidationError as error:
            self.problems += validation_problems(error, self._document, path, model=shape)
            return None

    def _check_class(self) -> Mapping[str, str] | None:
        """The class's roles; None where they are not known and cannot be checked."""
        if self._roles is None:
            return None
        name = self._shape.asset_class
        if name not in self._roles:
            remedy = _suggest(name, self._roles, "an asset class")
            self.refuse(("asset_class",), f"asset class {name!r} is not known", remedy)
        return self._roles.get(name)

    def _read_input(self, name: str, data: Any, known: Mapping[str, str] | None) -> None:
        path: KeyPath = ("inputs", name)
        before = len(self.problems)
        shape = self._parse(InputShape, data, path)
        if not name.isidentifier() or name in self._shape.params:
            self.refuse(
                path,
                f"{name!r} cannot be an input's name",
                "Use letters, digits and _, and no name of a parameter",
            )
        if shape is not None:
            self._check_unit(path, shape)
            if known is not None:
                self._check_role(path, shape, known)
            self._inputs[name] = Input(name, shape.point, shape.unit, shape.max_age)
        if len(self.problems) > before:
            self._broken.add(name)

    def _check_unit(self, path: KeyPath, shape: InputShape) -> None:
        if (problem := unit_problem(shape.unit)) is not None:
            self.refuse(
                (*path, "unit"),
                f"unit {shape.unit!r} is not known ({problem})",
                "Write a unit such as mm/s, degC, bar, rpm, %, or 1 for none",
            )
        if shape.max_age == 0:
            self.refuse((*path, "max_age"), "max_age is 0", "Give a time, or leave it out")

    def _check_role(self, path: KeyPath, shape: InputShape, known: Mapping[str, str]) -> None:
        unit = known.get(shape.point)
        if unit is None:
            self.refuse(
                (*path, "point"),
                f"asset class {self._shape.asset_class} has no role {shape.point!r}",
                _suggest(shape.point, known, "a role of the class"),
            )
        elif not (unit_problem(shape.unit) or unit_problem(unit)) and not comparable(
            unit, shape.unit
        ):
            self.refuse(
                (*path, "unit"),
                f"unit {shape.unit} cannot be compared with {unit} of role {shape.point}",
                f"Use {unit}, or a unit of the same kind",
            )

    def _read_rule(self, path: KeyPath, data: Any) -> Rule | None:
        shape = self._parse(RuleShape, data, path)
        if shape is None or not self._check_form(path, shape):
            return None
        if shape.alarm is not None:
            return self._rule(path, shape, None, _alarm_levels(shape))
        read = self._find_input(path, shape)
        if read is None:
            return None
        levels = tuple(
            level
            for place, severity, one in _level_shapes(path, shape)
            if (level := self._level(place, severity, one, read)) is not None
        )
        self._check_order(path, levels)
        return self._rule(path, shape, read, levels)

    def _check_form(self, path: KeyPath, shape: RuleShape) -> bool:
        """Is it one of the three forms of a rule, without a key that belongs to another?"""
        before = len(self.problems)
        given = [key for key, value in _forms(shape).items() if value is not None and value != ""]
        if len(given) != 1:
            said = " and ".join(given) or "none of them"
            self.refuse(
                path,
                f"a rule has one of raise, levels or alarm; {shape.id} has {said}",
                'Write `raise: "temp > 85"`, or `value:` with `levels:`, or `alarm: CODE`',
            )
            return False
        for key in _FOREIGN[given[0]] & shape.model_fields_set:
            alias = RuleShape.model_fields[key].alias or key
            self.refuse(
                (*path, alias), f"{alias} does not go with {given[0]}", _WHERE.get(key, "Remove it")
            )
        if given == ["levels"] and shape.value is None:
            self.refuse(path, "levels without a value", "Add `value:` with the name of an input")
        return len(self.problems) == before

    def _find_input(self, path: KeyPath, shape: RuleShape) -> Input | None:
        """The input that the rule reads."""
        if shape.value is not None:
            name, place = shape.value.strip(), (*path, "value")
        else:
            place = (*path, "raise")
            comparison = self._comparison(place, shape.raise_when or "")
            if comparison is None:
                return None
            name = comparison.input
        if name in self._broken:
            return None
        if name not in self._inputs:
            told = f"{name!r} is not an input" if name else "no input to compare"
            self.refuse(place, told, _suggest(name, self._inputs, "an input of this file"))
        return self._inputs.get(name)

    def _level(
        self, path: KeyPath, severity: Severity, shape: LevelShape, read: Input
    ) -> Level | None:
        raised = self._named_comparison((*path, "raise"), shape.raise_when, read)
        if shape.clear_when is None:
            cleared = raised and Comparison(raised.input, NEGATION[raised.op], raised.threshold)
        else:
            cleared = self._named_comparison((*path, "clear"), shape.clear_when, read)
        if raised is None or cleared is None:
            return None
        level = Level(severity, raised, cleared, shape.for_us, shape.clear_for_us)
        if (problem := dead_band_problem(level, self._shape.params)) is not None:
            key = "raise" if shape.clear_when is None else "clear"
            self.refuse((*path, key), problem, _dead_band_remedy(level))
            return None
        return level

    def _named_comparison(self, path: KeyPath, text: str, read: Input) -> Comparison | None:
        comparison = self._comparison(path, text)
        if comparison is None:
            return None
        if comparison.input not in {"", read.name}:
            self.refuse(
                path,
                f"{text!r} compares {comparison.input}, the rule reads {read.name}",
                f"Write `{read.name} {comparison.op} {comparison.threshold}`",
            )
            return None
        unknown = sorted(comparison.threshold.names - set(self._shape.params))
        for name in unknown:
            remedy = (
                "A threshold is made of numbers and parameters; write one of those"
                if name in self._inputs
                else _suggest(name, self._shape.params, "a parameter of this file")
            )
            self.refuse(path, f"{name!r} in {text!r} is not a parameter", remedy)
        return None if unknown else comparison

    def _comparison(self, path: KeyPath, text: str) -> Comparison | None:
        try:
            return parse_comparison(text)
        except ExpressionError as error:
            self.refuse(path, f"{error.message} (character {error.column + 1})", error.remedy)
            return None

    def _check_order(self, path: KeyPath, levels: tuple[Level, ...]) -> None:
        """A worse severity has to need a worse reading."""
        for milder, worse in pairwise(levels):
            place = (*path, "levels", worse.severity.label)
            way = direction(worse.raise_when.op)
            if way == 0 or way != direction(milder.raise_when.op):
                self.refuse(place, "levels look in different directions", "Write two rules")
                continue
            at, below = (
                level.raise_when.threshold.evaluate(self._shape.params) for level in (worse, milder)
            )
            if (at - below) * way < 0:
                self.refuse(
                    place,
                    f"{worse.severity.label} ({at:g}) is reached before "
                    f"{milder.severity.label} ({below:g})",
                    "Order the thresholds by severity",
                )

    def _rule(
        self, path: KeyPath, shape: RuleShape, read: Input | None, levels: tuple[Level, ...]
    ) -> Rule:
        used = frozenset().union(
            *(
                comparison.threshold.names
                for level in levels
                for comparison in (level.raise_when, level.clear_when)
            )
        )
        params = {name: value for name, value in self._shape.params.items() if name in used}
        place = self._document.place(path)
        return Rule(
            asset_class=self._shape.asset_class,
            id=shape.id,
            failure_mode=shape.failure_mode,
            input=read,
            alarm=shape.alarm,
            levels=levels,
            parameters=params,
            work_order=_work_order(shape.work_order),
            file=place.file,
            line=place.line,
            definition=self._definition(path, read, params),
        )

    def _definition(
        self, path: KeyPath, read: Input | None, params: Mapping[str, float]
    ) -> dict[str, Any]:
        """A rule file with this rule alone, as written."""
        return {
            "asset_class": self._shape.asset_class,
            "inputs": {read.name: self._shape.inputs[read.name]} if read else {},
            "params": dict(params),
            "rules": [self._shape.rules[int(path[1])]],
        }


def _forms(shape: RuleShape) -> dict[str, Any]:
    return {"raise": shape.raise_when, "levels": shape.levels, "alarm": shape.alarm}


# Keys that do not go with a form of rule.
_FOREIGN = {
    "raise": frozenset({"value"}),
    "levels": frozenset({"clear_when", "for_us", "clear_for_us", "severity"}),
    "alarm": frozenset({"value", "clear_when"}),
}
_WHERE = {
    "value": "Name the input in the comparison",
    "clear_when": "Write it inside each level",
    "for_us": "Write it inside each level",
    "clear_for_us": "Write it inside each level",
    "severity": "Each level has its own; remove it",
}


def _level_shapes(path: KeyPath, shape: RuleShape) -> list[tuple[KeyPath, Severity, LevelShape]]:
    """The levels of a threshold rule, mildest first, with their places."""
    if shape.levels is None:
        severity = Severity[(shape.severity or _DEFAULT_SEVERITY).upper()]
        fields = {"raise": shape.raise_when, "clear": shape.clear_when}
        only = LevelShape.model_construct(
            raise_when=fields["raise"] or "",
            clear_when=fields["clear"],
            for_us=shape.for_us,
            clear_for_us=shape.clear_for_us,
        )
        return [(path, severity, only)]
    levels = [
        ((*path, "levels", name), Severity[name.upper()], level)
        for name, level in shape.levels.items()
    ]
    return sorted(levels, key=lambda item: item[1])


def _alarm_levels(shape: RuleShape) -> tuple[Level, ...]:
    """One level for each severity that the alarm may have (its value is that severity, or 0)."""
    severities = [Severity[shape.severity.upper()]] if shape.severity else list(Severity)
    return tuple(
        Level(
            severity,
            parse_comparison(f">= {1 if shape.severity else int(severity)}"),
            parse_comparison(f"< {1 if shape.severity else int(severity)}"),
            shape.for_us,
            shape.clear_for_us,
        )
        for severity in severities
    )


def _work_order(shape: WorkOrderShape | None) -> WorkOrderRequest | None:
    if shape is None:
        return None
    return WorkOrderRequest(shape.type, shape.job_plan, shape.cooldown / _SECOND)


def _dead_band_remedy(level: Level) -> str:
    opposite = NEGATION[level.raise_when.op]
    return f"Clear on the other side of the dead band, such as `{opposite} …`"


def _suggest(name: str, known: Mapping[str, Any], what: str) -> str:
    close = get_close_matches(name, list(known), n=1)
    if close:
        return f"Did you mean {close[0]!r}?"
    listed = ", ".join(sorted(known)[:8])
    return f"Name {what}: {listed}" if listed else f"Name {what}; there is none yet"
