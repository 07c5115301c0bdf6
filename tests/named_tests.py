"""Whether the tests that a table names are there: a table of pitfalls is worth what it is checked for."""

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_TESTS = Path(__file__).parent


@cache
def names_in(path: str) -> frozenset[str]:
    """Names of the tests that a file below `tests` has."""
    tree = ast.parse((_TESTS / path).read_text(encoding="utf-8"))
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def missing(tests: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those of (file, name) that are not there."""
    return [(path, name) for path, name in tests if name not in names_in(path)]
