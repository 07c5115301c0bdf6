"""Alarm performance as the API shows it, and what it is asked for."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.bodies.event import EventBody
from api.bodies.page import FromDomain
from conditions.flood import EventGroup


class PerformanceQuery(BaseModel):
    """Which period is looked at, of what, and how many people answer its alarms."""

    model_config = ConfigDict(extra="forbid")

    start: Annotated[
        AwareDatetime | None, Field(description="First moment; left out: a week before `end`.")
    ] = None
    end: Annotated[
        AwareDatetime | None, Field(description="It ends before this; left out: now.")
    ] = None
    below: Annotated[
        str | None, Field(description="Tag of an asset: its alarms and those of its parts.")
    ] = None
    operators: Annotated[
        int, Field(ge=1, le=1000, description="People who answer at any time.", examples=[1])
    ] = 1


class FigureBody(FromDomain):
    """One figure with what it was taken over."""

    name: str = Field(examples=["average_rate"])
    value: float | None = Field(description="null: there was nothing to take it over.")
    unit: str = Field(examples=["1/h"])
    formula: str
    target: str = Field(description="What the standards ask for, in words.")
    population: int = Field(description="How many annunciations it was taken over.")
    excluded: Mapping[str, int] = Field(description="What was left out: reason -> how many.")
    rows: Sequence[Mapping[str, Any]] = Field(
        description="What it was made of. `start_us` is in µs since 1970, `s` seconds, `h` hours."
    )


class PerformanceBody(BaseModel):
    """Alarm performance of a period."""

    start: datetime
    end: datetime
    figures: list[FigureBody]


class GroupBody(BaseModel):
    """Open events that may have one cause."""

    asset: str = Field(description="What all of them are part of.", examples=["PS-1"])
    flood: bool = Field(description="They are more than ten.")
    failure_modes: Mapping[str, int] = Field(examples=[{"FLO": 12, "PWR": 1}])
    cause: EventBody = Field(description="The first one: a candidate, nothing more.")
    event_ids: list[int]

    @classmethod
    def of(cls, group: EventGroup) -> "GroupBody":
        """From the domain's group."""
        return cls(
            asset=group.asset,
            flood=group.flood,
            failure_modes=group.failure_modes,
            cause=EventBody.of(group.cause),
            event_ids=[event.id for event in group.events],
        )


class GroupsBody(BaseModel):
    """Every open event in a group."""

    items: list[GroupBody]
