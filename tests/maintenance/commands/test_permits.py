"""Permits and lock-outs: work starts when they are in force, and ends when they are gone."""

from datetime import timedelta

import pytest

from maintenance.commands.permits import AtPermit, require_permit, step_isolation, step_permit
from maintenance.errors import NotReady, PermitRefused
from maintenance.orders.permit import (
    Energy,
    IsolationStep,
    NewIsolation,
    NewPermit,
    Permit,
    PermitKind,
    PermitState,
    PermitStep,
)
from maintenance.orders.permit_queries import permits_of
from maintenance.orders.work_order import Action, State, WorkOrder
from tests.maintenance.commands.moving import moved, order_in
from tests.maintenance.scene import Plant

pytestmark = pytest.mark.store

LOCKOUT = NewPermit(
    PermitKind.LOCKOUT, "Drive", (NewIsolation("Q-101", Energy.ELECTRICAL, "padlock"),)
)


class Board:
    """The permits of one order."""

    def __init__(self, plant: Plant, order: WorkOrder) -> None:
        self.plant, self.order = plant, order
        self.connection = plant.connection

    async def require(self, new: NewPermit = LOCKOUT) -> int:
        permit = await require_permit(
            self.connection, self.order.number, new, actor="ana", clock=self.plant.now_us
        )
        return permit.id

    async def step(self, permit_id: int, step: PermitStep, **more: timedelta) -> Permit:
        until = self.plant.now + more["valid"] if "valid" in more else None
        return await step_permit(
            self.connection,
            AtPermit(self.order.number, permit_id),
            step,
            actor="ana",
            valid_until=until,
            clock=self.plant.now_us,
        )

    async def lock(self, permit_id: int, step: IsolationStep, actor: str = "ben") -> Permit:
        return await step_isolation(
            self.connection,
            AtPermit(self.order.number, permit_id),
            "Q-101",
            step,
            actor=actor,
            clock=self.plant.now_us,
        )

    async def in_force(self) -> int:
        permit_id = await self.require()
        await self.lock(permit_id, IsolationStep.APPLY)
        await self.lock(permit_id, IsolationStep.VERIFY, "kim")
        await self.step(permit_id, PermitStep.ISSUE)
        return permit_id

    async def hand_back(self, permit_id: int) -> None:
        await self.lock(permit_id, IsolationStep.REMOVE)
        await self.step(permit_id, PermitStep.CLOSE)


async def board(plant: Plant, state: State = State.APPROVED) -> Board:
    return Board(plant, await order_in(plant, state))


async def test_work_does_not_start_before_the_permit_is_issued_and_the_lock_verified(
    plant: Plant,
) -> None:
    at = await board(plant)
    permit_id = await at.require()
    with pytest.raises(NotReady) as refused:
        await moved(plant, at.order, Action.START)
    assert {lack.code for lack in refused.value.missing} == {
        "permit_to_issue",
        "isolation_to_verify",
    }
    await at.lock(permit_id, IsolationStep.APPLY)
    await at.step(permit_id, PermitStep.ISSUE)
    with pytest.raises(NotReady, match="Q-101 is not applied and verified"):
        await moved(plant, at.order, Action.START)
    await at.lock(permit_id, IsolationStep.VERIFY, "kim")
    assert (await moved(plant, at.order, Action.START)).state is State.IN_PROGRESS


async def test_work_is_not_complete_before_the_lock_is_removed_and_the_permit_handed_back(
    plant: Plant,
) -> None:
    at = await board(plant)
    permit_id = await at.in_force()
    await moved(plant, at.order, Action.START)
    with pytest.raises(NotReady) as refused:
        await moved(plant, at.order, Action.COMPLETE)
    assert {lack.code for lack in refused.value.missing} == {"isolation_in_place", "permit_open"}
    await at.hand_back(permit_id)
    assert (await moved(plant, at.order, Action.COMPLETE)).state is State.COMPLETED


async def test_an_order_is_not_cancelled_while_a_lock_hangs(plant: Plant) -> None:
    at = await board(plant)
    await at.in_force()
    with pytest.raises(NotReady, match="Q-101 is not removed"):
        await moved(plant, at.order, Action.CANCEL)


async def test_who_applied_a_lock_does_not_verify_it(plant: Plant) -> None:
    at = await board(plant)
    permit_id = await at.require()
    await at.lock(permit_id, IsolationStep.APPLY, "ben")
    with pytest.raises(PermitRefused, match="somebody other than ben"):
        await at.lock(permit_id, IsolationStep.VERIFY, "ben")


async def test_a_permit_that_ran_out_stops_the_start(plant: Plant) -> None:
    at = await board(plant)
    permit_id = await at.require(NewPermit(PermitKind.HOT_WORK))
    await at.step(permit_id, PermitStep.ISSUE, valid=timedelta(hours=8))
    plant.later(hours=8)
    with pytest.raises(NotReady, match="permit for hot work has run out"):
        await moved(plant, at.order, Action.START)
    (permit,) = await permits_of(plant.connection, at.order.id)
    assert permit.state(plant.now) is PermitState.EXPIRED


async def test_a_permit_is_not_handed_back_while_its_lock_hangs(plant: Plant) -> None:
    at = await board(plant)
    permit_id = await at.in_force()
    with pytest.raises(PermitRefused, match="remove the isolations first: Q-101"):
        await at.step(permit_id, PermitStep.CLOSE)


async def test_a_permit_that_is_not_needed_after_all_is_withdrawn(plant: Plant) -> None:
    at = await board(plant)
    permit_id = await at.require()
    await at.step(permit_id, PermitStep.WITHDRAW)
    assert (await moved(plant, at.order, Action.START)).state is State.IN_PROGRESS


async def test_work_in_progress_takes_no_new_permit_and_held_work_does(plant: Plant) -> None:
    at = await board(plant, State.IN_PROGRESS)
    with pytest.raises(PermitRefused):
        await at.require()
    await moved(plant, at.order, Action.HOLD)
    await at.require()
    with pytest.raises(NotReady):
        await moved(plant, at.order, Action.RESUME)


async def test_a_lock_that_was_removed_in_a_hold_is_applied_and_verified_again(
    plant: Plant,
) -> None:
    at = await board(plant)
    permit_id = await at.in_force()
    await moved(plant, at.order, Action.START, Action.HOLD)
    await at.lock(permit_id, IsolationStep.REMOVE)
    with pytest.raises(NotReady, match="Q-101 is not applied and verified"):
        await moved(plant, at.order, Action.RESUME)
    await at.lock(permit_id, IsolationStep.APPLY)
    await at.lock(permit_id, IsolationStep.VERIFY, "kim")
    assert (await moved(plant, at.order, Action.RESUME)).state is State.IN_PROGRESS


async def test_a_reopened_order_needs_its_permits_anew(plant: Plant) -> None:
    at = await board(plant)
    permit_id = await at.in_force()
    await moved(plant, at.order, Action.START)
    await at.hand_back(permit_id)
    await moved(plant, at.order, Action.COMPLETE)
    with pytest.raises(NotReady, match="lockout was handed back: issue another"):
        await moved(plant, at.order, Action.REOPEN)
    await at.in_force()
    assert (await moved(plant, at.order, Action.REOPEN)).state is State.IN_PROGRESS


async def test_each_step_says_who_and_when(plant: Plant) -> None:
    at = await board(plant)
    permit_id = await at.in_force()
    await at.lock(permit_id, IsolationStep.REMOVE, "lee")
    (permit,) = await permits_of(plant.connection, at.order.id)
    (point,) = permit.isolations
    assert (permit.issued_by, point.applied_by, point.verified_by, point.removed_by) == (
        "ana",
        "ben",
        "kim",
        "lee",
    )
    actions = await plant.connection.execute(
        "SELECT action FROM work_order_change ORDER BY id DESC LIMIT 5"
    )
    assert [row[0] for row in await actions.fetchall()] == [
        "remove_isolation",
        "issue_permit",
        "verify_isolation",
        "apply_isolation",
        "require_permit",
    ]
