"""Terms that read nothing: what a threshold comes to, given parameters."""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from conditions.term import Op, Term

_ARITHMETIC: Mapping[Op, Callable[..., float]] = MappingProxyType(
    {
        Op.NEGATE: lambda one: -one,
        Op.ADD: lambda left, right: left + right,
        Op.SUBTRACT: lambda left, right: left - right,
        Op.MULTIPLY: lambda left, right: left * right,
        Op.DIVIDE: lambda left, right: left / right if right else math.nan,
        Op.ABS: abs,
        Op.LEAST: lambda *values: min(values) if not any(map(math.isnan, values)) else math.nan,
        Op.GREATEST: lambda *values: max(values) if not any(map(math.isnan, values)) else math.nan,
    }
)
_LEAVES = frozenset({Op.NUMBER, Op.PARAMETER})


def is_constant(term: Term) -> bool:
    """Is it a number that depends on parameters at most?"""
    return all(one.op in _ARITHMETIC or one.op in _LEAVES for one in term.walk())


def constant_value(term: Term, parameters: Mapping[str, float]) -> float:
    """The value of a constant term; NaN where it is no finite number, as after a division by 0."""
    if term.op is Op.NUMBER:
        value = term.value
    elif term.op is Op.PARAMETER:
        value = parameters[term.name]
    else:
        values = [constant_value(operand, parameters) for operand in term.operands]
        value = _ARITHMETIC[term.op](*values)
    return value if math.isfinite(value) else math.nan
