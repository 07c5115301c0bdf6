"""Who gets an order, and why the others do not: the same order and people, the same answer. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from maintenance.assignment.rule import Job, Preference, Rule, fitting, skills_for
from maintenance.calendars.calendar import CalendarHistory
from maintenance.people.availability import AHEAD, absence_at, free_minutes, next_free
from maintenance.people.staff import Absence, Contract, Skill, Staff, StaffKind, Team

CAPACITY_AHEAD = timedelta(days=7)
"""Open work is held against what somebody can give within this time."""

_ROUND_THE_CLOCK = timedelta(days=4)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody with their shifts (None: nothing is said of them), absences and open work."""

    staff: Staff
    calendar: CalendarHistory | None = None
    absences: tuple[Absence, ...] = ()
    open_minutes: int = 0

    @property
    def zone(self) -> ZoneInfo:
        """The zone that their clock shows."""
        return ZoneInfo(self.calendar.newest.calendar.time_zone if self.calendar else "UTC")


@dataclass(frozen=True, slots=True)
class Fit:
    """Somebody who can do it: when they can begin, until when they are on shift then, and why they can."""

    candidate: Candidate
    start: datetime
    until: datetime | None
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Considered:
    """Somebody who was looked at, and why they were chosen or not."""

    code: str
    name: str
    chosen: bool
    why: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Who gets an order (None: nobody can), by which rule, in words."""

    assignee: str | None
    rule: str | None
    explanation: str
    considered: tuple[Considered, ...]


@dataclass(frozen=True, slots=True)
class Crew:
    """Everybody who may be chosen, by code."""

    candidates: Mapping[str, Candidate]
    teams: Mapping[str, Team]

    def of(self, rule: Rule) -> list[Candidate]:
        """Those whom a rule names, teams as their members, by code; each once."""
        if not rule.candidates:
            return [self.candidates[code] for code in sorted(self.candidates)]
        codes: set[str] = set()
        for code in rule.candidates:
            codes.update(self.teams[code].members if code in self.teams else (code,))
        return [self.candidates[code] for code in sorted(codes) if code in self.candidates]

    def name_of(self, code: str) -> str:
        """What people call a person, team or vendor."""
        if code in self.teams:
            return self.teams[code].name
        return self.candidates[code].staff.name if code in self.candidates else code


def decide(rules: Sequence[Rule], crew: Crew, job: Job) -> Decision:
    """Who gets an order: by the first rule for it with somebody who can do it."""
    tried: dict[str, Considered] = {}
    named = fitting(rules, job)
    for rule in named:
        decision = _by_rule(rule, crew, job)
        tried |= {each.code: each for each in decision.considered}
        if decision.assignee is not None:
            return decision
    why = "; ".join(f"{each.name} {each.why}" for each in tried.values())
    if not named:
        return Decision(None, None, "No rule of assignment is for this order.", ())
    explanation = (
        f"Nobody can take it: {why}." if why else "The rules for it name nobody who works."
    )
    return Decision(None, named[-1].code, explanation, tuple(tried.values()))


def judge(candidate: Candidate, rule: Rule, job: Job) -> Fit | str:
    """Whether somebody can do it, or the words that say why not."""
    free = _free_from(candidate, job.at)
    start = free[0] if free else job.at
    day = start.astimezone(candidate.zone).date()
    for reason in _refusals(candidate.staff, rule, job, day):
        return reason
    if free is None:
        return _never_there(candidate, job.at)
    overload = _overload(candidate, rule, job)
    if overload:
        return overload
    words = (
        *_skill_words(candidate.staff, skills_for(rule, job)),
        _shift_words(candidate, free, job.at),
    )
    return Fit(candidate, free[0], free[1], words)


def _by_rule(rule: Rule, crew: Crew, job: Job) -> Decision:
    judged = [(candidate, judge(candidate, rule, job)) for candidate in crew.of(rule)]
    fits = sorted((each for _, each in judged if isinstance(each, Fit)), key=_order(rule.prefer))
    refused = [
        Considered(candidate.staff.code, candidate.staff.name, chosen=False, why=why)
        for candidate, why in judged
        if isinstance(why, str)
    ]
    if fits:
        return _chosen(rule, fits, refused)
    if rule.otherwise is None:
        return Decision(None, rule.code, "", tuple(refused))
    name = crew.name_of(rule.otherwise)
    why = "; ".join(f"{each.name} {each.why}" for each in refused) or "the rule names nobody else"
    explanation = f"{name}: takes what nobody else can ({why}). Rule: {rule.name}."
    taken = Considered(rule.otherwise, name, chosen=True, why="takes what nobody else can")
    return Decision(rule.otherwise, rule.code, explanation, (taken, *refused))


def _chosen(rule: Rule, fits: Sequence[Fit], refused: Sequence[Considered]) -> Decision:
    best = fits[0]
    staff = best.candidate.staff
    rank = f"least of {len(fits)}" if _has_least(best, fits) else f"one of {len(fits)} who can"
    load = f"{_hours(best.candidate.open_minutes)} of open work"
    words = (*best.words, f"{load}, {rank}" if len(fits) > 1 else f"{load}, the only one who can")
    why = ", ".join(words)
    chosen = Considered(staff.code, staff.name, chosen=True, why=why)
    others = [
        Considered(
            fit.candidate.staff.code,
            fit.candidate.staff.name,
            chosen=False,
            why=_why_not(best, fit),
        )
        for fit in fits[1:]
    ]
    explanation = f"{staff.name}: {why}. Rule: {rule.name}."
    return Decision(staff.code, rule.code, explanation, (chosen, *others, *refused))


def _order(prefer: Preference) -> Callable[[Fit], tuple[Any, ...]]:
    def key(fit: Fit) -> tuple[Any, ...]:
        work, code = fit.candidate.open_minutes, fit.candidate.staff.code
        return (fit.start, work, code) if prefer is Preference.SOONEST else (work, fit.start, code)

    return key


def _has_least(best: Fit, fits: Sequence[Fit]) -> bool:
    return best.candidate.open_minutes == min(fit.candidate.open_minutes for fit in fits)


def _why_not(best: Fit, fit: Fit) -> str:
    """Why somebody who could do it does not get it."""
    if fit.candidate.open_minutes > best.candidate.open_minutes and fit.start == best.start:
        return f"could do it, but has {_hours(fit.candidate.open_minutes)} of open work"
    if fit.start > best.start:
        return f"could do it, but only from {_clock(fit.start, fit.candidate.zone)} on"
    if fit.candidate.open_minutes > best.candidate.open_minutes:
        return f"could do it, but has {_hours(fit.candidate.open_minutes)} of open work"
    return "could do it as well; the code comes later in the alphabet"


def _refusals(staff: Staff, rule: Rule, job: Job, day: date) -> Iterator[str]:
    """What somebody lacks, whenever they are there."""
    if staff.site is not None and staff.site != job.site:
        yield f"works at site {staff.site}"
    craft = rule.craft or job.craft
    if craft is not None and staff.craft != craft:
        if staff.craft is not None:
            yield f"is {staff.craft}, not {craft}"
        elif staff.kind is StaffKind.PERSON:
            yield f"has no craft, and {craft} is needed"
    for name in skills_for(rule, job):
        skill = staff.skill(name)
        if skill is None:
            asked = "" if name in rule.skills else f", which job plan {job.job_plan} asks for"
            yield f"has no skill {name}{asked}"
        elif not skill.holds_on(day):
            yield f"has {_paper(skill)} {_term(skill, day)}"
    if staff.kind is StaffKind.VENDOR:
        yield from _contract_refusals(staff.contract, day)


def _contract_refusals(contract: Contract | None, day: date) -> Iterator[str]:
    if contract is None:
        yield "has no contract"
    elif not contract.holds_on(day):
        yield f"has contract {contract.reference} {_term(contract, day)}"


def _term(paper: Skill | Contract, day: date) -> str:
    if paper.valid_until is not None and paper.valid_until < day:
        return f"only until {paper.valid_until}"
    return f"only from {paper.valid_from} on"


def _paper(skill: Skill) -> str:
    return f"certificate {skill.certificate}" if skill.certificate else f"skill {skill.name}"


def _free_from(candidate: Candidate, at: datetime) -> tuple[datetime, datetime | None] | None:
    """When they can begin, and the end of that shift; who has no calendar is there unless absent."""
    if candidate.calendar is not None:
        free = next_free(candidate.calendar, candidate.absences, at)
        return (free.start, free.end) if free else None
    start = at
    while (absence := absence_at(candidate.absences, start)) is not None:
        start = absence.ends_at
    return (start, None) if start < at + AHEAD else None


def _never_there(candidate: Candidate, at: datetime) -> str:
    absence = absence_at(candidate.absences, at)
    if absence is not None:
        return f"is absent until {_clock(absence.ends_at, candidate.zone)}"
    return f"has no shift within {AHEAD.days} days"


def _overload(candidate: Candidate, rule: Rule, job: Job) -> str | None:
    if candidate.calendar is None:
        return None
    until = job.at + CAPACITY_AHEAD
    capacity = free_minutes(candidate.calendar, candidate.absences, job.at, until)
    if (candidate.open_minutes + job.minutes) * 100 <= capacity * rule.max_load_percent:
        return None
    return (
        f"would have {_hours(candidate.open_minutes + job.minutes)} of work for {_hours(capacity)} "
        f"of the next {CAPACITY_AHEAD.days} days"
    )


def _skill_words(staff: Staff, skills: Sequence[str]) -> Iterator[str]:
    for name in skills:
        skill = staff.skill(name)
        if skill is not None and skill.certificate:
            until = f" until {skill.valid_until}" if skill.valid_until else ""
            yield f"{name}: {skill.certificate}{until}"
        else:
            yield f"knows {name}"
    if staff.contract is not None and staff.kind is StaffKind.VENDOR:
        yield f"contract {staff.contract.reference}"
    elif staff.craft and not skills:
        yield staff.craft


def _shift_words(candidate: Candidate, free: tuple[datetime, datetime | None], at: datetime) -> str:
    start, until = free
    if start > at:
        return f"can begin {_clock(start, candidate.zone)}"
    if until is None:
        return "there at any time"
    if until - at >= _ROUND_THE_CLOCK:
        return "on shift round the clock"
    return f"on shift until {_until(until, at, candidate.zone)}"


def _until(until: datetime, at: datetime, zone: ZoneInfo) -> str:
    local = until.astimezone(zone)
    if until - at < timedelta(days=1):
        return f"{local:%H:%M}"
    return f"{local:%a %Y-%m-%d %H:%M}"


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M}"


def _hours(minutes: int) -> str:
    return f"{minutes / 60:.1f} h"
