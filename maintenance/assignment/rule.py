"""Rules of assignment: for which orders, and among whom is chosen. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Preference(StrEnum):
    """Who comes first among those who can do the work."""

    SOONEST = "soonest"
    """Who can begin first; among those the one with the least open work."""
    LEAST_WORK = "least_work"
    """Who has the least open work; among those the one who can begin first."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: an empty list of a criterion names everything.

    `candidates` are codes of people, teams (their members) and vendors; none: everybody of the
    craft. Each needs the craft and every skill, the rule's and the job plan's. Where none of them can, the order goes to
    `otherwise`, a person, team or vendor, as a whole; where there is none, to the next rule.
    """

    code: str
    name: str
    rank: int = 100
    types: tuple[str, ...] = ()
    priorities: tuple[int, ...] = ()
    sites: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    asset_classes: tuple[str, ...] = ()
    crafts: tuple[str, ...] = ()
    job_plans: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    craft: str | None = None
    skills: tuple[str, ...] = ()
    prefer: Preference = Preference.SOONEST
    max_load_percent: int = 100
    otherwise: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """What of an order decides who does it; `locations` are its location and those around it.

    `minutes` is how long it takes, `at` from when on it may be begun; `skills` are those that its job
    plan asks for, in the version that the order has.
    """

    type: str
    priority: int
    site: str
    locations: tuple[str, ...]
    asset_class: str
    craft: str | None
    job_plan: str | None
    minutes: int
    at: datetime
    skills: tuple[str, ...] = ()


def fitting(rules: Sequence[Rule], job: Job) -> list[Rule]:
    """The rules that are for an order, in the order in which they are tried."""
    found = (rule for rule in rules if fits(rule, job))
    return sorted(found, key=lambda rule: (rule.rank, rule.code))


def fits(rule: Rule, job: Job) -> bool:
    """Is a rule for an order like this?"""
    pairs: tuple[tuple[Sequence[object], Sequence[object]], ...] = (
        (rule.types, (job.type,)),
        (rule.priorities, (job.priority,)),
        (rule.sites, (job.site,)),
        (rule.locations, job.locations),
        (rule.asset_classes, (job.asset_class,)),
        (rule.crafts, (job.craft,)),
        (rule.job_plans, (job.job_plan,)),
    )
    return all(not named or set(named) & set(values) for named, values in pairs)


def skills_for(rule: Rule | None, job: Job) -> tuple[str, ...]:
    """What a rule and the job plan ask for, each once."""
    return tuple(dict.fromkeys((*(rule.skills if rule else ()), *job.skills)))
