"""Terms written for people, as they would write them."""

from conditions.term import WINDOWED, Op, Term
from config.durations import format_duration

_RANK = {
    Op.OR: 1,
    Op.AND: 2,
    Op.NOT: 3,
    **dict.fromkeys((Op.GREATER, Op.GREATER_EQUAL, Op.LESS, Op.LESS_EQUAL), 4),
    **dict.fromkeys((Op.EQUAL, Op.NOT_EQUAL), 4),
    **dict.fromkeys((Op.ADD, Op.SUBTRACT), 5),
    **dict.fromkeys((Op.MULTIPLY, Op.DIVIDE), 6),
    Op.NEGATE: 7,
}
_TIGHTEST = 9
_US = 1_000_000


def spell(term: Term) -> str:
    """The term as a text that reads back as the same: `avg(vib, 10m) > vib_trip`."""
    if term.op is Op.NUMBER:
        return spell_number(term)
    if term.op in (Op.INPUT, Op.PARAMETER):
        return term.name
    rank = _RANK.get(term.op)
    if rank is None:
        return _call(term)
    inner = [_within(operand, rank, right=n > 0) for n, operand in enumerate(term.operands)]
    if len(inner) == 1:
        return f"not {inner[0]}" if term.op is Op.NOT else f"-{inner[0]}"
    return f" {term.op} ".join(inner)


def spell_number(term: Term) -> str:
    """A number, as a duration where it is one."""
    us = term.value * _US
    if term.unit == "s" and us >= 1 and us.is_integer():
        return format_duration(int(us))
    return f"{term.value:.15g}"


def _call(term: Term) -> str:
    window = [format_duration(term.window_us)] if term.op in WINDOWED else []
    return f"{term.op}({', '.join([*map(spell, term.operands), *window])})"


def _within(term: Term, rank: int, *, right: bool) -> str:
    own = _RANK.get(term.op, _TIGHTEST)
    if term.op is Op.NUMBER and term.value < 0:
        own = _RANK[Op.NEGATE]
    text = spell(term)
    # Comparisons do not nest, and a right operand of equal rank was in brackets.
    loose = own < rank or (own == rank and (right or rank == _RANK[Op.EQUAL]))
    return f"({text})" if loose else text
