"""Thresholds: truths that compare a rule's value with a constant, and the dead band between two."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from conditions.constant import constant_value, is_constant
from conditions.rule import Level, Rule
from conditions.spelling import spell
from conditions.term import Op, Term


@dataclass(frozen=True, slots=True)
class Threshold:
    """A truth that compares a rule's value with a constant: `op` and the constant."""

    op: Op
    limit: Term


def threshold(truth: Term, value: Term | None) -> Threshold | None:
    """The threshold that a truth compares `value` with; None where it is no such comparison."""
    if truth.op not in _MIRROR or value is None:
        return None
    left, right = truth.operands
    if left == value and is_constant(right):
        return Threshold(truth.op, right)
    if right == value and is_constant(left):
        return Threshold(_MIRROR[truth.op], left)
    return None


NEGATION = {
    Op.GREATER: Op.LESS_EQUAL,
    Op.GREATER_EQUAL: Op.LESS,
    Op.LESS: Op.GREATER_EQUAL,
    Op.LESS_EQUAL: Op.GREATER,
    Op.EQUAL: Op.NOT_EQUAL,
    Op.NOT_EQUAL: Op.EQUAL,
}
"""What is true of known numbers just where the comparison is not."""

_MIRROR = {
    Op.GREATER: Op.LESS,
    Op.GREATER_EQUAL: Op.LESS_EQUAL,
    Op.LESS: Op.GREATER,
    Op.LESS_EQUAL: Op.GREATER_EQUAL,
    Op.EQUAL: Op.EQUAL,
    Op.NOT_EQUAL: Op.NOT_EQUAL,
}


def negated(truth: Term) -> Term:
    """What is true where `truth` is false, and unknown where it is unknown."""
    if truth.op in NEGATION:
        return Term(
            NEGATION[truth.op],
            truth.operands,
            unit="",
            column=truth.column,
            end_column=truth.end_column,
        )
    if truth.op is Op.NOT:
        return truth.operands[0]
    return Term(Op.NOT, (truth,), unit="", column=truth.column, end_column=truth.end_column)


def dead_band_problem(rule: Rule, level: Level, parameters: Mapping[str, float]) -> str | None:
    """What is wrong with the two truths of a level, or None.

    A reading that both raises and clears, or a threshold that is no number, makes no sense. Looked
    at where both compare the rule's value with constants.
    """
    raised = threshold(level.raise_when, rule.value)
    cleared = threshold(level.clear_when, rule.value)
    if level.raise_when == level.clear_when:
        return f"it clears where it raises ({spell(level.raise_when)})"
    for one in filter(None, (raised, cleared)):
        if math.isnan(constant_value(one.limit, parameters)):
            return f"{spell(one.limit)} is not a number"
    if raised is None or cleared is None:
        return None
    raise_at, clear_at = (constant_value(one.limit, parameters) for one in (raised, cleared))
    if _overlap(raised.op, raise_at, cleared.op, clear_at):
        return f"clear {cleared.op} {clear_at:g} overlaps raise {raised.op} {raise_at:g}"
    return None


_UPWARD = (Op.GREATER, Op.GREATER_EQUAL)
_DOWNWARD = (Op.LESS, Op.LESS_EQUAL)


def holds(op: Op, value: float, limit: float) -> bool:
    """Is the comparison true of a value?"""
    return {
        Op.GREATER: value > limit,
        Op.GREATER_EQUAL: value >= limit,
        Op.LESS: value < limit,
        Op.LESS_EQUAL: value <= limit,
        Op.EQUAL: value == limit,
        Op.NOT_EQUAL: value != limit,
    }[op]


def _overlap(one: Op, one_at: float, other: Op, other_at: float) -> bool:
    """Is there a value of which both comparisons are true?

    Each comparison changes only at its own threshold, so it is enough to try the thresholds, a
    value between them and one beyond either end.
    """
    low, high = sorted((one_at, other_at))
    tried = (low - 1 - abs(low), low, low / 2 + high / 2, high, high + 1 + abs(high))
    return any(holds(one, value, one_at) and holds(other, value, other_at) for value in tried)


def direction(op: Op) -> int:
    """1 for a comparison that high values meet, -1 for low values, 0 for neither."""
    return 1 if op in _UPWARD else -1 if op in _DOWNWARD else 0
