"""Calendars, people and teams in plant files, and what is wrong between them."""

from collections.abc import Iterator, Sequence
from typing import Any

from config.documents import KeyPath, Problem
from config.suggestion import did_you_mean
from maintenance.assignment.file import AssignmentRuleShape
from maintenance.assignment.service import apply_assignment_rules
from maintenance.calendars.file import CalendarShape
from maintenance.calendars.service import apply_calendars
from maintenance.people.file import StaffShape, TeamShape
from maintenance.people.service import apply_staff, apply_teams
from maintenance.sla.file import ServiceLevelShape
from maintenance.sla.service import apply_agreements
from oilcan.plant.entries import Declared, Placed
from oilcan.plant.section import Known, Section, by_definition


def staff_problems(
    entries: Sequence[Placed[StaffShape]], declared: Declared, known: Known
) -> Iterator[Problem]:
    """Sites and calendars that do not exist, and logins that two people have."""
    logins: dict[str, str] = {}
    for entry in entries:
        shape = entry.shape
        yield from unknown(entry, "site", shape.site, declared.sites)
        yield from unknown(entry, "calendar", shape.calendar, known["calendars"])
        login = shape.login or shape.code
        if login in logins:
            message = f"{shape.code} and {logins[login]} have the login {login}"
            yield entry.problem(("login",), message, "A login belongs to one person")
        logins[login] = shape.code


def team_problems(
    entries: Sequence[Placed[TeamShape]], declared: Declared, known: Known
) -> Iterator[Problem]:
    """Sites and members that do not exist, and codes that a person has."""
    for entry in entries:
        shape = entry.shape
        yield from unknown(entry, "site", shape.site, declared.sites)
        if shape.code in known["people"]:
            message = f"{shape.code} is the code of a person too"
            yield entry.problem(("code",), message, "An order could not tell them apart: rename it")
        for index, member in enumerate(shape.members):
            if member not in known["people"]:
                remedy = did_you_mean(member, known["people"], otherwise="Add it under `people:`")
                yield entry.problem(("members", index), f"there is no person {member!r}", remedy)


def agreement_problems(
    entries: Sequence[Placed[ServiceLevelShape]], declared: Declared, known: Known
) -> Iterator[Problem]:
    """Calendars, sites, asset classes and people that do not exist."""
    people = known["people"] | known["teams"] | {"assignee"}
    for entry in entries:
        shape = entry.shape
        yield from unknown(entry, "calendar", shape.calendar, known["calendars"])
        yield from unknown_in(entry, ("sites",), shape.sites, declared.sites)
        classes = frozenset(declared.roles)
        yield from unknown_in(entry, ("asset_classes",), shape.asset_classes, classes)
        for index, escalation in enumerate(shape.escalations):
            yield from unknown_in(
                entry, ("escalations", index, "notify"), escalation.notify, people
            )


def assignment_problems(
    entries: Sequence[Placed[AssignmentRuleShape]], declared: Declared, known: Known
) -> Iterator[Problem]:
    """Sites, locations, asset classes and people that do not exist."""
    holders = known["people"] | known["teams"]
    locations = frozenset(code for _, code in declared.locations)
    for entry in entries:
        shape = entry.shape
        yield from unknown_in(entry, ("sites",), shape.sites, declared.sites)
        yield from unknown_in(entry, ("locations",), shape.locations, locations)
        classes = frozenset(declared.roles)
        yield from unknown_in(entry, ("asset_classes",), shape.asset_classes, classes)
        yield from unknown_in(entry, ("candidates",), shape.candidates, holders)
        if shape.otherwise is not None and shape.otherwise not in holders:
            remedy = did_you_mean(shape.otherwise, holders, otherwise="Add them under `people:`")
            message = f"there is nobody called {shape.otherwise!r}"
            yield entry.problem(("otherwise",), message, remedy)


def unknown_in(
    entry: Placed[Any], path: KeyPath, names: Sequence[str], known: frozenset[str]
) -> Iterator[Problem]:
    """A problem for each of the names in a list that nothing has."""
    for index, name in enumerate(names):
        if name not in known:
            remedy = did_you_mean(name, known, otherwise="Remove it, or add what it names")
            yield entry.problem((*path, index), f"there is no {name!r}", remedy)


def unknown(
    entry: Placed[Any], what: str, name: str | None, known: frozenset[str]
) -> Iterator[Problem]:
    """A problem where a name is given that nothing has."""
    if name is not None and name not in known:
        remedy = did_you_mean(name, known, otherwise=f"Add it under `{what}s:`")
        yield entry.problem((what,), f"there is no {what} {name!r}", remedy)


PEOPLE_SECTIONS: tuple[Section, ...] = (
    Section("calendars", CalendarShape, "calendar", "code", by_definition(apply_calendars)),
    Section("people", StaffShape, "person", "code", by_definition(apply_staff), staff_problems),
    Section("teams", TeamShape, "team", "code", by_definition(apply_teams), team_problems),
    Section(
        "service_levels",
        ServiceLevelShape,
        "agreement",
        "code",
        by_definition(apply_agreements),
        agreement_problems,
    ),
    Section(
        "assignment_rules",
        AssignmentRuleShape,
        "assignment rule",
        "code",
        by_definition(apply_assignment_rules),
        assignment_problems,
    ),
)
