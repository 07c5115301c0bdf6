"""Figures as the API shows them, and what it is asked for."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from maintenance.figures.breakdown_queries import ParetoBy
from maintenance.figures.figure import Definition, Measured, Period, Scope


class FigureQuery(BaseModel):
    """Which period, and which part of the plant; all that are given have to fit."""

    model_config = ConfigDict(extra="forbid")

    start: Annotated[
        AwareDatetime | None, Field(description="First moment; left out: 90 days before `end`.")
    ] = None
    end: Annotated[
        AwareDatetime | None, Field(description="It ends before this; left out: now.")
    ] = None
    site: Annotated[str | None, Field(description="Code of a site.")] = None
    asset_class: Annotated[str | None, Field(description="Code of an asset class.")] = None
    below: Annotated[
        str | None, Field(description="Tag of an asset: itself and all of its parts.")
    ] = None

    @property
    def scope(self) -> Scope:
        """The part of the plant."""
        return Scope(self.site, self.asset_class, self.below)


class ParetoQuery(FigureQuery):
    """The same, and what is put in order of its weight."""

    by: Annotated[ParetoBy, Field(description="What is counted.")] = ParetoBy.FAILURE_MODE


class FigureBody(BaseModel):
    """A figure with what it was taken over."""

    name: str = Field(examples=["mtbf"])
    title: str
    value: float | None = Field(description="null: there was nothing to take it over.")
    unit: str = Field(
        description="h, share (0 to 1), weeks, currency, of 5, or 1 for a count.", examples=["h"]
    )
    formula: str
    better: str = Field(description="higher or lower.")
    start: datetime
    end: datetime
    population: int = Field(description="How many it was taken over.")
    excluded: Mapping[str, int] = Field(description="What was left out: reason -> how many.")
    rows: Sequence[Mapping[str, Any]] = Field(description="What it was made of, newest first; 200.")

    @classmethod
    def of(cls, definition: Definition, measured: Measured, period: Period) -> "FigureBody":
        """From the domain's figure."""
        return cls(
            name=definition.name,
            title=definition.title,
            value=measured.value,
            unit=definition.unit,
            formula=definition.formula,
            better=definition.better,
            start=period.start,
            end=period.end,
            population=measured.population,
            excluded=measured.excluded,
            rows=measured.rows,
        )


class FiguresBody(BaseModel):
    """Every figure of one period, without its rows."""

    items: list[FigureBody]


class TrendPointBody(BaseModel):
    """A figure of one month, or of the part of it that lies in the period."""

    start: datetime
    end: datetime
    value: float | None
    population: int


class TrendBody(BaseModel):
    """A figure month by month (UTC)."""

    name: str
    unit: str
    items: list[TrendPointBody]


class ParetoRowBody(BaseModel):
    """One group of corrective orders."""

    key: str
    orders: int
    downtime_h: float
    cost: float
    cumulative: float = Field(description="Share of all orders up to this group and with it.")


class ParetoBody(BaseModel):
    """Groups of corrective orders, the heaviest first."""

    items: list[ParetoRowBody]


class LoadBody(BaseModel):
    """One person's work."""

    person: str
    hours: float = Field(description="Worked in the period.")
    orders: int = Field(description="On how many orders.")
    open_orders: int = Field(description="Assigned and open now.")
    open_hours: float = Field(description="Their planned hours.")


class TeamLoadBody(BaseModel):
    """Everybody's work."""

    items: list[LoadBody]
