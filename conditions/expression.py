"""Expressions as people write them: `rate(temp, 15m) > 0.5 and spd > 300`.

A part of Python's own grammar, read by `ast` and never run as Python: numbers, durations, quantities
with a unit in quotes, names, `+ - * /`, comparisons, and/or/not, and calls of the functions on the
list. Every refusal says what is wrong, in which columns, and what is right. What comes of it is
unchecked: the units of its terms are `UNSTATED` where nothing said them (see `unit_check`).
"""

import ast
import math
from collections.abc import Collection
from dataclasses import dataclass
from functools import reduce

from conditions.constant import constant_value
from conditions.expression_text import (
    LONGEST_WINDOW_US,
    SHORTEST_WINDOW_US,
    ExpressionError,
    Source,
    read_quantity,
)
from conditions.functions import FUNCTIONS, SCORE, Function, Takes
from conditions.term import Op, Term
from config.durations import format_duration
from config.suggestion import did_you_mean

MAX_DEPTH = 24
MAX_TERMS = 200

UNSTATED = "?"
"""Unit of a number that takes the unit of what it stands beside."""

_BINARY: dict[type[ast.operator], Op] = {
    ast.Add: Op.ADD,
    ast.Sub: Op.SUBTRACT,
    ast.Mult: Op.MULTIPLY,
    ast.Div: Op.DIVIDE,
}
_COMPARISON: dict[type[ast.cmpop], Op] = {
    ast.Gt: Op.GREATER,
    ast.GtE: Op.GREATER_EQUAL,
    ast.Lt: Op.LESS,
    ast.LtE: Op.LESS_EQUAL,
    ast.Eq: Op.EQUAL,
    ast.NotEq: Op.NOT_EQUAL,
}
_ALLOWED = "Use numbers, names, + - * /, comparisons, and, or, not, and the functions of the guide"
_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Names:
    """The names that an expression may use; `models` are those that `score` takes, None: any."""

    inputs: Collection[str] = ()
    parameters: Collection[str] = ()
    models: Collection[str] | None = None


def score_input(model: str) -> str:
    """The name of the input that `score(model)` reads."""
    return f"{SCORE}({model})"


def parse_expression(text: str, names: Names) -> Term:
    """Read a number or a truth. Raises `ExpressionError`."""
    source = Source(text)
    return _Reader(source, names).read(source.tree(), 0)


def parse_truth(text: str, names: Names, *, value: Term | None = None) -> Term:
    """Read a truth; `> 5` compares `value`, where there is one. Raises `ExpressionError`."""
    source = Source(text)
    if (symbol := source.leading_operator()) is None:
        return _Reader(source, names).truth(source.tree(), 0)
    if value is None:
        raise ExpressionError(
            f"nothing stands before {symbol!r}", f"Write it like `temp {symbol} 85`", 0, len(text)
        )
    limit = _Reader(source, names).number(source.tree(), 0)
    return Term(Op(symbol), (value, limit), unit="", column=0, end_column=limit.end_column)


def parse_number(text: str, names: Names) -> Term:
    """Read a number. Raises `ExpressionError`."""
    source = Source(text)
    return _Reader(source, names).number(source.tree(), 0)


class _Reader:
    """Turns a syntax tree into terms; everything that is not on the list is refused."""

    def __init__(self, source: Source, names: Names) -> None:
        self._source = source
        self._names = names
        self._count = 0

    def number(self, node: ast.expr, depth: int) -> Term:
        term = self.read(node, depth)
        if term.is_truth:
            raise self._refusal(
                node, f"{self._text(node)!r} is true or false, not a number", "Write a number here"
            )
        return term

    def truth(self, node: ast.expr, depth: int) -> Term:
        term = self.read(node, depth)
        if not term.is_truth:
            text = self._text(node)
            raise self._refusal(
                node, f"{text!r} compares nothing", f"Compare it, like `{text} > 5`"
            )
        return term

    def read(self, node: ast.expr, depth: int) -> Term:
        self._count += 1
        if depth > MAX_DEPTH:
            raise self._refusal(node, "nested too deeply", "Split it over several rules")
        if self._count > MAX_TERMS:
            raise self._refusal(node, f"more than {MAX_TERMS} parts", "Split it over several rules")
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.Name():
                return self._name(node)
            case ast.UnaryOp():
                return self._unary(node, depth)
            case ast.BinOp():
                return self._binary(node, depth)
            case ast.BoolOp():
                return self._bool(node, depth)
            case ast.Compare():
                return self._compare(node, depth)
            case ast.Call():
                return self._call(node, depth)
            case _:
                raise self._refusal(node, f"{self._text(node)!r} is not allowed here", _ALLOWED)

    def _constant(self, node: ast.Constant) -> Term:
        value = node.value
        if isinstance(value, str):
            try:
                number, unit = read_quantity(value)
            except ValueError as error:
                message, _, remedy = str(error).partition(" | ")
                raise self._refusal(node, message, remedy) from error
            return self._term(node, Op.NUMBER, value=number, unit=unit)
        decimal = self._text(node)[:2].casefold() not in {"0x", "0o", "0b"}
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not decimal:
            told = f"{self._text(node)} is not a number"
            raise self._refusal(node, told, "Write a number, or a comparison")
        return self._term(node, Op.NUMBER, value=self._finite(node, value), unit=UNSTATED)

    def _finite(self, node: ast.expr, value: float) -> float:
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise self._refusal(node, "the number is too large", "Write a number below 1e308")
        return number

    def _name(self, node: ast.Name) -> Term:
        if (us := self._source.duration(node)) is not None:
            return self._term(node, Op.NUMBER, value=us / _US, unit="s")
        if node.id in self._names.inputs:
            return self._term(node, Op.INPUT, name=node.id, unit=UNSTATED)
        if node.id in self._names.parameters:
            return self._term(node, Op.PARAMETER, name=node.id, unit=UNSTATED)
        known = [*self._names.inputs, *self._names.parameters]
        if node.id in FUNCTIONS:
            raise self._refusal(
                node, f"{node.id} is a function", f"Write it like `{FUNCTIONS[node.id].call}`"
            )
        raise self._refusal(
            node,
            f"{node.id!r} is neither an input nor a parameter of this file",
            did_you_mean(node.id, known, otherwise="Add it under `inputs:` or `params:`"),
        )

    def _unary(self, node: ast.UnaryOp, depth: int) -> Term:
        if isinstance(node.op, ast.Not):
            return self._term(node, Op.NOT, self.truth(node.operand, depth + 1))
        if not isinstance(node.op, (ast.USub, ast.UAdd)):
            raise self._refusal(node, f"{self._text(node)!r} is not allowed here", "Write `not`")
        operand = self.number(node.operand, depth + 1)
        if isinstance(node.op, ast.UAdd):
            return operand
        if operand.op is Op.NUMBER:
            return self._term(node, Op.NUMBER, value=-operand.value, unit=operand.unit)
        return self._term(node, Op.NEGATE, operand, unit=UNSTATED)

    def _binary(self, node: ast.BinOp, depth: int) -> Term:
        op = _BINARY.get(type(node.op))
        if op is None:
            remedy = _INSTEAD.get(type(node.op), _ALLOWED)
            raise self._refusal(node, f"{self._text(node)!r} is not allowed here", remedy)
        operands = [self.number(side, depth + 1) for side in (node.left, node.right)]
        term = self._term(node, op, *operands, unit=UNSTATED)
        if all(one.op is Op.NUMBER and one.unit == UNSTATED for one in operands):
            value = constant_value(term, {})
            if math.isnan(value):
                raise self._refusal(
                    node, f"{self._text(node)} is not a number", "Write a finite number"
                )
            return self._term(node, Op.NUMBER, value=value, unit=UNSTATED)
        return term

    def _bool(self, node: ast.BoolOp, depth: int) -> Term:
        op = Op.AND if isinstance(node.op, ast.And) else Op.OR
        truths = [self.truth(value, depth + 1) for value in node.values]
        return reduce(lambda left, right: self._term(node, op, left, right), truths)

    def _compare(self, node: ast.Compare, depth: int) -> Term:
        sides = [self.number(side, depth + 1) for side in (node.left, *node.comparators)]
        truths = []
        for number, symbol in enumerate(node.ops):
            op = _COMPARISON.get(type(symbol))
            if op is None:
                told = f"{self._text(node)!r} is not a comparison of numbers"
                raise self._refusal(node, told, "Use > >= < <= == or !=")
            left, right = sides[number : number + 2]
            truths.append(
                Term(op, (left, right), unit="", column=left.column, end_column=right.end_column)
            )
        return reduce(lambda left, right: self._term(node, Op.AND, left, right), truths)

    def _call(self, node: ast.Call, depth: int) -> Term:
        if not isinstance(node.func, ast.Name):
            raise self._refusal(node.func, f"{self._text(node.func)!r} cannot be called", _ALLOWED)
        name = node.func.id
        if node.keywords:
            raise self._refusal(
                node, f"{name} takes its operands by place", "Write them without their names"
            )
        if name == SCORE:
            return self._score(node)
        function = FUNCTIONS.get(name)
        if function is None:
            remedy = did_you_mean(name, [*FUNCTIONS, SCORE])
            raise self._refusal(node.func, f"there is no function {name!r}", remedy)
        if function.takes == (Takes.NUMBERS,):
            return self._fold_numbers(node, function, depth)
        if len(node.args) != len(function.takes):
            raise self._refusal(
                node, f"{name} is called otherwise", f"Write it like `{function.call}`"
            )
        return self._function(node, function, depth)

    def _function(self, node: ast.Call, function: Function, depth: int) -> Term:
        operands = []
        window_us = 0
        for argument, takes in zip(node.args, function.takes, strict=True):
            if takes is Takes.WINDOW:
                window_us = self._window(argument, function)
            else:
                operands.append(self._argument(argument, takes, function, depth + 1))
        return self._term(node, function.op, *operands, window_us=window_us, unit=UNSTATED)

    def _argument(self, node: ast.expr, takes: Takes, function: Function, depth: int) -> Term:
        if takes is Takes.NUMBER:
            return self.number(node, depth)
        if takes is Takes.TRUTH:
            return self.truth(node, depth)
        term = self.read(node, depth)
        if takes is Takes.INPUT and term.op is not Op.INPUT:
            told = f"{function.op} takes {takes}, not {self._text(node)!r}"
            raise self._refusal(node, told, did_you_mean(self._text(node), self._names.inputs))
        return term

    def _fold_numbers(self, node: ast.Call, function: Function, depth: int) -> Term:
        if len(node.args) < 2:
            told = f"{function.op} takes {Takes.NUMBERS}"
            raise self._refusal(node, told, f"Write it like `{function.call}`")
        numbers = [self.number(argument, depth + 1) for argument in node.args]
        return reduce(
            lambda left, right: self._term(node, function.op, left, right, unit=UNSTATED), numbers
        )

    def _window(self, node: ast.expr, function: Function) -> int:
        us = self._source.duration(node) if isinstance(node, ast.Name) else None
        if us is None:
            told = f"{self._text(node)!r} is not a window"
            raise self._refusal(node, told, f"Write {Takes.WINDOW}, as in `{function.call}`")
        if not SHORTEST_WINDOW_US <= us <= LONGEST_WINDOW_US:
            shortest, longest = map(format_duration, (SHORTEST_WINDOW_US, LONGEST_WINDOW_US))
            told = f"a window of {self._text(node)} is not within {shortest} and {longest}"
            raise self._refusal(node, told, "Write one within")
        return us

    def _score(self, node: ast.Call) -> Term:
        if len(node.args) != 1 or not isinstance(node.args[0], ast.Name):
            raise self._refusal(
                node, f"{SCORE} takes the name of a model", "Write it like `score(pump_health)`"
            )
        model = node.args[0]
        if self._source.duration(model) is not None:
            raise self._refusal(model, f"{self._text(model)} is no model", "Name a model")
        if model.id in self._names.inputs:
            return self._term(node, Op.INPUT, name=model.id, unit=UNSTATED)
        models = self._names.models
        if models is not None and model.id not in models:
            told = f"the asset class has no role {model.id!r} of unit 1 for a model's score"
            remedy = did_you_mean(model.id, models, otherwise="Add the role to the class")
            raise self._refusal(model, told, remedy)
        return self._term(node, Op.INPUT, name=score_input(model.id), unit=UNSTATED)

    def _term(
        self,
        node: ast.expr,
        op: Op,
        *operands: Term,
        value: float = 0.0,
        name: str = "",
        window_us: int = 0,
        unit: str = "",
    ) -> Term:
        column, end_column = self._source.columns(node)
        return Term(op, operands, value, name, window_us, unit, column, end_column)

    def _text(self, node: ast.expr) -> str:
        return self._source.text(node)

    def _refusal(self, node: ast.expr, message: str, remedy: str) -> ExpressionError:
        column, end_column = self._source.columns(node)
        return ExpressionError(message, remedy, column, end_column)


_INSTEAD: dict[type[ast.operator], str] = {
    ast.BitAnd: "Write `and`",
    ast.BitOr: "Write `or`",
    ast.Pow: "Multiply instead",
}
