"""The register as a table: one row an asset, read and written as CSV.

A column that the table lacks leaves what is there as it is; an empty cell clears it. Attributes stand
in columns `attribute.NAME`, ids of other systems in `external.SYSTEM`. What is written is read back
as the same assets.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from config.difference import Stored
from config.suggestion import did_you_mean
from maintenance.register.asset import (
    AssetClass,
    AssetDefinition,
    Criticality,
    KeptIn,
    Nameplate,
)
from maintenance.register.attribute import AttributeValue, read_value, write_value
from maintenance.register.definition_check import Known, definition_problems
from maintenance.register.tree import rings

COLUMNS = (
    "tag",
    "name",
    "class",
    "site",
    "location",
    "parent",
    "criticality",
    "manufacturer",
    "model",
    "serial",
    "year",
)
_ATTRIBUTE, _EXTERNAL = "attribute.", "external."
_REQUIRED = ("name", "class", "site")
_PLATE = ("manufacturer", "model", "serial")
_TAG_SIGNS = ".{}/#+>*"
_LONGEST = 500
_YEARS = (1800, 2200)


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong in a row, and what would be right; row 1 has the names of the columns."""

    row: int
    column: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"row {self.row}, column {self.column}: {self.message}. {self.remedy}"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows by their number, each by column."""

    rows: Mapping[int, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a table says: assets to be written, and what is wrong. Nothing is, or all is refused."""

    assets: Mapping[str, AssetDefinition]
    problems: Sequence[RowProblem]


def write_table(assets: Iterable[AssetDefinition]) -> str:
    """Assets as CSV, by tag, with a column for each attribute and each system that any has."""
    listed = sorted(assets, key=lambda asset: asset.tag)
    attributes = sorted({name for asset in listed for name in asset.attributes})
    systems = sorted({name for asset in listed for name in asset.external_ids})
    names = [
        *COLUMNS,
        *(f"{_ATTRIBUTE}{name}" for name in attributes),
        *(f"{_EXTERNAL}{name}" for name in systems),
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(map(_cells, listed))
    return text.getvalue()


def read_table(text: str) -> tuple[Table, list[RowProblem]]:
    """The rows of a CSV, parted by commas or semicolons, and what is wrong with its columns."""
    text = text.removeprefix("\N{BOM}")
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = [name.strip() for name in next(reader, [])]
    problems = list(_column_problems(names))
    rows: dict[int, Mapping[str, str]] = {}
    for number, cells in enumerate(reader, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(names):
            message = f"it has {len(cells)} cells, the first row {len(names)}"
            problems.append(RowProblem(number, "-", message, "Give each column a cell"))
        else:
            rows[number] = {name: cell.strip() for name, cell in zip(names, cells, strict=True)}
    return Table(rows), problems


def read_assets(
    table: Table, stored: Mapping[str, Stored[AssetDefinition]], known: Known
) -> Reading:
    """The assets that a table asks for, over those that are stored.

    An asset that is new or revived is kept by the database; one that files keep may stand in the
    table unchanged, as an export has it.
    """
    problems: list[RowProblem] = []
    assets: dict[str, AssetDefinition] = {}
    rows: dict[str, int] = {}
    for number, row in table.rows.items():
        tag = row.get("tag", "")
        found = list(_tag_problems(tag, rows)) or list(_row_problems(row, stored.get(tag), known))
        problems += [RowProblem(number, column, *said) for column, *said in found]
        if found:
            continue
        rows[tag] = number
        assets[tag] = _definition(row, stored.get(tag), known.classes)
    everyone = Known(known.sites, known.locations, known.classes, known.tags | assets.keys())
    for tag, asset in assets.items():
        problems += [
            RowProblem(rows[tag], _column(each.field), each.message, each.remedy)
            for each in definition_problems(asset, everyone)
        ]
        if _is_of_files(stored.get(tag)) and asset != stored[tag].definition:
            message = f"{tag} is kept in the plant's files"
            remedy = "Change it there and run `oilcan apply`, or take the row out"
            problems.append(RowProblem(rows[tag], "tag", message, remedy))
    problems += _rings(assets, rows, stored)
    return Reading(assets, sorted(problems, key=lambda each: each.row))


def _cells(asset: AssetDefinition) -> dict[str, str]:
    plate = asset.nameplate
    return {
        "tag": asset.tag,
        "name": asset.name,
        "class": asset.asset_class,
        "site": asset.site,
        "location": asset.location or "",
        "parent": asset.parent or "",
        "criticality": asset.criticality,
        "manufacturer": plate.manufacturer or "",
        "model": plate.model or "",
        "serial": plate.serial or "",
        "year": "" if plate.year is None else str(plate.year),
        **{f"{_ATTRIBUTE}{name}": write_value(value) for name, value in asset.attributes.items()},
        **{f"{_EXTERNAL}{name}": value for name, value in asset.external_ids.items()},
    }


def _column_problems(names: Sequence[str]) -> Iterator[RowProblem]:
    if "tag" not in names:
        yield RowProblem(1, "tag", "there is no column tag", "Name each asset by its tag")
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield RowProblem(1, name, "there are two of it", "Remove one")
        if name not in COLUMNS and not name.startswith((_ATTRIBUTE, _EXTERNAL)):
            others = "; others are attribute.NAME and external.SYSTEM"
            remedy = did_you_mean(name, COLUMNS)
            yield RowProblem(1, name, f"there is no column {name!r}", f"{remedy}{others}")


Said = tuple[str, str, str]
"""Column, message, remedy."""


def _tag_problems(tag: str, rows: Mapping[str, int]) -> Iterator[Said]:
    if not tag or len(tag) > 100 or any(sign.isspace() or sign in _TAG_SIGNS for sign in tag):
        yield "tag", f"{tag!r} is no tag", f"No spaces and none of {_TAG_SIGNS}, at most 100 signs"
    elif tag in rows:
        yield "tag", f"{tag} stands in row {rows[tag]} already", "Keep one of the two"


def _row_problems(
    row: Mapping[str, str], stored: Stored[AssetDefinition] | None, known: Known
) -> Iterator[Said]:
    for column in _REQUIRED:
        if not row.get(column, "" if stored is None else "-"):
            yield column, "it is empty", f"Every asset has a {column}"
    if row.get("criticality") and row["criticality"] not in list(Criticality):
        yield "criticality", f"{row['criticality']!r} is none", "Write A, B or C"
    year = row.get("year", "")
    if year and not (year.isdecimal() and _YEARS[0] <= int(year) <= _YEARS[1]):
        yield "year", f"{year!r} is no year", "Write it as in 2019"
    for column, cell in row.items():
        if len(cell) > _LONGEST:
            yield column, "it is too long", f"At most {_LONGEST} signs"


def _definition(
    row: Mapping[str, str],
    stored: Stored[AssetDefinition] | None,
    classes: Mapping[str, AssetClass],
) -> AssetDefinition:
    new = AssetDefinition(
        tag=row["tag"],
        name=row.get("name", ""),
        asset_class=row.get("class", ""),
        site=row.get("site", ""),
        location=None,
        parent=None,
        criticality=Criticality.B,
        kept_in=KeptIn.DATABASE,
    )
    asset = stored.definition if stored else new
    asset = replace(asset, **_plain_fields(row))
    asset_class = classes.get(asset.asset_class)
    attributes = {
        **asset.attributes,
        **{name: cell or None for name, cell in _prefixed(row, _ATTRIBUTE)},
    }
    return replace(
        asset,
        nameplate=_nameplate(row, asset.nameplate),
        attributes=dict(_values(attributes, asset_class)),
        external_ids={
            name: value
            for name, value in {**asset.external_ids, **dict(_prefixed(row, _EXTERNAL))}.items()
            if value
        },
        kept_in=asset.kept_in if _is_of_files(stored) else KeptIn.DATABASE,
    )


def _plain_fields(row: Mapping[str, str]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        name: row[column]
        for column, name in (("name", "name"), ("class", "asset_class"), ("site", "site"))
        if column in row
    }
    fields |= {name: row[name] or None for name in ("location", "parent") if name in row}
    if row.get("criticality"):
        fields["criticality"] = Criticality(row["criticality"])
    return fields


def _nameplate(row: Mapping[str, str], present: Nameplate) -> Nameplate:
    said: dict[str, Any] = {name: row[name] or None for name in _PLATE if name in row}
    if "year" in row:
        said["year"] = int(row["year"]) if row["year"] else None
    return replace(present, **said)


def _prefixed(row: Mapping[str, str], prefix: str) -> Iterator[tuple[str, str]]:
    return (
        (name.removeprefix(prefix), cell) for name, cell in row.items() if name.startswith(prefix)
    )


def _values(
    attributes: Mapping[str, AttributeValue | None], asset_class: AssetClass | None
) -> Iterator[tuple[str, AttributeValue]]:
    """Values by the kinds of the class; what the class does not have is told by the check."""
    known = asset_class.attributes if asset_class else {}
    for name, value in attributes.items():
        if value is None:
            continue
        yield (
            name,
            read_value(known[name], value) if name in known and isinstance(value, str) else value,
        )


def _rings(
    assets: Mapping[str, AssetDefinition],
    rows: Mapping[str, int],
    stored: Mapping[str, Stored[AssetDefinition]],
) -> Iterator[RowProblem]:
    definitions = {tag: each.definition for tag, each in stored.items()} | dict(assets)
    parents = {tag: each.parent for tag, each in definitions.items() if each.parent}
    for ring in rings(parents):
        tag = next((each for each in ring if each in rows), None)
        if tag is not None and len(ring) > 1:
            way = " -> ".join([*ring, ring[0]])
            message = f"{tag} would be a part of itself: {way}"
            yield RowProblem(rows[tag], "parent", message, "Give one of them another parent")


def _is_of_files(stored: Stored[AssetDefinition] | None) -> bool:
    return stored is not None and not stored.retired and stored.definition.kept_in is KeptIn.FILES


def _column(field: str) -> str:
    """A field of an asset as the table calls it."""
    head, dot, name = field.partition(".")
    return f"{_ATTRIBUTE}{name}" if head == "attributes" and dot else head
