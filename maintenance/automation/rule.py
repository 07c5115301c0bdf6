"""Rules of automation: when something happens, and it is so, then do this. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from maintenance.automation.happening import Fact, Happening, topic_matches
from maintenance.orders.work_order import OrderType


@dataclass(frozen=True, slots=True)
class Check:
    """What a fact has to be: one of some values, or a number within bounds (both inclusive).

    A fact that is not there is `None`.
    """

    any_of: tuple[Fact, ...] = ()
    at_least: float | None = None
    at_most: float | None = None

    def holds(self, value: Fact) -> bool:
        """Is the value as it has to be?"""
        if self.at_least is None and self.at_most is None:
            return value in self.any_of
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        above = self.at_least is None or value >= self.at_least
        return above and (self.at_most is None or value <= self.at_most)

    @property
    def words(self) -> str:
        """What it asks for, to read after "is"."""
        if self.at_least is None and self.at_most is None:
            return " or ".join("nothing" if one is None else str(one) for one in self.any_of)
        low = [] if self.at_least is None else [f"at least {self.at_least:g}"]
        high = [] if self.at_most is None else [f"at most {self.at_most:g}"]
        return " and ".join([*low, *high])


Checks = Mapping[str, Check]
"""Fact -> what it has to be."""

_NONE: Checks = MappingProxyType({})


class Role(StrEnum):
    """What somebody has to do with what happened."""

    ASSIGNEE = "assignee"
    TEAM = "team"
    PLANNER = "planner"
    REQUESTER = "requester"


@dataclass(frozen=True, slots=True)
class Notify:
    """Send a message to channels; of people, to those who have a role of `to` in what happened.

    `{fact}` in title and text is replaced.
    """

    channels: tuple[str, ...]
    title: str | None = None
    text: str | None = None
    to: tuple[Role, ...] = (Role.ASSIGNEE,)


@dataclass(frozen=True, slots=True)
class Approve:
    """Approve the order."""


@dataclass(frozen=True, slots=True)
class Assign:
    """Give the order to somebody, unless somebody has it."""

    to: str


@dataclass(frozen=True, slots=True)
class Comment:
    """Write a remark on the order; `{fact}` is replaced."""

    text: str


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Make another order for the same asset; `{fact}` in its title is replaced."""

    title: str
    type: OrderType = OrderType.INSPECTION
    job_plan: str | None = None


@dataclass(frozen=True, slots=True)
class CloseVerified:
    """Close the completed order once every condition behind it has been clear for so long."""

    clear_for_us: int


@dataclass(frozen=True, slots=True)
class RequestParts:
    """Reserve parts for the order by quantity, and ask for what lacks; none: its job plan's."""

    parts: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))


Action = Notify | Approve | Assign | Comment | FollowUp | CloseVerified | RequestParts


@dataclass(frozen=True, slots=True)
class Automation:
    """A rule: `when` is a topic, perhaps with `*`; all of `checks` hold and none of `unless`."""

    code: str
    when: str
    then: tuple[Action, ...]
    checks: Checks = field(default_factory=lambda: _NONE)
    unless: Checks = field(default_factory=lambda: _NONE)


def applies(automation: Automation, happening: Happening) -> bool:
    """Is the rule to act on this?"""
    return (
        topic_matches(automation.when, happening.topic)
        and all(check.holds(happening.facts.get(name)) for name, check in automation.checks.items())
        and not any(
            check.holds(happening.facts.get(name)) for name, check in automation.unless.items()
        )
    )
