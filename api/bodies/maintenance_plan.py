"""Maintenance plans and their occurrences as the API shows and takes them."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.bodies.page import FromDomain, PageQuery
from maintenance.plans.file import PlanShape
from maintenance.plans.load import CraftWeek
from maintenance.plans.plan import OccurrenceState
from maintenance.plans.queries import PlanView


class PlanBody(PlanShape):
    """A maintenance plan as it is written, and as it stands."""

    version: int = Field(description="Counts its changes; the ETag of the plan.")
    kept_in: str = Field(description="What `files` keep is changed there.", examples=["files"])
    effective_at: datetime = Field(description="It asks for no work that was due before.")
    paused_at: datetime | None
    pause_reason: str
    retired_at: datetime | None
    generated_at: datetime | None = Field(description="null: what it has ahead is worked out soon.")
    trouble: str = Field(description="What keeps it from being due; empty: nothing.")
    assets: int = Field(description="How many assets it is for.")
    next_due_at: datetime | None
    open: int = Field(description="How many of its occurrences have an open order.")

    @classmethod
    def of(cls, plan: PlanView) -> "PlanBody":
        """From the domain's view."""
        return cls.model_validate(
            plan.shape.as_json()
            | {
                name: getattr(plan, name)
                for name in cls.model_fields.keys() - PlanShape.model_fields.keys()
            }
        )


class PlanChangeBody(FromDomain):
    """One row of a plan's story."""

    version: int
    action: str = Field(examples=["pause"])
    actor: str
    reason: str
    details: dict[str, Any]
    at: datetime


class OccurrenceBody(FromDomain):
    """One piece of work of a plan on an asset."""

    id: int
    plan: str = Field(examples=["pump-grease"])
    plan_name: str
    asset: str = Field(examples=["P-101"])
    site: str
    slot_key: str = Field(
        description="What it is the occurrence of, for ever; its due date may move.",
        examples=["t:2026-03-31T06:00"],
    )
    state: OccurrenceState
    reason: str
    due_at: datetime | None = Field(description="null: its meter does not move.")
    due_p10: datetime | None = Field(description="By a meter: due before that with 10 %.")
    due_p90: datetime | None = Field(description="By a meter: due before that with 90 %.")
    due_because: str
    latest_at: datetime | None = Field(description="Done in time until here.")
    release_at: datetime | None = Field(description="From here on an order may be made.")
    meter_target: float | None
    work_order: str | None = Field(examples=["WO-000001"])
    released_at: datetime | None
    done_at: datetime | None
    decided_by: str | None
    suppressed_by: str | None = Field(description="Code of the plan whose work absorbs it.")


class EntryBody(FromDomain):
    """A line of a plan's calendar."""

    plan: str
    plan_name: str
    asset: str
    site: str
    due_at: datetime
    state: str = Field(
        description="That of the occurrence, or `projected`: so it would be if the work before "
        "were done the day it is due.",
        examples=["forecast"],
    )
    reason: str
    occurrence: int | None
    due_p10: datetime | None
    due_p90: datetime | None
    work_order: str | None


class LoadBody(BaseModel):
    """A craft in a week: what plans ask for, and what its people can give."""

    week: date = Field(description="Its Monday.")
    craft: str = Field(description="Empty: the plan names none.", examples=["mechanical"])
    pieces: int
    minutes: int
    unknown: int = Field(description="Pieces without an estimate; they are not in `minutes`.")
    capacity_minutes: int
    share: float | None = Field(description="Minutes over capacity; null: nobody has the craft.")

    @classmethod
    def of(cls, week: CraftWeek) -> "LoadBody":
        """From the domain's week."""
        return cls(
            week=week.week,
            craft=week.craft,
            pieces=week.pieces,
            minutes=week.minutes,
            unknown=week.unknown,
            capacity_minutes=week.capacity_minutes,
            share=week.share,
        )


class PlanQuery(PageQuery):
    """Filters of the list of plans."""

    asset: Annotated[str | None, Field(description="Those that are for this asset.")] = None


class OccurrenceQuery(PageQuery):
    """Filters of occurrences; all that are given have to fit."""

    state: Annotated[
        list[OccurrenceState],
        Field(default_factory=list, description="Any of these; may be repeated."),
    ]
    asset: Annotated[str | None, Field(description="Tag of the asset.")] = None
    first: Annotated[AwareDatetime | None, Field(description="Due at or after it.")] = None
    last: Annotated[AwareDatetime | None, Field(description="Due before it.")] = None


class ReasonBody(BaseModel):
    """Why something is decided."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "Shutdown of the line"}]}
    )

    reason: str = Field(min_length=1, max_length=2000)


class DoneBody(ReasonBody):
    """Work that was done without an order of its own."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"reason": "With the shutdown", "done_at": "2026-03-28T10:00:00Z"}]
        },
    )

    done_at: AwareDatetime = Field(description="When it was done.")
