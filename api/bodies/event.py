"""Condition events as the API shows them, and what is said when acting on one."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from api.bodies.page import FromDomain, PageQuery
from conditions.event import ConditionEvent, EventState, Recurrence, Severity, Silence
from conditions.event_queries import EventFlag, EventOrder, HistoryEntry

SeverityName = Literal["low", "medium", "high", "critical"]

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Comment = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


class WorkOrderRequestBody(FromDomain):
    """The work that the rule asks for."""

    type: str = Field(examples=["corrective"])
    job_plan: str | None = Field(examples=["inspect-bearing"])
    cooldown_s: float = Field(description="It is not asked for again within this time.")
    recurrence: Recurrence = Field(
        default=Recurrence.COOLDOWN,
        description="What follows when the problem comes back after its order was completed.",
    )


class EventBody(BaseModel):
    """One problem of one asset, from its raise to its clearing."""

    id: int
    rule: str = Field(examples=["centrifugal_pump/vibration_zone"])
    asset: str = Field(examples=["P-101"])
    failure_mode: str = Field(description="ISO 14224.", examples=["VIB"])
    state: EventState
    severity: SeverityName
    peak_severity: SeverityName
    message: str
    onset: datetime = Field(description="When the condition first held.")
    raised_at: datetime = Field(description="When it had held long enough.")
    changed_at: datetime
    cleared_at: datetime | None
    value: float | None = Field(description="In the unit that the evidence names.")
    work_order: WorkOrderRequestBody | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None = Field(
        description="Who has seen it: a user, a key, or `source:NAME` where it was acknowledged at "
        "the device that raised it.",
        examples=["source:press"],
    )
    open: bool = Field(description="Its condition holds, or it is latched.")
    latched: bool = Field(description="It returned to normal and waits for a reset.")
    silenced: list[Silence] = Field(
        description="What keeps it from being annunciated; empty: it is before people."
    )
    silenced_why: str = Field(examples=["P-100 is under maintenance"])
    chattering: bool = Field(
        description="It is at least the third of its rule and asset within a minute."
    )

    @classmethod
    def of(cls, event: ConditionEvent) -> "EventBody":
        """From the domain's event, without its evidence."""
        return cls.model_validate(_fields(event))


class EventDetail(EventBody):
    """An event with the readings that caused it."""

    evidence: dict[str, Any] = Field(
        description="The rule as it stood, its thresholds, and the readings that caused the event."
    )

    @classmethod
    def of(cls, event: ConditionEvent) -> "EventDetail":
        """From the domain's event."""
        return cls.model_validate(_fields(event) | {"evidence": event.evidence})


class EventQuery(PageQuery):
    """Filters of the list of events; all that are given have to fit."""

    state: Annotated[EventState | None, Field(description="Does the condition still hold?")] = None
    asset: Annotated[str | None, Field(description="Tag of the asset.")] = None
    rule: Annotated[str | None, Field(description="`asset_class/rule_id`.")] = None
    severity: Annotated[
        SeverityName | None, Field(description="Events of at least this severity.")
    ] = None
    open: Annotated[
        bool | None, Field(description="Does the condition hold, or is it latched?")
    ] = None
    below: Annotated[
        str | None, Field(description="Tag of an asset: its events and those of its parts.")
    ] = None
    flag: Annotated[
        list[EventFlag], Field(description="Repeatable: all of them have to be set.")
    ] = Field(default_factory=list)
    order: Annotated[
        EventOrder, Field(description="`raised`: latest first; `severity`: worst first.")
    ] = EventOrder.RAISED


class AcknowledgeBody(BaseModel):
    """What is said when acknowledging."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"comment": "Looking at it."}]}
    )

    comment: Comment = ""


class ShelveBody(BaseModel):
    """How long an event is put aside, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"reason": "Sensor is replaced on Friday", "for_s": 28800}]
        },
    )

    reason: Reason = Field(description="Why; it stays in the audit trail.")
    for_s: float | None = Field(
        default=None, gt=0, le=604_800, description="Seconds from now; or `until`."
    )
    until: AwareDatetime | None = Field(
        default=None,
        description="Neither of both: as long as is allowed: 8 h critical, 1 d high, 7 d others.",
    )
    one_shot: bool = Field(
        default=False,
        description="This event alone, until it clears; else every one of its rule and asset.",
    )


class UnshelveBody(BaseModel):
    """What is said when an event is taken from its shelf."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "Sensor replaced"}]}
    )

    reason: Comment = ""


class ResetBody(BaseModel):
    """What is said when a latched event is reset."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "Pressure was relieved"}]}
    )

    reason: Comment = ""


class HistoryBody(BaseModel):
    """One thing that happened to an event."""

    at: datetime
    action: str = Field(examples=["raised", "acknowledge", "shelve", "annunciate"])
    actor: str = Field(description="`conditions`: the engine or the clock.", examples=["kim"])
    severity: SeverityName | None = Field(description="Of the engine's changes.")
    annunciated: bool | None = Field(description="Of the engine's changes: was anyone told?")
    reason: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @classmethod
    def of(cls, entry: HistoryEntry) -> "HistoryBody":
        """From the domain's entry."""
        return cls(
            at=entry.at,
            action=entry.action,
            actor=entry.actor,
            severity=name_of(entry.severity),
            annunciated=entry.annunciated,
            reason=entry.reason,
            before=None if entry.before is None else dict(entry.before),
            after=None if entry.after is None else dict(entry.after),
        )


def _fields(event: ConditionEvent) -> dict[str, Any]:
    same = {
        name: getattr(event, name)
        for name in EventBody.model_fields
        if name not in {"severity", "peak_severity", "work_order"}
    }
    request = event.work_order
    return same | {
        "severity": event.severity.label,
        "peak_severity": event.peak_severity.label,
        "work_order": WorkOrderRequestBody.model_validate(request) if request else None,
    }


def severity_of(name: SeverityName | None) -> Severity | None:
    """The severity that a name stands for, if one is given."""
    return None if name is None else Severity[name.upper()]


def name_of(severity: Severity | None) -> SeverityName | None:
    """The name of a severity, if there is one."""
    names: dict[Severity, SeverityName] = {
        Severity.LOW: "low",
        Severity.MEDIUM: "medium",
        Severity.HIGH: "high",
        Severity.CRITICAL: "critical",
    }
    return None if severity is None else names[severity]
