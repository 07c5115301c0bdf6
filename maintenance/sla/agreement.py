"""Agreements on how soon work is responded to and resolved, and which one an order is under. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

BREACH_PERCENT = 100


class ClockKind(StrEnum):
    """What is measured."""

    RESPONSE = "response"
    """From the order's creation until work begins."""
    RESOLUTION = "resolution"
    """From the order's creation until it is completed."""


class Measure(StrEnum):
    """Which time counts."""

    WORKING = "working"
    """Working time of the agreement's calendar."""
    ELAPSED = "elapsed"
    """Every hour, nights and weekends too."""


@dataclass(frozen=True, slots=True)
class Target:
    """What was agreed for one clock."""

    minutes: int
    measure: Measure = Measure.WORKING

    @property
    def seconds(self) -> int:
        """The same in seconds."""
        return self.minutes * 60


@dataclass(frozen=True, slots=True)
class Escalation:
    """Who is told when so much of a target is used up; 100 per cent is the breach."""

    at_percent: int
    notify: tuple[str, ...] = ()

    @property
    def step(self) -> str:
        """Its name, unique within an agreement's chain."""
        if self.at_percent < BREACH_PERCENT:
            return f"warning:{self.at_percent}"
        if self.at_percent == BREACH_PERCENT:
            return "breach"
        return f"escalation:{self.at_percent}"


@dataclass(frozen=True, slots=True)
class Agreement:
    """One version of an agreement.

    It is for orders whose type, priority, site and asset class are among those named; an empty
    list names all. `pauses` are the codes of hold reasons that stop its clocks; None: those that
    are marked so where the reasons are kept. The chain is in order of its percentages and has the
    breach.
    """

    code: str
    name: str
    types: tuple[str, ...] = ()
    priorities: tuple[int, ...] = ()
    sites: tuple[str, ...] = ()
    asset_classes: tuple[str, ...] = ()
    calendar: str | None = None
    response: Target | None = None
    resolution: Target | None = None
    pauses: tuple[str, ...] | None = None
    chain: tuple[Escalation, ...] = (Escalation(75), Escalation(BREACH_PERCENT))

    def target(self, kind: ClockKind) -> Target | None:
        """What was agreed for a clock, if anything."""
        return self.response if kind is ClockKind.RESPONSE else self.resolution

    @property
    def specificity(self) -> tuple[int, int]:
        """How narrow it is: the number of criteria, and which ones.

        Among as many, the asset class says more than the site, that more than the priority, and
        that more than the type.
        """
        given = [
            bool(each) for each in (self.asset_classes, self.sites, self.priorities, self.types)
        ]
        return sum(given), sum(2 ** (3 - rank) for rank, is_given in enumerate(given) if is_given)


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides which agreement an order is under."""

    type: str
    priority: int
    site: str
    asset_class: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The agreement that an order is under, if any, and the sentence that says why."""

    agreement: Agreement | None
    reason: str


def choose(agreements: Sequence[Agreement], facts: Facts) -> Choice:
    """The most specific of the agreements that fit; among equals the first by code."""
    fitting = sorted(
        (each for each in agreements if fits(each, facts)),
        key=lambda each: (*(-part for part in each.specificity), each.code),
    )
    if not fitting:
        return Choice(None, f"No agreement fits {_spelt(facts)}.")
    best, others = fitting[0], fitting[1:]
    named = _criteria(best, facts)
    reason = f"{best.name}: it is for {named}" if named else f"{best.name}: it is for every order"
    if others:
        reason += f"; more specific than {', '.join(each.name for each in others)}"
    return Choice(best, f"{reason}.")


def fits(agreement: Agreement, facts: Facts) -> bool:
    """Is the agreement for orders like this?"""
    pairs: tuple[tuple[Sequence[object], object], ...] = (
        (agreement.types, facts.type),
        (agreement.priorities, facts.priority),
        (agreement.sites, facts.site),
        (agreement.asset_classes, facts.asset_class),
    )
    return all(not named or value in named for named, value in pairs)


def _criteria(agreement: Agreement, facts: Facts) -> str:
    words: Mapping[str, bool] = {
        f"asset class {facts.asset_class}": bool(agreement.asset_classes),
        f"site {facts.site}": bool(agreement.sites),
        f"priority {facts.priority}": bool(agreement.priorities),
        f"{facts.type} work": bool(agreement.types),
    }
    return ", ".join(text for text, given in words.items() if given)


def _spelt(facts: Facts) -> str:
    return (
        f"{facts.type} work of priority {facts.priority} on a {facts.asset_class} "
        f"at site {facts.site}"
    )
