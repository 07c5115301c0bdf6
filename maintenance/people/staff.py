"""People, teams and contract vendors: what they can do, when they are there, what they cost. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType


class StaffKind(StrEnum):
    """What an order can be given to, beside a team."""

    PERSON = "person"
    VENDOR = "vendor"
    """A contractor; takes orders within the term of its contract."""


@dataclass(frozen=True, slots=True)
class Skill:
    """What somebody can do; where a certificate proves it, from and until when it is valid.

    Both days belong to the term; None: without beginning, or without end.
    """

    name: str
    certificate: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None

    def holds_on(self, day: date) -> bool:
        """Is it valid on a day?"""
        return within(day, self.valid_from, self.valid_until)


@dataclass(frozen=True, slots=True)
class Rate:
    """Cost of an hour from a day on, in minor units (cents) of a currency (ISO 4217)."""

    valid_from: date
    rate_minor: int
    currency: str = "EUR"


@dataclass(frozen=True, slots=True)
class Contract:
    """What a vendor works under, and its term; both days belong to it."""

    reference: str
    valid_from: date | None = None
    valid_until: date | None = None

    def holds_on(self, day: date) -> bool:
        """Is it in force on a day?"""
        return within(day, self.valid_from, self.valid_until)


@dataclass(frozen=True, slots=True)
class Staff:
    """A person, or a vendor under contract. `calendar` is a code, `shifts` names within it (none: all).

    Without a site they work at every one. Contacts are addresses by kind, such as `email`.
    """

    code: str
    name: str
    kind: StaffKind = StaffKind.PERSON
    login: str | None = None
    site: str | None = None
    craft: str | None = None
    calendar: str | None = None
    shifts: tuple[str, ...] = ()
    skills: tuple[Skill, ...] = ()
    rates: tuple[Rate, ...] = ()
    contacts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    contract: Contract | None = None

    def skill(self, name: str) -> Skill | None:
        """What they have of a skill, valid or not."""
        return next((skill for skill in self.skills if skill.name == name), None)


@dataclass(frozen=True, slots=True)
class Team:
    """People and vendors that work together; `members` are their codes."""

    code: str
    name: str
    site: str | None = None
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Absence:
    """Time in which somebody is not there; it does not overlap with work."""

    id: int
    staff: str
    starts_at: datetime
    ends_at: datetime
    reason: str = ""


def rate_on(rates: Sequence[Rate], day: date) -> Rate | None:
    """The rate that is in force on a day; None before the first."""
    past = [rate for rate in rates if rate.valid_from <= day]
    return max(past, key=lambda rate: rate.valid_from, default=None)


def labour_cost_minor(rate: Rate, minutes: int) -> int:
    """Cost of minutes of work in minor units, halves rounded up."""
    return (rate.rate_minor * minutes * 2 + 60) // 120


def within(day: date, first: date | None, last: date | None) -> bool:
    """Does a day lie in a term whose ends belong to it?"""
    return (first is None or first <= day) and (last is None or day <= last)
