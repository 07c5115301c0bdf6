"""The text of an expression on its way to `ast`: durations are put aside so that columns stay true."""

import ast
import re
import warnings

from config.durations import parse_duration
from config.units import unit_problem, unit_remedy

MAX_LENGTH = 1000
SHORTEST_WINDOW_US = 1_000
LONGEST_WINDOW_US = 1000 * 86_400_000_000

_OPERATOR = re.compile(r"\s*(<=|>=|==|!=|<|>)")
_FOREIGN = re.compile(r"[^\x20-\x7e\n]")
_QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")
_PIECE = r"[0-9]+(?:\.[0-9]+)?(?:us|ms|s|m|h|d)"
_TOKEN = re.compile(rf"(?P<quoted>{_QUOTED.pattern})|(?<![\w.])(?P<duration>(?:{_PIECE})+)(?!\w)")
_NUMBER = re.compile(r"\s*([-+]?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?)\s*(\S.*?)\s*", re.DOTALL)
_GLUED = re.compile(r"(?<![\w.])[0-9]+(?:\.[0-9]+)?([A-Za-z%]\w*)")
_APART = re.compile(r"(?<![\w.])([0-9]+(?:\.[0-9]+)?)\s+([A-Za-z%][\w/*%]*)")
_GRAMMAR = "Use numbers, names, + - * /, comparisons, and, or, not, and the functions of the guide"


class ExpressionError(ValueError):
    """Text that is no expression: `column` to `end_column` are its place, from 0 within the text."""

    def __init__(self, message: str, remedy: str, column: int = 0, end_column: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.column = column
        self.end_column = max(end_column, column + 1)


class Source:
    """A text being read. Raises `ExpressionError` where it has what no expression has."""

    def __init__(self, text: str) -> None:
        _refuse_foreign(text)
        self._whole = text
        self._durations: dict[int, int] = {}
        self._start = 0

    def leading_operator(self) -> str | None:
        """The comparison that the text begins with; it is then no part of the tree."""
        if (found := _OPERATOR.match(self._whole)) is None:
            return None
        self._start = found.end()
        return found[1]

    def tree(self) -> ast.expr:
        """The syntax tree, of which names on the list of `duration` are durations."""
        plain = self._masked().replace("\n", " ")
        text = plain.strip()
        if not text:
            raise ExpressionError("there is no expression", "Write a number", self._start)
        # ast counts from the first sign of what it is given.
        self._start += len(plain) - len(plain.lstrip())
        try:
            with warnings.catch_warnings(action="ignore"):
                return ast.parse(text, mode="eval").body
        except SyntaxError as error:
            raise self._unreadable((error.offset or len(text)) - 1) from error
        except (ValueError, RecursionError, MemoryError) as error:
            raise self._unreadable(0) from error

    def duration(self, node: ast.Name) -> int | None:
        """Microseconds of a duration, or None where the name is a name."""
        return self._durations.get(node.col_offset + self._start)

    def columns(self, node: ast.expr) -> tuple[int, int]:
        """Where a node begins and ends in the whole text."""
        return node.col_offset + self._start, (node.end_col_offset or 0) + self._start

    def text(self, node: ast.expr) -> str:
        """A node as it was written."""
        start, end = self.columns(node)
        return " ".join(self._whole[start:end].split())

    def _masked(self) -> str:
        """The text from `start` on, with names of the same length instead of durations."""

        def mask(found: re.Match[str]) -> str:
            if found["quoted"] is not None:
                return found[0]
            column = found.start() + self._start
            try:
                pieces = re.findall(_PIECE, found[0])
                self._durations[column] = sum(parse_duration(piece) for piece in pieces)
            except ValueError as error:
                message, _, remedy = str(error).partition(" | ")
                raise ExpressionError(message, remedy, column, column + len(found[0])) from error
            return "_" * len(found[0])

        return _TOKEN.sub(mask, self._whole[self._start :])

    def _unreadable(self, offset: int) -> ExpressionError:
        """What is wrong with a text that Python's grammar refuses at `offset`."""
        if (odd := self._unquoted_quantity()) is not None:
            return odd
        for sign, remedy in _INSTEAD.items():
            if (at := self._unquoted().find(sign)) >= 0:
                told = f"{sign.strip()!r} is not known here"
                return ExpressionError(told, remedy, at, at + len(sign))
        at = min(offset + self._start, max(len(self._whole) - 1, 0))
        return ExpressionError(f"{self._whole.strip()!r} cannot be read", _GRAMMAR, at)

    def _unquoted_quantity(self) -> ExpressionError | None:
        for found in _APART.finditer(self._unquoted()):
            if unit_problem(found[2]) is None:
                told = f"the unit of {found[0]!r} is not in quotes"
                remedy = f"Write '{found[1]} {found[2]}'"
                return ExpressionError(told, remedy, found.start(), found.end())
        for found in _GLUED.finditer(self._unquoted()):
            told = f"{found[0]!r} is neither a number nor a duration"
            quantity = f"'{found[0].removesuffix(found[1])} {found[1]}'"
            remedy = f"Write a duration such as 10m, or a quantity in quotes: {quantity}"
            return ExpressionError(told, remedy, found.start(), found.end())
        return None

    def _unquoted(self) -> str:
        return _blank_quotes(self._whole)


def _blank_quotes(text: str) -> str:
    return _QUOTED.sub(lambda found: " " * len(found[0]), text)


# What other languages write, and what is written here.
_INSTEAD = {
    "&&": "Write `and`",
    "||": "Write `or`",
    " AND ": "Write `and`",
    " OR ": "Write `or`",
    "NOT ": "Write `not`",
    "=>": "Write `>=`",
    "=<": "Write `<=`",
    "<>": "Write `!=`",
    " = ": "Write `==`",
    "%": "Percent stands in quotes, like '80 %'",
}


def read_quantity(text: str) -> tuple[float, str]:
    """Number and unit of `4.5 mm/s`.

    Raises `ValueError` with problem and remedy, parted by ` | `.
    """
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a quantity | Write a number and a unit, like '4.5 mm/s'")
    number, unit = float(found[1]), found[2]
    if (problem := unit_problem(unit)) is not None:
        raise ValueError(f"{problem} | {unit_remedy(unit)}")
    if number in (float("inf"), float("-inf")):
        raise ValueError("the number is too large | Write a number below 1e308")
    return number, unit


def _refuse_foreign(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"longer than {MAX_LENGTH} characters",
            "Split it over several rules",
            MAX_LENGTH,
            len(text),
        )
    if (foreign := _FOREIGN.search(text)) is not None:
        sign = foreign[0]
        remedy = _ASCII.get(sign, _GRAMMAR)
        raise ExpressionError(
            f"{sign!r} is not allowed here", remedy, foreign.start(), foreign.end()
        )
    if (at := _blank_quotes(text).find("#")) >= 0:
        raise ExpressionError(
            "a comment inside an expression",
            "Write it beside the YAML, after the text",
            at,
            len(text),
        )


_ASCII = {
    "°": "Write degC or degF",
    "²": "Write m**2",
    "³": "Write m**3",
    "µ": "Write um for micrometre",
    "≥": "Write >=",
    "≤": "Write <=",
    "≠": "Write !=",
    "Δ": "Write delta_degC",
    "\u2013": "Write a plain -",
    "\u2212": "Write a plain -",
    "\u00d7": "Write *",
    "\t": "Write spaces",
}
