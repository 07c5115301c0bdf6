"""The functions of the rule language: what each takes and gives, for the reader and the guide."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from conditions.term import Op


class Takes(StrEnum):
    """What stands at a place between the brackets of a function."""

    NUMBER = "a number"
    TRUTH = "a comparison"
    EITHER = "a number or a comparison"
    INPUT = "an input"
    NUMBERS = "two or more numbers"
    WINDOW = "a duration such as 10m"


@dataclass(frozen=True, slots=True)
class Function:
    """A function as it is called, what unit comes of it, when it is unknown, and what it says.

    `unit` is told in terms of x, the unit of its first operand.
    """

    op: Op
    call: str
    takes: tuple[Takes, ...]
    unit: str
    unknown: str
    meaning: str


_OVER = (Takes.NUMBER, Takes.WINDOW)
_NONE_KNOWN = "no known sample in the window"
_TWO_KNOWN = "fewer than two known samples"
_OPERAND = "an operand is unknown"

_FUNCTIONS = (
    Function(Op.AVG, "avg(x, w)", _OVER, "x", _NONE_KNOWN, "mean of the samples"),
    Function(Op.MIN, "min(x, w)", _OVER, "x", _NONE_KNOWN, "least sample"),
    Function(Op.MAX, "max(x, w)", _OVER, "x", _NONE_KNOWN, "greatest sample"),
    Function(Op.SUM, "sum(x, w)", _OVER, "x, no degC", _NONE_KNOWN, "sum of the samples"),
    Function(
        Op.STDDEV,
        "stddev(x, w)",
        _OVER,
        "difference of x",
        _TWO_KNOWN,
        "standard deviation of the samples",
    ),
    Function(
        Op.COUNT,
        "count(x, w)",
        (Takes.EITHER, Takes.WINDOW),
        "1",
        "never",
        "number of known samples; of a comparison, of those that are true",
    ),
    Function(
        Op.COVERAGE,
        "coverage(x, w)",
        _OVER,
        "1",
        "never",
        "share of the window, 0 to 1, that has known samples",
    ),
    Function(
        Op.DELTA, "delta(x, w)", _OVER, "difference of x", _NONE_KNOWN, "last sample less the first"
    ),
    Function(
        Op.RATE,
        "rate(x, w)",
        _OVER,
        "difference of x per min",
        _TWO_KNOWN,
        "last sample less the first, by the time between them",
    ),
    Function(
        Op.INCREASE,
        "increase(x, w)",
        _OVER,
        "x, no degC",
        _NONE_KNOWN,
        "what a counter counted, over resets and rollovers",
    ),
    Function(
        Op.RISES,
        "rises(c, w)",
        (Takes.TRUTH, Takes.WINDOW),
        "1",
        "never",
        "how often the comparison became true",
    ),
    Function(
        Op.HELD,
        "held(c, w)",
        (Takes.TRUTH, Takes.WINDOW),
        "a truth",
        "until it was known for that long",
        "was the comparison true throughout the last w of known time?",
    ),
    Function(
        Op.EWMA,
        "ewma(x, w)",
        _OVER,
        "x",
        "no known sample yet",
        "exponentially weighted mean with time constant w",
    ),
    Function(
        Op.ZSCORE,
        "zscore(x, w)",
        _OVER,
        "1",
        f"{_TWO_KNOWN}, or they are all equal",
        "standard deviations of x from its mean",
    ),
    Function(
        Op.ETA,
        "eta(x, limit, w)",
        (Takes.NUMBER, Takes.NUMBER, Takes.WINDOW),
        "s, compared with durations",
        "x moves away from the limit, or follows no line (R² < 0.5)",
        "time until x reaches the limit on a straight line through the window",
    ),
    Function(
        Op.AGE,
        "age(x)",
        (Takes.INPUT,),
        "s, compared with durations",
        "no reading yet",
        "time since the last known reading; goes on by itself",
    ),
    Function(Op.HOUR, "hour()", (), "1", "never", "hour of the day at the site, 0 to 23"),
    Function(Op.WEEKDAY, "weekday()", (), "1", "never", "day of the week at the site, Monday 0"),
    Function(Op.ABS, "abs(x)", (Takes.NUMBER,), "x, no degC", _OPERAND, "x without its sign"),
    Function(
        Op.LEAST, "least(x, y, …)", (Takes.NUMBERS,), "x", _OPERAND, "the least of its operands"
    ),
    Function(
        Op.GREATEST,
        "greatest(x, y, …)",
        (Takes.NUMBERS,),
        "x",
        _OPERAND,
        "the greatest of its operands",
    ),
)

FUNCTIONS: Mapping[str, Function] = MappingProxyType({str(one.op): one for one in _FUNCTIONS})
"""Every function by its name, but for `score(model)`, which is an input."""

SCORE = "score"
"""`score(model)` reads the score that a model writes as a point of the role `model`; 1 is its limit."""
