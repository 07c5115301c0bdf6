"""Condition events and rules as the API shows them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from api.bodies.page import FromDomain, PageQuery
from conditions.event import ConditionEvent, EventState, Severity

SeverityName = Literal["low", "medium", "high", "critical"]


class WorkOrderRequestBody(FromDomain):
    """The work that the rule asks for."""

    type: str = Field(examples=["corrective"])
    job_plan: str | None = Field(examples=["inspect-bearing"])
    cooldown_s: float = Field(description="It is not asked for again within this time.")


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
    acknowledged_by: str | None

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
