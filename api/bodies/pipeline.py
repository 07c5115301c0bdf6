"""What the API shows of the way of a reading: roles, sources, unknown tags, dead letters."""

from datetime import datetime

from pydantic import BaseModel, Field

from api.bodies.page import FromDomain
from api.live.status_board import RoleState
from config.clock import from_us


class PartBody(FromDomain):
    """One part of a role, such as a source of an edge."""

    state: str = Field(examples=["connected"])
    message: str
    metrics: dict[str, float]
    devices: dict[str, "PartBody"] = Field(description="The devices behind a source, by name.")


class RoleBody(BaseModel):
    """One process of a role, as it last said."""

    role: str = Field(examples=["edge"])
    name: str = Field(examples=["edge-1"])
    alive: bool = Field(description="Was it heard of within 5 s?")
    healthy: bool = Field(description="What it says about itself.")
    message: str
    said_at: datetime
    metrics: dict[str, float]
    rates: dict[str, float] = Field(description="Increase per second of each counter.")
    parts: dict[str, PartBody]
    part_rates: dict[str, dict[str, float]] = Field(
        description="Increase per second of each counter of each part."
    )

    @classmethod
    def of(cls, state: RoleState) -> "RoleBody":
        """From the board's state."""
        said = state.status
        return cls(
            role=said.role,
            name=said.name,
            alive=state.alive,
            healthy=said.healthy and state.alive,
            message=said.message,
            said_at=from_us(said.ts),
            metrics=said.metrics,
            rates=dict(state.rates),
            parts={name: PartBody.model_validate(part) for name, part in said.parts.items()},
            part_rates={name: dict(rates) for name, rates in state.part_rates.items()},
        )


class FiguresBody(FromDomain):
    """The plant's pulse in a few numbers."""

    sources_connected: int
    sources_total: int
    readings_per_s: float
    lag_s: float | None = Field(description="Age of what ingest stored last; null: not known.")


class PlantStatus(BaseModel):
    """Is everything that should run running?"""

    database: bool = Field(description="Can the database be reached?")
    log: bool = Field(description="Can the log be reached?")
    problems: list[str] = Field(
        description="What is down or lags, in words; empty: all is well.",
        examples=[["edge-1: source hall-1 is lost: no device answers"]],
    )
    figures: FiguresBody
    roles: list[RoleBody]


class UnknownTagBody(FromDomain):
    """A tag that sends readings and has no point; they are kept until it has one."""

    tag: str = Field(examples=["P-199.flow"])
    edge: str
    source: str = Field(
        description="The source that sends it; empty where the edge does not say.",
        examples=["hall-1"],
    )
    count: int
    first_ts: datetime
    last_ts: datetime
    last_value: float | None


class Health(BaseModel):
    """The process lives."""

    status: str = Field(examples=["alive"])


class Readiness(BaseModel):
    """Can the plant be worked with? Each check with true or false."""

    ready: bool
    checks: dict[str, bool] = Field(examples=[{"database": True, "log": True, "role:edge": True}])
    problems: list[str] = Field(
        description="A sentence for each check that does not hold.",
        examples=[["ingest has not stored what is older than 75 s; the limit is 60 s"]],
    )
