"""What a figure is, and the period and the part of the plant that it is taken over. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

MOST_ROWS = 200
"""A figure gives the newest of its rows, and says how many there are."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Period:
    """What is looked at: [start, end), UTC. What lasts longer is clipped at both ends."""

    start: datetime
    end: datetime

    @property
    def hours(self) -> float:
        """Its length."""
        return (self.end - self.start) / timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Scope:
    """A part of the plant; what is None does not narrow it.

    `below` is the tag of an asset: itself and all of its parts, as the tree is now. Of the rows
    behind a figure `most_rows` are wanted.
    """

    site: str | None = None
    asset_class: str | None = None
    below: str | None = None
    most_rows: int = MOST_ROWS


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure of one period. Without a value there was nothing to take it over.

    `population` counts what it was taken over, `excluded` what was left out, by reason.
    """

    value: float | None
    population: int
    excluded: Mapping[str, int]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Definition:
    """What a figure is called and how it is taken; `better` is higher, lower or empty."""

    name: str
    title: str
    unit: str
    formula: str
    better: str = ""


def share(part: int, whole: int) -> float | None:
    """A part of a whole, 0 to 1; None of nothing."""
    return part / whole if whole else None


def per(amount: float, count: int) -> float | None:
    """An amount for each of so many; None for none."""
    return amount / count if count else None


def steps(period: Period, *, months: int = 1) -> list[Period]:
    """The period cut at the first of every month (UTC), its ends as they are."""
    cuts = [period.start]
    while (following := _month_after(cuts[-1], months)) < period.end:
        cuts.append(following)
    ends = [*cuts[1:], period.end]
    return [Period(start, end) for start, end in zip(cuts, ends, strict=True)]


def _month_after(moment: datetime, months: int) -> datetime:
    index = moment.year * 12 + moment.month - 1 + months
    return moment.replace(
        year=index // 12, month=index % 12 + 1, day=1, hour=0, minute=0, second=0, microsecond=0
    )
