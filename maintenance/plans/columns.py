"""Rows turned into columns, as `unnest` takes them."""

from collections.abc import Sequence
from typing import Any


def named_columns(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    """Rows as named columns, as `unnest` takes them."""
    return dict(zip(names, columns(rows, len(names)), strict=True))


def columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Rows as so many columns; with none there are empty ones."""
    return [[row[place] for row in rows] for place in range(width)]
