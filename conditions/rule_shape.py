"""The shapes of a rule file, as pydantic checks them; meaning is checked in `rule_file`."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from conditions.event import Recurrence
from conditions.expression_text import MAX_LENGTH
from config.durations import parse_duration
from ingest.point_file import Number, Unit

_DURATION = r"^\s*[0-9]+(\.[0-9]+)?\s*(us|ms|s|m|h|d)\s*$"
Duration = Annotated[
    int,
    BeforeValidator(
        parse_duration, json_schema_input_type=Annotated[str, Field(pattern=_DURATION)]
    ),
]
"""Text such as `30m` in the file, microseconds here."""

EXPRESSION = "oilcan-expression"
"""The format that the schema gives texts that `expression` reads."""

Expression = Annotated[
    str, Field(json_schema_extra={"format": EXPRESSION, "maxLength": MAX_LENGTH})
]

SeverityName = Literal["low", "medium", "high", "critical"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
AssetState = Literal["operating", "standby", "idle", "down", "maintenance"]
Code = Annotated[
    str,
    Field(min_length=1, max_length=100, coerce_numbers_to_str=True),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "minLength": 1, "maxLength": 100}, {"type": "number"}]}
    ),
]

_TIME_OF_DAY = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_FOR = "How long the truth has to hold, in event time; left out: it is raised at once."
_CLEAR_FOR = "How long the clearing truth has to hold; left out: it clears at once."
_CLEAR = "Truth that ends it; left out: `raise` is false, without a dead band."


def _plain_number(value: object) -> object:
    return value if isinstance(value, dict) else {"value": value}


def _iso_date(value: object) -> object:
    """YAML reads an unquoted date as such; here it stays text."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    return value


IsoDate = Annotated[
    str,
    BeforeValidator(_iso_date, json_schema_input_type=str),
    Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"),
]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


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


class ParameterShape(_Shape):
    """A parameter: a number alone takes the unit of what it stands beside."""

    value: Number = Field(description="Its value.", examples=[7.1])
    unit: Unit | None = Field(
        default=None,
        description="Its unit; left out: that of what it stands beside.",
        examples=["mm/s"],
    )


Parameter = Annotated[
    ParameterShape,
    BeforeValidator(_plain_number, json_schema_input_type=float | ParameterShape),
]
"""A number, or a number with its unit."""


class LevelShape(_Shape):
    """One severity of a rule with levels."""

    raise_when: Expression = Field(
        alias="raise",
        description="Comparison of the value, or any other truth, that raises it.",
        examples=["> vib_trip"],
    )
    clear_when: Expression | None = Field(
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
    recurrence: Recurrence = Field(
        default=Recurrence.COOLDOWN,
        description="What follows when the problem comes back after its order was completed. "
        "`cooldown`: nothing until the cooldown is over. `reopen`: that order is reopened, within "
        "the cooldown (without one, and at the most: within the site's time for reopening). "
        "`new`: a new order at once.",
        examples=["reopen"],
    )
    due: Literal["eta"] | None = Field(
        default=None,
        description="`eta`: due when the time that the rule's `eta(…)` tells has run out; left "
        "out: by its priority.",
        examples=["eta"],
    )


class WindowShape(_Shape):
    """Days of the week with times, or dates, in the time zone of the asset's site."""

    days: list[Weekday] | None = Field(
        default=None,
        min_length=1,
        description="Days of the week on which it begins; left out, without dates: every day.",
        examples=[["sat", "sun"]],
    )
    start: str = Field(
        default="00:00",
        pattern=_TIME_OF_DAY,
        description="Time of day from which it holds, in quotes.",
        examples=["22:00"],
    )
    end: str = Field(
        default="00:00",
        pattern=_TIME_OF_DAY,
        description="Time of day until which it holds; not after `start`: on the next day.",
        examples=["06:00"],
    )
    first: IsoDate | None = Field(
        default=None, description="First day of a stretch of whole days.", examples=["2026-12-24"]
    )
    last: IsoDate | None = Field(
        default=None, description="Last day of it.", examples=["2027-01-01"]
    )

    @model_validator(mode="after")
    def _is_weekly_or_dates(self) -> Self:
        given = {name for name in ("first", "last") if getattr(self, name) is not None}
        if len(given) == 1:
            raise ValueError("a window has both first and last | Give both, or neither")
        if given and self.model_fields_set & {"days", "start", "end"}:
            raise ValueError("dates do not go with days, start or end | Write two windows")
        for name in given:
            _check_date(getattr(self, name))
        if given and str(self.first) > str(self.last):
            raise ValueError("first is after last | Exchange the two")
        if not self.model_fields_set:
            raise ValueError("a window says nothing | Give days, start and end, or first and last")
        return self


def _check_date(text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text} is no day of the calendar | Correct the date") from error


class SuppressionShape(_Shape):
    """One reason not to annunciate an event: give one of the three."""

    parent: Literal[True] | str | None = Field(
        default=None,
        description="`true`: an asset above has an open event; or the rule that it is of.",
        examples=["power_loss"],
    )
    asset_state: list[AssetState] | None = Field(
        default=None,
        min_length=1,
        description="The asset is in one of these states.",
        examples=[["maintenance", "down"]],
    )
    window: WindowShape | None = Field(
        default=None,
        description="It is within these times at the asset's site.",
        examples=[{"days": ["sat", "sun"]}],
    )

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        given = [self.parent, self.asset_state, self.window]
        if sum(one is not None for one in given) != 1:
            raise ValueError(
                "it is not one of parent, asset_state and window | Give one; further ones are "
                "entries of their own"
            )
        return self


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
    enabled_when: Expression | None = Field(
        default=None,
        description="Truth without which the rule is not raised, and clears.",
        examples=["spd > 300 and held(spd > 300, 5m)"],
    )
    value: Expression | None = Field(
        default=None,
        description="Number that the levels compare, and that is shown.",
        examples=["avg(vib, 10m)"],
    )
    levels: dict[SeverityName, LevelShape] | None = Field(
        default=None,
        min_length=1,
        description="Truths by severity: low, medium, high, critical.",
        examples=[{"high": {"raise": "> vib_trip", "clear": "< vib_trip - 0.5"}}],
    )
    raise_when: Expression | None = Field(
        default=None,
        alias="raise",
        description="Truth that raises it, for a rule of one severity.",
        examples=["rate(temp, 15m) > 0.5"],
    )
    clear_when: Expression | None = Field(
        default=None, alias="clear", description=_CLEAR, examples=["rate(temp, 15m) < 0.1"]
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
    on_unknown: Literal["hold", "clear", "raise"] = Field(
        default="hold",
        description="What an unknown truth does: freeze state and delays, or count as cleared or "
        "as raised.",
        examples=["hold"],
    )
    latch: bool = Field(
        default=False,
        strict=True,
        description="Does the event stay open until a person resets it?",
        examples=[True],
    )
    suppress: list[SuppressionShape] = Field(
        default=[],
        description="When its events are not annunciated and ask for no work.",
        examples=[[{"parent": True}, {"asset_state": ["maintenance"]}]],
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
    params: dict[str, Parameter] = Field(
        default={},
        description="Numbers that the rules use, and that an asset may override.",
        examples=[{"vib_trip": 7.1, "dp_dirty": {"value": 25, "unit": "kPa"}}],
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
