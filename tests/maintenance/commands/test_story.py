"""Edits, signatures, failure reports, families, many at once: against a real database."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from psycopg.errors import RaiseException
from psycopg.types.json import Jsonb

from config.database import Connection
from maintenance.commands.bulk import Seen, assign_all, change_states
from maintenance.commands.creation import NewOrder, create_order
from maintenance.commands.editing import edit_order, set_parent
from maintenance.commands.failures import report_failure
from maintenance.commands.service import assign, change_state
from maintenance.commands.signatures import sign
from maintenance.errors import (
    BulkRefused,
    CodeUnknown,
    FamilyRefused,
    NotReady,
    ProblemOpen,
    RequirementMissing,
    StaleVersion,
    TransitionRefused,
)
from maintenance.orders.failure_codes import failure_report_of
from maintenance.orders.failure_report import FailureFound
from maintenance.orders.family import children_of, followers_of, progress_of
from maintenance.orders.policy_json import json_of_policy, policy_of_json
from maintenance.orders.queries import changes_of
from maintenance.orders.signature import Meaning
from maintenance.orders.signature_queries import signatures_of
from maintenance.orders.work_order import Action, OrderType, Origin, Particulars, State, WorkOrder
from maintenance.orders.work_policy import AutomaticApproval, Who, WorkPolicy
from tests.maintenance.commands.moving import WHOLE, moved, order_in, read
from tests.maintenance.scene import START, Plant, until_blocked

pytestmark = pytest.mark.store

ANA = Particulars("ana", reason="looked at it")


async def edit(plant: Plant, order: WorkOrder, **changes: object) -> WorkOrder:
    present = await read(plant, order)
    return await edit_order(
        plant.connection, order.number, changes, expected_version=present.version, given=ANA
    )


async def keep_policy(plant: Plant, policy: WorkPolicy) -> None:
    await plant.connection.execute(
        "INSERT INTO work_policy (site, definition) VALUES (%s, %s)",
        [policy.site, Jsonb(json_of_policy(policy))],
    )


async def test_an_edit_changes_what_it_names_and_keeps_the_rest(plant: Plant) -> None:
    order = await order_in(plant, State.DRAFT, description="Drips", due_at=START)
    after = await edit(plant, order, title="Seal drips")
    assert after == replace(order, title="Seal drips", version=2, updated_at=after.updated_at)


async def test_an_edit_tells_null_from_nothing_said(plant: Plant) -> None:
    order = await order_in(plant, State.DRAFT, due_at=START, craft="mechanical")
    after = await edit(plant, order, due_at=None)
    assert (after.due_at, after.craft) == (None, "mechanical")


async def test_an_edit_leaves_before_and_after_in_the_audit_trail(plant: Plant) -> None:
    order = await edit(plant, await order_in(plant, State.DRAFT), title="Seal drips", priority=1)
    last = (await changes_of(plant.connection, order))[-1]
    assert last.details == {
        "title": {"from": "Repair", "to": "Seal drips"},
        "priority": {"from": 3, "to": 1},
    }
    assert order.priority_reason == "Priority 1: given by ana: looked at it"


async def test_another_priority_needs_a_reason(plant: Plant) -> None:
    order = await order_in(plant, State.DRAFT)
    with pytest.raises(RequirementMissing, match="another priority needs a reason"):
        await edit_order(
            plant.connection,
            order.number,
            {"priority": 1},
            expected_version=1,
            given=Particulars("ana"),
        )


async def test_an_edit_that_changes_nothing_makes_no_version(plant: Plant) -> None:
    order = await order_in(plant, State.DRAFT)
    assert (await edit(plant, order, title="Repair")).version == 1


@pytest.mark.parametrize("state", [State.CLOSED, State.CANCELLED])
async def test_a_final_order_is_not_edited(plant: Plant, state: State) -> None:
    order = await order_in(plant, state)
    with pytest.raises(TransitionRefused, match="cannot edit"):
        await edit(plant, order, title="Other")


async def test_a_scheduled_order_keeps_a_start(plant: Plant) -> None:
    order = await order_in(plant, State.SCHEDULED)
    with pytest.raises(RequirementMissing):
        await edit(plant, order, planned_start=None)
    with pytest.raises(RequirementMissing):
        await edit(plant, order, planned_finish=START - timedelta(hours=1))


async def test_a_hold_names_a_reason_and_says_whether_clocks_pause(plant: Plant) -> None:
    order = await order_in(plant, State.ON_HOLD)
    assert (order.hold_reason, order.held_at) == ("weather", START)
    last = (await changes_of(plant.connection, order))[-1]
    assert last.details == {"hold_reason": "weather", "pauses_sla": True}
    resumed = await moved(plant, order, Action.RESUME)
    assert (resumed.hold_reason, resumed.held_at) == (None, None)


async def test_a_hold_for_an_unknown_reason_is_refused_with_those_that_there_are(
    plant: Plant,
) -> None:
    order = await order_in(plant, State.IN_PROGRESS)
    with pytest.raises(CodeUnknown) as refused:
        await moved(plant, order, Action.HOLD, given=replace(WHOLE, hold_reason="rain"))
    assert "waiting_parts" in refused.value.known


async def test_the_first_start_stays_through_holds_and_reopening(plant: Plant) -> None:
    order = await order_in(plant, State.IN_PROGRESS)
    plant.later(hours=1)
    order = await moved(
        plant, order, Action.HOLD, Action.RESUME, Action.COMPLETE, Action.CLOSE, Action.REOPEN
    )
    assert order.started_at == START
    assert (order.completed_at, order.closed_at, order.finished_at) == (None, None, None)
    assert (order.reopened, order.completed_by) == (1, None)


async def test_work_ends_when_people_say_it_ended(plant: Plant) -> None:
    order = await order_in(plant, State.IN_PROGRESS)
    plant.later(hours=5)
    ended = START + timedelta(hours=2)
    order = await moved(plant, order, Action.COMPLETE, given=replace(WHOLE, finished_at=ended))
    assert (order.finished_at, order.completed_at) == (ended, plant.now)


async def test_what_was_taken_back_by_reopening_stays_in_the_trail(plant: Plant) -> None:
    order = await order_in(plant, State.CLOSED)
    order = await moved(plant, order, Action.REOPEN)
    last = (await changes_of(plant.connection, order))[-1]
    assert last.details["completed_by"] == "ana"
    assert last.details["closed_at"] == START.isoformat()


async def test_a_failure_is_reported_in_known_codes(plant: Plant) -> None:
    order = await order_in(plant, State.IN_PROGRESS)
    found = FailureFound("VIB", "1.2", "3.4", "6", "1", "inner race spalled", failed_at=START)
    order = await report_failure(
        plant.connection,
        order.number,
        found,
        expected_version=order.version,
        given=ANA,
        clock=plant.now_us,
    )
    report = await failure_report_of(plant.connection, order)
    assert report is not None
    assert (report.found, report.reported_by, order.failed_at) == (found, "ana", START)


async def test_a_failure_in_an_unknown_code_is_refused(plant: Plant) -> None:
    order = await order_in(plant, State.IN_PROGRESS)
    with pytest.raises(CodeUnknown, match="no failure mode XYZ"):
        await report_failure(
            plant.connection,
            order.number,
            FailureFound("XYZ"),
            expected_version=order.version,
            given=ANA,
        )


async def test_codes_of_another_class_are_not_for_this_asset(plant: Plant) -> None:
    await plant.connection.execute(
        "INSERT INTO failure_code (kind, code, asset_class, name) VALUES"
        " ('mode', 'CAV', 'centrifugal_pump', 'Cavitation'), ('mode', 'TRK', 'conveyor', 'Mistracks')"
    )
    order = await order_in(plant, State.IN_PROGRESS)
    with pytest.raises(CodeUnknown):
        await report_failure(
            plant.connection,
            order.number,
            FailureFound("TRK"),
            expected_version=order.version,
            given=ANA,
        )
    await report_failure(
        plant.connection,
        order.number,
        FailureFound("CAV"),
        expected_version=order.version,
        given=ANA,
    )


async def test_a_signature_keeps_what_was_signed_through_later_changes(plant: Plant) -> None:
    order = await order_in(plant, State.COMPLETED)
    order = await sign(
        plant.connection,
        order.number,
        Meaning.PERFORMED,
        expected_version=order.version,
        actor="ben",
    )
    (before,) = await signatures_of(plant.connection, order.id)
    await moved(plant, order, Action.REOPEN)
    await edit(plant, order, title="Something else")
    (after,) = await signatures_of(plant.connection, order.id)
    assert after == before
    assert after.holds()
    assert '"title":"Repair"' in after.content


async def test_atlas_a_signature_is_neither_changed_nor_removed(plant: Plant) -> None:
    order = await order_in(plant, State.COMPLETED)
    await sign(
        plant.connection,
        order.number,
        Meaning.PERFORMED,
        expected_version=order.version,
        actor="ben",
    )
    for statement in ("UPDATE signature SET signer = 'eve'", "DELETE FROM signature"):
        with pytest.raises(RaiseException, match="never changed or removed"):
            await plant.connection.execute(statement.encode())


async def test_nobody_signs_what_they_have_not_seen(plant: Plant) -> None:
    order = await order_in(plant, State.COMPLETED)
    await edit(plant, order, title="Something else")
    with pytest.raises(StaleVersion):
        await sign(
            plant.connection,
            order.number,
            Meaning.REVIEWED,
            expected_version=order.version,
            actor="ben",
        )


async def test_larger_work_is_complete_only_when_its_parts_are_final(plant: Plant) -> None:
    parent = await order_in(plant, State.IN_PROGRESS)
    child = await order_in(plant, State.COMPLETED, parent=parent.number)
    with pytest.raises(NotReady, match=f"{child.number}, a part of it"):
        await moved(plant, parent, Action.COMPLETE)
    await moved(plant, child, Action.CLOSE)
    assert (await moved(plant, parent, Action.COMPLETE)).state is State.COMPLETED


async def test_a_part_is_not_reopened_once_the_larger_work_is_done(plant: Plant) -> None:
    parent = await order_in(plant, State.IN_PROGRESS)
    child = await order_in(plant, State.CLOSED, parent=parent.number)
    await moved(plant, parent, Action.COMPLETE)
    with pytest.raises(NotReady, match=f"{parent.number}, of which it is a part"):
        await moved(plant, child, Action.REOPEN)
    with pytest.raises(FamilyRefused):
        await order_in(plant, State.DRAFT, parent=parent.number)


async def test_a_part_that_reopens_waits_for_the_larger_work_that_completes(
    plant: Plant, open_connection: Callable[[], Awaitable[Connection]]
) -> None:
    parent = await order_in(plant, State.IN_PROGRESS)
    child = await order_in(plant, State.CLOSED, parent=parent.number)
    other, watch = await open_connection(), await open_connection()
    async with plant.connection.transaction():
        await moved(plant, parent, Action.COMPLETE)
        late = asyncio.create_task(
            change_state(
                other,
                child.number,
                Action.REOPEN,
                expected_version=child.version,
                given=WHOLE,
                clock=plant.now_us,
            )
        )
        await until_blocked(Plant(watch), other.info.backend_pid)
    with pytest.raises(NotReady):
        await late


async def test_families_have_no_rings(plant: Plant) -> None:
    top = await order_in(plant, State.APPROVED)
    middle = await order_in(plant, State.APPROVED, parent=top.number)
    low = await order_in(plant, State.APPROVED, parent=middle.number)
    for number in (low.number, middle.number, top.number):
        with pytest.raises(FamilyRefused):
            await set_parent(
                plant.connection, top.number, number, expected_version=top.version, given=ANA
            )


async def test_two_who_close_a_ring_from_both_ends_do_not(
    plant: Plant, open_connection: Callable[[], Awaitable[Connection]]
) -> None:
    one, two = await order_in(plant, State.APPROVED), await order_in(plant, State.APPROVED)
    other, watch = await open_connection(), await open_connection()
    async with plant.connection.transaction():
        await set_parent(
            plant.connection, one.number, two.number, expected_version=one.version, given=ANA
        )
        late = asyncio.create_task(
            set_parent(other, two.number, one.number, expected_version=two.version, given=ANA)
        )
        await until_blocked(Plant(watch), other.info.backend_pid)
    with pytest.raises(FamilyRefused):
        await late


async def test_progress_rolls_up_to_the_last_part(plant: Plant) -> None:
    top = await order_in(plant, State.IN_PROGRESS)
    part = await order_in(plant, State.IN_PROGRESS, parent=top.number, estimated_minutes=60)
    await order_in(plant, State.CLOSED, parent=part.number, estimated_minutes=30)
    await order_in(plant, State.CANCELLED, parent=top.number)
    progress = await progress_of(plant.connection, top)
    assert (progress.parts, progress.done, progress.cancelled, progress.final) == (3, 1, 1, 2)
    assert (progress.estimated_minutes, progress.share) == (90, 0.5)
    assert len(await children_of(plant.connection, top)) == 2


async def test_odoo_a_follow_up_copies_neither_state_nor_origin(plant: Plant) -> None:
    first = await order_in(plant, State.COMPLETED, origin_key="step:17")
    follow_up = await create_order(
        plant.connection,
        NewOrder("P-101", OrderType.CORRECTIVE, "Replace the seal", follows=first.number),
        actor="ana",
    )
    assert (follow_up.state, follow_up.origin) == (State.DRAFT, Origin.ORDER)
    assert follow_up.follows == first.number
    assert follow_up.started_at is None
    assert [one.number for one in await followers_of(plant.connection, first)] == [follow_up.number]


async def test_what_may_lead_to_one_order_leads_to_one_also_from_two_at_once(
    plant: Plant, open_connection: Callable[[], Awaitable[Connection]]
) -> None:
    new = NewOrder("P-101", OrderType.CORRECTIVE, "Seal", origin_key="step:17")
    other, watch = await open_connection(), await open_connection()
    async with plant.connection.transaction():
        first = await create_order(plant.connection, new, actor="ana")
        late = asyncio.create_task(create_order(other, new, actor="ben"))
        await until_blocked(Plant(watch), other.info.backend_pid)
    assert (await late).number == first.number
    assert await plant.value("SELECT count(*) FROM work_order") == 1


async def test_an_order_is_not_reopened_beside_another_about_its_problem(plant: Plant) -> None:
    first = await order_in(plant, State.COMPLETED, failure_mode="VIB")
    second = await order_in(plant, State.DRAFT, failure_mode="VIB")
    with pytest.raises(ProblemOpen) as refused:
        await moved(plant, first, Action.REOPEN)
    assert refused.value.number == second.number


async def test_a_reopening_that_loses_against_a_new_order_of_its_problem_is_refused(
    plant: Plant, open_connection: Callable[[], Awaitable[Connection]]
) -> None:
    first = await order_in(plant, State.COMPLETED, failure_mode="VIB")
    new = NewOrder("P-101", OrderType.CORRECTIVE, "Again", failure_mode="VIB")
    other, watch = await open_connection(), await open_connection()
    async with plant.connection.transaction():
        await create_order(plant.connection, new, actor="ana")
        late = asyncio.create_task(
            change_state(
                other,
                first.number,
                Action.REOPEN,
                expected_version=first.version,
                given=WHOLE,
                clock=plant.now_us,
            )
        )
        await until_blocked(Plant(watch), other.info.backend_pid)
    with pytest.raises(ProblemOpen):
        await late


async def test_many_move_together(plant: Plant) -> None:
    orders = [await order_in(plant, State.DRAFT) for _ in range(3)]
    seen = [Seen(order.number, order.version) for order in reversed(orders)]
    after = await change_states(plant.connection, seen, Action.APPROVE, given=WHOLE)
    assert [(one.number, one.state) for one in after] == [
        (one.number, State.APPROVED) for one in seen
    ]
    assigned = await assign_all(
        plant.connection, [Seen(one.number, one.version) for one in after], "kim", given=ANA
    )
    assert {one.assignee for one in assigned} == {"kim"}


async def test_odoo_of_many_none_moves_if_one_cannot_and_each_error_is_told(plant: Plant) -> None:
    good = await order_in(plant, State.DRAFT)
    closed = await order_in(plant, State.CLOSED)
    stale = await order_in(plant, State.DRAFT)
    seen = [
        Seen(good.number, good.version),
        Seen(closed.number, closed.version),
        Seen(stale.number, 7),
    ]
    with pytest.raises(BulkRefused) as refused:
        await change_states(plant.connection, seen, Action.APPROVE, given=WHOLE)
    assert {number: type(error) for number, error in refused.value.refused} == {
        closed.number: TransitionRefused,
        stale.number: StaleVersion,
    }
    assert (await read(plant, good)).state is State.DRAFT


async def test_a_policy_approves_what_fits_it_and_nothing_else(plant: Plant) -> None:
    rule = AutomaticApproval(types=frozenset({OrderType.INSPECTION}), priorities=frozenset({3}))
    await keep_policy(plant, WorkPolicy("north", automatic_approval=(rule,)))
    fits = await order_in(plant, State.DRAFT, type=OrderType.INSPECTION)
    other = await order_in(plant, State.DRAFT)
    assert (fits.state, other.state) == (State.APPROVED, State.DRAFT)
    last = (await changes_of(plant.connection, fits))[-1]
    assert (last.action, last.actor) == ("approve", "policy")


async def test_the_policy_of_a_site_goes_before_that_of_all(plant: Plant) -> None:
    everywhere = WorkPolicy(reviewer=Who.ANOTHER)
    await keep_policy(plant, everywhere)
    order = await order_in(plant, State.COMPLETED)
    with pytest.raises(NotReady, match="somebody other than ana"):
        await moved(plant, order, Action.CLOSE)
    await keep_policy(plant, WorkPolicy("north"))
    assert (await moved(plant, order, Action.CLOSE)).state is State.CLOSED


def test_a_policy_is_the_same_after_its_way_through_json() -> None:
    rule = AutomaticApproval(frozenset({OrderType.CORRECTIVE}), frozenset({1}))
    policy = WorkPolicy("north", reviewer=Who.ANOTHER, automatic_approval=(rule,))
    back = policy_of_json(json_of_policy(policy))
    assert json_of_policy(back) == json_of_policy(policy)
    assert back.automatic_approval == policy.automatic_approval


async def test_an_order_on_hold_can_be_given_to_another(plant: Plant) -> None:
    order = await order_in(plant, State.ON_HOLD)
    after = await assign(
        plant.connection, order.number, "kim", expected_version=order.version, given=ANA
    )
    assert after.assignee == "kim"
