"""What rules do to orders: by the same commands as people, with their guards."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from config.clock import to_us
from config.database import Connection
from maintenance.automation import queries
from maintenance.automation.happening import Fact
from maintenance.automation.message import fill
from maintenance.automation.rule import (
    Action,
    Approve,
    Assign,
    CloseVerified,
    Comment,
    FollowUp,
    Notify,
    RequestParts,
)
from maintenance.commands.creation import NewOrder, create_order
from maintenance.commands.service import assign, change_state, comment
from maintenance.errors import NotFound
from maintenance.materials.ledger import Place, Said
from maintenance.materials.part import Strength
from maintenance.materials.reservations import WhenShort, Wish, hold_parts, reserve
from maintenance.orders.queries import order_by_id
from maintenance.orders.work_order import Action as Move
from maintenance.orders.work_order import Particulars, State, WorkOrder
from maintenance.procurement.order_part_store import best_storeroom
from maintenance.procurement.order_parts import ask_for_lacking, prepare_parts


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, in words; an action that has to wait says when to look again."""

    detail: str
    look_again_at: datetime | None = None


async def carry_out(
    connection: Connection, action: Action, order_id: int | None, *, actor: str, at: datetime
) -> Done:
    """Carry out one action of a rule, as of `at`. Raises what the commands raise."""
    order = await order_by_id(connection, order_id) if order_id is not None else None
    if order is None:
        return Done("it is about no order")
    match action:
        case Approve():
            return await _approve(connection, order, actor, at)
        case Assign():
            return await _assign(connection, order, action, actor, at)
        case Comment():
            text = fill(action.text, facts_of(order))
            await comment(connection, order.number, text, actor=actor, clock=lambda: to_us(at))
            return Done(order.number)
        case FollowUp():
            return await _follow_up(connection, order, action, actor, at)
        case CloseVerified():
            return await _close(connection, order, action, actor, at)
        case RequestParts():
            return await _request_parts(connection, order, action, actor, at)
        case Notify():
            raise AssertionError("messages are laid out, not carried out")


async def _approve(connection: Connection, order: WorkOrder, actor: str, at: datetime) -> Done:
    await change_state(
        connection,
        order.number,
        Move.APPROVE,
        expected_version=order.version,
        given=Particulars(actor),
        clock=lambda: to_us(at),
    )
    return Done(order.number)


async def _assign(
    connection: Connection, order: WorkOrder, action: Assign, actor: str, at: datetime
) -> Done:
    if order.assignee is not None:
        return Done(f"{order.assignee} has it")
    await assign(
        connection,
        order.number,
        action.to,
        expected_version=order.version,
        given=Particulars(actor),
        clock=lambda: to_us(at),
    )
    return Done(f"{order.number} to {action.to}")


async def _follow_up(
    connection: Connection, order: WorkOrder, action: FollowUp, actor: str, at: datetime
) -> Done:
    new = NewOrder(
        asset=order.asset,
        type=action.type,
        title=fill(action.title, facts_of(order)),
        description=f"Follows {order.number}.",
        job_plan=action.job_plan,
    )
    made = await create_order(connection, new, actor=actor, clock=lambda: to_us(at))
    return Done(made.number)


async def _close(
    connection: Connection, order: WorkOrder, action: CloseVerified, actor: str, at: datetime
) -> Done:
    """Close an order whose conditions have all been clear for long enough; else look again."""
    if order.state is not State.COMPLETED or order.completed_at is None:
        return Done(f"{order.number} is {order.state}, not completed")
    span = timedelta(microseconds=action.clear_for_us)
    seen = await queries.verification(connection, order.id)
    if seen.active:
        return Done(f"{seen.active} of its conditions still up", at + span)
    verified_at = max(order.completed_at, seen.cleared_at or order.completed_at) + span
    if at < verified_at:
        return Done("its conditions are clear, not for long enough yet", verified_at)
    await change_state(
        connection,
        order.number,
        Move.CLOSE,
        expected_version=order.version,
        given=Particulars(
            actor, f"its conditions have been clear since {verified_at - span:%F %T} UTC"
        ),
        clock=lambda: to_us(at),
    )
    return Done(order.number)


async def _request_parts(
    connection: Connection, order: WorkOrder, action: RequestParts, actor: str, at: datetime
) -> Done:
    """Each rule asks once for a part of an order, however often it comes to it."""
    if not action.parts:
        await prepare_parts(connection, order, at)
        return Done(f"{order.number}: the parts of its job plan")
    wishes = [
        Wish(
            await _place_of(connection, order, part, quantity),
            quantity,
            Strength.HARD,
            WhenShort.WAIT,
            source=f"{actor}/{part}",
        )
        for part, quantity in action.parts.items()
    ]
    await hold_parts(connection, [wish.place for wish in wishes])
    for wish in wishes:
        await reserve(connection, order.number, wish, said=Said(actor, at, "a rule asks for it"))
    await ask_for_lacking(connection, order, at)
    return Done(f"{order.number}: {', '.join(sorted(action.parts))}")


async def _place_of(
    connection: Connection, order: WorkOrder, part: str, quantity: Decimal
) -> Place:
    storeroom = await best_storeroom(connection, order.site, part, quantity)
    if storeroom is None:
        raise NotFound(f"storeroom at {order.site} for part", part)
    return Place(part, storeroom)


def facts_of(order: WorkOrder) -> dict[str, Fact]:
    """What a text about the order may name."""
    return {
        "number": order.number,
        "asset": order.asset,
        "asset_name": order.asset_name,
        "site": order.site,
        "type": order.type.value,
        "title": order.title,
        "priority": order.priority,
        "state": order.state.value,
        "failure_mode": order.failure_mode,
        "assignee": order.assignee,
    }
