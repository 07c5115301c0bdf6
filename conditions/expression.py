"""Thresholds as people write them: `vib > vib_trip`, `< vib_trip - 0.5`.

A small part of Python's own grammar, read by `ast` and never run as Python: numbers, parameter
names, `+ - * /` and a sign. Every refusal says what is wrong, at which column, and what is right.
"""

import ast
import math
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

MAX_LENGTH = 200
MAX_DEPTH = 20

_OPERATOR = re.compile(r"\s*(<=|>=|==|!=|<|>)")
_FOREIGN = re.compile(r"[^\x20-\x7e]")
_BINARY: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_UNARY: dict[type[ast.unaryop], str] = {ast.USub: "-", ast.UAdd: "+"}
_ALLOWED = "Use numbers, parameters and + - * / only"


class ExpressionError(ValueError):
    """Text that is not a threshold: `column` counts from 0 within the text."""

    def __init__(self, message: str, remedy: str, column: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.column = column


class Comparator(StrEnum):
    """How a reading is compared with a threshold."""

    GREATER = ">"
    GREATER_EQUAL = ">="
    LESS = "<"
    LESS_EQUAL = "<="
    EQUAL = "=="
    NOT_EQUAL = "!="


_SYMBOL: dict[type[ast.cmpop], Comparator] = {
    ast.Gt: Comparator.GREATER,
    ast.GtE: Comparator.GREATER_EQUAL,
    ast.Lt: Comparator.LESS,
    ast.LtE: Comparator.LESS_EQUAL,
    ast.Eq: Comparator.EQUAL,
    ast.NotEq: Comparator.NOT_EQUAL,
}
NEGATION = {
    Comparator.GREATER: Comparator.LESS_EQUAL,
    Comparator.GREATER_EQUAL: Comparator.LESS,
    Comparator.LESS: Comparator.GREATER_EQUAL,
    Comparator.LESS_EQUAL: Comparator.GREATER,
    Comparator.EQUAL: Comparator.NOT_EQUAL,
    Comparator.NOT_EQUAL: Comparator.EQUAL,
}


@dataclass(frozen=True, slots=True)
class Expression:
    """A number, a parameter's name, or an operator over one or two expressions."""

    symbol: float | str
    operands: tuple["Expression", ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The parameters that the value depends on."""
        if self.operands:
            return frozenset().union(*(operand.names for operand in self.operands))
        return frozenset([self.symbol]) if isinstance(self.symbol, str) else frozenset()

    def evaluate(self, parameters: Mapping[str, float]) -> float:
        """The value; NaN where it is no finite number, such as after a division by zero."""
        if not self.operands:
            value = parameters[self.symbol] if isinstance(self.symbol, str) else self.symbol
            return value if math.isfinite(value) else math.nan
        values = [operand.evaluate(parameters) for operand in self.operands]
        result = _apply(str(self.symbol), values)
        return result if math.isfinite(result) else math.nan

    def __str__(self) -> str:
        if not self.operands:
            return self.symbol if isinstance(self.symbol, str) else f"{self.symbol:.15g}"
        if len(self.operands) == 1:
            return f"{self.symbol}{_bracket(self.operands[0])}"
        return f" {self.symbol} ".join(_bracket(operand) for operand in self.operands)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`input op expression`; `input` is empty where the text begins with the operator."""

    input: str
    op: Comparator
    threshold: Expression

    def __str__(self) -> str:
        return f"{self.input} {self.op} {self.threshold}".lstrip()


def parse_comparison(text: str) -> Comparison:
    """Read `input op expression` or `op expression`. Raises `ExpressionError`."""
    _refuse_foreign(text)
    if (prefix := _OPERATOR.match(text)) is not None:
        threshold = _Source(text[prefix.end() :], prefix.end())
        return Comparison("", Comparator(prefix[1]), _convert(threshold.tree(), threshold, 0))
    source = _Source(text)
    node = source.tree()
    if not isinstance(node, ast.Compare):
        raise ExpressionError(
            f"{text!r} compares nothing", "Write it like `temp > 85`, or `> 85` inside levels"
        )
    return _comparison(node, source)


def parse_expression(text: str) -> Expression:
    """Read a threshold. Raises `ExpressionError`."""
    _refuse_foreign(text)
    source = _Source(text)
    return _convert(source.tree(), source, 0)


class _Source:
    """A piece of the text being read, and the column at which it begins."""

    def __init__(self, text: str, column: int = 0) -> None:
        self._text = text.strip()
        self._shift = column + len(text) - len(text.lstrip())

    def tree(self) -> ast.expr:
        """The syntax tree of the piece. Raises `ExpressionError`."""
        if not self._text:
            raise ExpressionError(
                "nothing to compare with", "Write a number or a parameter", self._shift
            )
        try:
            with warnings.catch_warnings(action="ignore"):
                return ast.parse(self._text, mode="eval").body
        except SyntaxError as error:
            at = max((error.offset or 1) - 1, 0) + self._shift
            raise ExpressionError(f"{self._text!r} cannot be read", _ALLOWED, at) from error
        except (ValueError, RecursionError, MemoryError) as error:
            raise ExpressionError(
                f"{self._text!r} cannot be read", _ALLOWED, self._shift
            ) from error

    def column(self, node: ast.expr) -> int:
        return node.col_offset + self._shift

    def text(self, node: ast.expr) -> str:
        return self._text[node.col_offset : node.end_col_offset]


def _comparison(node: ast.Compare, source: _Source) -> Comparison:
    if len(node.ops) != 1:
        raise ExpressionError(
            "more than one comparison", "Write one comparison for each rule", source.column(node)
        )
    if not isinstance(node.left, ast.Name):
        raise ExpressionError(
            "an input's name has to stand on the left",
            "Write it like `temp > 85`",
            source.column(node.left),
        )
    symbol = _SYMBOL.get(type(node.ops[0]))
    if symbol is None:
        raise ExpressionError(
            "this comparison is not known", "Use > >= < <= == or !=", source.column(node)
        )
    return Comparison(node.left.id, symbol, _convert(node.comparators[0], source, 0))


def _convert(node: ast.expr, source: _Source, depth: int) -> Expression:
    """The expression of a syntax tree; everything that is not on the list is refused."""
    if depth > MAX_DEPTH:
        raise ExpressionError("nested too deeply", "Split it over parameters", source.column(node))
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return Expression(_number(node.value, source.column(node)))
    if isinstance(node, ast.Name):
        return Expression(node.id)
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        return Expression(_UNARY[type(node.op)], (_convert(node.operand, source, depth + 1),))
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        operands = tuple(_convert(side, source, depth + 1) for side in (node.left, node.right))
        return Expression(_BINARY[type(node.op)], operands)
    raise ExpressionError(
        f"{source.text(node)!r} is not allowed here", _ALLOWED, source.column(node)
    )


def _number(value: float, column: int) -> float:
    if isinstance(value, bool):
        raise ExpressionError("True and False are not numbers", "Write 1 or 0", column)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ExpressionError("the number is too large", "Write a number below 1e308", column)
    return number


def _apply(symbol: str, values: list[float]) -> float:
    if len(values) == 1:
        return -values[0] if symbol == "-" else values[0]
    left, right = values
    if symbol == "+":
        return left + right
    if symbol == "-":
        return left - right
    if symbol == "*":
        return left * right
    return left / right if right else math.nan


def _bracket(expression: Expression) -> str:
    return f"({expression})" if len(expression.operands) > 1 else str(expression)


def _refuse_foreign(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"longer than {MAX_LENGTH} characters", "Split it over parameters", MAX_LENGTH
        )
    if (foreign := _FOREIGN.search(text)) is not None:
        raise ExpressionError(f"{foreign[0]!r} is not allowed here", _ALLOWED, foreign.start())
