"""Work orders as the API shows them and takes them in."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from api.bodies.event import EventBody
from api.bodies.page import FromDomain, PageQuery
from maintenance.orders.failure_report import FailureFound
from maintenance.orders.queries import LinkedEvent
from maintenance.orders.transitions import allowed_transitions
from maintenance.orders.work_order import (
    Action,
    OrderType,
    Origin,
    Particulars,
    State,
    WorkOrder,
)


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
    site: str = Field(description="Where the asset stood when the order was made.")
    assignee: str | None
    craft: str | None = Field(description="Who it is for where no person is named.")
    team: str | None
    parent: str | None = Field(description="The larger work that it is a part of.")
    follows: str | None = Field(description="The order that left it to be done.")
    planned_start: datetime | None
    planned_finish: datetime | None
    due_at: datetime | None
    estimated_minutes: int | None
    hold_reason: str | None = Field(description="What it waits for.", examples=["waiting_parts"])
    held_at: datetime | None
    failed_at: datetime | None = Field(description="When the item failed (ISO 14224).")
    restored_at: datetime | None = Field(description="When it could work again.")
    resolution: str | None
    reopened: int = Field(description="How often it was taken up again.")
    created_by: str
    created_at: datetime
    updated_at: datetime
    approved_at: datetime | None
    scheduled_at: datetime | None
    started_at: datetime | None = Field(description="The first start.")
    finished_at: datetime | None = Field(description="When the work itself ended.")
    completed_at: datetime | None
    completed_by: str | None
    closed_at: datetime | None
    cancelled_at: datetime | None
    allowed_transitions: list[Action] = Field(
        description="What its state has next; `transitions` of one order also says what is missing."
    )

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


class LackBody(FromDomain):
    """One thing that an order lacks for an action."""

    code: str = Field(examples=["isolation_in_place"])
    message: str
    field: str | None = Field(description="What can be given along; null: bring it about first.")


class PossibleBody(FromDomain):
    """An action that the order's state has."""

    action: Action
    allowed: bool = Field(description="Whether it may be done now, given what it asks for.")
    asks: list[LackBody] = Field(description="What has to be given along.")
    missing: list[LackBody] = Field(description="What has to be brought about first.")


class ProgressBody(FromDomain):
    """How far the parts of an order are, and theirs, down to the last."""

    parts: int
    final: int = Field(description="Closed or cancelled.")
    done: int = Field(description="Completed or closed.")
    cancelled: int
    estimated_minutes: int
    worked_minutes: int
    share: float | None = Field(description="Done of what is to be done, 0 to 1.")


class OrderDetail(OrderBody):
    """A work order with its evidence, its audit trail, its events, and what is possible next."""

    transitions: list[PossibleBody]
    evidence: dict[str, Any] | None
    changes: list[OrderChangeBody]
    events: list[LinkedEventBody]


class OrderQuery(PageQuery):
    """Filters of the list of work orders; all that are given have to fit."""

    state: Annotated[
        list[State], Field(default_factory=list, description="Any of these; may be repeated.")
    ]
    asset: Annotated[str | None, Field(description="Tag of the asset.")] = None
    below: Annotated[
        str | None, Field(description="Tag of an asset: itself and all of its parts.")
    ] = None
    priority: Annotated[int | None, Field(ge=1, le=5)] = None
    assignee: Annotated[str | None, Field(description="Who carries it out.")] = None
    site: Annotated[str | None, Field(description="Code of the site.")] = None
    type: Annotated[OrderType | None, Field(description="Maintenance type (EN 13306).")] = None
    overdue: Annotated[bool, Field(description="Only open ones past their due date.")] = False
    at_risk: Annotated[
        bool,
        Field(description="Only those with a running clock of a service level that has warned."),
    ] = False
    text: Annotated[
        str | None,
        Field(max_length=200, description="A number, or beginnings of words of title and text."),
    ] = None


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
    parent: str | None = Field(
        default=None, max_length=30, description="Number of the larger work that it is a part of."
    )
    follows: str | None = Field(
        default=None, max_length=30, description="Number of the order that left it to be done."
    )
    planned_start: AwareDatetime | None = None
    planned_finish: AwareDatetime | None = None
    due_at: AwareDatetime | None = None
    estimated_minutes: int | None = Field(default=None, ge=1, le=1_000_000)
    craft: str | None = Field(default=None, max_length=100)
    team: str | None = Field(default=None, max_length=100)
    failed_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.planned_start and self.planned_finish and self.planned_finish < self.planned_start:
            raise ValueError("planned_finish lies before planned_start")
        return self


class EditBody(BaseModel):
    """Changes of an order: what is left out stays, null empties a field that may be empty."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"priority": 1, "reason": "The spare pump failed too"}]},
    )

    title: str | None = Field(default=None, min_length=1, max_length=200)
    description: str | None = Field(default=None, max_length=10_000)
    type: OrderType | None = None
    priority: int | None = Field(default=None, ge=1, le=5, description="Needs a reason.")
    planned_start: AwareDatetime | None = None
    planned_finish: AwareDatetime | None = None
    due_at: AwareDatetime | None = None
    estimated_minutes: int | None = Field(default=None, ge=1, le=1_000_000)
    craft: str | None = Field(default=None, max_length=100)
    team: str | None = Field(default=None, max_length=100)
    failed_at: AwareDatetime | None = None
    restored_at: AwareDatetime | None = None
    reason: str = Field(default="", max_length=2000)

    def changes(self) -> dict[str, Any]:
        """The fields that were said, null among them."""
        return {name: getattr(self, name) for name in self.model_fields_set if name != "reason"}


class ParentBody(BaseModel):
    """The larger work that an order is to be a part of."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"parent": "WO-000001"}]}
    )

    parent: str | None = Field(max_length=30, description="Its number; null: none.")
    reason: str = Field(default="", max_length=2000)


class FailureBody(BaseModel):
    """What people found, in codes that `/failure-codes` lists."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"failure_mode": "VIB", "mechanism": "2.4", "activity": "1"}]
        },
    )

    failure_mode: str = Field(min_length=1, max_length=20, description="How it showed.")
    mechanism: str | None = Field(default=None, max_length=20)
    cause: str | None = Field(default=None, max_length=20)
    detection_method: str | None = Field(default=None, max_length=20)
    activity: str | None = Field(default=None, max_length=20, description="What was done.")
    remark: str = Field(default="", max_length=10_000)
    failed_at: AwareDatetime | None = None
    restored_at: AwareDatetime | None = None

    def found(self) -> FailureFound:
        """As the domain has it."""
        return FailureFound(**self.model_dump())


class ParticularsBody(BaseModel):
    """What is said along with an action."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"resolution": "Bearing replaced, aligned"}]},
    )

    reason: str = Field(default="", max_length=2000, description="Needed to cancel and to reopen.")
    resolution: str | None = Field(
        default=None,
        max_length=10_000,
        description="What was found and done; needed to complete corrective work.",
    )
    hold_reason: str | None = Field(
        default=None,
        max_length=50,
        description="Needed to hold: a code that `/hold-reasons` lists.",
        examples=["waiting_parts"],
    )
    planned_start: AwareDatetime | None = Field(
        default=None, description="Needed to schedule, where the order has none."
    )
    planned_finish: AwareDatetime | None = None
    finished_at: AwareDatetime | None = Field(
        default=None, description="When completing: when the work ended, if not just now."
    )
    failure: FailureBody | None = Field(
        default=None, description="When completing: what people found."
    )

    def given_by(self, actor: str) -> Particulars:
        """As the domain has it."""
        return Particulars(
            actor,
            self.reason,
            self.resolution,
            hold_reason=self.hold_reason,
            planned_start=self.planned_start,
            planned_finish=self.planned_finish,
            finished_at=self.finished_at,
            failure=self.failure.found() if self.failure else None,
        )


class SeenBody(BaseModel):
    """An order as it was read."""

    number: str = Field(max_length=30, examples=["WO-000001"])
    version: int = Field(ge=1)


class BulkBody(ParticularsBody):
    """The same action for several orders."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"orders": [{"number": "WO-000001", "version": 1}]}]},
    )

    orders: list[SeenBody] = Field(min_length=1, max_length=200)


class BulkAssigneeBody(BaseModel):
    """One assignee for several orders."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"assignee": "kim", "orders": [{"number": "WO-000001", "version": 1}]}]
        },
    )

    assignee: str | None = Field(max_length=100, description="null: nobody.")
    orders: list[SeenBody] = Field(min_length=1, max_length=200)
    reason: str = Field(default="", max_length=2000)


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
