"""A job plan's permits stand on its orders, and their work waits for them."""

from dataclasses import replace

import pytest

from maintenance.commands.permits import AtPermit, step_permit
from maintenance.errors import NotReady
from maintenance.job_plans.permits import permits_of_words
from maintenance.job_plans.plan import JobPlan
from maintenance.job_plans.service import save_plan
from maintenance.orders.permit import NewPermit, PermitKind, PermitState, PermitStep
from maintenance.orders.permit_queries import permits_of
from maintenance.orders.work_order import Action, State
from tests.maintenance.commands.moving import moved, order_in
from tests.maintenance.scene import Plant

PLAN = JobPlan("weld", "Weld the base", permits=("hot work", "lock-out"))


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("lock-out", PermitKind.LOCKOUT),
        ("LOTO", PermitKind.LOCKOUT),
        ("Hot work", PermitKind.HOT_WORK),
        ("confined_space", PermitKind.CONFINED_SPACE),
        ("working at height", PermitKind.HEIGHT),
    ],
)
def test_a_word_names_a_kind_of_permit(word: str, kind: PermitKind) -> None:
    assert permits_of_words([word]) == [NewPermit(kind)]


def test_any_other_word_is_a_general_permit_with_that_text() -> None:
    assert permits_of_words(["diving"]) == [NewPermit(PermitKind.GENERAL, "diving")]


def test_a_kind_that_is_named_twice_is_one_permit() -> None:
    assert permits_of_words(["lock-out", "LOTO"]) == [NewPermit(PermitKind.LOCKOUT)]


@pytest.mark.store
async def test_an_order_does_not_start_before_the_permits_of_its_job_plan_are_issued(
    plant: Plant,
) -> None:
    await save_plan(plant.connection, PLAN, actor="ana")
    order = await order_in(plant, State.APPROVED, job_plan=PLAN.code)
    with pytest.raises(NotReady) as refused:
        await moved(plant, order, Action.START)
    told = [lack.message for lack in refused.value.missing]
    assert told == [
        "the permit for hot work is not issued",
        "the permit for lockout is not issued",
    ]
    for permit in await permits_of(plant.connection, order.id):
        at = AtPermit(order.number, permit.id)
        await step_permit(plant.connection, at, PermitStep.ISSUE, actor="ana", clock=plant.now_us)
    assert (await moved(plant, order, Action.START)).state is State.IN_PROGRESS


@pytest.mark.store
async def test_an_order_keeps_the_permits_of_the_version_that_it_was_made_with(
    plant: Plant,
) -> None:
    await save_plan(plant.connection, PLAN, actor="ana")
    order = await order_in(plant, State.APPROVED, job_plan=PLAN.code)
    await save_plan(plant.connection, replace(PLAN, permits=()), actor="ana")
    kinds = [permit.kind for permit in await permits_of(plant.connection, order.id)]
    assert kinds == [PermitKind.HOT_WORK, PermitKind.LOCKOUT]
    after = await order_in(plant, State.APPROVED, job_plan=PLAN.code)
    assert await permits_of(plant.connection, after.id) == []


@pytest.mark.store
async def test_a_permit_of_the_job_plan_that_is_not_needed_is_withdrawn(plant: Plant) -> None:
    await save_plan(plant.connection, replace(PLAN, permits=("lock-out",)), actor="ana")
    order = await order_in(plant, State.APPROVED, job_plan=PLAN.code)
    [permit] = await permits_of(plant.connection, order.id)
    assert (permit.required_by, permit.state(plant.now)) == ("job plan", PermitState.REQUIRED)
    at = AtPermit(order.number, permit.id)
    await step_permit(plant.connection, at, PermitStep.WITHDRAW, actor="ana", clock=plant.now_us)
    assert (await moved(plant, order, Action.START)).state is State.IN_PROGRESS
