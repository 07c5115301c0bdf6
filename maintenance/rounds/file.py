"""Inspection rounds in a plant's files, under `rounds:`; the API takes the same shape."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from maintenance.job_plans.file import StopShape, Words, key_of
from maintenance.job_plans.plan import JobPlan, PlanKind
from maintenance.register.file import AssetTag, Code, Name


class RoundShape(BaseModel):
    """A route to walk and what is read on the way, under `rounds:`; maintenance plans may name it."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "code": "morning-round",
                    "name": "Morning round",
                    "asset": "W-100",
                    "stops": [
                        {
                            "asset": "P-101",
                            "place": "Pump house",
                            "steps": [{"text": "No leak at the seal", "on_fail": "follow_up"}],
                        }
                    ],
                }
            ]
        },
    )

    code: Code = Field(
        description="Its code, unlike that of every job plan; plans and orders name it as theirs.",
        examples=["morning-round"],
    )
    name: Name = Field(description="What people call it.", examples=["Morning round"])
    description: str = Field(
        default="",
        max_length=10_000,
        description="What it is for.",
        examples=["Before the first shift, in the order of the way."],
    )
    asset: AssetTag = Field(
        description="Tag of the asset that its orders stand against, such as the system that it "
        "walks through.",
        examples=["W-100"],
    )
    estimated_minutes: int | None = Field(
        default=None, gt=0, le=100_000, description="How long it takes.", examples=[30]
    )
    crafts: tuple[Words, ...] = Field(
        default=(), description="Crafts that do it, the leading one first.", examples=[["operator"]]
    )
    skills: tuple[Words, ...] = Field(
        default=(),
        description="Skills and certificates that are needed.",
        examples=[["atex-instructed"]],
    )
    tools: tuple[Words, ...] = Field(
        default=(), description="Tools to take along.", examples=[["vibration pen"]]
    )
    stops: Annotated[tuple[StopShape, ...], Field(min_length=1, max_length=100)] = Field(
        description="Where it goes, in this order.",
        examples=[[{"asset": "P-101", "steps": [{"text": "No leak at the seal"}]}]],
    )

    @model_validator(mode="after")
    def _steps_are_told_apart(self) -> Self:
        seen: set[tuple[str, str]] = set()
        for stop in self.stops:
            for step in stop.steps:
                named = (stop.asset, step.key or key_of(step.text))
                if named in seen:
                    raise ValueError(
                        f"two stops at {stop.asset} have a step {named[1]} | Give one of them "
                        "another `key:`"
                    )
                seen.add(named)
        return self

    def to_domain(self) -> JobPlan:
        """The round as a job plan whose steps stand along its route."""
        return JobPlan(
            code=self.code,
            name=self.name,
            kind=PlanKind.ROUND,
            description=self.description,
            asset=self.asset,
            estimated_minutes=self.estimated_minutes,
            crafts=self.crafts,
            skills=self.skills,
            tools=self.tools,
            steps=tuple(
                step.to_domain(asset=stop.asset, stop=number, place=stop.place)
                for number, stop in enumerate(self.stops, start=1)
                for step in stop.steps
            ),
        )
