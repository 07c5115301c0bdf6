"""Readings of a point as the API shows them, in columns; times in UTC."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.bodies.page import LARGEST_PAGE
from edge.reading import Float64s
from ingest.history.buckets import Buckets
from ingest.history.chart import Line
from ingest.history.series import Believed, Series
from ingest.history.states import StateTime

_TIMES = "µs since 1970-01-01 UTC."
_MOST_PIXELS = 10_000


class Format(StrEnum):
    """Forms that readings are sent in."""

    JSON = "json"
    CSV = "csv"
    ARROW = "arrow"
    PARQUET = "parquet"


class Counts(StrEnum):
    """Which readings count, by their quality."""

    GOOD = "good"
    NOT_BAD = "not_bad"
    ALL = "all"

    @property
    def believed(self) -> Believed:
        """The same, as history knows it."""
        return Believed[self.name]


class Zone(StrEnum):
    """Where days begin."""

    UTC = "utc"
    SITE = "site"


class RangeQuery(BaseModel):
    """A range of time, what counts in it, and what is bridged."""

    model_config = ConfigDict(extra="forbid")

    start: Annotated[
        datetime | None, Field(description="Left out: an hour before the end. With a zone.")
    ] = None
    end: Annotated[datetime | None, Field(description="Left out: now. With a zone.")] = None
    counts: Annotated[Counts, Field(description="Which readings count, in buckets and states.")] = (
        Counts.NOT_BAD
    )
    max_gap: Annotated[
        str | None,
        Field(
            description="Longest stretch between readings that count over which a value holds; "
            "left out: 15m.",
            examples=["15m", "2h"],
        ),
    ] = None


class ReadingsQuery(RangeQuery):
    """Which readings: raw ones, by buckets of a width, or for a chart so many pixels wide."""

    limit: Annotated[
        int, Field(ge=1, le=20 * LARGEST_PAGE, description="Raw readings in JSON.")
    ] = 1000
    width: Annotated[
        str | None,
        Field(description="Width of the buckets.", examples=["60s", "1h", "1d"]),
    ] = None
    zone: Annotated[
        Zone, Field(description="Where buckets of full days begin: `site` has days of 23 and 25 h.")
    ] = Zone.UTC
    pixels: Annotated[
        int | None,
        Field(ge=10, le=_MOST_PIXELS, description="Width of the chart.", examples=[1600]),
    ] = None
    format: Annotated[
        Format | None, Field(description="Left out: by the `Accept` header, else JSON.")
    ] = None
    cursor: Annotated[str | None, Field(description="`next` of the raw readings before.")] = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.width is not None and self.pixels is not None:
            raise ValueError("width and pixels exclude each other")
        return self


class RawReadings(BaseModel):
    """Readings as they came, in columns: the n-th of each belong together."""

    kind: Literal["raw"] = "raw"
    tag: str
    unit: str
    ts: list[int] = Field(description=_TIMES, examples=[[1_764_000_000_000_000]])
    value: list[float | None] = Field(examples=[[4.2]])
    quality: list[int] = Field(
        description="OPC UA style: 0-63 good, 64-127 uncertain, 128-255 bad.", examples=[[0]]
    )
    next: str | None = Field(description="Send it as `cursor` for what follows; null: all is here.")

    @classmethod
    def of(cls, tag: str, unit: str, series: Series, following: str | None) -> "RawReadings":
        """From the columns of the store."""
        return cls(
            tag=tag,
            unit=unit,
            ts=series.ts.tolist(),
            value=series.value.tolist(),
            quality=series.quality.tolist(),
            next=following,
        )


class BucketedReadings(BaseModel):
    """Readings summed up by time, in columns; buckets that nothing is known of are absent.

    A bucket is [ts, ts + width); one that only a held value reaches into has count 0.
    """

    kind: Literal["buckets"] = "buckets"
    tag: str
    unit: str
    width_us: int = Field(examples=[60_000_000])
    ts: list[int] = Field(description=f"Start of each bucket, {_TIMES}")
    count: list[int]
    avg: list[float | None] = Field(description="Average of the readings, each counts the same.")
    time_avg: list[float | None] = Field(
        description="Average by time: each value weighs as long as it held, over `covered_s`."
    )
    covered_s: list[float] = Field(description="Seconds of the bucket in which the value is known.")
    min: list[float | None]
    max: list[float | None]
    first: list[float | None]
    last: list[float | None]
    increase: list[float | None] | None = Field(
        description="Of counters: what was counted, over rollovers and resets. Null: no counter."
    )

    @classmethod
    def of(
        cls, head: tuple[str, str, int], buckets: Buckets, increase: Float64s | None
    ) -> "BucketedReadings":
        """From the columns of the store; `head` is tag, unit and width in µs."""
        tag, unit, width_us = head
        return cls(
            tag=tag,
            unit=unit,
            width_us=width_us,
            ts=buckets.ts.tolist(),
            count=buckets.count.tolist(),
            avg=buckets.avg.tolist(),
            time_avg=buckets.time_avg.tolist(),
            covered_s=buckets.covered.tolist(),
            min=buckets.min.tolist(),
            max=buckets.max.tolist(),
            first=buckets.first.tolist(),
            last=buckets.last.tolist(),
            increase=None if increase is None else increase.tolist(),
        )


class ChartReadings(BaseModel):
    """The points of a line, in columns: peaks survive, a null breaks the line."""

    kind: Literal["chart"] = "chart"
    tag: str
    unit: str
    source: Literal["readings", "minutes", "hours"] = Field(description="What it is drawn from.")
    ts: list[int] = Field(description=_TIMES)
    value: list[float | None]

    @classmethod
    def of(cls, tag: str, unit: str, line: Line) -> "ChartReadings":
        """From a line of history."""
        return cls(
            tag=tag,
            unit=unit,
            source=line.source.value,
            ts=line.ts.tolist(),
            value=line.value.tolist(),
        )


Readings = Annotated[RawReadings | BucketedReadings | ChartReadings, Field(discriminator="kind")]


class StateBody(BaseModel):
    """One value that a point stood at."""

    value: float
    seconds: float = Field(description="How long it was seen to last.")
    entries: int = Field(description="How often it was entered from another value.")


class StatesBody(BaseModel):
    """How long a point stood at each value; what nobody knows is in none."""

    tag: str
    unit: str
    range_s: float = Field(description="Length of the range.")
    covered_s: float = Field(description="Seconds of it in which the value is known.")
    states: list[StateBody]

    @classmethod
    def of(cls, tag: str, unit: str, range_us: int, states: dict[float, StateTime]) -> "StatesBody":
        """From the times of history."""
        return cls(
            tag=tag,
            unit=unit,
            range_s=range_us / 1e6,
            covered_s=sum(state.seconds for state in states.values()),
            states=[
                StateBody(value=value, seconds=state.seconds, entries=state.entries)
                for value, state in states.items()
            ],
        )
