"""Job plans, rounds, and the steps of orders as the API shows and takes them."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Annotated, Any
from uuid import UUID, uuid4

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat

from api.bodies.page import FromDomain, PageQuery
from maintenance.commands.steps import Recording
from maintenance.job_plans.file import JobPlanShape, LimitShape, PartShape, StepShape, StopShape
from maintenance.job_plans.judgement import Given
from maintenance.job_plans.order_step import OrderStep, Outcome, Progress, StepResult
from maintenance.job_plans.plan import JobPlan, KeptIn, Limits, OnFail, Step, StepKind
from maintenance.job_plans.queries import PlanVersion
from maintenance.rounds.file import RoundShape


class VersionFields(BaseModel):
    """Which version of a plan it is, and who made it."""

    version: int = Field(description="Counts its changes; the ETag of the plan.")
    current: bool = Field(description="Is it the one that new orders get?")
    kept_in: KeptIn = Field(description="What `files` keep is changed there.")
    retired: bool
    made_by: str
    made_at: datetime


class JobPlanBody(JobPlanShape, VersionFields):
    """A version of a job plan."""

    @classmethod
    def of(cls, found: PlanVersion) -> "JobPlanBody":
        """From the domain's version."""
        return cls(**_fields(found.plan), **_version(found))


class RoundBody(RoundShape, VersionFields):
    """A version of an inspection round."""

    @classmethod
    def of(cls, found: PlanVersion) -> "RoundBody":
        """From the domain's version."""
        plan = found.plan
        return cls(
            code=plan.code,
            name=plan.name,
            description=plan.description,
            asset=plan.asset or "",
            estimated_minutes=plan.estimated_minutes,
            crafts=plan.crafts,
            skills=plan.skills,
            tools=plan.tools,
            stops=_stops(plan),
            **_version(found),
        )


class JobPlanQuery(PageQuery):
    """Which job plans are listed."""

    asset_class: Annotated[
        str | None, Field(description="Those for this class, and those for any.")
    ] = None


class StepResultBody(FromDomain):
    """What was recorded at a step."""

    revision: int = Field(description="1 is what was recorded first; corrections count on.")
    outcome: Outcome
    value: float | None
    said: str | None
    photos: list[str]
    note: str
    reason: str = Field(description="Why it is as it is, such as the limit that it is beyond.")
    actor: str
    at: datetime = Field(description="When it was seen.")
    recorded_at: datetime = Field(description="When it reached us.")


class OrderStepBody(FromDomain):
    """A step of an order as it stands."""

    position: int
    key: str
    kind: StepKind
    text: str
    hint: str
    required: bool
    on_fail: OnFail
    failure_mode: str | None
    asset: str
    stop: int | None
    place: str
    unit: str | None
    limits: "LimitsBody"
    choices: list[str]
    failing: list[str]
    point: str | None = Field(description="The point whose history the number goes into.")
    revision: int
    outcome: Outcome
    follow_up: str | None = Field(description="Number of the order that its failure led to.")
    result: StepResultBody | None


class LimitsBody(FromDomain):
    """Limits of a number; beyond the rejecting ones a step has failed."""

    low_reject: float | None
    low_alert: float | None
    high_alert: float | None
    high_reject: float | None


class ProgressBody(FromDomain):
    """How far the steps of an order are."""

    total: int
    done: int
    failed: int
    missing: list[str] = Field(description="Texts of the steps that hold the order up.")
    ready: bool


class OrderStepsBody(BaseModel):
    """The steps of an order, in their order."""

    steps: list[OrderStepBody]
    progress: ProgressBody

    @classmethod
    def of(cls, steps: Sequence[OrderStep], progress: Progress) -> "OrderStepsBody":
        """From the domain's steps."""
        return cls(
            steps=[OrderStepBody.model_validate(step) for step in steps],
            progress=ProgressBody.model_validate(progress),
        )


class RecordingBody(BaseModel):
    """What is recorded at a step."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"value": 3.2, "expected_revision": 0}]},
    )

    value: FiniteFloat | None = Field(default=None, description="For a number or a meter.")
    said: str | None = Field(
        default=None,
        max_length=2000,
        description="For a check `ok` or `not ok`; a choice, a text, or the name of who signs.",
    )
    photos: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        default_factory=list, max_length=20, description="Keys of attachments."
    )
    note: str = Field(
        default="", max_length=2000, description="A remark; needed where the step is skipped."
    )
    skipped: bool = Field(default=False, description="It was not done, and `note` says why.")
    expected_revision: int = Field(
        ge=0, description="Revision of the step as it was read; 0 before anything was recorded."
    )
    at: AwareDatetime | None = Field(
        default=None, description="When it was seen; left out: now. With a zone."
    )
    request: UUID = Field(
        default_factory=uuid4,
        description="Names the recording: sent again with the same one, it is answered as before.",
    )

    def to_domain(self, actor: str) -> Recording:
        """The domain's recording."""
        given = Given(self.value, self.said, tuple(self.photos), self.note, self.skipped)
        return Recording(given, self.expected_revision, actor, self.at, self.request)


class StepHistoryBody(BaseModel):
    """Everything that was recorded at a step, oldest first."""

    items: list[StepResultBody]

    @classmethod
    def of(cls, results: Sequence[StepResult]) -> "StepHistoryBody":
        """From the domain's results."""
        return cls(items=[StepResultBody.model_validate(one) for one in results])


def shape_of(plan: JobPlan) -> JobPlanShape:
    """A job plan as a plant's file has it."""
    return JobPlanShape(**_fields(plan))


def _fields(plan: JobPlan) -> dict[str, Any]:
    return {
        "code": plan.code,
        "name": plan.name,
        "description": plan.description,
        "asset_class": plan.asset_class,
        "estimated_minutes": plan.estimated_minutes,
        "crafts": plan.crafts,
        "skills": plan.skills,
        "permits": plan.permits,
        "tools": plan.tools,
        "parts": tuple(
            PartShape(part=one.part, quantity=one.quantity, unit=one.unit) for one in plan.parts
        ),
        "steps": tuple(map(_shape, plan.steps)),
    }


def _version(found: PlanVersion) -> dict[str, Any]:
    return {name: getattr(found, name) for name in VersionFields.model_fields}


def _stops(plan: JobPlan) -> tuple[StopShape, ...]:
    return tuple(
        StopShape(asset=asset or "", place=place, steps=tuple(map(_shape, steps)))
        for (_, asset, place), steps in groupby(
            plan.steps, lambda step: (step.stop, step.asset, step.place)
        )
    )


def _shape(step: Step) -> StepShape:
    cannot_fail = step.kind in {StepKind.TEXT, StepKind.PHOTO, StepKind.SIGNATURE}
    return StepShape(
        kind=step.kind,
        text=step.text,
        key=step.key,
        hint=step.hint,
        required=step.required,
        on_fail=None if cannot_fail else step.on_fail,
        failure_mode=step.failure_mode,
        unit=step.unit,
        limits=_limits(step.limits),
        choices=step.choices,
        failing=step.failing,
        point=step.point,
    )


def _limits(limits: Limits) -> LimitShape:
    return LimitShape(
        reject_below=limits.low_reject,
        alert_below=limits.low_alert,
        alert_above=limits.high_alert,
        reject_above=limits.high_reject,
    )
