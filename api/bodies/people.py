"""Calendars, people, teams and absences as the API shows them and takes them in."""

from datetime import date, datetime, time
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from api.bodies.page import FromDomain
from maintenance.calendars.calendar import Shift, Weekday
from maintenance.calendars.kept import KeptIn
from maintenance.calendars.queries import CurrentCalendar
from maintenance.people.queries import StaffEntry
from maintenance.people.staff import StaffKind


class ShiftBody(BaseModel):
    """Working time that begins on some days of the week; ending not after its start: a day later."""

    name: str
    days: list[str] = Field(examples=[["mon", "tue"]])
    start: time
    end: time
    every: int = Field(description="Of so many weeks it is worked in one.")
    week: int = Field(description="In which of them, from 0.")

    @classmethod
    def of(cls, shift: Shift) -> "ShiftBody":
        """From the domain's shift."""
        days = [Weekday(day).name.lower() for day in sorted(shift.days)]
        return cls(
            name=shift.name,
            days=days,
            start=shift.start,
            end=shift.end,
            every=shift.every,
            week=shift.week,
        )


class DayExceptionBody(BaseModel):
    """A day that is different; without shifts nothing is worked."""

    day: date
    name: str
    shifts: list[ShiftBody]


class HolidaysBody(FromDomain):
    """Whose public holidays are free."""

    country: str = Field(examples=["DE"])
    subdivision: str | None


class CalendarBody(BaseModel):
    """A calendar as it counts now."""

    code: str = Field(examples=["two-shift"])
    name: str
    time_zone: str = Field(examples=["Europe/Berlin"])
    shifts: list[ShiftBody]
    holidays: HolidaysBody | None
    exceptions: list[DayExceptionBody]
    kept_in: KeptIn
    version: int = Field(description="Counts its versions; its ETag.")

    @classmethod
    def of(cls, current: CurrentCalendar) -> "CalendarBody":
        """From the domain's calendar."""
        calendar = current.calendar
        return cls(
            code=calendar.code,
            name=calendar.name,
            time_zone=calendar.time_zone,
            shifts=[ShiftBody.of(shift) for shift in calendar.shifts],
            holidays=HolidaysBody.model_validate(calendar.holidays) if calendar.holidays else None,
            exceptions=[
                DayExceptionBody(
                    day=each.day, name=each.name, shifts=[ShiftBody.of(one) for one in each.shifts]
                )
                for each in calendar.exceptions
            ],
            kept_in=current.kept_in,
            version=current.version,
        )


class IntervalBody(FromDomain):
    """Working time from a moment up to another, with the names of its shifts."""

    start: datetime
    end: datetime
    shifts: list[str]


class WorkingTimeBody(BaseModel):
    """Working time of a calendar between two moments."""

    seconds: float
    intervals: list[IntervalBody]


class SkillBody(FromDomain):
    """What somebody can do, what proves it, and its first and last day."""

    name: str
    certificate: str | None
    valid_from: date | None
    valid_until: date | None


class RateBody(FromDomain):
    """What an hour costs from a day on, in minor units (cents)."""

    valid_from: date
    rate_minor: int
    currency: str


class ContractBody(FromDomain):
    """What a vendor works under."""

    reference: str
    valid_from: date | None
    valid_until: date | None


class PersonBody(FromDomain):
    """A person or a contract vendor."""

    code: str = Field(examples=["kim"])
    name: str
    kind: StaffKind
    login: str | None
    site: str | None
    craft: str | None
    calendar: str | None
    shifts: list[str]
    skills: list[SkillBody]
    rates: list[RateBody] | None = Field(
        default=None, description="For those who keep people alone; null for others."
    )
    contacts: dict[str, str]
    contract: ContractBody | None
    kept_in: KeptIn
    version: int = Field(description="Counts its changes; its ETag.")
    retired: bool

    @classmethod
    def of(cls, entry: StaffEntry, *, with_rates: bool) -> "PersonBody":
        """From the domain's entry."""
        fields: dict[str, Any] = {
            name: getattr(entry.staff, name)
            for name in cls.model_fields
            if hasattr(entry.staff, name)
        }
        fields["contacts"] = dict(entry.staff.contacts)
        if not with_rates:
            fields["rates"] = None
        more = {"kept_in": entry.kept_in, "version": entry.version, "retired": entry.retired}
        return cls.model_validate({**fields, **more})


class TeamBody(FromDomain):
    """People and vendors that work together."""

    code: str = Field(examples=["workshop"])
    name: str
    site: str | None
    members: list[str]


class AbsenceBody(FromDomain):
    """Time in which somebody is not there."""

    id: int
    staff: str
    starts_at: datetime
    ends_at: datetime
    reason: str


class NewAbsenceBody(BaseModel):
    """Time in which somebody will not be there."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "starts_at": "2026-07-06T00:00:00+02:00",
                    "ends_at": "2026-07-20T00:00:00+02:00",
                    "reason": "Holiday",
                }
            ]
        },
    )

    starts_at: AwareDatetime
    ends_at: AwareDatetime
    reason: Annotated[str, Field(max_length=200)] = ""

    @model_validator(mode="after")
    def _in_order(self) -> "NewAbsenceBody":
        if self.ends_at <= self.starts_at:
            raise ValueError("an absence ends after it begins")
        return self


class FeedBody(BaseModel):
    """An address for calendar programs; it is told once and needs no key."""

    address: str = Field(examples=["/feeds/8rYp…/work.ics"])


class ClosedBody(BaseModel):
    """How many addresses no longer lead anywhere."""

    closed: int
