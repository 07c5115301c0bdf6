"""The shapes of a rule file, as pydantic checks them; meaning is checked in `rule_file`."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat

from config.durations import parse_duration

Duration = Annotated[int, BeforeValidator(parse_duration, json_schema_input_type=str)]
"""Text such as `30m` in the file, microseconds here."""

SeverityName = Literal["low", "medium", "high", "critical"]
Code = Annotated[str, Field(min_length=1, max_length=100, coerce_numbers_to_str=True)]

_FOR = "How long the comparison has to hold, in event time; left out: it is raised at once."
_CLEAR_FOR = "How long the clear comparison has to hold; left out: it clears at once."
_CLEAR = "Comparison that ends it; left out: the opposite of `raise`, without a dead band."


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class InputShape(_Shape):
    """An input: the role of a point, the unit to reckon in, how long a reading counts."""

    point: str = Field(description="Role of the point within the class.", examples=["de_vibration"])
    unit: str = Field(
        description="Unit that the rules reckon in, of the role's dimension.", examples=["mm/s"]
    )
    max_age: Duration | None = Field(
        default=None,
        description="A reading older than this says nothing; left out: it holds until the next.",
        examples=["5m"],
    )


class LevelShape(_Shape):
    """One severity of a rule with levels."""

    raise_when: str = Field(
        alias="raise",
        description="Comparison of the value with numbers and parameters that raises it.",
        examples=["> vib_trip"],
    )
    clear_when: str | None = Field(
        default=None, alias="clear", description=_CLEAR, examples=["< vib_trip - 0.5"]
    )
    for_us: Duration = Field(default=0, alias="for", description=_FOR, examples=["2m"])
    clear_for_us: Duration = Field(
        default=0, alias="clear_for", description=_CLEAR_FOR, examples=["2h"]
    )


class WorkOrderShape(_Shape):
    """The work that a rule asks for."""

    type: Literal["corrective", "preventive", "inspection"] = Field(
        description="Type of maintenance (EN 13306).", examples=["corrective"]
    )
    job_plan: str | None = Field(
        default=None, description="Job plan that says what to do.", examples=["inspect-bearing"]
    )
    cooldown: Duration = Field(
        default=0,
        description="No new order for the same problem within this time after the last one.",
        examples=["7d"],
    )


class RuleShape(_Shape):
    """A rule: `value` with `levels`, or `raise` alone, or a device's `alarm`."""

    id: str = Field(
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="Its name, unique within the class.",
        examples=["vibration_zone"],
    )
    failure_mode: str = Field(
        default="UNK",
        pattern=r"^[A-Za-z0-9_-]{1,16}$",
        description="Failure mode (ISO 14224 code).",
        examples=["VIB"],
    )
    value: str | None = Field(
        default=None, description="Input that the levels compare.", examples=["vib"]
    )
    levels: dict[SeverityName, LevelShape] | None = Field(
        default=None,
        min_length=1,
        description="Comparisons by severity: low, medium, high, critical.",
        examples=[{"high": {"raise": "> vib_trip", "clear": "< vib_trip - 0.5"}}],
    )
    raise_when: str | None = Field(
        default=None,
        alias="raise",
        description="Comparison that raises it, for a rule of one severity.",
        examples=["temp > 85"],
    )
    clear_when: str | None = Field(
        default=None, alias="clear", description=_CLEAR, examples=["temp < 80"]
    )
    alarm: Code | None = Field(
        default=None,
        description="Code of a device's alarm that it follows.",
        examples=["HIGH_TEMP"],
    )
    for_us: Duration = Field(default=0, alias="for", description=_FOR, examples=["5m"])
    clear_for_us: Duration = Field(
        default=0, alias="clear_for", description=_CLEAR_FOR, examples=["2h"]
    )
    state: Literal["draft", "shadow", "active"] = Field(
        default="active",
        description="shadow: it is evaluated and recorded, and alarms nobody; draft: it is kept.",
        examples=["shadow"],
    )
    severity: SeverityName | None = Field(
        default=None,
        description="Severity of a rule without levels; left out: medium, or the alarm's own.",
        examples=["high"],
    )
    work_order: WorkOrderShape | None = Field(
        default=None,
        description="Work that it asks for; left out: none.",
        examples=[{"type": "corrective", "cooldown": "7d"}],
    )


class RuleFileShape(_Shape):
    """A rule file; its inputs and rules are checked one by one, so that each mistake is named."""

    asset_class: str = Field(
        description="Class whose assets the rules hold for.", examples=["centrifugal_pump"]
    )
    inputs: dict[str, Any] = Field(
        default={},
        description="What the rules read, by the name that they call it.",
        examples=[{"vib": {"point": "de_vibration", "unit": "mm/s", "max_age": "5m"}}],
    )
    params: dict[str, FiniteFloat] = Field(
        default={},
        description="Numbers that thresholds use, and that an asset may override.",
        examples=[{"vib_trip": 7.1}],
    )
    tests: list[Any] = Field(
        default=[],
        description="Tests of the rules, run by `oilcan rules test` (guide: tuning).",
        examples=[[{"rule": "hot", "inputs": {"temp": "90 until 10m"}, "expect": "raised high"}]],
    )
    rules: list[Any] = Field(
        description="The rules.",
        examples=[[{"id": "hot", "raise": "temp > 85", "clear": "temp < 80", "for": "5m"}]],
    )
