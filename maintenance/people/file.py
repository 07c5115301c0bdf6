"""People, vendors and teams in plant files, and as the API takes them."""

from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated

from pydantic import ConfigDict, Field, model_validator

from maintenance.people.staff import Contract, Rate, Skill, Staff, StaffKind, Team
from maintenance.register.file import Code, FileShape, Name

StaffCode = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@-]{0,99}$")]
"""Code of a person, vendor or team: letters, digits and `_ . @ -`; a person's login where they have one."""

Craft = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
"""A trade, such as `mechanical`, or a skill within it: small letters, digits, `_` and `-`."""


class SkillShape(FileShape):
    """What somebody can do, and the paper that proves it."""

    name: Craft = Field(description="What they can do.", examples=["pump"])
    certificate: str | None = Field(
        default=None,
        max_length=200,
        description="What proves it; left out: nothing has to.",
        examples=["Pump mechanic level 2"],
    )
    valid_from: date | None = Field(
        default=None, description="First day on which it is valid.", examples=["2025-07-01"]
    )
    valid_until: date | None = Field(
        default=None, description="Last day on which it is valid.", examples=["2028-06-30"]
    )

    def definition(self) -> Skill:
        """As the program has it."""
        return Skill(self.name, self.certificate, self.valid_from, self.valid_until)


class RateShape(FileShape):
    """What an hour costs from a day on."""

    valid_from: date = Field(description="From this day on.", examples=["2026-01-01"])
    per_hour: Decimal = Field(
        ge=0,
        le=100_000,
        decimal_places=2,
        description="Cost of an hour in the currency.",
        examples=["52.50"],
    )
    currency: str = Field(
        default="EUR", pattern="^[A-Z]{3}$", description="Currency (ISO 4217).", examples=["EUR"]
    )

    def definition(self) -> Rate:
        """As the program has it."""
        return Rate(self.valid_from, int(self.per_hour * 100), self.currency)


class ContractShape(FileShape):
    """What a vendor works under."""

    reference: str = Field(
        min_length=1, max_length=100, description="Its number.", examples=["SC-2026-014"]
    )
    valid_from: date | None = Field(
        default=None, description="First day of its term.", examples=["2026-01-01"]
    )
    valid_until: date | None = Field(
        default=None, description="Last day of its term.", examples=["2027-12-31"]
    )

    def definition(self) -> Contract:
        """As the program has it."""
        return Contract(self.reference, self.valid_from, self.valid_until)


class StaffShape(FileShape):
    """A person or a contract vendor, under `people:`."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "code": "kim",
                    "name": "Kim Berger",
                    "craft": "mechanical",
                    "calendar": "day",
                    "skills": [{"name": "pump", "valid_until": "2028-06-30"}],
                }
            ]
        },
    )

    code: StaffCode = Field(
        description="Their code; the login where they have one.", examples=["kim"]
    )
    name: Name = Field(description="What others call them.", examples=["Kim Berger"])
    kind: StaffKind = Field(
        default=StaffKind.PERSON, description="person or vendor.", examples=["person"]
    )
    login: str | None = Field(
        default=None, max_length=100, description="Login, where it is not the code."
    )
    site: Code | None = Field(
        default=None, description="Where they work; left out: at every site.", examples=["berlin"]
    )
    craft: Craft | None = Field(default=None, description="Their trade.", examples=["mechanical"])
    calendar: Code | None = Field(
        default=None,
        description="Code of the calendar of their shifts; left out: nothing is said of when "
        "they are there, and they count as always there.",
        examples=["two-shift"],
    )
    shifts: tuple[Name, ...] = Field(
        default=(),
        description="Names of the shifts of the calendar that they work; left out: all.",
        examples=[["early"]],
    )
    skills: tuple[SkillShape, ...] = Field(
        default=(), description="What they can do.", examples=[[{"name": "pump"}]]
    )
    rates: tuple[RateShape, ...] = Field(
        default=(),
        description="What their hour costs, and has cost.",
        examples=[[{"valid_from": "2026-01-01", "per_hour": "52.50"}]],
    )
    contacts: dict[Craft, str] = Field(
        default_factory=dict,
        description="Addresses by kind: email, phone, or one that Apprise knows.",
        examples=[{"email": "kim@example.com"}],
    )
    contract: ContractShape | None = Field(
        default=None,
        description="What a vendor works under; outside its term it is given no work.",
        examples=[{"reference": "SC-2026-014"}],
    )

    @model_validator(mode="after")
    def _each_once(self) -> "StaffShape":
        for what, names in (
            ("skill", [skill.name for skill in self.skills]),
            ("rate from", [str(rate.valid_from) for rate in self.rates]),
        ):
            for name in names:
                if names.count(name) > 1:
                    raise ValueError(f"{what} {name} is there twice | Keep one of the two")
        if self.contract is not None and self.kind is StaffKind.PERSON:
            raise ValueError("a person has no contract here | Write `kind: vendor`")
        return self

    def definition(self) -> Staff:
        """As the program has it."""
        return Staff(
            code=self.code,
            name=self.name,
            kind=self.kind,
            login=self.login,
            site=self.site,
            craft=self.craft,
            calendar=self.calendar,
            shifts=self.shifts,
            skills=tuple(
                skill.definition() for skill in sorted(self.skills, key=lambda one: one.name)
            ),
            rates=tuple(
                rate.definition() for rate in sorted(self.rates, key=lambda one: one.valid_from)
            ),
            contacts=MappingProxyType(dict(self.contacts)),
            contract=self.contract.definition() if self.contract else None,
        )


class TeamShape(FileShape):
    """People and vendors that work together, under `teams:`."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [{"code": "workshop", "name": "Workshop", "members": ["kim"]}]
        },
    )

    code: StaffCode = Field(
        description="Its code; no person or vendor has it.", examples=["mechanics"]
    )
    name: Name = Field(description="What people call it.", examples=["Mechanical workshop"])
    site: Code | None = Field(
        default=None, description="Where it works; left out: at every site.", examples=["berlin"]
    )
    members: tuple[StaffCode, ...] = Field(
        default=(), description="Codes of people and vendors.", examples=[["kim"]]
    )

    def definition(self) -> Team:
        """As the program has it."""
        return Team(self.code, self.name, self.site, tuple(sorted(set(self.members))))
