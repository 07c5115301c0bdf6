"""An agreement in plant files, and as the API takes it."""

from pydantic import ConfigDict, Field, model_validator

from maintenance.orders.work_order import OrderType
from maintenance.register.file import Code, FileShape, Name
from maintenance.sla.agreement import BREACH_PERCENT, Agreement, Escalation, Measure, Target


class TargetShape(FileShape):
    """How soon."""

    minutes: int = Field(
        ge=1, le=1_000_000, description="Minutes that may be used.", examples=[240]
    )
    measure: Measure = Field(
        default=Measure.WORKING,
        description="working: time of the agreement's calendar; elapsed: every hour.",
        examples=["elapsed"],
    )

    def definition(self) -> Target:
        """As the program has it."""
        return Target(self.minutes, self.measure)


class EscalationShape(FileShape):
    """Who is told when so much of a target is used up."""

    at_percent: int = Field(
        ge=1,
        le=1000,
        description="Per cent of the target; 100 is the breach, less warns of it.",
        examples=[75],
    )
    notify: tuple[str, ...] = Field(
        default=(),
        description="Codes of people and teams, or `assignee`.",
        examples=[["assignee", "planner"]],
    )

    def definition(self) -> Escalation:
        """As the program has it."""
        return Escalation(self.at_percent, self.notify)


class ServiceLevelShape(FileShape):
    """How soon work is responded to and resolved, under `service_levels:`.

    Orders keep the version that was in force when they were made.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "code": "critical",
                    "name": "Critical machines",
                    "priorities": [1, 2],
                    "response": {"minutes": 60, "measure": "elapsed"},
                }
            ]
        },
    )

    code: Code = Field(description="Its code, unique among agreements.", examples=["critical"])
    name: Name = Field(description="What people call it.", examples=["Critical machines"])
    types: tuple[OrderType, ...] = Field(
        default=(),
        description="For orders of these types; left out: of every type.",
        examples=[["corrective"]],
    )
    priorities: tuple[int, ...] = Field(
        default=(),
        description="For orders of these priorities; left out: of every one.",
        examples=[[1, 2]],
    )
    sites: tuple[Code, ...] = Field(
        default=(), description="At these sites; left out: at every one.", examples=[["berlin"]]
    )
    asset_classes: tuple[Code, ...] = Field(
        default=(),
        description="For assets of these classes; left out: of every one.",
        examples=[["centrifugal_pump"]],
    )
    calendar: Code | None = Field(
        default=None,
        description="Calendar whose working time counts; left out: every hour does.",
        examples=["two-shift"],
    )
    response: TargetShape | None = Field(
        default=None, description="Until work begins.", examples=[{"minutes": 60}]
    )
    resolution: TargetShape | None = Field(
        default=None, description="Until it is completed.", examples=[{"minutes": 480}]
    )
    pauses: tuple[str, ...] | None = Field(
        default=None,
        description="Reasons for a hold that stop the clocks; left out: those that are marked so.",
        examples=[["waiting_access"]],
    )
    warn_at_percent: int = Field(
        default=75,
        ge=1,
        lt=BREACH_PERCENT,
        description="When it warns: per cent of the target.",
        examples=[80],
    )
    escalations: tuple[EscalationShape, ...] = Field(
        default=(),
        description="Who is told when; the warning and the breach are told in any case.",
        examples=[[{"at_percent": 100, "notify": ["planner"]}]],
    )

    @model_validator(mode="after")
    def _is_whole(self) -> "ServiceLevelShape":
        if self.response is None and self.resolution is None:
            raise ValueError("nothing is agreed | Give `response:` or `resolution:`")
        working = [
            target
            for target in (self.response, self.resolution)
            if target is not None and target.measure is Measure.WORKING
        ]
        if working and self.calendar is None:
            raise ValueError("working time needs a calendar | Add `calendar:` or measure elapsed")
        percents = [each.at_percent for each in self.escalations]
        for percent in percents:
            if percents.count(percent) > 1:
                raise ValueError(f"{percent} per cent is there twice | Keep one of the two")
        return self

    def definition(self) -> Agreement:
        """As the program has it."""
        chain = {each.at_percent: each.definition() for each in self.escalations}
        for percent in (self.warn_at_percent, BREACH_PERCENT):
            chain.setdefault(percent, Escalation(percent))
        return Agreement(
            code=self.code,
            name=self.name,
            types=tuple(sorted(each.value for each in self.types)),
            priorities=tuple(sorted(self.priorities)),
            sites=tuple(sorted(self.sites)),
            asset_classes=tuple(sorted(self.asset_classes)),
            calendar=self.calendar,
            response=self.response.definition() if self.response else None,
            resolution=self.resolution.definition() if self.resolution else None,
            pauses=None if self.pauses is None else tuple(sorted(self.pauses)),
            chain=tuple(chain[percent] for percent in sorted(chain)),
        )
