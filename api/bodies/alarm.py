"""What keeps alarms silent, as the API shows and takes it."""

from datetime import date, datetime, time
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.bodies.event import Comment, Reason
from api.bodies.page import FromDomain, PageQuery
from conditions.rule_shape import AssetState
from conditions.suppression import DateWindow, Suppression, SuppressionKind, WeeklyWindow

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
    message: str | None = Field(description="null: the event is no longer kept.")
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
    """A suppression by design, in force; it holds for an event while what it names is so."""

    id: int
    asset: str | None = Field(description="With its parts; null: every asset.", examples=["PS-1"])
    rule: str | None = Field(description="null: every rule.")
    kind: SuppressionKind
    parent_rule: str | None
    states: list[str] | None
    weekdays: list[int] | None
    starts: time | None
    ends: time | None
    first_day: date | None
    last_day: date | None
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
                    "kind": "parent",
                    "parent_rule": "pump_station/power_loss",
                    "reason": "Without power its pumps say nothing new",
                }
            ]
        },
    )

    asset: str | None = Field(default=None, description="With its parts; null: every asset.")
    rule: str | None = Field(default=None, description="null: every rule.")
    kind: SuppressionKind = Field(
        description="`parent`: while an asset above has an active event (of `parent_rule`). "
        "`asset_state`: while the asset or one above it is in one of `states`. `window`: on "
        "`weekdays` from `starts` to `ends`, or from `first_day` through `last_day`."
    )
    parent_rule: str | None = Field(
        default=None, description="`asset_class/rule_id`, or a rule's id alone; null: any."
    )
    states: list[AssetState] | None = Field(
        default=None, min_length=1, examples=[["standby", "down"]]
    )
    weekdays: list[Weekday] | None = Field(
        default=None,
        min_length=1,
        description="Monday is 0. Over midnight: the day it begins on.",
    )
    starts: time | None = Field(default=None, description="By the clock of the asset's site.")
    ends: time | None = Field(default=None, description="Not after `starts`: on the next day.")
    first_day: date | None = None
    last_day: date | None = None
    reason: Reason

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "NewSuppressionBody":
        weekly = [self.weekdays, self.starts, self.ends]
        days = [self.first_day, self.last_day]
        if any(given is None for given in weekly) and any(given is not None for given in weekly):
            raise ValueError("a weekly window has weekdays, starts and ends")
        if (self.first_day is None) != (self.last_day is None):
            raise ValueError("a window of days has first_day and last_day")
        if self.first_day and self.last_day and self.first_day > self.last_day:
            raise ValueError("first_day is after last_day")
        given = {
            SuppressionKind.ASSET_STATE: self.states is not None,
            SuppressionKind.WINDOW: self.weekdays is not None or days[0] is not None,
            SuppressionKind.PARENT: self.parent_rule is not None,
        }
        if not given.pop(self.kind) and self.kind is not SuppressionKind.PARENT:
            raise ValueError(f"{self.kind} says nothing")
        if any(given.values()) or (self.weekdays is not None and days[0] is not None):
            raise ValueError("a suppression is of one kind: make a second one for another")
        return self

    def to_domain(self) -> Suppression:
        """What is asked for."""
        return Suppression(
            self.kind, self.parent_rule or "", frozenset(self.states or ()), self._window()
        )

    def _window(self) -> WeeklyWindow | DateWindow | None:
        if self.weekdays is not None and self.starts is not None and self.ends is not None:
            start, end = (at.replace(tzinfo=None) for at in (self.starts, self.ends))
            return WeeklyWindow(frozenset(self.weekdays), start, end)
        if self.first_day is not None and self.last_day is not None:
            return DateWindow(self.first_day, self.last_day)
        return None


class SilenceChangeBody(FromDomain):
    """Something that was done about a silence."""

    id: int
    at: datetime
    action: str = Field(
        description="`shelve`, `unshelve`, `shelf_expired`, `take_out_of_service`, "
        "`return_to_service`, `suppress`, `end_suppression`.",
        examples=["take_out_of_service"],
    )
    asset: str | None = Field(description="null: every asset.", examples=["P-101"])
    rule: str | None = Field(description="null: every rule.")
    event_id: int | None = Field(description="The event that was shelved.")
    actor: str = Field(description="`conditions`: the time of a shelf was over.")
    reason: str


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
