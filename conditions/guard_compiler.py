"""Guards: what has to be true of a row for a rule at rest to be looked at further."""

from collections.abc import Sequence

from conditions.constant import is_constant
from conditions.operations import AGE, LOAD
from conditions.rule import OnUnknown, Rule
from conditions.shape_compiler import ShapeCompiler
from conditions.tables import GUARD, GUARD_UNKNOWN
from conditions.term import Op, Term
from conditions.term_compiler import COMPARATORS, MIRROR, TermCompiler


class GuardCompiler:
    """Puts the guard of one rule into a shape."""

    def __init__(self, shape: ShapeCompiler, terms: TermCompiler, rule: Rule) -> None:
        self._to = shape
        self._terms = terms
        self._rule = rule

    def compile(self, number: int) -> None:
        """Have rows of the inputs of the rule, the `number`-th, look at its guard."""
        guard = _all_raising([level.raise_when for level in self._rule.levels])
        slots = sorted({self._to.slot(one) for one in self._terms.inputs.values()})
        kind = GUARD_UNKNOWN if self._rule.on_unknown is OnUnknown.RAISE else GUARD
        direct = self._terms.direct(guard) if len(slots) == 1 else None
        action = {"kind": kind, "target": number} | (direct or self._terms.indirect(guard))
        if kind == GUARD and not direct:
            action |= self._quick(guard)
        for slot in slots:
            self._to.act([slot], action, [other for other in slots if other != slot])

    def _quick(self, guard: Term) -> dict[str, int]:
        """A comparison that is soon made and without which a guard is not true, if there is one.

        That the reading may be too old is left to the guard itself.
        """
        for term in _conjuncts(guard):
            if term.op not in COMPARATORS:
                continue
            op, (left, right) = term.op, term.operands
            if is_constant(left):
                op, left, right = MIRROR[op], right, left
            if is_constant(right) and (found := self._quick_read(left, right)):
                return {"quick_compare": COMPARATORS[op]} | found
        return {}

    def _quick_read(self, left: Term, right: Term) -> dict[str, int] | None:
        """How the left side of a comparison with a constant is read without a program."""
        if left.op is Op.INPUT:
            slot = self._to.slot(self._terms.inputs[left.name])
            place = self._terms.back(left, right)
            return {"quick": LOAD, "quick_target": slot, "quick_constant": place}
        place = self._to.constant(self._terms.constant(right))
        if left.op is Op.AGE:
            slot = self._to.slot(self._terms.inputs[left.operands[0].name])
            return {"quick": AGE, "quick_target": slot, "quick_constant": place}
        read = self._terms.quick_window(left)
        return read and read | {"quick_constant": place}


def _conjuncts(term: Term) -> list[Term]:
    """What all has to be true for a term to be true."""
    if term.op is not Op.AND:
        return [term]
    return [one for operand in term.operands for one in _conjuncts(operand)]


def _all_raising(raising: Sequence[Term]) -> Term:
    """What is true where any level is raised."""
    guard = raising[0] if len(raising) == 1 else _easiest(raising)
    if guard is None:
        guard = raising[0]
        for other in raising[1:]:
            guard = Term(Op.OR, (guard, other))
    return guard


def _easiest(raising: Sequence[Term]) -> Term | None:
    """Of thresholds of one value that all look one way, the one that is met first."""
    first = raising[0]
    for one in raising:
        alike = one.op is first.op and one.op in (Op.GREATER, Op.LESS)
        if not alike or one.operands[0] != first.operands[0]:
            return None
        if not is_constant(one.operands[1]):
            return None
    pick = Op.LEAST if first.op is Op.GREATER else Op.GREATEST
    limit = Term(pick, tuple(one.operands[1] for one in raising))
    return Term(first.op, (first.operands[0], limit))
