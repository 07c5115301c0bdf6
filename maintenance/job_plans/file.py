"""Job plans in a plant's files, under `job_plans:`; the API takes the same shape."""

import re
from decimal import Decimal
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ingest.point_file import Number, RoleName, Unit
from maintenance.job_plans.plan import (
    MEASURED,
    JobPlan,
    Limits,
    OnFail,
    PlannedPart,
    Step,
    StepKind,
)
from maintenance.register.file import AssetTag, Code, FileShape, Name

_LONGEST_KEY = 60

Words = Annotated[str, Field(min_length=1, max_length=100)]
"""A choice, a tool, a craft, a skill or a permit, as people call it."""


class LimitShape(FileShape):
    """Limits of a number, in the step's unit; the limits themselves are allowed."""

    reject_below: Number | None = Field(
        default=None, description="Below this the step has failed.", examples=[0.5]
    )
    alert_below: Number | None = Field(
        default=None, description="Below this the value is told.", examples=[1.0]
    )
    alert_above: Number | None = Field(
        default=None, description="Above this the value is told.", examples=[4.5]
    )
    reject_above: Number | None = Field(
        default=None, description="Above this the step has failed.", examples=[7.1]
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        given = (self.reject_below, self.alert_below, self.alert_above, self.reject_above)
        present = [limit for limit in given if limit is not None]
        if present != sorted(present):
            raise ValueError(
                "the limits are not in order | Give reject_below <= alert_below <= alert_above <= "
                "reject_above"
            )
        return self

    def to_domain(self) -> Limits:
        """The domain's limits."""
        return Limits(self.reject_below, self.alert_below, self.alert_above, self.reject_above)


class StepShape(FileShape):
    """A step, under `steps:` of a job plan or of a round's stop."""

    kind: StepKind = Field(
        default=StepKind.CHECK,
        description="What it asks for: check, number, choice, text, photo, meter or signature.",
        examples=["number"],
    )
    text: str = Field(
        min_length=1,
        max_length=500,
        description="What is to be done or looked at.",
        examples=["Vibration at the drive end, horizontal"],
    )
    key: Code | None = Field(
        default=None,
        description="Names the step in every version of its plan; left out: made from the text.",
        examples=["de-vibration"],
    )
    hint: str = Field(
        default="",
        max_length=2000,
        description="How it is done, or what is normal.",
        examples=["Magnet foot on the bearing housing, at full speed"],
    )
    required: bool = Field(
        default=True, description="Must it be done before the order is completed?", examples=[True]
    )
    on_fail: OnFail | None = Field(
        default=None,
        description="What a failed step leads to: follow_up makes an order about what was seen, stop "
        "holds the order up until the step passes, note writes it down. Left out: note.",
        examples=["follow_up"],
    )
    failure_mode: str | None = Field(
        default=None,
        pattern=r"^[A-Z0-9]{2,8}$",
        description="Failure mode (ISO 14224) that a failed step means: its follow-up joins an open "
        "order about the same problem.",
        examples=["VIB"],
    )
    unit: Unit | None = Field(
        default=None, description="Unit of the number; needed for one.", examples=["mm/s"]
    )
    limits: LimitShape = Field(
        default=LimitShape(),
        description="Limits of the number.",
        examples=[{"alert_above": 4.5, "reject_above": 7.1}],
    )
    choices: tuple[Words, ...] = Field(
        default=(),
        description="What there is to choose from.",
        examples=[["dry", "moist", "dripping"]],
    )
    failing: tuple[Words, ...] = Field(
        default=(),
        description="Those of the choices with which the step has failed.",
        examples=[["dripping"]],
    )
    point: RoleName | None = Field(
        default=None,
        description="Role of the asset's point: the number becomes a reading of it, in history, "
        "charts and rules.",
        examples=["de_vibration"],
    )

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        for wrong in _misfits(self):
            raise ValueError(wrong)
        return self

    def to_domain(
        self, *, asset: str | None = None, stop: int | None = None, place: str = ""
    ) -> Step:
        """The domain's step, at a stop of a round where one is given."""
        return Step(
            key=self.key or key_of(self.text),
            kind=self.kind,
            text=self.text,
            hint=self.hint,
            required=self.required,
            on_fail=self.on_fail or OnFail.NOTE,
            failure_mode=self.failure_mode,
            unit=self.unit,
            limits=self.limits.to_domain(),
            choices=self.choices,
            failing=self.failing,
            point=self.point,
            asset=asset,
            stop=stop,
            place=place,
        )


class PartShape(FileShape):
    """A part that the work needs, under `parts:` of a job plan."""

    part: Code = Field(description="Code of the part.", examples=["BRG-6309"])
    quantity: Annotated[Decimal, Field(gt=0, max_digits=15, decimal_places=6)] = Field(
        default=Decimal(1), description="How much of it.", examples=[2]
    )
    unit: Annotated[str, Field(min_length=1, max_length=20)] = Field(
        default="pcs", description="Unit of the quantity, as the store counts it.", examples=["pcs"]
    )


class JobPlanShape(BaseModel):
    """How a piece of work is done, under `job_plans:`; orders keep the version they began with."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "code": "inspect-bearing",
                    "name": "Inspect the drive end bearing",
                    "estimated_minutes": 90,
                    "crafts": ["mechanical"],
                    "steps": [{"text": "Pump is locked out and tagged", "on_fail": "stop"}],
                }
            ]
        },
    )

    code: Code = Field(
        description="Its code; rules, plans and orders name it.", examples=["inspect-bearing"]
    )
    name: Name = Field(
        description="What people call it.", examples=["Inspect the drive end bearing"]
    )
    description: str = Field(
        default="",
        max_length=10_000,
        description="What it is for, and when.",
        examples=["After a vibration or temperature alarm of the drive end."],
    )
    asset_class: Code | None = Field(
        default=None,
        description="Code of the class of assets that it is for; left out: any.",
        examples=["centrifugal_pump"],
    )
    estimated_minutes: int | None = Field(
        default=None, gt=0, le=100_000, description="How long it takes.", examples=[90]
    )
    crafts: tuple[Words, ...] = Field(
        default=(),
        description="Crafts that do it, the leading one first.",
        examples=[["mechanical"]],
    )
    skills: tuple[Words, ...] = Field(
        default=(),
        description="Skills and certificates that are needed.",
        examples=[["vibration-analysis"]],
    )
    permits: tuple[Words, ...] = Field(
        default=(),
        description="Permits that an order needs before its work starts: hot work, confined space, "
        "electrical, lock-out, height; anything else is a general permit with that text.",
        examples=[["lock-out"]],
    )
    tools: tuple[Words, ...] = Field(
        default=(), description="Tools to take along.", examples=[["bearing puller"]]
    )
    parts: tuple[PartShape, ...] = Field(
        default=(),
        description="Parts that are needed.",
        examples=[[{"part": "BRG-6309", "quantity": 1}]],
    )
    steps: Annotated[tuple[StepShape, ...], Field(max_length=200)] = Field(
        default=(),
        description="What is done, in this order.",
        examples=[[{"kind": "check", "text": "Pump is locked out and tagged"}]],
    )

    @model_validator(mode="after")
    def _keys_are_unique(self) -> Self:
        refuse_repeated(self.steps)
        parts = [one.part for one in self.parts]
        for part in parts:
            if parts.count(part) > 1:
                raise ValueError(f"part {part} is named twice | Give one line with the sum")
        return self

    def to_domain(self) -> JobPlan:
        """The domain's job plan."""
        return JobPlan(
            code=self.code,
            name=self.name,
            description=self.description,
            asset_class=self.asset_class,
            estimated_minutes=self.estimated_minutes,
            crafts=self.crafts,
            skills=self.skills,
            permits=self.permits,
            tools=self.tools,
            parts=tuple(PlannedPart(one.part, one.quantity, one.unit) for one in self.parts),
            steps=tuple(step.to_domain() for step in self.steps),
        )


class StopShape(FileShape):
    """A stop of a round: an asset, and what is looked at there; under `stops:`."""

    asset: AssetTag = Field(description="Tag of the asset that stands there.", examples=["P-101"])
    place: str = Field(
        default="",
        max_length=200,
        description="Where it is, for whoever walks there.",
        examples=["Pump house, left of the door"],
    )
    steps: Annotated[tuple[StepShape, ...], Field(min_length=1, max_length=50)] = Field(
        description="What is looked at, in this order.",
        examples=[[{"kind": "number", "text": "Oil level", "unit": "%"}]],
    )

    @model_validator(mode="after")
    def _keys_are_unique(self) -> Self:
        refuse_repeated(self.steps)
        return self


def refuse_repeated(steps: tuple[StepShape, ...]) -> None:
    """Raise ValueError where two steps have one key."""
    keys = [step.key or key_of(step.text) for step in steps]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"two steps have the key {key} | Give one of them another `key:`")


def key_of(text: str) -> str:
    """The key of a step that is given none: its words in small letters, `-` between them."""
    words = re.findall(r"[^\W_]+", text.casefold())
    return "-".join(words)[:_LONGEST_KEY].strip("-") or "step"


def _misfits(step: StepShape) -> list[str]:
    """What of a step does not fit its kind, with a remedy."""
    measured = step.kind in MEASURED
    found = {
        "a number needs a unit | Give `unit:`, or 1 for a number without one": (
            step.kind is StepKind.NUMBER and step.unit is None
        ),
        "a meter needs the point that it reads | Give `point:`": (
            step.kind is StepKind.METER and step.point is None
        ),
        f"a {step.kind} has no unit, limits or point | Remove them, or write `kind: number`": (
            not measured and any((step.unit, step.point, step.limits != LimitShape()))
        ),
        "a choice needs two choices or more | Give `choices:`": (
            step.kind is StepKind.CHOICE and len(set(step.choices)) < 2
        ),
        f"a {step.kind} has no choices | Remove them, or write `kind: choice`": (
            step.kind is not StepKind.CHOICE and bool(step.choices or step.failing)
        ),
        "a failing choice is not among the choices | Name one of the choices": (
            not set(step.failing) <= set(step.choices)
        ),
        f"a {step.kind} cannot fail | Remove `on_fail:`": (
            step.kind in {StepKind.TEXT, StepKind.PHOTO, StepKind.SIGNATURE}
            and step.on_fail is not None
        ),
    }
    return [message for message, wrong in found.items() if wrong]
