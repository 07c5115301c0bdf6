"""A calendar in plant files, and as the API takes it."""

import re
from datetime import date, time
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from maintenance.calendars.calendar import (
    Calendar,
    DayException,
    HolidayRegion,
    Shift,
    Weekday,
)
from maintenance.calendars.holiday import known_region
from maintenance.register.file import Code, FileShape, Name, TimeZone

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def _clock_time(value: object) -> object:
    if isinstance(value, time):
        return value
    text = "00:00" if value == "24:00" else value
    match = _CLOCK.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{value!r} is not a time of day | Write it in quotes, as in '06:00'")
    return time(int(match[1]), int(match[2]))


ClockTime = Annotated[
    time,
    BeforeValidator(_clock_time),
    WithJsonSchema({"type": "string", "pattern": "^([01]?[0-9]|2[0-4]):[0-5][0-9]$"}),
]
"""A local time of day, `HH:MM`; 24:00 is the end of the day."""


class DayName(StrEnum):
    """Days of the week in files."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"

    @property
    def weekday(self) -> Weekday:
        """The day as the program counts it."""
        return Weekday[self.name]


class WorkShiftShape(FileShape):
    """Working time that begins on some days of the week."""

    name: Name = Field(description="What people call it.", examples=["early"])
    days: tuple[DayName, ...] = Field(
        default=tuple(DayName),
        description="Days on which it begins; left out: every day.",
        examples=[["mon", "tue", "wed", "thu", "fri"]],
    )
    start: ClockTime = Field(description="Local time at which it begins.", examples=["06:00"])
    end: ClockTime = Field(
        description="Local time at which it ends; not after the start: on the next day.",
        examples=["14:00"],
    )
    every: int = Field(
        default=1, ge=1, le=52, description="Of so many weeks it is worked in one.", examples=[3]
    )
    week: int = Field(
        default=0,
        ge=0,
        le=51,
        description="In which of them, from 0; counted from Monday, 2024-01-01.",
        examples=[1],
    )

    @model_validator(mode="after")
    def _week_exists(self) -> "WorkShiftShape":
        if self.week >= self.every:
            raise ValueError(f"there is no week {self.week} of {self.every} | Count them from 0")
        return self

    def definition(self) -> Shift:
        """As the program has it."""
        days = frozenset(day.weekday for day in self.days)
        return Shift(self.name, days, self.start, self.end, self.every, self.week)


class HolidaysShape(FileShape):
    """Whose public holidays are free."""

    country: str = Field(pattern="^[A-Z]{2}$", description="Country (ISO 3166-1).", examples=["DE"])
    subdivision: str | None = Field(
        default=None, description="Part of the country (ISO 3166-2).", examples=["BE"]
    )

    @model_validator(mode="after")
    def _is_known(self) -> "HolidaysShape":
        if not known_region(self.definition()):
            where = f"{self.country}-{self.subdivision}" if self.subdivision else self.country
            raise ValueError(f"holidays of {where} are not known | Use codes as in DE and BE")
        return self

    def definition(self) -> HolidayRegion:
        """As the program has it."""
        return HolidayRegion(self.country, self.subdivision)


class DayExceptionShape(FileShape):
    """A day that is not as its weekday or a holiday says."""

    day: date = Field(description="The local day.", examples=["2026-12-24"])
    name: Name = Field(description="Why.", examples=["Works closed"])
    shifts: tuple[WorkShiftShape, ...] = Field(
        default=(),
        description="What is worked instead; left out: nothing.",
        examples=[[{"name": "early", "start": "06:00", "end": "12:00"}]],
    )

    def definition(self) -> DayException:
        """As the program has it."""
        return DayException(self.day, self.name, tuple(one.definition() for one in self.shifts))


class CalendarShape(FileShape):
    """When work is done, under `calendars:`; a change of it counts from when it is applied."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "code": "day",
                    "name": "Day shift",
                    "time_zone": "Europe/Berlin",
                    "shifts": [{"name": "day", "start": "07:00", "end": "15:30"}],
                }
            ]
        },
    )

    code: Code = Field(description="Its code, unique among calendars.", examples=["two-shift"])
    name: Name = Field(description="What people call it.", examples=["Early and late shift"])
    time_zone: TimeZone = Field(
        description="Time zone of its clock times (IANA name).", examples=["Europe/Berlin"]
    )
    shifts: tuple[WorkShiftShape, ...] = Field(
        default=(),
        description="Working time, week by week.",
        examples=[[{"name": "early", "start": "06:00", "end": "14:00"}]],
    )
    holidays: HolidaysShape | None = Field(
        default=None,
        description="Whose public holidays are free; left out: none.",
        examples=[{"country": "DE", "subdivision": "BE"}],
    )
    exceptions: tuple[DayExceptionShape, ...] = Field(
        default=(),
        description="Days that are different.",
        examples=[[{"day": "2026-12-24", "name": "Works closed"}]],
    )

    @model_validator(mode="after")
    def _days_once(self) -> "CalendarShape":
        days = [each.day for each in self.exceptions]
        for day in days:
            if days.count(day) > 1:
                raise ValueError(f"{day} has two exceptions | Write both in one")
        return self

    def definition(self) -> Calendar:
        """As the program has it."""
        return Calendar(
            self.code,
            self.name,
            self.time_zone,
            tuple(one.definition() for one in self.shifts),
            self.holidays.definition() if self.holidays else None,
            tuple(one.definition() for one in self.exceptions),
        )
