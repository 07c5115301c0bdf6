"""Assignment, dispatch and the schedule as the API shows them and takes them in."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.bodies.page import FromDomain
from maintenance.assignment.queries import CurrentRule
from maintenance.assignment.rule import Preference
from maintenance.assignment.schedule import ConflictKind
from maintenance.calendars.kept import KeptIn


class AssignmentRuleBody(FromDomain):
    """A rule in force; an empty list of a criterion stands for everything."""

    code: str = Field(examples=["pumps"])
    name: str
    rank: int
    types: list[str]
    priorities: list[int]
    sites: list[str]
    locations: list[str]
    asset_classes: list[str]
    crafts: list[str]
    job_plans: list[str]
    candidates: list[str]
    craft: str | None
    skills: list[str]
    prefer: Preference
    max_load_percent: int
    otherwise: str | None
    kept_in: KeptIn
    version: int = Field(description="Counts its changes; its ETag.")

    @classmethod
    def of(cls, current: CurrentRule) -> "AssignmentRuleBody":
        """From the domain's rule."""
        fields = {
            name: getattr(current.rule, name)
            for name in cls.model_fields
            if hasattr(current.rule, name)
        }
        return cls.model_validate(
            {**fields, "kept_in": current.kept_in, "version": current.version}
        )


class ConsideredBody(FromDomain):
    """Somebody who was looked at, and why they were chosen or not."""

    code: str
    name: str
    chosen: bool
    why: str


class DecisionBody(FromDomain):
    """Who would get an order, by which rule, in words."""

    assignee: str | None
    rule: str | None
    explanation: str
    considered: list[ConsideredBody]


class PastDecisionBody(DecisionBody):
    """A decision as it was made."""

    actor: str
    at: datetime


class OrderAssignmentBody(BaseModel):
    """Who has an order, the decisions of rules about it (newest first), and whom they would choose now."""

    assignee: str | None
    decisions: list[PastDecisionBody]
    suggestion: DecisionBody | None = Field(description="null where no work is left to be done.")


class DispatchOrderBody(FromDomain):
    """An open order on the board."""

    number: str = Field(examples=["WO-000001"])
    title: str
    asset: str
    priority: int
    state: str
    version: int
    assignee: str | None
    craft: str | None
    planned_start: datetime | None
    planned_finish: datetime | None
    estimated_minutes: int | None
    service_level_due_at: datetime | None = Field(description="When its first clock runs out.")


class HolderBody(FromDomain):
    """Somebody whom an order can be given to, and what they have to do."""

    code: str
    name: str
    craft: str | None
    on_shift_until: datetime | None = Field(description="null: not on shift now.")
    open_minutes: int
    capacity_minutes: int | None = Field(
        description="What they can give in seven days; null: nothing is said of their shifts."
    )


class DispatchBody(BaseModel):
    """Everything that is open, most urgent first, and whom it can be given to."""

    orders: list[DispatchOrderBody]
    people: list[HolderBody]
    more: bool = Field(description="Whether there are more orders than are told here.")


class PlannedBody(FromDomain):
    """An order in the schedule."""

    number: str
    title: str
    asset: str
    priority: int
    state: str
    assignee: str | None
    craft: str | None
    start: datetime
    finish: datetime
    minutes: int


class ConflictBody(FromDomain):
    """What does not fit, of which orders, in words."""

    kind: ConflictKind
    orders: list[str]
    message: str
    assignee: str | None
    day: date | None


class CapacityBody(FromDomain):
    """What a craft can give on a local day, and what is planned of it."""

    day: date
    craft: str
    capacity_minutes: int
    planned_minutes: int
    over: bool


class ScheduleBody(BaseModel):
    """A week of a site: what is planned, what can be given, what does not fit."""

    site: str
    week: date = Field(description="Its Monday.")
    orders: list[PlannedBody]
    capacity: list[CapacityBody]
    conflicts: list[ConflictBody]
    frozen_at: datetime | None
    frozen_by: str | None


class ScheduleQuery(BaseModel):
    """Which week of which site."""

    model_config = ConfigDict(extra="forbid")

    site: Annotated[str, Field(examples=["berlin"])]
    week: Annotated[date, Field(description="Any day of the week.", examples=["2026-03-02"])]


class FreezeBody(BaseModel):
    """The week that is to be frozen."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"site": "berlin", "week": "2026-03-02"}]},
    )

    site: str
    week: date = Field(description="Any day of the week.")


class FrozenBody(BaseModel):
    """A week that was frozen, with how many orders it has."""

    site: str
    week: date
    orders: int
