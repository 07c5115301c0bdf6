"""What keeps alarms silent, as the API shows and takes it."""

from datetime import datetime, time
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.bodies.event import Comment, Reason
from api.bodies.page import FromDomain, PageQuery
from conditions.silence import Cause, Hours, Suppression

Weekday = Annotated[int, Field(ge=0, le=6)]


class SilenceQuery(PageQuery):
    """Which ones a list holds."""

    ended: Annotated[bool, Field(description="Also those that are no longer in force.")] = False


class ShelfBody(FromDomain):
    """A rule of an asset, or one event of it, put aside by a person."""

    id: int
    asset: str = Field(examples=["P-101"])
    rule: str = Field(examples=["centrifugal_pump/vibration_zone"])
    event_id: int
    message: str
    one_shot: bool = Field(description="The event alone, until it clears.")
    until: datetime
    reason: str
    actor: str
    created_at: datetime
    ended_at: datetime | None = Field(description="null: in force.")
    ended_by: str | None = Field(description="`conditions`: its time was over, or it cleared.")


class OutageBody(FromDomain):
    """Alarms that are out of service until they are returned."""

    id: int
    asset: str = Field(examples=["P-101"])
    rule: str | None = Field(description="null: every alarm of the asset and its parts.")
    reason: str
    actor: str
    created_at: datetime
    ended_at: datetime | None = Field(description="null: out of service.")
    ended_by: str | None


class NewOutageBody(BaseModel):
    """What is to be taken out of service, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"asset": "P-101", "reason": "Rebuilt until the end of March"}]
        },
    )

    asset: str
    rule: str | None = Field(
        default=None, description="One rule of the asset; else every alarm of it and its parts."
    )
    reason: Reason


class EndBody(BaseModel):
    """What is said when something is ended."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "The work is done"}]}
    )

    reason: Comment = ""


class SuppressionBody(FromDomain):
    """A suppression by design: it holds while its cause does."""

    id: int
    asset: str | None = Field(description="With its parts; null: every asset.", examples=["PS-1"])
    rule: str | None = Field(description="null: every rule.")
    cause: Cause
    parent_rule: str | None
    states: list[str] | None
    weekdays: list[int] | None
    starts: time | None
    ends: time | None
    reason: str
    actor: str
    created_at: datetime
    ended_at: datetime | None = Field(description="null: in force.")
    ended_by: str | None


class NewSuppressionBody(BaseModel):
    """What is to be suppressed, and while what."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "asset": "PS-1",
                    "cause": "parent_event",
                    "parent_rule": "pump_station/power_loss",
                    "reason": "Without power its pumps say nothing new",
                }
            ]
        },
    )

    asset: str | None = Field(default=None, description="With its parts; null: every asset.")
    rule: str | None = Field(default=None, description="null: every rule.")
    cause: Cause = Field(
        description="`parent_event`: while an asset above has an active event (of `parent_rule`). "
        "`asset_state`: while the asset or one above it is in one of `states`. `hours`: on "
        "`weekdays` from `starts` to `ends`."
    )
    parent_rule: str | None = None
    states: list[str] = Field(default_factory=list, examples=[["standby", "down"]])
    weekdays: list[Weekday] = Field(
        default_factory=list, description="Monday is 0. Over midnight: the day it begins on."
    )
    starts: time | None = Field(default=None, description="By the clock of the asset's site.")
    ends: time | None = Field(default=None, description="Not after `starts`: on the next day.")
    reason: Reason

    @model_validator(mode="after")
    def _fits_its_cause(self) -> "NewSuppressionBody":
        has_hours = bool(self.weekdays) and self.starts is not None and self.ends is not None
        any_hours = bool(self.weekdays) or self.starts is not None or self.ends is not None
        if self.cause is Cause.HOURS and not has_hours:
            raise ValueError("hours need weekdays, starts and ends")
        if self.cause is Cause.ASSET_STATE and not self.states:
            raise ValueError("asset_state needs states")
        others = {
            Cause.PARENT_EVENT: any_hours or bool(self.states),
            Cause.ASSET_STATE: any_hours or self.parent_rule is not None,
            Cause.HOURS: bool(self.states) or self.parent_rule is not None,
        }
        if others[self.cause]:
            raise ValueError(f"{self.cause} takes none of what belongs to another cause")
        return self

    def to_domain(self) -> Suppression:
        """What is asked for; its asset is found by its tag."""
        hours = None
        if self.starts is not None and self.ends is not None:
            hours = Hours(
                frozenset(self.weekdays),
                self.starts.replace(tzinfo=None),
                self.ends.replace(tzinfo=None),
            )
        return Suppression(
            id=0,
            asset_id=None,
            rule=self.rule,
            cause=self.cause,
            reason=self.reason,
            parent_rule=self.parent_rule,
            states=frozenset(self.states),
            hours=hours,
        )


class CountsBody(FromDomain):
    """How many events are open, and how many of those stand how."""

    open: int
    annunciated: int
    unacknowledged: int = Field(description="Of the annunciated ones.")
    latched: int
    shelved: int
    suppressed: int
    out_of_service: int


class IdBody(BaseModel):
    """The id of what was made."""

    id: int
