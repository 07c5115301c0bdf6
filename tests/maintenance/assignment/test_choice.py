"""Who gets an order, said in words; the same whatever the order in which people are looked at."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maintenance.assignment.choice import Candidate, Crew, Decision, decide
from maintenance.assignment.file import AssignmentRuleShape
from maintenance.assignment.rule import Job, Preference, Rule, fits, fitting
from maintenance.calendars.calendar import ALL_DAYS, Calendar, CalendarHistory, Shift, Weekday
from maintenance.people.staff import Absence, Contract, Skill, Staff, StaffKind, Team

AT = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)
H = 60
LATE = CalendarHistory.of(
    Calendar("late", "Late", "Europe/Berlin", (Shift("late", ALL_DAYS, time(14), time(22)),))
)
EARLY = CalendarHistory.of(
    Calendar("early", "Early", "Europe/Berlin", (Shift("early", ALL_DAYS, time(6), time(14)),))
)
MONDAYS = CalendarHistory.of(
    Calendar("m", "M", "UTC", (Shift("m", frozenset({Weekday.MON}), time(12), time(14)),))
)
PUMP = Skill("pump", "Level 2", None, date(2026, 12, 31))
RULE = Rule("pumps", "Pumps", craft="mechanical", skills=("pump",))
JOB = Job("corrective", 2, "north", ("hall", "works"), "pump", None, None, 60, AT)


def person(
    code: str, *, calendar: CalendarHistory | None = LATE, work: int = 0, **more: Any
) -> Candidate:
    staff = Staff(
        code=code,
        name=code.capitalize(),
        **{"craft": "mechanical", "skills": (PUMP,), **more},
    )
    return Candidate(staff, calendar, (), work)


def crew(*candidates: Candidate, **teams: tuple[str, ...]) -> Crew:
    return Crew(
        {one.staff.code: one for one in candidates},
        {code: Team(code, code.capitalize(), None, members) for code, members in teams.items()},
    )


def why(decision: Decision, code: str) -> str:
    return next(each.why for each in decision.considered if each.code == code)


def test_the_choice_is_explained_in_words() -> None:
    found = decide([RULE], crew(person("kim", work=210), person("ann", work=400)), JOB)
    assert found.assignee == "kim"
    assert found.explanation == (
        "Kim: pump: Level 2 until 2026-12-31, on shift until 22:00, 3.5 h of open work, "
        "least of 2. Rule: Pumps."
    )
    assert why(found, "ann") == "could do it, but has 6.7 h of open work"


def test_who_lacks_a_skill_that_the_job_plan_asks_for_is_not_chosen() -> None:
    welder = Skill("weld", "EN ISO 9606", None, date(2026, 12, 31))
    job = replace(JOB, job_plan="weld-base", skills=("pump", "weld"))
    found = decide([RULE], crew(person("ann"), person("kim", skills=(PUMP, welder))), job)
    assert found.assignee == "kim"
    assert "pump: Level 2 until 2026-12-31, weld: EN ISO 9606 until 2026-12-31" in found.explanation
    assert why(found, "ann") == "has no skill weld, which job plan weld-base asks for"


def test_a_certificate_has_to_hold_on_the_day_for_which_the_work_is_planned() -> None:
    welder = Skill("weld", "EN ISO 9606", None, date(2026, 3, 31))
    people = crew(person("kim", skills=(PUMP, welder)))
    job = replace(JOB, job_plan="weld-base", skills=("weld",))
    assert decide([RULE], people, job).assignee == "kim"
    later = decide([RULE], people, replace(job, at=AT + timedelta(days=30)))
    assert later.assignee is None
    assert why(later, "kim") == "has certificate EN ISO 9606 only until 2026-03-31"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"site": "south"}, "works at site south"),
        ({"craft": "electrical"}, "is electrical, not mechanical"),
        ({"craft": None}, "has no craft, and mechanical is needed"),
        ({"skills": ()}, "has no skill pump"),
        (
            {"skills": (replace(PUMP, valid_until=date(2026, 3, 1)),)},
            "has certificate Level 2 only until 2026-03-01",
        ),
        (
            {"skills": (replace(PUMP, valid_from=date(2026, 3, 3)),)},
            "has certificate Level 2 only from 2026-03-03 on",
        ),
    ],
)
def test_who_lacks_something_is_told_what(changed: dict[str, Any], told: str) -> None:
    found = decide([RULE], crew(person("kim", **changed)), JOB)
    assert found.assignee is None
    assert why(found, "kim") == told
    assert found.explanation == f"Nobody can take it: Kim {told}."


def test_a_certificate_has_to_hold_on_the_day_on_which_the_work_begins() -> None:
    today = (replace(PUMP, valid_until=date(2026, 3, 2)),)
    assert decide([RULE], crew(person("kim", skills=today)), JOB).assignee == "kim"
    tomorrow = crew(person("kim", skills=today, calendar=EARLY))
    assert decide([RULE], tomorrow, replace(JOB, at=AT + timedelta(hours=1))).assignee is None


def test_who_is_on_shift_comes_before_who_comes_next() -> None:
    found = decide([RULE], crew(person("ann", calendar=EARLY), person("kim", work=600)), JOB)
    assert found.assignee == "kim"
    assert why(found, "ann") == "could do it, but only from Tue 2026-03-03 06:00 on"


def test_a_rule_may_prefer_the_least_work() -> None:
    rule = replace(RULE, prefer=Preference.LEAST_WORK)
    people = crew(person("ann", calendar=EARLY), person("kim", work=600))
    found = decide([rule], people, JOB)
    assert found.assignee == "ann"
    assert "can begin Tue 2026-03-03 06:00" in found.explanation


def test_who_is_absent_is_passed_over_until_they_are_back() -> None:
    ill = Absence(1, "kim", AT - timedelta(days=1), AT + timedelta(days=30))
    people = crew(replace(person("kim"), absences=(ill,)), person("zoe", work=900))
    found = decide([RULE], people, JOB)
    assert found.assignee == "zoe"
    assert why(found, "kim") == "is absent until Wed 2026-04-01 15:00"


def test_who_says_nothing_of_their_shifts_is_there_unless_absent() -> None:
    away = Absence(1, "firm", AT, AT + timedelta(hours=4))
    people = crew(replace(person("firm", calendar=None), absences=(away,)))
    assert "can begin Mon 2026-03-02 17:00" in decide([RULE], people, JOB).explanation


def test_who_has_more_work_than_time_is_passed_over() -> None:
    found = decide([RULE], crew(person("kim", calendar=MONDAYS, work=66)), JOB)
    assert why(found, "kim") == "would have 2.1 h of work for 2.0 h of the next 7 days"
    generous = replace(RULE, max_load_percent=300)
    assert decide([generous], crew(person("kim", calendar=MONDAYS, work=66)), JOB).assignee == "kim"


def vendor(contract: Contract | None) -> Candidate:
    return person("firm", calendar=None, kind=StaffKind.VENDOR, craft=None, contract=contract)


@pytest.mark.parametrize(
    ("contract", "told"),
    [
        (None, "has no contract"),
        (Contract("SC-1", None, date(2026, 3, 1)), "has contract SC-1 only until 2026-03-01"),
        (Contract("SC-1", date(2026, 4, 1)), "has contract SC-1 only from 2026-04-01 on"),
    ],
)
def test_a_vendor_works_within_the_term_of_its_contract(
    contract: Contract | None, told: str
) -> None:
    assert why(decide([RULE], crew(vendor(contract)), JOB), "firm") == told


def test_a_vendor_under_contract_is_chosen_and_its_contract_told() -> None:
    found = decide([RULE], crew(vendor(Contract("SC-1", None, None))), JOB)
    assert found.explanation == (
        "Firm: pump: Level 2 until 2026-12-31, contract SC-1, there at any time, "
        "0.0 h of open work, the only one who can. Rule: Pumps."
    )


def test_a_team_stands_for_its_members_and_takes_what_none_of_them_can() -> None:
    rule = replace(RULE, candidates=("crew",), otherwise="crew")
    people = crew(person("kim"), person("zoe"), person("other"), crew=("zoe", "kim"))
    found = decide([rule], people, JOB)
    assert (found.assignee, {each.code for each in found.considered}) == ("kim", {"kim", "zoe"})
    nobody = crew(person("kim", skills=()), crew=("kim",))
    taken = decide([rule], nobody, JOB)
    assert taken.assignee == "crew"
    assert taken.explanation == (
        "Crew: takes what nobody else can (Kim has no skill pump). Rule: Pumps."
    )


def test_the_next_rule_decides_where_the_first_finds_nobody() -> None:
    first = replace(RULE, code="a", rank=1, skills=("laser",))
    found = decide([RULE, first], crew(person("kim")), JOB)
    assert (found.assignee, found.rule) == ("kim", "pumps")


def test_an_order_that_no_rule_is_for_is_told_so() -> None:
    found = decide([replace(RULE, priorities=(5,))], crew(person("kim")), JOB)
    assert (found.assignee, found.explanation) == (None, "No rule of assignment is for this order.")


@pytest.mark.parametrize(
    "criterion",
    [
        {"types": ("inspection",)},
        {"priorities": (1,)},
        {"sites": ("south",)},
        {"locations": ("yard",)},
        {"asset_classes": ("fan",)},
        {"crafts": ("electrical",)},
        {"job_plans": ("inspect",)},
    ],
)
def test_every_criterion_of_a_rule_has_to_fit(criterion: dict[str, Any]) -> None:
    assert not fits(replace(RULE, **criterion), JOB)


def test_a_location_stands_for_those_within_it_and_rules_are_tried_by_rank() -> None:
    wide = replace(RULE, code="z", rank=1, locations=("works",))
    assert fitting([RULE, wide], JOB) == [wide, RULE]


def test_a_rule_of_a_file_is_the_rule_that_it_says() -> None:
    shape = AssignmentRuleShape.model_validate(
        {"code": "r", "name": "R", "types": ["corrective"], "prefer": "least_work"}
    )
    assert shape.definition() == Rule("r", "R", types=("corrective",), prefer=Preference.LEAST_WORK)


CANDIDATES = st.builds(
    lambda code, calendar, work, craft, certified, away: replace(
        person(
            code,
            calendar=calendar,
            work=work,
            craft=craft,
            skills=(replace(PUMP, valid_until=certified),),
        ),
        absences=(Absence(1, code, AT, AT + timedelta(hours=away)),) if away else (),
    ),
    st.sampled_from([f"p{number}" for number in range(9)]),
    st.sampled_from([None, EARLY, LATE, MONDAYS]),
    st.sampled_from([0, 30, 30, 3000]),
    st.sampled_from(["mechanical", "mechanical", "electrical", None]),
    st.sampled_from([None, date(2026, 3, 1), date(2026, 3, 2)]),
    st.sampled_from([0, 0, 5, 900]),
)


@given(
    st.lists(CANDIDATES, unique_by=lambda one: one.staff.code),
    st.randoms(),
    st.sampled_from(Preference),
)
def test_the_choice_is_the_same_whatever_the_order_and_everybody_is_told_why(
    people: list[Candidate], random: Any, prefer: Preference
) -> None:
    rules = [replace(RULE, prefer=prefer), replace(RULE, code="other", skills=())]
    first = decide(rules, crew(*people), JOB)
    random.shuffle(people)
    random.shuffle(rules)
    assert decide(rules, crew(*people), JOB) == first
    assert all(each.why for each in first.considered)
    assert {each.code for each in first.considered} == {one.staff.code for one in people}
    chosen = [each.code for each in first.considered if each.chosen]
    assert chosen == ([first.assignee] if first.assignee else [])


@given(st.lists(CANDIDATES, unique_by=lambda one: one.staff.code))
def test_nobody_without_the_craft_or_a_valid_certificate_is_ever_chosen(
    people: list[Candidate],
) -> None:
    found = decide([RULE], crew(*people), JOB)
    if found.assignee is not None:
        chosen = next(one.staff for one in people if one.staff.code == found.assignee)
        assert chosen.craft == "mechanical"
        assert chosen.skills[0].valid_until != date(2026, 3, 1)
