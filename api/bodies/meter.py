"""Meters, their facts and their usage as the API shows and takes them."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat, StringConstraints

from api.bodies.page import FromDomain, PageQuery
from config.clock import from_us
from ingest.meter.counting import Count, Notice, NoticeKind
from ingest.meter.days import MeterDay
from ingest.meter.fact import FactKind, NewFact

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
_WHEN = "When it was so, with a zone; not in the future."
_WHY = "Why; it stays in the audit trail."


class NoticeBody(BaseModel):
    """Something for a person to look at."""

    kind: NoticeKind = Field(
        description="`reset`: it began at 0 again, counted. `spike`: a reading that the next one "
        "contradicts, kept out. `jump`: a rise that cannot be, kept out. `set_back`: a fall that is "
        "neither rollover nor reset, nothing counted."
    )
    at: datetime
    before: float = Field(description="The count before.")
    after: float = Field(description="What the reading said.")

    @classmethod
    def of(cls, notice: Notice) -> "NoticeBody":
        """From a notice of the count."""
        return cls(
            kind=notice.kind, at=from_us(notice.ts_us), before=notice.before, after=notice.after
        )


class FactBody(FromDomain):
    """What a person knows of a meter, who said so and why."""

    id: int
    kind: FactKind
    at: datetime
    amount: float | None = Field(description="Life to date (initial), or what is added to it.")
    end_count: float | None = Field(description="Where the old meter ended; null: last reading.")
    start_count: float | None = Field(description="Where the new meter began.")
    withdraws: int | None = Field(description="The fact that this one takes back.")
    withdrawn_by: int | None = Field(description="The fact that took this one back.")
    reason: str
    actor: str = Field(examples=["person:kim"])
    recorded_at: datetime


class MeterBody(BaseModel):
    """A meter now."""

    tag: str = Field(examples=["P-101.running_hours"])
    unit: str = Field(examples=["h"])
    life_to_date: float | None = Field(
        description="All that it has counted; null: no reading yet.", examples=[12402.5]
    )
    day: date = Field(description="Today in the time zone of the site.")
    today: float = Field(description="Counted today so far.")
    average: float | None = Field(
        description="Counted per day over the last 30 full days, or those since it is known."
    )
    counts: float | None = Field(description="What the meter itself shows.")
    seen_at: datetime | None = Field(description="When it was last counted.")
    in_doubt: float | None = Field(
        description="A reading that does not follow from the count; the next one will tell."
    )
    notices: list[NoticeBody] = Field(description="Of the last 30 days, newest first.")
    facts: list[FactBody] = Field(description="The last ones that were recorded, newest first.")


class UsageDay(FromDomain):
    """A day in the time zone of the site."""

    day: date
    usage: float = Field(description="What was counted.")
    corrected: float = Field(description="What people added to life to date.")
    life_to_date: float | None = Field(description="At the end of the day; null: not known yet.")
    kept_out: int = Field(description="Readings or steps that were kept out.")
    seen: bool = Field(description="Was there a reading or a fact?")


class UsageBody(BaseModel):
    """Usage by the day."""

    tag: str
    unit: str
    days: list[UsageDay]


class UsageQuery(BaseModel):
    """Which days; both bounds are among them."""

    model_config = ConfigDict(extra="forbid")

    first: Annotated[
        date | None, Field(alias="from", description="First day; left out: 29 days before `to`.")
    ] = None
    last: Annotated[
        date | None, Field(alias="to", description="Last day; left out: today at the site.")
    ] = None


class FactQuery(PageQuery):
    """Which page of facts."""


class ReplacementBody(BaseModel):
    """A meter that was exchanged for another one."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "at": "2026-05-04T09:30:00+02:00",
                    "end_count": 48210.4,
                    "start_count": 0,
                    "reason": "Display was dead",
                }
            ]
        },
    )

    at: AwareDatetime = Field(description=_WHEN)
    end_count: FiniteFloat | None = Field(
        default=None, description="What the old meter showed; left out: as at its last reading."
    )
    start_count: FiniteFloat = Field(default=0.0, description="What the new meter showed.")
    reason: Reason = Field(description=_WHY)

    def to_domain(self) -> NewFact:
        """The fact to be recorded."""
        return NewFact(
            FactKind.REPLACEMENT,
            self.at,
            self.reason,
            end_count=self.end_count,
            start_count=self.start_count,
        )


class CorrectionBody(BaseModel):
    """A correction of life to date, or its value at a date."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"at": "2026-05-04T09:30:00Z", "amount": -12.5, "reason": "Test run without load"}
            ]
        },
    )

    at: AwareDatetime = Field(description=_WHEN)
    kind: Literal["correction", "initial"] = Field(
        default="correction",
        description="`correction`: `amount` is added. `initial`: life to date was `amount`.",
    )
    amount: FiniteFloat = Field(description="In the point's unit.")
    reason: Reason = Field(description=_WHY)

    def to_domain(self) -> NewFact:
        """The fact to be recorded."""
        return NewFact(FactKind(self.kind), self.at, self.reason, amount=self.amount)


class WithdrawalBody(BaseModel):
    """Why a fact is taken back."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "It was the meter beside it"}]}
    )

    reason: Reason = Field(description=_WHY)


def notices_of(days: list[MeterDay]) -> list[NoticeBody]:
    """The notices of some days, newest first."""
    found = [NoticeBody.of(notice) for day in days for notice in day.notices]
    return sorted(found, key=lambda notice: notice.at, reverse=True)


def in_doubt(count: Count | None) -> float | None:
    """The reading that is in doubt."""
    return count.doubt.value if count is not None and count.doubt is not None else None
