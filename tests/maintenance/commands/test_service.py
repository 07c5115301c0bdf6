"""Commands of people on work orders, against a real database."""

from collections.abc import Awaitable, Callable

import pytest

from config.database import Connection
from maintenance.commands.creation import NewOrder, create_order
from maintenance.commands.service import assign, change_state, comment
from maintenance.errors import (
    AssetRetired,
    NotFound,
    ProblemOpen,
    RequirementMissing,
    StaleVersion,
    TransitionRefused,
)
from maintenance.orders import queries
from maintenance.orders.work_order import Action, OrderType, Origin, Particulars, State, WorkOrder
from tests.maintenance.scene import Plant

pytestmark = pytest.mark.store

ANA = Particulars("ana")
DONE = Particulars("ana", resolution="bearing replaced")
REPAIR = NewOrder("P-101", OrderType.CORRECTIVE, "Replace the bearing")


async def moved(connection: Connection, order: WorkOrder, *actions: Action) -> WorkOrder:
    for action in actions:
        given = Particulars("ana", reason="because", resolution="done")
        order = await change_state(
            connection, order.number, action, expected_version=order.version, given=given
        )
    return order


async def test_a_persons_order_starts_as_a_draft(connection: Connection, plant: Plant) -> None:
    order = await create_order(connection, REPAIR, actor="ana", clock=plant.now_us)
    assert (order.number, order.state, order.version) == ("WO-000001", State.DRAFT, 1)
    assert (order.origin, order.created_by) == (Origin.PERSON, "ana")
    assert order.created_at == plant.now


async def test_without_a_priority_the_assets_criticality_gives_one(
    connection: Connection, plant: Plant
) -> None:
    order = await create_order(connection, REPAIR, actor="ana")
    assert order.priority == 3
    assert order.priority_reason.startswith("Priority 3: the asset has criticality A; nobody gave")


async def test_a_given_priority_says_who_gave_it(connection: Connection, plant: Plant) -> None:
    new = NewOrder("P-103", OrderType.INSPECTION, "Look at it", priority=1)
    order = await create_order(connection, new, actor="ana")
    assert (order.priority, order.priority_reason) == (1, "Priority 1: given by ana.")


async def test_an_order_for_an_unknown_asset_is_refused(
    connection: Connection, plant: Plant
) -> None:
    with pytest.raises(NotFound, match="no asset P-999"):
        await create_order(connection, NewOrder("P-999", OrderType.CORRECTIVE, "x"), actor="ana")


async def test_an_order_for_a_retired_asset_is_refused(
    connection: Connection, plant: Plant
) -> None:
    await plant.retire("P-101")
    with pytest.raises(AssetRetired):
        await create_order(connection, REPAIR, actor="ana")


async def test_a_second_order_about_an_open_problem_names_the_first(
    connection: Connection, plant: Plant
) -> None:
    new = NewOrder("P-101", OrderType.CORRECTIVE, "Vibrates", failure_mode="VIB")
    first = await create_order(connection, new, actor="ana")
    with pytest.raises(ProblemOpen) as refused:
        await create_order(connection, new, actor="ben")
    assert refused.value.number == first.number
    assert await plant.value("SELECT count(*) FROM work_order") == 1


async def test_an_order_goes_through_its_whole_life(connection: Connection, plant: Plant) -> None:
    order = await create_order(connection, REPAIR, actor="ana")
    states = []
    for action in (Action.APPROVE, Action.START, Action.COMPLETE, Action.CLOSE):
        order = await moved(connection, order, action)
        states.append(order.state)
    assert states == [State.APPROVED, State.IN_PROGRESS, State.COMPLETED, State.CLOSED]
    assert order.approved_at <= order.started_at <= order.completed_at <= order.closed_at  # type: ignore[operator]
    assert order.cancelled_at is None


async def test_each_change_has_its_row_of_the_audit_trail(
    connection: Connection, plant: Plant
) -> None:
    order = await create_order(connection, REPAIR, actor="ana")
    order = await moved(connection, order, Action.APPROVE, Action.CANCEL)
    changes = await queries.changes_of(connection, order)
    assert [(c.version, c.action, c.from_state, c.to_state, c.actor) for c in changes] == [
        (1, "create", None, State.DRAFT, "ana"),
        (2, "approve", State.DRAFT, State.APPROVED, "ana"),
        (3, "cancel", State.APPROVED, State.CANCELLED, "ana"),
    ]
    assert changes[-1].reason == "because"


async def test_each_change_is_told_in_the_outbox(connection: Connection, plant: Plant) -> None:
    order = await create_order(connection, REPAIR, actor="ana")
    await moved(connection, order, Action.APPROVE)
    rows = await connection.execute(
        "SELECT topic, payload->>'number', (payload->>'version')::int FROM outbox ORDER BY id"
    )
    assert await rows.fetchall() == [
        ("work_order.create", "WO-000001", 1),
        ("work_order.approve", "WO-000001", 2),
    ]


async def test_each_change_is_notified(
    connection: Connection,
    plant: Plant,
    open_connection: Callable[[], Awaitable[Connection]],
) -> None:
    listener = await open_connection()
    await listener.execute("LISTEN work_order")
    order = await create_order(connection, REPAIR, actor="ana")
    heard = [notice.payload async for notice in listener.notifies(timeout=5, stop_after=1)]
    assert heard == [str(order.id)]


async def test_an_unknown_number_is_not_found(connection: Connection, plant: Plant) -> None:
    with pytest.raises(NotFound, match="no work order WO-000009"):
        await change_state(connection, "WO-000009", Action.APPROVE, expected_version=1, given=ANA)


async def test_an_older_version_is_refused_with_the_present_one(
    connection: Connection, plant: Plant
) -> None:
    order = await create_order(connection, REPAIR, actor="ana")
    await moved(connection, order, Action.APPROVE)
    with pytest.raises(StaleVersion) as stale:
        await change_state(connection, order.number, Action.START, expected_version=1, given=ANA)
    assert (stale.value.expected, stale.value.present) == (1, 2)


async def test_a_refused_transition_changes_nothing_and_names_what_is_allowed(
    connection: Connection, plant: Plant
) -> None:
    order = await create_order(connection, REPAIR, actor="ana")
    with pytest.raises(TransitionRefused) as refused:
        await change_state(connection, order.number, Action.CLOSE, expected_version=1, given=ANA)
    assert refused.value.allowed == (Action.APPROVE, Action.CANCEL)
    assert await queries.get_order(connection, order.number) == order
    assert await plant.value("SELECT count(*) FROM outbox") == 1


async def test_completing_a_repair_without_a_resolution_changes_nothing(
    connection: Connection, plant: Plant
) -> None:
    order = await create_order(connection, REPAIR, actor="ana")
    order = await moved(connection, order, Action.APPROVE, Action.START)
    with pytest.raises(RequirementMissing):
        await change_state(connection, order.number, Action.COMPLETE, expected_version=3, given=ANA)
    assert (await queries.get_order(connection, order.number)).state is State.IN_PROGRESS


async def test_an_order_of_an_asset_that_retired_meanwhile_is_not_approved(
    connection: Connection, plant: Plant
) -> None:
    order = await create_order(connection, REPAIR, actor="ana")
    await plant.retire("P-101")
    with pytest.raises(AssetRetired):
        await moved(connection, order, Action.APPROVE)


async def test_an_order_is_assigned_and_taken_back(connection: Connection, plant: Plant) -> None:
    order = await create_order(connection, REPAIR, actor="ana")
    order = await assign(connection, order.number, "ben", expected_version=1, given=ANA)
    assert (order.assignee, order.version) == ("ben", 2)
    order = await assign(connection, order.number, None, expected_version=2, given=ANA)
    assert order.assignee is None
    last = (await queries.changes_of(connection, order))[-1]
    assert (last.action, last.details) == ("assign", {"from": "ben", "to": None})


async def test_assigning_an_older_version_is_refused(connection: Connection, plant: Plant) -> None:
    order = await create_order(connection, REPAIR, actor="ana")
    await assign(connection, order.number, "ben", expected_version=1, given=ANA)
    with pytest.raises(StaleVersion):
        await assign(connection, order.number, "carl", expected_version=1, given=ANA)


async def test_a_cancelled_order_is_not_assigned(connection: Connection, plant: Plant) -> None:
    order = await create_order(connection, REPAIR, actor="ana")
    order = await moved(connection, order, Action.CANCEL)
    with pytest.raises(TransitionRefused, match="nothing is allowed any more"):
        await assign(connection, order.number, "ben", expected_version=2, given=ANA)


async def test_a_comment_goes_into_the_audit_trail(connection: Connection, plant: Plant) -> None:
    order = await create_order(connection, REPAIR, actor="ana")
    order = await comment(connection, order.number, "seal looks worn", actor="ben")
    last = (await queries.changes_of(connection, order))[-1]
    assert (last.version, last.action, last.actor, last.reason) == (
        2,
        "comment",
        "ben",
        "seal looks worn",
    )


async def test_a_comment_on_an_unknown_order_is_refused(
    connection: Connection, plant: Plant
) -> None:
    with pytest.raises(NotFound):
        await comment(connection, "WO-000009", "hello", actor="ben")


async def test_in_a_callers_transaction_a_command_is_undone_with_it(
    connection: Connection, plant: Plant
) -> None:
    async with connection.transaction(force_rollback=True):
        await create_order(connection, REPAIR, actor="ana")
    assert await plant.value("SELECT count(*) FROM work_order") == 0
    assert await plant.value("SELECT count(*) FROM outbox") == 0
