"""Points and their readings as the API shows them; quality in words, times in UTC."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.bodies.page import LARGEST_PAGE, FromDomain, PageQuery
from config.clock import from_us
from edge.reading import Quality, Reason, split_quality
from ingest.history import Buckets, Latest, Series
from ingest.point import PointKind

QualityName = Literal["good", "uncertain", "bad"]


class PointBody(FromDomain):
    """One measured signal of one asset."""

    tag: str = Field(examples=["P-101.de_vibration"])
    asset: str = Field(examples=["P-101"])
    role: str = Field(description="What it measures, in the words of the asset's class.")
    name: str
    unit: str = Field(description="Unit of every value; `1`: none.", examples=["mm/s"])
    kind: PointKind
    resolution: float | None = Field(description="Smallest step that means anything.")
    low: float | None = Field(description="Values below are stored as bad.")
    high: float | None = Field(description="Values above are stored as bad.")
    rollover: float | None = Field(description="A counter starts again at 0 after this value.")


class LatestBody(BaseModel):
    """The newest reading of a point."""

    ts: datetime
    value: float | None = Field(description="In the point's unit; null: the device gave no number.")
    quality: QualityName
    reason: str | None = Field(description="Why it is not simply good.", examples=["range"])

    @classmethod
    def of(cls, reading: Latest) -> "LatestBody":
        """From time in µs, value and quality byte."""
        ts_us, value, code = reading
        return cls(ts=from_us(ts_us), value=value, quality=quality(code), reason=reason(code))


class PointWithLatest(PointBody):
    """A point and its newest reading, if there is one."""

    latest: LatestBody | None = None


class PointQuery(PageQuery):
    """Filters of the list of points."""

    asset: Annotated[str | None, Field(description="Tag of the asset.")] = None


class ReadingsQuery(BaseModel):
    """Which readings: those in (start, end]; raw ones, or by buckets of a width."""

    model_config = ConfigDict(extra="forbid")

    start: Annotated[
        datetime | None, Field(description="Left out: an hour before the end. With a zone.")
    ] = None
    end: Annotated[datetime | None, Field(description="Left out: now. With a zone.")] = None
    limit: Annotated[int, Field(ge=1, le=20 * LARGEST_PAGE, description="Raw readings.")] = 1000
    width: Annotated[
        str | None,
        Field(description="Width of the buckets; left out: raw readings.", examples=["60s", "1h"]),
    ] = None
    cursor: Annotated[str | None, Field(description="`next` of the raw readings before.")] = None


class RawReadings(BaseModel):
    """Readings as they came, in columns: the n-th of each belong together."""

    kind: Literal["raw"] = "raw"
    tag: str
    unit: str
    ts: list[int] = Field(
        description="µs since 1970-01-01 UTC.", examples=[[1_764_000_000_000_000]]
    )
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
            value=[None if value != value else value for value in series.value.tolist()],
            quality=series.quality.tolist(),
            next=following,
        )


class BucketedReadings(BaseModel):
    """Readings summed up by time, in columns. Bad ones are left out, empty buckets absent."""

    kind: Literal["buckets"] = "buckets"
    tag: str
    unit: str
    width_us: int = Field(examples=[60_000_000])
    ts: list[int] = Field(description="Start of each bucket, µs since 1970-01-01 UTC.")
    avg: list[float]
    min: list[float]
    max: list[float]
    count: list[int]

    @classmethod
    def of(cls, tag: str, unit: str, width_us: int, buckets: Buckets) -> "BucketedReadings":
        """From the columns of the store."""
        return cls(
            tag=tag,
            unit=unit,
            width_us=width_us,
            ts=buckets.ts.tolist(),
            avg=buckets.avg.tolist(),
            min=buckets.min.tolist(),
            max=buckets.max.tolist(),
            count=buckets.count.tolist(),
        )


Readings = Annotated[RawReadings | BucketedReadings, Field(discriminator="kind")]


def quality(code: int) -> QualityName:
    """The quality of a quality byte in a word."""
    names: dict[Quality, QualityName] = {Quality.GOOD: "good", Quality.UNCERTAIN: "uncertain"}
    return names.get(split_quality(code)[0], "bad")


def reason(code: int) -> str | None:
    """The reason of a quality byte in a word, or as a number where it has none."""
    found = split_quality(code)[1]
    if found == Reason.NONE:
        return None
    return found.name.lower() if isinstance(found, Reason) else str(found)
