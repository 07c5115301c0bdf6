"""A point in a plant's files: what an asset's role measures, where it differs from its class."""

from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    model_validator,
)

from config.units import unit_problem, unit_remedy
from ingest.point import PointKind


def _unit(text: str) -> str:
    if (problem := unit_problem(text)) is not None:
        raise ValueError(f"{problem} | {unit_remedy(text)}")
    return text


def _no_truth_value(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(f"{str(value).lower()} is not a number | Give a number")  # noqa: TRY004 - pydantic reports ValueError alone
    return value


Unit = Annotated[str, BeforeValidator(str), AfterValidator(_unit)]
"""A unit that pint knows; `1` for none."""

Number = Annotated[FiniteFloat, BeforeValidator(_no_truth_value)]
"""A finite number; YAML's `yes` is none."""

RoleName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
"""A role's name, the part of a point's tag behind the dot."""


class PointShape(BaseModel):
    """A point of an asset; what is left out is taken from the role of the asset's class."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: Unit | None = Field(
        default=None,
        description="Unit of its readings, of the role's dimension; left out: the role's unit.",
        examples=["mm/s"],
    )
    name: str = Field(
        default="",
        max_length=200,
        description="What people call it; left out: the role's name.",
        examples=["Drive end vibration"],
    )
    kind: PointKind | None = Field(
        default=None,
        description="gauge, counter or state; left out: the role's kind.",
        examples=["gauge"],
    )
    resolution: Number | None = Field(
        default=None,
        gt=0,
        description="Smallest step that means anything; left out: full precision is kept.",
        examples=[0.01],
    )
    low: Number | None = Field(
        default=None,
        description="Readings below are stored as bad (range).",
        examples=[0],
    )
    high: Number | None = Field(
        default=None,
        description="Readings above are stored as bad (range).",
        examples=[50],
    )
    rollover: Number | None = Field(
        default=None,
        gt=0,
        description="Value after which a counter starts again at 0; of counters alone.",
        examples=[4294967295],
    )
    jitter: Number | None = Field(
        default=None,
        ge=0,
        description="Deepest fall of a counter that is noise; left out: one step of `resolution`.",
        examples=[0.2],
    )
    max_per_hour: Number | None = Field(
        default=None,
        gt=0,
        description="Most that a counter is believed to count in an hour; a larger jump is kept out "
        "of its meter; left out: any is believed.",
        examples=[1],
    )

    @model_validator(mode="after")
    def _range_is_ordered(self) -> Self:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low:g} is above high {self.high:g} | Exchange the two")
        return self


@dataclass(frozen=True, slots=True)
class PointDefinition:
    """A point as it is wanted: all that files say of it."""

    tag: str
    asset: str
    role: str
    name: str
    unit: str
    kind: PointKind
    resolution: float | None
    low: float | None
    high: float | None
    rollover: float | None
    jitter: float | None = None
    max_per_hour: float | None = None
