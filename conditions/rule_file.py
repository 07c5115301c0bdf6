"""Rules from files: every mistake is found, with its file, line, remedy and place in the text.

A rule file is a YAML document with `asset_class`, `inputs`, `params` and `rules`.
"""

import keyword
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from conditions.event import Severity, WorkOrderRequest
from conditions.functions import FUNCTIONS, SCORE
from conditions.rule import ALARM, Input, OnUnknown, Rule, alarm_levels
from conditions.rule_shape import InputShape, RuleFileShape, RuleShape, WorkOrderShape
from conditions.rule_terms import RuleTerms, TermReader, Vocabulary, used_inputs
from conditions.suppression_file import read_suppression
from conditions.term import Op
from conditions.threshold import NEGATION, dead_band_problem
from config.documents import Document, Excerpt, KeyPath, Problem, validation_problems
from config.suggestion import did_you_mean
from config.unit_algebra import NONE, convertible
from config.units import same_unit, unit_problem, unit_remedy

Roles = Mapping[str, Mapping[str, str]]
"""Asset class -> role -> unit."""

ShapeT = TypeVar("ShapeT", bound=BaseModel)

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
    units: dict[tuple[str, str], Rule] = {}
    files = list(filter(is_rule_file, documents))
    named = _rule_names(files)
    for document in files:
        reader = _Reader(document, roles)
        for path, rule in reader.read():
            known = first.setdefault(rule.name, rule)
            if known is not rule:
                reader.refuse(
                    (*path, "id"),
                    f"rule {rule.name} is already at {known.file}:{known.line}",
                    "Give it another id",
                )
            elif reader.agrees_on_units(path, rule, units) and reader.knows_parents(
                path, rule, named
            ):
                rules.append(rule)
        problems += reader.problems
    return rules, problems


def _rule_names(documents: Sequence[Document]) -> frozenset[str]:
    """Every rule's id, alone and behind its class, those of rules with a mistake too."""
    names: set[str] = set()
    for document in documents:
        listed = document.data["rules"]
        for one in listed if isinstance(listed, list) else []:
            if isinstance(one, dict) and "id" in one:
                names |= {str(one["id"]), f"{document.data.get('asset_class')}/{one['id']}"}
    return frozenset(names)


def rule_from_definition(definition: Mapping[str, Any], *, file: str, line: int) -> Rule:
    """A rule as `Rule.definition` kept it; it was checked against the register before.

    Raises `ValueError` where a program of another time wrote something else.
    """
    reader = _Reader(Document(file, dict(definition), {}), None)
    found = reader.read()
    if reader.problems or len(found) != 1:
        raise ValueError("; ".join(map(str, reader.problems)) or "not one rule")
    return replace(found[0][1], file=file, line=line)


class _Reader:
    """Reads one rule file and collects what is wrong with it."""

    def __init__(self, document: Document, roles: Roles | None) -> None:
        self._document = document
        self._roles = roles
        self._inputs: dict[str, Input] = {}
        self._broken: set[str] = set()
        self._shape = RuleFileShape(asset_class="", rules=[])
        self.problems: list[Problem] = []

    def refuse(
        self, path: KeyPath, message: str, remedy: str, excerpt: Excerpt | None = None
    ) -> None:
        self.problems.append(self._document.problem(path, message, remedy, excerpt))

    def read(self) -> list[tuple[KeyPath, Rule]]:
        """Every rule that is in order, with its place in the document."""
        shape = self._parse(RuleFileShape, self._document.data, ())
        if shape is None:
            return []
        self._shape = shape
        known = self._check_class()
        for name in shape.params:
            self._check_name(("params", name), name, "a parameter")
        for name, data in shape.inputs.items():
            self._read_input(name, data, known)
        vocabulary = self._vocabulary(known)
        found: list[tuple[KeyPath, Rule]] = []
        for index, data in enumerate(shape.rules):
            path: KeyPath = ("rules", index)
            before = len(self.problems)
            rule = self._read_rule(path, data, vocabulary)
            if rule is not None and len(self.problems) == before:
                found.append((path, rule))
        return found

    def agrees_on_units(
        self, path: KeyPath, rule: Rule, units: dict[tuple[str, str], Rule]
    ) -> bool:
        """Has each parameter the unit that it has in the class's rules before?"""
        before = len(self.problems)
        for name, unit in rule.parameter_units.items():
            other = units.setdefault((rule.asset_class, name), rule)
            if not same_unit(other.parameter_units[name], unit):
                self.refuse(
                    path,
                    f"{name} is in {unit} here, and in {other.parameter_units[name]} in rule "
                    f"{other.id} ({other.file}:{other.line})",
                    f"Use two parameters, or give it a unit: {name}: {{value: …, unit: {unit}}}",
                )
        return len(self.problems) == before

    def knows_parents(self, path: KeyPath, rule: Rule, named: Collection[str]) -> bool:
        """Does each rule of a parent that suppresses it exist?"""
        before = len(self.problems)
        for index, one in enumerate(rule.suppress):
            if one.rule and one.rule not in named:
                self.refuse(
                    (*path, "suppress", index, "parent"),
                    f"there is no rule {one.rule!r}",
                    did_you_mean(one.rule, named),
                )
        return len(self.problems) == before

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
            remedy = did_you_mean(name, self._roles, otherwise="Add it under `asset_classes:`")
            self.refuse(("asset_class",), f"asset class {name!r} is not known", remedy)
        return self._roles.get(name)

    def _vocabulary(self, known: Mapping[str, str] | None) -> Vocabulary:
        params = self._shape.params
        models = None if known is None else {name for name, unit in known.items() if unit == NONE}
        return Vocabulary(
            inputs=self._inputs,
            parameters={name: one.value for name, one in params.items()},
            parameter_units={name: one.unit for name, one in params.items() if one.unit},
            models=models,
        )

    def _check_name(self, path: KeyPath, name: str, what: str) -> None:
        reserved = name in FUNCTIONS or name == SCORE or keyword.iskeyword(name)
        if not (name.isascii() and name.isidentifier()) or reserved:
            remedy = "Use letters, digits and _, and no word of the language"
            self.refuse(path, f"{name!r} cannot be {what}'s name", remedy)
        elif path[0] == "inputs" and name in self._shape.params:
            self.refuse(path, f"{name!r} is a parameter too", "Rename one of the two")

    def _read_input(self, name: str, data: Any, known: Mapping[str, str] | None) -> None:
        path: KeyPath = ("inputs", name)
        before = len(self.problems)
        shape = self._parse(InputShape, data, path)
        self._check_name(path, name, "an input")
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
                unit_remedy(shape.unit),
            )
        if shape.max_age == 0:
            self.refuse((*path, "max_age"), "max_age is 0", "Give a time, or leave it out")

    def _check_role(self, path: KeyPath, shape: InputShape, known: Mapping[str, str]) -> None:
        unit = known.get(shape.point)
        if unit is None:
            self.refuse(
                (*path, "point"),
                f"asset class {self._shape.asset_class} has no role {shape.point!r}",
                did_you_mean(shape.point, known, otherwise="Add the role to the class"),
            )
        elif not (unit_problem(shape.unit) or unit_problem(unit)) and not convertible(
            unit, shape.unit
        ):
            self.refuse(
                (*path, "unit"),
                f"unit {shape.unit} cannot be compared with {unit} of role {shape.point}",
                f"Use {unit}, or a unit of the same kind",
            )

    def _read_rule(self, path: KeyPath, data: Any, vocabulary: Vocabulary) -> Rule | None:
        shape = self._parse(RuleShape, data, path)
        if shape is None or not self._check_form(path, shape):
            return None
        if shape.alarm is not None:
            return self._alarm_rule(path, shape)
        if self._reads_broken(shape):
            return None
        terms = TermReader(path, vocabulary, self.refuse).read(shape)
        return None if terms is None else self._rule(path, shape, terms)

    def _reads_broken(self, shape: RuleShape) -> bool:
        """Does it name an input that has a mistake of its own? That one is told already."""
        texts = [shape.value, shape.raise_when, shape.clear_when, shape.enabled_when]
        for level in (shape.levels or {}).values():
            texts += [level.raise_when, level.clear_when]
        words = "".join(
            c if c.isalnum() or c == "_" else " " for c in " ".join(filter(None, texts))
        )
        return not self._broken.isdisjoint(words.split())

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
        for key in sorted(_FOREIGN[given[0]] & shape.model_fields_set):
            alias = RuleShape.model_fields[key].alias or key
            self.refuse(
                (*path, alias), f"{alias} does not go with {given[0]}", _WHERE.get(key, "Remove it")
            )
        if given == ["levels"] and shape.value is None:
            self.refuse(path, "levels without a value", "Add `value:` with what they compare")
        return len(self.problems) == before

    def _alarm_rule(self, path: KeyPath, shape: RuleShape) -> Rule:
        severity = Severity[shape.severity.upper()] if shape.severity else None
        levels = alarm_levels(severity, for_us=shape.for_us, clear_for_us=shape.clear_for_us)
        return self._rule(path, shape, RuleTerms(ALARM, None, levels, {}))

    def _rule(self, path: KeyPath, shape: RuleShape, terms: RuleTerms) -> Rule:
        place = self._document.place(path)
        inputs = () if shape.alarm is not None else used_inputs(terms, self._inputs)
        params = self._shape.params
        rule = Rule(
            asset_class=self._shape.asset_class,
            id=shape.id,
            failure_mode=shape.failure_mode,
            inputs=inputs,
            alarm=shape.alarm,
            value=terms.value,
            enabled_when=terms.enabled_when,
            on_unknown=OnUnknown(shape.on_unknown),
            latch=shape.latch,
            suppress=tuple(map(read_suppression, shape.suppress)),
            levels=terms.levels,
            parameters={name: params[name].value for name in sorted(terms.parameter_units)},
            work_order=_work_order(shape.work_order),
            file=place.file,
            line=place.line,
            definition={},
            parameter_units=dict(sorted(terms.parameter_units.items())),
        )
        self._check_dead_bands(path, shape, rule)
        self._check_due(path, shape, rule)
        return replace(rule, definition=self._definition(path, rule))

    def _check_dead_bands(self, path: KeyPath, shape: RuleShape, rule: Rule) -> None:
        for level in rule.levels:
            problem = dead_band_problem(rule, level, rule.parameters)
            if problem is None:
                continue
            place, one = path, shape.clear_when
            if shape.levels is not None:
                label: Any = level.severity.label
                place, one = (*path, "levels", label), shape.levels[label].clear_when
            opposite = NEGATION.get(level.raise_when.op)
            remedy = (
                f"Clear on the other side of the dead band, such as `{opposite} …`"
                if opposite
                else "Clear where it does not raise"
            )
            self.refuse((*place, "raise" if one is None else "clear"), problem, remedy)

    def _check_due(self, path: KeyPath, shape: RuleShape, rule: Rule) -> None:
        asked = rule.work_order is not None and rule.work_order.due is not None
        if asked and (rule.value is None or rule.value.op is not Op.ETA):
            self.refuse(
                (*path, "work_order", "due"),
                f"{shape.id} tells no time by which the work is due",
                "Let it compare `eta(…)` first, or leave `due` out",
            )

    def _definition(self, path: KeyPath, rule: Rule) -> dict[str, Any]:
        """A rule file with this rule alone, as written."""
        shape = self._shape
        data = _plain(
            {
                "inputs": {
                    one.name: shape.inputs[one.name]
                    for one in rule.inputs
                    if one.name in shape.inputs
                },
                "params": {
                    name: shape.params[name].model_dump(exclude_none=True)
                    for name in rule.parameters
                },
                "rules": [shape.rules[int(path[1])]],
            }
        )
        return {"asset_class": shape.asset_class, **data}


def _plain(value: Any) -> Any:
    """Data that JSON can keep: dates, that YAML reads by itself, become text again."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def _forms(shape: RuleShape) -> dict[str, Any]:
    return {"raise": shape.raise_when, "levels": shape.levels, "alarm": shape.alarm}


# Keys that do not go with a form of rule.
_FOREIGN = {
    "raise": frozenset(),
    "levels": frozenset({"clear_when", "for_us", "clear_for_us", "severity"}),
    "alarm": frozenset({"value", "clear_when", "enabled_when"}),
}
_WHERE = {
    "clear_when": "Write it inside each level",
    "for_us": "Write it inside each level",
    "clear_for_us": "Write it inside each level",
    "severity": "Each level has its own; remove it",
    "enabled_when": "The device knows by itself when its alarm counts; remove it",
}


def _work_order(shape: WorkOrderShape | None) -> WorkOrderRequest | None:
    if shape is None:
        return None
    return WorkOrderRequest(
        shape.type, shape.job_plan, shape.cooldown / _SECOND, shape.due, shape.recurrence
    )
