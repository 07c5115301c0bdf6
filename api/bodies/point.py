"""Points and their latest readings as the API shows them; quality in words, times in UTC."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from api.bodies.page import FromDomain, PageQuery
from config.clock import from_us
from edge.reading import Quality, Reason, split_quality
from ingest.history.latest import Latest
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
    jitter: float | None = Field(description="A counter's fall by no more than this is noise.")
    max_per_hour: float | None = Field(
        description="A counter is not believed to count more than this in an hour."
    )


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
