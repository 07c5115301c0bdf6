"""Work orders as the API shows them and takes them in."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.bodies.event import EventBody
from api.bodies.page import FromDomain, PageQuery
from maintenance.orders.queries import LinkedEvent
from maintenance.orders.transitions import allowed_transitions
from maintenance.orders.work_order import Action, OrderType, Origin, State, WorkOrder


class OrderBody(FromDomain):
    """A work order as it stands."""

    number: str = Field(examples=["WO-000001"])
    asset: str = Field(examples=["P-101"])
    asset_name: str
    type: OrderType = Field(description="Maintenance type (EN 13306).")
    origin: Origin = Field(description="What asked for the work.")
    title: str
    description: str
    failure_mode: str | None
    job_plan: str | None
    priority: int = Field(ge=1, le=5, description="1 is the most urgent.")
    priority_reason: str
    state: State
    version: int = Field(description="Counts its changes; the ETag of the order.")
    assignee: str | None
    resolution: str | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    approved_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    closed_at: datetime | None
    cancelled_at: datetime | None
    allowed_transitions: list[Action] = Field(description="What may be done with it next.")

    @classmethod
    def of(cls, order: WorkOrder) -> "OrderBody":
        """From the domain's order."""
        return cls.model_validate(fields_of(order))


def fields_of(order: WorkOrder) -> dict[str, Any]:
    """The fields of `OrderBody`."""
    fields = {name: getattr(order, name, None) for name in OrderBody.model_fields}
    return fields | {"allowed_transitions": allowed_transitions(order)}


class OrderChangeBody(FromDomain):
    """One row of the audit trail."""

    version: int
    action: str
    from_state: State | None
    to_state: State
    actor: str
    reason: str
    details: dict[str, Any]
    at: datetime


class LinkedEventBody(BaseModel):
    """A condition event, and what it did to the order."""

    event: EventBody
    relation: str = Field(examples=["raised"])
    reason: str
    at: datetime

    @classmethod
    def of(cls, linked: LinkedEvent) -> "LinkedEventBody":
        """From the domain's link."""
        return cls(
            event=EventBody.of(linked.event),
            relation=linked.relation,
            reason=linked.reason,
            at=linked.at,
        )


class OrderDetail(OrderBody):
    """A work order with its evidence, its audit trail and its events."""

    evidence: dict[str, Any] | None
    changes: list[OrderChangeBody]
    events: list[LinkedEventBody]


class OrderQuery(PageQuery):
    """Filters of the list of work orders; all that are given have to fit."""

    state: Annotated[
        list[State], Field(default_factory=list, description="Any of these; may be repeated.")
    ]
    asset: Annotated[str | None, Field(description="Tag of the asset.")] = None
    priority: Annotated[int | None, Field(ge=1, le=5)] = None
    assignee: Annotated[str | None, Field(description="Who carries it out.")] = None


class NewOrderBody(BaseModel):
    """A work order that a person or a program asks for; it starts as a draft."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"asset": "P-101", "title": "Seal drips", "type": "corrective"}]
        },
    )

    asset: str = Field(min_length=1, description="Tag of the asset.")
    title: str = Field(min_length=1, max_length=200)
    description: str = Field(default="", max_length=10_000)
    type: OrderType = OrderType.CORRECTIVE
    priority: int | None = Field(
        default=None, ge=1, le=5, description="Left out: by the asset's criticality."
    )
    failure_mode: str | None = Field(default=None, max_length=20, description="ISO 14224.")
    job_plan: str | None = Field(default=None, max_length=100)


class ParticularsBody(BaseModel):
    """What is said along with an action."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"resolution": "Bearing replaced, aligned"}]},
    )

    reason: str = Field(default="", max_length=2000, description="Needed to cancel.")
    resolution: str | None = Field(
        default=None,
        max_length=10_000,
        description="What was found and done; needed to complete corrective work.",
    )


class AssigneeBody(BaseModel):
    """Who is to carry an order out."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"assignee": "kim"}]})

    assignee: str | None = Field(max_length=100, description="null: nobody.")
    reason: str = Field(default="", max_length=2000)


class CommentBody(BaseModel):
    """A remark on an order."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": "Seal kit arrives on Monday"}]}
    )

    text: str = Field(min_length=1, max_length=2000)
