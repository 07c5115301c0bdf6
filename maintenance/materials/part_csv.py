"""Parts in a CSV file: a row for each part and storeroom; lists are joined by `;`. Pure of the database.

A part with several storerooms has several rows of the same code; what is empty is left out.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from maintenance.materials.file import PartShape
from maintenance.materials.part import PartDefinition

COLUMNS = (
    "code",
    "name",
    "unit",
    "classes",
    "assets",
    "manufacturer",
    "manufacturer_number",
    "alternatives",
    "lead_time_days",
    "standard_cost",
    "storeroom",
    "bin",
    "minimum",
    "reorder_point",
    "maximum",
    "opening",
)
_LISTS = ("classes", "assets", "alternatives")
_PLAIN = ("code", "name", "unit", "lead_time_days", "standard_cost")
_STOCK = ("storeroom", "bin", "minimum", "reorder_point", "maximum", "opening")


@dataclass(frozen=True, slots=True)
class Row:
    """A part with the line that it begins on, or what is wrong with it."""

    line: int
    code: str
    part: PartDefinition | None
    problem: str = ""


def read_parts(text: str) -> list[Row]:
    """The parts of a CSV file, in the order of their first rows; an unknown column is a problem."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    names = reader.fieldnames or ()
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or "code" not in names:
        wrong = f"there is no column {unknown[0]!r}" if unknown else "there is no column 'code'"
        return [Row(1, "", None, f"{wrong}; known are {', '.join(COLUMNS)}")]
    grouped: dict[str, list[tuple[int, dict[str, str]]]] = {}
    for line, row in enumerate(reader, start=2):
        cells = {name: (value or "").strip() for name, value in row.items() if name}
        grouped.setdefault(cells["code"], []).append((line, cells))
    return [_row(code, rows) for code, rows in grouped.items()]


def _row(code: str, rows: list[tuple[int, dict[str, str]]]) -> Row:
    line, first = rows[0]
    data: dict[str, Any] = {name: first[name] for name in _PLAIN if first.get(name)}
    data |= {name: _split(first[name]) for name in _LISTS if first.get(name)}
    data["manufacturer_numbers"] = list(_numbers(rows))
    data["stock"] = [
        {name: cells[name] for name in _STOCK if cells.get(name)}
        for _, cells in rows
        if cells.get("storeroom")
    ]
    try:
        return Row(line, code, PartShape.model_validate(data).definition())
    except ValidationError as error:
        wrong = [
            f"{'.'.join(str(part) for part in one['loc']) or 'row'}: {one['msg']}"
            for one in error.errors()
        ]
        return Row(line, code, None, "; ".join(wrong))


def _split(text: str) -> list[str]:
    return [name.strip() for name in text.split(";") if name.strip()]


def _numbers(rows: list[tuple[int, dict[str, str]]]) -> Iterator[dict[str, str]]:
    seen: set[tuple[str, str]] = set()
    for _, cells in rows:
        pair = (cells.get("manufacturer", ""), cells.get("manufacturer_number", ""))
        if any(pair) and pair not in seen:
            seen.add(pair)
            yield {"manufacturer": pair[0], "number": pair[1]}
