"""Job plans in versions, and what an order takes from them."""

from dataclasses import replace

import psycopg
import pytest

from config.database import Connection
from config.difference import ChangeKind
from maintenance.commands.creation import NewOrder, create_order
from maintenance.errors import CodeTaken, KeptInFiles, NotFound
from maintenance.job_plans.order_step import Outcome
from maintenance.job_plans.plan import KeptIn, PlanKind
from maintenance.job_plans.queries import (
    current_plan,
    list_plans,
    needs_of_order,
    parts_of_order,
    progress,
    skills_of_order,
    steps_of_order,
    version_of_order,
    versions_of,
)
from maintenance.job_plans.service import apply_plans, retire_plan, save_plan
from maintenance.orders.queries import get_order
from maintenance.orders.work_order import OrderType, WorkOrder
from tests.maintenance.job_plans.plans import INSPECT, LOCKED
from tests.maintenance.scene import Plant


async def an_order(connection: Connection, code: str | None = INSPECT.code) -> WorkOrder:
    new = NewOrder("P-101", OrderType.CORRECTIVE, "Look at the bearing", job_plan=code)
    order = await create_order(connection, new, actor="ana")
    return await get_order(connection, order.number)


async def test_a_plan_is_read_as_it_was_written(connection: Connection) -> None:
    made = await save_plan(connection, INSPECT, actor="ana")
    assert (made.plan, made.version, made.made_by) == (INSPECT, 1, "ana")


async def test_a_change_makes_a_new_version(connection: Connection) -> None:
    await save_plan(connection, INSPECT, actor="ana")
    changed = replace(INSPECT, estimated_minutes=60)
    assert (await save_plan(connection, changed, actor="kim")).version == 2
    assert [one.plan for one in await versions_of(connection, INSPECT.code)] == [changed, INSPECT]


async def test_what_is_the_same_makes_no_version(connection: Connection) -> None:
    await save_plan(connection, INSPECT, actor="ana")
    assert (await save_plan(connection, INSPECT, actor="kim")).version == 1


async def test_a_version_never_changes(connection: Connection) -> None:
    await save_plan(connection, INSPECT, actor="ana")
    with pytest.raises(psycopg.Error, match="never"):
        await connection.execute("UPDATE job_plan_version SET name = 'Other'")


async def test_an_order_keeps_the_version_that_it_began_with(
    connection: Connection, plant: Plant
) -> None:
    await save_plan(connection, INSPECT, actor="ana")
    order = await an_order(connection)
    await save_plan(connection, replace(INSPECT, steps=(LOCKED,)), actor="kim")
    assert await needs_of_order(connection, order.id) == INSPECT
    assert len(await steps_of_order(connection, order.id)) == len(INSPECT.steps)
    frozen = await version_of_order(connection, order.id)
    assert frozen is not None
    assert (frozen.version, frozen.current) == (1, False)


async def test_an_order_carries_parts_skills_and_steps(
    connection: Connection, plant: Plant
) -> None:
    await save_plan(connection, INSPECT, actor="ana")
    order = await an_order(connection)
    assert await parts_of_order(connection, order.id) == INSPECT.parts
    assert await skills_of_order(connection, order.id) == INSPECT.skills
    steps = await steps_of_order(connection, order.id)
    assert [(step.key, step.asset, step.outcome) for step in steps] == [
        (step.key, "P-101", Outcome.OPEN) for step in INSPECT.steps
    ]
    assert steps[1].limits == INSPECT.steps[1].limits


async def test_minutes_and_craft_are_set_where_they_are_empty(
    connection: Connection, plant: Plant
) -> None:
    await save_plan(connection, INSPECT, actor="ana")
    order = await an_order(connection)
    assert (order.estimated_minutes, order.craft, order.version) == (90, "mechanical", 1)


async def test_required_steps_hold_an_order_up(connection: Connection, plant: Plant) -> None:
    await save_plan(connection, INSPECT, actor="ana")
    order = await an_order(connection)
    assert (await progress(connection, order.id)).missing == ("Locked out", "Vibration", "Seal")


async def test_an_order_without_a_plan_has_no_steps(connection: Connection, plant: Plant) -> None:
    order = await an_order(connection, None)
    assert (await progress(connection, order.id)).ready
    assert await parts_of_order(connection, order.id) == ()


async def test_an_order_with_an_unknown_plan_is_made_and_the_lack_is_told(
    connection: Connection, plant: Plant
) -> None:
    order = await an_order(connection, "no-such-plan")
    assert await version_of_order(connection, order.id) is None
    told = "SELECT payload->>'reason' FROM outbox WHERE topic = 'work_order.unprepared'"
    assert await plant.value(told) == "there is no job plan no-such-plan in use"


async def test_files_retire_only_what_files_kept(connection: Connection) -> None:
    await save_plan(connection, replace(INSPECT, code="own"), actor="ana")
    await apply_plans(connection, [INSPECT], kind=PlanKind.JOB_PLAN)
    gone = await apply_plans(connection, [], kind=PlanKind.JOB_PLAN)
    assert [(one.kind, one.key) for one in gone.changes] == [(ChangeKind.RETIRED, INSPECT.code)]
    assert [one.plan.code for one in await list_plans(connection)] == ["own"]


async def test_files_applied_again_change_nothing(connection: Connection) -> None:
    await apply_plans(connection, [INSPECT], kind=PlanKind.JOB_PLAN)
    again = await apply_plans(connection, [INSPECT], kind=PlanKind.JOB_PLAN)
    assert (again.changes, again.unchanged) == ((), 1)
    assert (await current_plan(connection, INSPECT.code)).version == 1


async def test_a_plan_that_comes_back_is_the_same_one(connection: Connection) -> None:
    await apply_plans(connection, [INSPECT], kind=PlanKind.JOB_PLAN)
    await apply_plans(connection, [], kind=PlanKind.JOB_PLAN)
    await apply_plans(connection, [INSPECT], kind=PlanKind.JOB_PLAN)
    back = await current_plan(connection, INSPECT.code)
    assert (back.version, back.retired) == (1, False)


async def test_what_files_keep_is_not_changed_elsewhere(connection: Connection) -> None:
    await apply_plans(connection, [INSPECT], kind=PlanKind.JOB_PLAN)
    with pytest.raises(KeptInFiles):
        await save_plan(connection, replace(INSPECT, name="Other"), actor="ana")
    with pytest.raises(KeptInFiles):
        await retire_plan(connection, INSPECT.code)


async def test_files_take_over_what_they_name(connection: Connection) -> None:
    await save_plan(connection, INSPECT, actor="ana")
    await apply_plans(connection, [INSPECT], kind=PlanKind.JOB_PLAN)
    assert (await current_plan(connection, INSPECT.code)).kept_in is KeptIn.FILES


async def test_a_code_is_that_of_one_kind_of_plan(connection: Connection) -> None:
    await save_plan(connection, INSPECT, actor="ana")
    with pytest.raises(CodeTaken):
        await save_plan(connection, replace(INSPECT, kind=PlanKind.ROUND), actor="ana")


async def test_a_retired_plan_is_given_to_no_new_order(
    connection: Connection, plant: Plant
) -> None:
    await save_plan(connection, INSPECT, actor="ana")
    await retire_plan(connection, INSPECT.code)
    order = await an_order(connection)
    assert await steps_of_order(connection, order.id) == ()
    with pytest.raises(NotFound):
        await retire_plan(connection, "none")
