"""Service levels as the API shows them."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.bodies.page import FromDomain, PageQuery
from maintenance.calendars.kept import KeptIn
from maintenance.sla.agreement import ClockKind, Measure
from maintenance.sla.clock import Clock, ClockState, Part
from maintenance.sla.queries import CurrentAgreement


class TargetBody(FromDomain):
    """How soon."""

    minutes: int
    measure: Measure


class EscalationBody(FromDomain):
    """Who is told when so many per cent of a target are used."""

    at_percent: int
    notify: list[str]


class AgreementBody(FromDomain):
    """An agreement in force; an empty list of a criterion stands for everything."""

    code: str = Field(examples=["critical"])
    name: str
    types: list[str]
    priorities: list[int]
    sites: list[str]
    asset_classes: list[str]
    calendar: str | None
    response: TargetBody | None
    resolution: TargetBody | None
    pauses: list[str] | None = Field(description="null: the reasons that are marked so.")
    chain: list[EscalationBody]
    kept_in: KeptIn
    version: int = Field(description="Counts its versions; its ETag.")

    @classmethod
    def of(cls, current: CurrentAgreement) -> "AgreementBody":
        """From the domain's agreement."""
        agreement = current.agreement
        fields = {
            name: getattr(agreement, name) for name in cls.model_fields if hasattr(agreement, name)
        }
        return cls.model_validate(
            {**fields, "kept_in": current.kept_in, "version": current.version}
        )


class SegmentBody(FromDomain):
    """A stretch of the order's life, and how many seconds of it the clock took."""

    start: datetime
    end: datetime
    state: str
    hold_reason: str | None
    part: Part
    used_s: float


class ClockBody(FromDomain):
    """A clock as of now."""

    kind: ClockKind
    state: ClockState
    target: TargetBody
    used_s: float = Field(description="Seconds used.")
    left_s: float = Field(description="Seconds left; negative once the target is passed.")
    due_at: datetime | None = Field(
        description="When a running clock passes its target if nothing stops it."
    )
    breached_at: datetime | None
    finished_at: datetime | None
    counting: bool = Field(description="Whether time is being taken at this moment.")
    segments: list[SegmentBody]

    @classmethod
    def of(cls, clock: Clock) -> "ClockBody":
        """From the domain's clock."""
        return cls.model_validate(clock)


class NoticeBody(FromDomain):
    """A warning, breach or escalation that was told: when it came due, and when it was told."""

    kind: ClockKind
    step: str = Field(examples=["warning:75"])
    notify: list[str]
    due: datetime
    at: datetime


class PastBindingBody(FromDomain):
    """An agreement that the order was put under; null: none fitted."""

    agreement: str | None
    version: int | None
    reason: str
    actor: str
    at: datetime


class OrderServiceLevelBody(BaseModel):
    """What an order is under, why, and its clocks with what is behind them."""

    agreement: str | None = Field(description="null: no agreement fitted.")
    agreement_version: int | None
    reason: str
    clocks: list[ClockBody]
    notices: list[NoticeBody]
    bindings: list[PastBindingBody]


class AtRiskBody(FromDomain):
    """A running clock that has warned, with its order."""

    number: str = Field(examples=["WO-000001"])
    title: str
    asset: str
    site: str
    priority: int
    state: str
    assignee: str | None
    kind: ClockKind
    due_at: datetime
    breached_at: datetime | None


class AtRiskQuery(PageQuery):
    """Filters of the list of orders that run out of time."""

    site: Annotated[str | None, Field(description="Code of a site.")] = None


class MatchQuery(BaseModel):
    """An order that might be made."""

    model_config = ConfigDict(extra="forbid")

    type: Annotated[str, Field(examples=["corrective"])]
    priority: Annotated[int, Field(ge=1, le=5, examples=[2])]
    site: Annotated[str, Field(examples=["berlin"])]
    asset_class: Annotated[str, Field(examples=["centrifugal_pump"])]


class MatchBody(BaseModel):
    """The agreement that such an order would be under, and why."""

    agreement: str | None
    reason: str
