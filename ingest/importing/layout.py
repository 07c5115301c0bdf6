"""What a file's columns mean: a reading for each row, or a column for each point. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from ingest.errors import ImportRefused

_TIMES = ("time", "timestamp", "ts", "datetime", "date")
_TAGS = ("tag", "point")
_VALUES = ("value", "val")
_QUALITIES = ("quality",)


class TimeUnit(StrEnum):
    """What a time that is a plain number counts since 1970-01-01 UTC."""

    SECONDS = "s"
    MILLISECONDS = "ms"
    MICROSECONDS = "us"
    NANOSECONDS = "ns"


@dataclass(frozen=True, slots=True)
class Reading:
    """How files are read, as the person said; `tags` gives a tag to other names."""

    time_column: str | None = None
    time_zone: str | None = None
    """Zone of times that name none."""
    time_unit: TimeUnit | None = None
    decimal: str = "."
    delimiter: str = ","
    tags: Mapping[str, str] = field(default_factory=dict)
    skip: frozenset[str] = frozenset()
    """Columns that are left out."""

    @property
    def manner(self) -> str:
        """The same for files that are read the same."""
        return json.dumps(
            {**asdict(self), "skip": sorted(self.skip), "tags": dict(self.tags)}, sort_keys=True
        )

    def tag_of(self, name: str) -> str:
        """The tag that a name in the file stands for."""
        return self.tags.get(name, name)


@dataclass(frozen=True, slots=True)
class Long:
    """One reading in each row: names of its columns."""

    time: str
    tag: str
    value: str
    quality: str | None


@dataclass(frozen=True, slots=True)
class Wide:
    """One time in each row, and a column of values for each tag."""

    time: str
    tag_of: Mapping[str, str]


Layout = Long | Wide


def find_layout(columns: Sequence[str], reading: Reading) -> Layout:
    """The layout of a file with these columns. Raises `ImportRefused`."""
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise ImportRefused(f"column {twice[0]!r} is there twice: rename one of them")
    time = _time_column(columns, reading)
    tag, value = _named(columns, _TAGS), _named(columns, _VALUES)
    if tag and value:
        return Long(time, tag, value, _named(columns, _QUALITIES))
    others = [name for name in columns if name != time and name not in reading.skip]
    if not others:
        raise ImportRefused(
            f"there is no column beside {time!r}: a file has either the columns time, tag and"
            " value, or time and a column for each tag"
        )
    return Wide(time, {name: reading.tag_of(name) for name in others})


def unknown_columns(layout: Wide, known: Mapping[str, object]) -> list[str]:
    """Names of columns that stand for no point."""
    return [name for name, tag in layout.tag_of.items() if tag not in known]


def _time_column(columns: Sequence[str], reading: Reading) -> str:
    if reading.time_column is not None:
        if reading.time_column not in columns:
            raise ImportRefused(
                f"there is no column {reading.time_column!r} but {_listed(columns)}"
            )
        return reading.time_column
    found = _named(columns, _TIMES)
    if found is None:
        raise ImportRefused(
            f"no column is called {', '.join(_TIMES)}: name the one that holds the time with"
            f" --time-column (there are {_listed(columns)})"
        )
    return found


def _named(columns: Sequence[str], names: Sequence[str]) -> str | None:
    """The first of the names that a column has, in upper or lower case."""
    lower = {column.strip().lower(): column for column in reversed(columns)}
    return next((lower[name] for name in names if name in lower), None)


def _listed(columns: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in columns[:20])
    return f"{shown}, …" if len(columns) > 20 else shown
