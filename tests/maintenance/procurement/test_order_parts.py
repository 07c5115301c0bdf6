"""An order asks for its parts by itself, and gives free what it did not use."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from config.database import Connection
from maintenance.commands import effects
from maintenance.commands.creation import NewOrder, create_order
from maintenance.commands.effects import Moved, follow
from maintenance.commands.service import change_state
from maintenance.errors import BookingRefused
from maintenance.orders.work_order import Action, OrderType, Particulars, WorkOrder
from maintenance.procurement.requisitions import Approver, approve
from tests.maintenance.materials.shelf import ANA, committed, fill, on_hand, value
from tests.maintenance.procurement.test_purchasing import rows
from tests.maintenance.procurement.trade import plan_with_parts, start_us

Open = Callable[[], Awaitable[Connection]]
WHOLE = Particulars("ana", reason="because", resolution="done")
OF_RESERVATIONS = "SELECT strength, quantity, committed, state FROM reservation ORDER BY id"


async def make(
    connection: Connection, kind: OrderType = OrderType.CORRECTIVE, **more: Any
) -> WorkOrder:
    new = NewOrder("P-101", kind, "Replace the bearing", job_plan="replace-bearing", **more)
    return await create_order(connection, new, actor="ana", clock=start_us)


async def act(connection: Connection, order: WorkOrder, action: Action) -> WorkOrder:
    return await change_state(
        connection,
        order.number,
        action,
        expected_version=order.version,
        given=WHOLE,
        clock=start_us,
    )


async def test_a_repair_holds_what_it_needs_as_soon_as_it_is_made(trade: Connection) -> None:
    await fill(trade, 5)
    await plan_with_parts(trade, bearings="2")
    await make(trade)
    assert await rows(trade, OF_RESERVATIONS) == [
        {"strength": "hard", "quantity": 2, "committed": 2, "state": "open"}
    ]
    assert await value(trade, "SELECT count(*) FROM requisition") == 0


async def test_what_a_repair_lacks_is_asked_for_once(trade: Connection) -> None:
    await fill(trade, 1)
    await plan_with_parts(trade, bearings="3")
    order = await make(trade)
    await act(trade, order, Action.APPROVE)
    [line] = await rows(trade, "SELECT quantity, cause, reason, work_order_id FROM requisition")
    assert (line["quantity"], line["cause"], line["work_order_id"]) == (2, "order", order.id)
    assert line["reason"] == f"{order.number} lacks 2 of BRG-6309 in MAIN"


async def test_planned_work_holds_nothing_until_it_is_approved(trade: Connection) -> None:
    await fill(trade, 1)
    await plan_with_parts(trade, bearings="3")
    order = await make(trade, OrderType.PREVENTIVE)
    assert await committed(trade) == 0
    assert await value(trade, "SELECT count(*) FROM requisition") == 0
    await act(trade, order, Action.APPROVE)
    assert await committed(trade) == 1
    assert await value(trade, "SELECT quantity FROM requisition") == 2


async def test_a_part_that_nobody_knows_is_told_and_the_others_are_reserved(
    trade: Connection,
) -> None:
    await fill(trade, 1)
    await plan_with_parts(trade, unknown="1", bearings="1")
    await make(trade)
    assert await committed(trade) == 1
    told = "SELECT payload->>'text' FROM outbox WHERE topic = 'work_order.part_unknown'"
    assert "there is no such part" in await value(trade, told)


async def test_a_job_plan_may_call_pieces_by_any_of_their_names(trade: Connection) -> None:
    await fill(trade, 1)
    await trade.execute("UPDATE part SET unit = 'pcs'")
    await plan_with_parts(trade, bearings="1")
    await make(trade)
    assert await committed(trade) == 1
    await trade.execute("UPDATE part SET unit = 'kg'")
    await make(trade)
    told = "SELECT payload->>'text' FROM outbox WHERE topic = 'work_order.part_unknown'"
    assert "counted in kg" in await value(trade, told)


@pytest.mark.parametrize("last", [Action.COMPLETE, Action.CANCEL])
async def test_an_order_that_ends_gives_free_what_it_did_not_use(
    trade: Connection, last: Action
) -> None:
    await fill(trade, 1)
    await plan_with_parts(trade, bearings="3")
    order = await make(trade, OrderType.INSPECTION)
    for action in (Action.APPROVE, Action.START, last):
        order = await act(trade, order, action)
    assert await committed(trade) == 0
    assert await rows(trade, "SELECT state FROM reservation") == [{"state": "released"}]
    assert await rows(trade, "SELECT state FROM requisition") == [{"state": "cancelled"}]


async def test_what_was_ordered_for_an_order_that_ends_still_comes(trade: Connection) -> None:
    await plan_with_parts(trade, bearings="3")
    order = await make(trade)
    await approve(trade, "RQ-000001", Approver("ana", None), expected_version=1, said=ANA)
    await act(trade, order, Action.CANCEL)
    assert await rows(trade, "SELECT state FROM requisition") == [{"state": "ordered"}]


async def test_inventree_11060_an_order_does_not_complete_while_its_parts_fail(
    trade: Connection, plant: object
) -> None:
    await fill(trade, 1)
    await plan_with_parts(trade, bearings="1")
    order = await make(trade, OrderType.INSPECTION)
    for action in (Action.APPROVE, Action.START):
        order = await act(trade, order, action)

    async def fails(_: Connection, __: Moved) -> None:
        raise BookingRefused("the shelf is on fire")

    moved = Moved(order, order.state, Action.COMPLETE, "ana", "", order.updated_at)
    with pytest.raises(BookingRefused):
        async with trade.transaction():
            await follow(trade, moved, effects=(effects.follow_parts, fails))
    assert await committed(trade) == 1
    assert await on_hand(trade) == 1


async def test_effects_of_the_program_end_with_parts_and_costs() -> None:
    assert effects.EFFECTS[-2:] == (effects.follow_parts, effects.follow_costs)
