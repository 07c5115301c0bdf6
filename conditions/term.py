"""Terms: what the expressions of rules are once they have been read and checked.

A term is a number, in a unit, or a truth: true, false or unknown. Reading, unit checking, the
compiler and the reference interpreter all walk over these; equal terms are the same computation.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class Op(StrEnum):
    """What a term does; the value is how it is written."""

    NUMBER = "number"
    PARAMETER = "parameter"
    INPUT = "input"

    NEGATE = "negate"
    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    DIVIDE = "/"
    ABS = "abs"
    LEAST = "least"
    GREATEST = "greatest"

    GREATER = ">"
    GREATER_EQUAL = ">="
    LESS = "<"
    LESS_EQUAL = "<="
    EQUAL = "=="
    NOT_EQUAL = "!="

    NOT = "not"
    AND = "and"
    OR = "or"

    AVG = "avg"
    MIN = "min"
    MAX = "max"
    SUM = "sum"
    STDDEV = "stddev"
    COUNT = "count"
    COVERAGE = "coverage"
    DELTA = "delta"
    RATE = "rate"
    INCREASE = "increase"
    RISES = "rises"
    HELD = "held"
    EWMA = "ewma"
    ZSCORE = "zscore"
    ETA = "eta"

    AGE = "age"
    HOUR = "hour"
    WEEKDAY = "weekday"


TRUTHS = frozenset(
    {
        Op.GREATER,
        Op.GREATER_EQUAL,
        Op.LESS,
        Op.LESS_EQUAL,
        Op.EQUAL,
        Op.NOT_EQUAL,
        Op.NOT,
        Op.AND,
        Op.OR,
        Op.HELD,
    }
)
"""Operators whose terms are truths; all others give numbers."""

WINDOWED = frozenset(
    {
        Op.AVG,
        Op.MIN,
        Op.MAX,
        Op.SUM,
        Op.STDDEV,
        Op.COUNT,
        Op.COVERAGE,
        Op.DELTA,
        Op.RATE,
        Op.INCREASE,
        Op.RISES,
        Op.HELD,
        Op.EWMA,
        Op.ZSCORE,
        Op.ETA,
    }
)
"""Operators that remember what their first operand was over `Term.window_us`."""


@dataclass(frozen=True, slots=True)
class Term:
    """An operator over its operands.

    `value` is that of a NUMBER, in the unit that it meets; `name` that of a PARAMETER or an INPUT.
    `window_us` is the window of a WINDOWED operator, the time constant of EWMA. `unit` is what a
    number comes in ("1": none, "": a truth). `column` and `end_column` are its place in the text.
    """

    op: Op
    operands: tuple["Term", ...] = ()
    value: float = 0.0
    name: str = ""
    window_us: int = 0
    unit: str = field(default="1", compare=False)
    column: int = field(default=0, compare=False)
    end_column: int = field(default=0, compare=False)

    @property
    def is_truth(self) -> bool:
        """Is it true, false or unknown, rather than a number?"""
        return self.op in TRUTHS

    def walk(self) -> Iterator["Term"]:
        """This term and all below it, operands first."""
        for operand in self.operands:
            yield from operand.walk()
        yield self

    @property
    def inputs(self) -> frozenset[str]:
        """Names of the inputs that it reads."""
        return frozenset(term.name for term in self.walk() if term.op is Op.INPUT)

    @property
    def parameters(self) -> frozenset[str]:
        """Names of the parameters that it depends on."""
        return frozenset(term.name for term in self.walk() if term.op is Op.PARAMETER)
