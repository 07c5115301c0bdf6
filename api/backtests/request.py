"""What a backtest is asked to do, as the API takes it and as it is kept."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat

from config.durations import format_duration, parse_duration


def _read_duration(value: object) -> str:
    """A duration as text, in its shortest form."""
    return format_duration(parse_duration(value))


DurationText = Annotated[str, BeforeValidator(_read_duration, json_schema_input_type=str)]
"""Such as `14d`; kept as text, checked."""


class Kind(StrEnum):
    """What is wanted to know."""

    BACKTEST = "backtest"
    """What rules would have found."""
    DIFF = "diff"
    """What another version would have found instead."""
    SWEEP = "sweep"
    """What other values of a parameter would have led to."""


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RuleChoice(_Asked):
    """A stored version of a rule."""

    rule: str = Field(description="`asset_class/rule_id`.", examples=["centrifugal_pump/hot"])
    version: int | None = Field(default=None, description="null: the active one.", examples=[3])


class FailureGiven(_Asked):
    """A failure that happened."""

    asset: str = Field(examples=["P-101"])
    time: AwareDatetime = Field(examples=["2026-03-02T06:00:00Z"])
    failure_mode: str | None = Field(default=None, description="null: any.", examples=["VIB"])


class Sweep(_Asked):
    """The parameter to vary, and the values to try, for every asset alike."""

    parameter: str = Field(examples=["vib_trip"])
    values: list[FiniteFloat] = Field(min_length=1, max_length=50, examples=[[6.5, 7.1, 8.0]])


class BacktestRequest(_Asked):
    """Rules, a range of history, and what they are held against."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "kind": "backtest",
                    "rules": [{"rule": "centrifugal_pump/hot"}],
                    "start": "2025-01-01T00:00:00Z",
                    "end": "2026-01-01T00:00:00Z",
                }
            ]
        },
    )

    kind: Kind = Kind.BACKTEST
    rules: list[RuleChoice] = Field(
        default=[], description="Stored rules; none here and no definitions: every active one."
    )
    definitions: list[dict[str, Any]] = Field(
        default=[],
        description="Rules that are not stored: rule files as JSON, with one rule each.",
    )
    against: list[RuleChoice] = Field(
        default=[],
        description="For a diff: what to compare with; none: the active versions of the rules.",
    )
    sweep: Sweep | None = Field(default=None, description="For a sweep.")
    params: dict[str, FiniteFloat] = Field(
        default={},
        description="Values of parameters to try, for every asset alike.",
        examples=[{"vib_trip": 6.5}],
    )
    assets: list[str] | None = Field(
        default=None, description="Assets to replay; null: all of the rules' classes."
    )
    start: AwareDatetime = Field(examples=["2025-01-01T00:00:00Z"])
    end: AwareDatetime = Field(examples=["2026-01-01T00:00:00Z"])
    failures: list[FailureGiven] | None = Field(
        default=None,
        description="What really failed; null: completed corrective orders with a failure mode.",
    )
    window: DurationText = Field(
        default="14d", description="How long before a failure a warning speaks of it."
    )
    lead: DurationText = Field(
        default="0s", description="How long before a failure a warning has to come at the latest."
    )
    aftermath: DurationText = Field(
        default="1d", description="Warnings so soon after a failure say nothing new."
    )
    work_takes: DurationText = Field(
        default="3d", description="From an order to its completion, as nobody works on these."
    )
