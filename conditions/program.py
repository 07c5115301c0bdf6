"""Programs: what the rules of an asset come to for the kernel, once for all assets that are alike.

Equal terms over equal inputs, units and parameters share their windows, whichever rule they stand in.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from conditions.component_shape import RulePlan, Sense, Shape, Slot
from conditions.constant import is_constant
from conditions.conversion import Conversion
from conditions.guard_compiler import GuardCompiler
from conditions.rule import OnUnknown, Rule
from conditions.shape_compiler import ShapeCompiler
from conditions.tables import (
    CLEAR,
    CROSS_AGE,
    CROSS_RUN,
    HOLD,
    NOWHERE,
    PANES,
    RAISE,
    SHOWN,
    SMOOTH,
)
from conditions.term import WINDOWED, Op, Term
from conditions.term_compiler import CLOCKS, COMPARATORS, MIRROR, TermCompiler, max_age

_T = TypeVar("_T")
_ON_UNKNOWN = {OnUnknown.HOLD: HOLD, OnUnknown.CLEAR: CLEAR, OnUnknown.RAISE: RAISE}


def compile_shape(
    rules: Sequence[Rule], slots: Sequence[Slot], conversion: Callable[[str, str], Conversion]
) -> Shape:
    """The programs of rules over some series; every rule finds its inputs among them."""
    shape = Shape(tuple(slots), actions=[[] for _ in slots])
    compiler = ShapeCompiler(shape, conversion)
    plans = [_RuleCompiler(compiler, rule) for rule in rules]
    for number, plan in enumerate(plans):
        plan.compile(number)
    return shape


class _RuleCompiler:
    """Puts one rule into a shape."""

    def __init__(self, shape: ShapeCompiler, rule: Rule) -> None:
        self._to = shape
        self._rule = rule
        self._terms = TermCompiler(shape, rule)

    def compile(self, number: int) -> None:
        """Put the rule, the `number`-th, into the shape: its record, then what its rows do."""
        rule = self._rule
        value = rule.value if rule.value is not None else self._alarm_value()
        shown = self._shown()
        record = {
            **self._stretch("input", self._to.shape.inputs, self._inputs()),
            "enabled": self._place(rule.enabled_when),
            "value": self._place(value),
            **self._stretch("level", self._to.shape.levels, self._levels()),
            **self._stretch("shown", self._to.shape.shown, map(self._terms.program, shown)),
            **self._stretch("crossing", self._to.shape.crossings, self._crossings()),
            "on_unknown": _ON_UNKNOWN[rule.on_unknown],
            "by_hour": int(any(t.op in CLOCKS for t in _walk(rule.terms))),
        }
        limits = [(self._limit(one.raise_when), self._limit(one.clear_when)) for one in rule.levels]
        room = self._room(record["end_crossing"] - record["first_crossing"])
        self._to.shape.rules.append(RulePlan(rule, record, tuple(shown), tuple(limits), room))
        self._wake()
        GuardCompiler(self._to, self._terms, rule).compile(number)

    def _stretch(self, name: str, table: list[_T], rows: Iterable[_T]) -> dict[str, int]:
        """Put rows behind a table; returns where they begin and end."""
        first = len(table)
        table += rows
        return {f"first_{name}": first, f"end_{name}": len(table)}

    def _place(self, term: Term | None) -> int:
        return NOWHERE if term is None else self._terms.program(term)

    def _inputs(self) -> list[dict[str, int]]:
        return [
            {"series": self._to.slot(one), "max_age": max_age(one)}
            for one in self._terms.inputs.values()
        ]

    def _levels(self) -> list[dict[str, int]]:
        return [
            {
                "severity": int(level.severity),
                "raise_when": self._terms.program(level.raise_when),
                "clear_when": self._terms.program(level.clear_when),
                "for_us": level.for_us,
                "clear_for_us": level.clear_for_us,
            }
            for level in self._rule.levels
        ]

    def _room(self, crossings: int) -> int:
        """Changes that one row leads to, at most.

        Each level ends a timer, and each deadline and the row itself evaluate once.
        """
        holds = self._rule.on_unknown is OnUnknown.HOLD
        stale = 0 if holds else len(self._terms.inputs)
        return (crossings + stale + 2) * (len(self._rule.levels) + 1)

    def _alarm_value(self) -> Term | None:
        return Term(Op.INPUT, name="alarm") if self._rule.alarm is not None else None

    def _wake(self) -> None:
        """Have rows note when the rule's truths may change by time alone."""
        for term in _outside_windows(self._rule.terms):
            if (age := self._age_limit(term)) is not None:
                slot, constant = age
                self._to.wake(slot, constant)
        if self._rule.on_unknown is OnUnknown.HOLD:
            return
        for one in self._terms.inputs.values():
            if one.max_age_us is not None:
                constant = self._to.literal(float(one.max_age_us + 1))
                self._to.wake(self._to.slot(one), constant)

    def _crossings(self) -> list[dict[str, int]]:
        found: list[dict[str, int]] = []
        for term in _outside_windows(self._rule.terms):
            if (age := self._age_limit(term)) is not None:
                found.append({"kind": CROSS_AGE, "target": age[0], "constant": age[1]})
            elif term.op is Op.HELD:
                found.append({"kind": CROSS_RUN, "target": self._terms.held(term), "constant": 0})
        return found

    def _age_limit(self, term: Term) -> tuple[int, int] | None:
        """(series, constant) of a comparison of an age with a constant."""
        if term.op not in COMPARATORS:
            return None
        op, (left, right) = term.op, term.operands
        if left.op is not Op.AGE:
            op, left, right = MIRROR[op], right, left
        if left.op is not Op.AGE or not is_constant(right):
            return None
        sense = Sense.AFTER if op in (Op.GREATER, Op.LESS_EQUAL) else Sense.FROM
        slot = self._to.slot(self._terms.inputs[left.operands[0].name])
        return slot, self._to.constant(self._terms.constant(right, sense))

    def _shown(self) -> list[Term]:
        """The numbers that the rule's truths compare, as far as they are not its value."""
        found: list[Term] = []
        for term in _outside_windows(self._rule.terms):
            for operand in term.operands if term.op in COMPARATORS else ():
                known = operand in found or operand == self._rule.value or is_constant(operand)
                if not known and not operand.is_truth:
                    found.append(operand)
        return found[:SHOWN]

    def _limit(self, truth: Term) -> int:
        """The constant that a truth compares the rule's value with, or NOWHERE."""
        if truth.op not in COMPARATORS:
            return NOWHERE
        left, right = truth.operands
        if left == self._rule.value and is_constant(right):
            return self._to.constant(self._terms.constant(right))
        if right == self._rule.value and is_constant(left):
            return self._to.constant(self._terms.constant(left))
        return NOWHERE


def _walk(terms: Sequence[Term]) -> list[Term]:
    return [one for term in terms for one in term.walk()]


def _outside_windows(terms: Sequence[Term]) -> list[Term]:
    """The terms and what is below them, but for what only windows sample."""
    found: list[Term] = []
    for term in terms:
        found.append(term)
        inner = (
            term.operands[1:] if term.op in WINDOWED and term.op is not Op.ZSCORE else term.operands
        )
        found += _outside_windows(inner)
    return found


def pane_us(kind: int, length_us: int) -> int:
    """Length of a window's panes; of an exponentially weighted mean, its time constant."""
    return length_us if kind == SMOOTH else -(-length_us // PANES)
