"""Assignment of real orders: by rule when made, explained, never against a person's decision."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from maintenance.assignment import queries
from maintenance.assignment.rule import Rule
from maintenance.assignment.service import (
    apply_assignment_rules,
    assign_by_rule,
    close_feeds,
    freeze_week,
    open_feed,
    save_rule,
    suggest,
    week_of,
)
from maintenance.commands.creation import NewOrder, create_order
from maintenance.commands.service import assign, change_state
from maintenance.errors import KeptInFiles, NotFound, ScheduleFrozen
from maintenance.events.service import handle_condition_changes
from maintenance.job_plans.plan import JobPlan
from maintenance.job_plans.service import save_plan
from maintenance.orders import queries as orders
from maintenance.orders.work_order import Action, OrderType, Particulars, WorkOrder
from maintenance.people.service import save_staff
from maintenance.people.staff import Skill, Staff
from tests.maintenance.scene import Plant

KIM = Staff("kim", "Kim", craft="mechanical", skills=(Skill("pump"),))
ZOE = replace(KIM, code="zoe", name="Zoe")
RULE = Rule(
    "pumps", "Pumps", asset_classes=("centrifugal_pump",), craft="mechanical", skills=("pump",)
)


async def people(plant: Plant, *rules: Rule) -> None:
    for staff in (KIM, ZOE):
        await save_staff(plant.connection, staff)
    for rule in rules or (RULE,):
        await save_rule(plant.connection, rule)


async def make(plant: Plant, **more: Any) -> WorkOrder:
    new = NewOrder("P-101", OrderType.CORRECTIVE, "Replace the bearing", **more)
    return await create_order(plant.connection, new, actor="ana", clock=plant.now_us)


async def test_a_new_order_has_somebody_and_its_audit_trail_says_why(plant: Plant) -> None:
    await people(plant)
    order = await make(plant)
    assert order.assignee == "kim"
    change = (await orders.changes_of(plant.connection, order))[-1]
    assert (change.action, change.actor) == ("assign", "assignment")
    assert change.reason.startswith("Kim: knows pump, there at any time, 0.0 h of open work")
    [decision] = await queries.decisions_of(plant.connection, order.id)
    assert (decision.rule, decision.order_version) == ("pumps", order.version)
    assert [(each.code, each.chosen) for each in decision.considered] == [
        ("kim", True),
        ("zoe", False),
    ]


async def test_the_skills_of_the_job_plan_count_in_the_version_that_the_order_has(
    plant: Plant,
) -> None:
    await people(plant)
    welder = replace(ZOE, skills=(Skill("pump"), Skill("weld")))
    await save_staff(plant.connection, welder)
    weld = JobPlan("weld-base", "Weld the base", skills=("weld",))
    await save_plan(plant.connection, weld, actor="ana")
    order = await make(plant, job_plan=weld.code)
    assert order.assignee == "zoe"
    await save_plan(plant.connection, replace(weld, skills=("nobody knows it",)), actor="ana")
    assert (await suggest(plant.connection, order, at=plant.now)).assignee == "zoe"
    [decision] = await queries.decisions_of(plant.connection, order.id)
    assert decision.explanation.startswith("Zoe: knows pump, knows weld")


async def test_orders_of_machines_are_given_to_somebody_too(plant: Plant) -> None:
    await people(plant)
    await plant.raise_event()
    await handle_condition_changes(plant.connection, clock=plant.now_us)
    assert await plant.value("SELECT assignee FROM work_order") == "kim"


async def test_work_is_shared_out_as_it_comes(plant: Plant) -> None:
    await people(plant)
    given = [(await make(plant)).assignee for _ in range(4)]
    assert given == ["kim", "zoe", "kim", "zoe"]


async def test_where_nobody_can_the_order_says_so_and_stays_with_nobody(plant: Plant) -> None:
    await people(plant, replace(RULE, skills=("laser",)))
    order = await make(plant)
    assert (order.assignee, order.version) == (None, 1)
    [decision] = await queries.decisions_of(plant.connection, order.id)
    assert decision.explanation == (
        "Nobody can take it: Kim has no skill laser; Zoe has no skill laser."
    )


async def test_without_rules_nothing_is_decided(plant: Plant) -> None:
    order = await make(plant)
    assert await queries.decisions_of(plant.connection, order.id) == []


async def test_what_a_person_decided_is_never_overwritten(plant: Plant) -> None:
    await people(plant)
    order = await make(plant)
    given = Particulars("ana", "Zoe knows this pump")
    order = await assign(
        plant.connection, order.number, "zoe", expected_version=order.version, given=given
    )
    assert await assign_by_rule(plant.connection, order, at=plant.now) is None
    order = await assign(
        plant.connection, order.number, None, expected_version=order.version, given=given
    )
    assert await assign_by_rule(plant.connection, order, at=plant.now) is None
    assert (await orders.get_order(plant.connection, order.number)).assignee is None
    assert (await suggest(plant.connection, order, at=plant.now)).assignee == "kim"


async def test_a_rule_may_decide_again_while_no_person_has(plant: Plant) -> None:
    await people(plant)
    order = await make(plant)
    await save_staff(plant.connection, replace(KIM, skills=()))
    decision = await assign_by_rule(plant.connection, order, at=plant.now)
    assert decision is not None
    assert decision.assignee == "zoe"
    assert (await orders.get_order(plant.connection, order.number)).assignee == "zoe"


async def test_a_suggestion_writes_nothing(plant: Plant) -> None:
    await people(plant)
    order = await make(plant)
    await suggest(plant.connection, order, at=plant.now)
    assert len(await queries.decisions_of(plant.connection, order.id)) == 1


async def test_an_order_s_own_work_does_not_count_against_whom_it_is_given_to(plant: Plant) -> None:
    await people(plant)
    order = await make(plant)
    assert (await suggest(plant.connection, order, at=plant.now)).assignee == "kim"


async def test_a_rule_that_names_somebody_who_is_not_there_is_refused(plant: Plant) -> None:
    with pytest.raises(NotFound, match="person, team or vendor nobody"):
        await save_rule(plant.connection, replace(RULE, candidates=("nobody",)))


async def test_files_keep_rules_and_the_api_does_not_change_those(plant: Plant) -> None:
    assert len((await apply_assignment_rules(plant.connection, [RULE])).changes) == 1
    assert (await apply_assignment_rules(plant.connection, [RULE])).unchanged == 1
    with pytest.raises(KeptInFiles):
        await save_rule(plant.connection, replace(RULE, name="Other"))
    await apply_assignment_rules(plant.connection, [])
    assert await queries.list_rules(plant.connection) == []


async def planned(plant: Plant, hours: float) -> WorkOrder:
    order = await make(plant)
    start = plant.now + timedelta(hours=hours)
    for action in (Action.APPROVE, Action.SCHEDULE):
        order = await change_state(
            plant.connection,
            order.number,
            action,
            expected_version=order.version,
            given=Particulars(
                "ana", planned_start=start, planned_finish=start + timedelta(hours=1)
            ),
            clock=plant.now_us,
        )
    return order


async def test_a_frozen_week_stays_as_it_was(plant: Plant) -> None:
    await people(plant)
    order = await planned(plant, 30)
    await planned(plant, 24 * 9)
    await make(plant)
    assert await freeze_week(plant.connection, "north", date(2026, 3, 4), actor="ana") == 1
    await plant.connection.execute(
        "UPDATE work_order SET planned_start = NULL, planned_finish = NULL"
    )
    frozen = await plant.value("SELECT planned_start FROM schedule_freeze_line")
    assert frozen == order.planned_start
    with pytest.raises(ScheduleFrozen, match="the week of 2026-03-02 is frozen already"):
        await freeze_week(plant.connection, "north", date(2026, 3, 2), actor="ana")
    with pytest.raises(NotFound):
        await freeze_week(plant.connection, "nowhere", date(2026, 3, 2), actor="ana")


async def test_a_week_of_a_site_with_a_change_of_the_clocks_has_an_hour_less(plant: Plant) -> None:
    await plant.connection.execute("UPDATE site SET time_zone = 'Europe/Berlin'")
    week = await week_of(plant.connection, "north", date(2026, 3, 29))
    assert week.monday == date(2026, 3, 23)
    length = week.ends_at.timestamp() - week.starts_at.timestamp()
    assert length == (7 * 24 - 1) * 3600


async def test_a_feed_is_opened_and_closed(plant: Plant) -> None:
    await people(plant)
    first = await open_feed(plant.connection, "kim", actor="ana")
    assert first != await open_feed(plant.connection, "kim", actor="ana")
    assert await close_feeds(plant.connection, "kim") == 2
    with pytest.raises(NotFound):
        await open_feed(plant.connection, "nobody", actor="ana")
