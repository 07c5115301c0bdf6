"""Maintenance plans in plant files and over the API."""

from datetime import date, datetime, time
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    model_validator,
)

from config.durations import UNIT_US, format_duration, parse_duration
from maintenance.orders.work_order import OrderType
from maintenance.plans.plan import (
    Basis,
    ClosedDays,
    ConditionTrigger,
    MaintenancePlan,
    Match,
    MeterTrigger,
    Nesting,
    OpenOrderPolicy,
    Season,
    Selection,
    TimeTrigger,
    Trigger,
    Work,
)
from maintenance.plans.recurrence import parse
from maintenance.register.file import AssetTag, Code, FileShape, Name

_DURATION = r"^\s*[0-9]+(\.[0-9]+)?\s*(us|ms|s|m|h|d)\s*$"
_SEASON = r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\.\.(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
_LONGEST_HORIZON_DAYS = 1_100


def _minutes(text: object) -> int:
    us = parse_duration(text)
    if us % UNIT_US["m"]:
        raise ValueError(f"{text!r} is no whole number of minutes | Write it as in 30m, 8h or 7d")
    return us // UNIT_US["m"]


Minutes = Annotated[
    int,
    BeforeValidator(_minutes, json_schema_input_type=Annotated[str, Field(pattern=_DURATION)]),
    PlainSerializer(lambda minutes: format_duration(minutes * UNIT_US["m"]), return_type=str),
]
"""Text such as `7d` in the file, whole minutes here."""


def _wall_time(value: object) -> object:
    """A date begins at midnight; YAML reads both without quotes. A zone is the site's affair."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time())
    return value


def _no_zone(value: datetime) -> datetime:
    if value.tzinfo is not None:
        raise ValueError(
            f"{value.isoformat()} has a time zone | Write the local time of the site, as in "
            "2026-03-31T06:00"
        )
    return value.replace(second=0, microsecond=0)


WallTime = Annotated[datetime, BeforeValidator(_wall_time), AfterValidator(_no_zone)]


def _real_season(text: str) -> str:
    for end in text.split(".."):
        # A leap year has every day that there is.
        date.fromisoformat(f"2024-{end}")
    return text


SeasonText = Annotated[str, Field(pattern=_SEASON), AfterValidator(_real_season)]


class TimeShape(FileShape):
    """Due by the calendar."""

    rule: str = Field(
        max_length=500,
        description="Recurrence rule (RFC 5545), DAILY to YEARLY. A rule that names no day takes "
        "that of `start`, or the last day of a month that does not have it.",
        examples=["FREQ=MONTHLY;INTERVAL=3"],
    )
    start: WallTime = Field(
        description="First time, as the clocks of the asset's site show it.",
        examples=["2026-01-31T06:00"],
    )
    basis: Basis = Field(
        default=Basis.FIXED,
        description="fixed: by the calendar alone; floating: counted from the work done last.",
        examples=["floating"],
    )
    seasons: tuple[SeasonText, ...] = Field(
        default=(),
        description="Days of each year, both ends among them; left out: all year.",
        examples=[["04-01..10-31"]],
    )
    closed_days: ClosedDays = Field(
        default=ClosedDays.IGNORE,
        description="What happens on holidays and days without work: ignore, skip, before or after.",
        examples=["after"],
    )

    @model_validator(mode="after")
    def _can_be_expanded(self) -> Self:
        parse(self.rule, self.start)
        return self

    def trigger(self) -> TimeTrigger:
        """In the words of the domain."""
        seasons = tuple(_season(text) for text in self.seasons)
        return TimeTrigger(self.rule, self.start, self.basis, seasons, self.closed_days)


def _season(text: str) -> Season:
    first, last = (date.fromisoformat(f"2024-{end}") for end in text.split(".."))
    return Season((first.month, first.day), (last.month, last.day))


class MeterShape(FileShape):
    """Due by what a meter has counted, whatever its display shows."""

    meter: Code = Field(description="Role of a counter of the asset.", examples=["running_hours"])
    every: float = Field(
        gt=0, allow_inf_nan=False, description="In the unit of the meter.", examples=[2000]
    )
    basis: Basis = Field(
        default=Basis.FIXED,
        description="fixed: at multiples; floating: counted from the work done last.",
        examples=["floating"],
    )
    start: float | None = Field(
        default=None,
        ge=0,
        allow_inf_nan=False,
        description="Count from which it is counted; left out: 0 where fixed, else where the meter "
        "stood when the plan took effect.",
        examples=[12000],
    )
    tolerance: float = Field(
        default=0.0,
        ge=0,
        allow_inf_nan=False,
        description="Work done so much sooner counts.",
        examples=[100],
    )

    @model_validator(mode="after")
    def _tolerance_is_smaller(self) -> Self:
        if self.tolerance >= self.every:
            raise ValueError("tolerance is not smaller than every | Give a smaller tolerance")
        return self

    def trigger(self) -> MeterTrigger:
        """In the words of the domain."""
        return MeterTrigger(self.meter, self.every, self.basis, self.start, self.tolerance)


class ConditionShape(FileShape):
    """Due when a rule raises an event on the asset."""

    rule: str = Field(
        pattern=r"^\S+/\S+$",
        max_length=200,
        description="Name of the rule: class and id.",
        examples=["centrifugal_pump/vibration_zone"],
    )
    severity: int = Field(
        default=1,
        ge=1,
        le=4,
        description="At least this severe: 1 low to 4 critical.",
        examples=[2],
    )

    def trigger(self) -> ConditionTrigger:
        """In the words of the domain."""
        return ConditionTrigger(self.rule, self.severity)


class AppliesToShape(FileShape):
    """The assets of a plan: those named and those of the classes, at the sites if any are named."""

    assets: tuple[AssetTag, ...] = Field(
        default=(), description="Tags of assets.", examples=[["P-101", "P-102"]]
    )
    classes: tuple[Code, ...] = Field(
        default=(), description="All assets of these classes.", examples=[["centrifugal_pump"]]
    )
    sites: tuple[Code, ...] = Field(
        default=(), description="Only assets at these sites.", examples=[["berlin"]]
    )

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not (self.assets or self.classes or self.sites):
            raise ValueError("names no assets | Give assets, classes or sites")
        return self


class WorkShape(FileShape):
    """What an order of the plan is made of."""

    type: OrderType = Field(
        default=OrderType.PREVENTIVE,
        description="Maintenance type (EN 13306).",
        examples=["inspection"],
    )
    title: str = Field(
        default="", max_length=200, description="Left out: the plan's name.", examples=["Grease"]
    )
    description: str = Field(
        default="", max_length=10_000, description="What is to be done.", examples=["Stop first."]
    )
    job_plan: str | None = Field(
        default=None, max_length=100, description="Code of its job plan.", examples=["grease-pump"]
    )
    priority: int = Field(default=3, ge=1, le=5, description="1 is the most urgent.", examples=[3])
    craft: str | None = Field(
        default=None,
        max_length=100,
        description="Who does it; left out: as its job plan says.",
        examples=["mechanical"],
    )
    team: str | None = Field(
        default=None, max_length=100, description="Team that it is for.", examples=["day-shift"]
    )
    estimated_minutes: int | None = Field(
        default=None, gt=0, le=1_000_000, description="Minutes of work.", examples=[45]
    )
    approved: bool = Field(
        default=True,
        description="true: the order begins approved; false: as a draft that somebody approves.",
        examples=[False],
    )


class NestingShape(FileShape):
    """Work that makes lesser work on the same asset needless, as a yearly overhaul does a monthly."""

    group: Code = Field(
        description="Plans of one group absorb one another.", examples=["p-service"]
    )
    rank: int = Field(
        ge=0, le=1000, description="The greater rank absorbs the lesser.", examples=[2]
    )
    within: Minutes = Field(
        default=10_080,
        description="How near to greater work this work is needless.",
        examples=["7d"],
    )


class PlanShape(FileShape):
    """Preventive work, under `maintenance_plans:`. Several triggers make one plan."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "code": "pump-grease",
                    "name": "Grease the pump's bearings",
                    "applies_to": {"classes": ["centrifugal_pump"]},
                    "time": {"rule": "FREQ=MONTHLY", "start": "2026-01-31T06:00"},
                    "work": {"craft": "mechanical", "estimated_minutes": 30},
                }
            ]
        },
    )

    code: Code = Field(description="Its code, unique among plans.", examples=["pump-grease"])
    name: Name = Field(description="What people call it.", examples=["Grease the pump's bearings"])
    applies_to: AppliesToShape = Field(
        description="Its assets; each has occurrences of its own.",
        examples=[{"classes": ["centrifugal_pump"]}],
    )
    time: TimeShape | None = Field(
        default=None,
        description="Due by the calendar.",
        examples=[{"rule": "FREQ=MONTHLY", "start": "2026-01-31T06:00"}],
    )
    meter: MeterShape | None = Field(
        default=None,
        description="Due by a meter.",
        examples=[{"meter": "running_hours", "every": 2000, "tolerance": 100}],
    )
    conditions: tuple[ConditionShape, ...] = Field(
        default=(),
        description="Due by events of rules.",
        examples=[[{"rule": "centrifugal_pump/wear", "severity": 2}]],
    )
    match: Match = Field(
        default=Match.ANY,
        description="Of several triggers: any, the first makes it due; all, the last does.",
        examples=["any"],
    )
    work: WorkShape = Field(
        default_factory=WorkShape,
        description="What an order is made of.",
        examples=[{"craft": "mechanical", "estimated_minutes": 30}],
    )
    open_order_policy: OpenOrderPolicy = Field(
        default=OpenOrderPolicy.SKIP,
        description="Work that is due while an order of the plan is open on the asset: skip it, "
        "coalesce it with that order, stack a further order, or supersede the open one.",
        examples=["coalesce"],
    )
    nesting: NestingShape | None = Field(
        default=None,
        description="Which greater work makes this work needless.",
        examples=[{"group": "p-service", "rank": 1, "within": "14d"}],
    )
    lead: Minutes = Field(
        default=0, description="The order is made so long before the work is due.", examples=["7d"]
    )
    early: Minutes = Field(
        default=0,
        description="Work done so long before it is due counts, and is not asked for again.",
        examples=["5d"],
    )
    window: Minutes = Field(
        default=0, description="Work done so long after it was due is in time.", examples=["3d"]
    )
    horizon_days: int = Field(
        default=366,
        ge=1,
        le=_LONGEST_HORIZON_DAYS,
        description="How many days ahead it is planned.",
        examples=[400],
    )
    calendar: Code | None = Field(
        default=None,
        description="Calendar whose holidays and working days hold; left out: all days are open.",
        examples=["plant-calendar"],
    )

    @model_validator(mode="after")
    def _is_due_somehow(self) -> Self:
        if not (self.time or self.meter or self.conditions):
            raise ValueError("nothing makes it due | Give time, meter or conditions")
        return self

    def plan(self) -> MaintenancePlan:
        """In the words of the domain."""
        triggers: list[Trigger] = [each.trigger() for each in self.conditions]
        triggers += [each.trigger() for each in (self.meter,) if each]
        triggers += [each.trigger() for each in (self.time,) if each]
        nesting = self.nesting
        return MaintenancePlan(
            code=self.code,
            name=self.name,
            triggers=tuple(triggers),
            applies_to=Selection(**self.applies_to.model_dump()),
            match=self.match,
            work=Work(**self.work.model_dump()),
            open_order_policy=self.open_order_policy,
            nesting=Nesting(nesting.group, nesting.rank, nesting.within) if nesting else None,
            lead_minutes=self.lead,
            early_minutes=self.early,
            window_minutes=self.window,
            horizon_days=self.horizon_days,
            calendar=self.calendar,
        )

    def as_json(self) -> dict[str, Any]:
        """The plan as it is kept: what `model_validate` reads back."""
        return self.model_dump(mode="json", exclude_defaults=True)
