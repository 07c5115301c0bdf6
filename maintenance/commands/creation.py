"""How an order that a person asks for comes into being."""

from dataclasses import dataclass
from typing import NoReturn

from conditions.event import Severity
from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from maintenance.commands.preparation import prepare
from maintenance.errors import AssetRetired, NotFound, ProblemOpen
from maintenance.orders import queries, store
from maintenance.orders.priority import priority
from maintenance.orders.work_order import OrderType, Origin, State, WorkOrder, problem_of
from maintenance.register.asset import AssetFacts


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order that a person asks for.

    With a failure mode it is about that problem of the asset: later events of it join the order.
    Without a priority, the asset's criticality gives one.
    """

    asset: str
    type: OrderType
    title: str
    description: str = ""
    failure_mode: str | None = None
    job_plan: str | None = None
    priority: int | None = None


async def create_order(
    connection: Connection, new: NewOrder, *, actor: str, clock: ClockUs = now_us
) -> WorkOrder:
    """Make a draft order.

    Raises `NotFound` for an unknown asset, `AssetRetired`, and `ProblemOpen` where an open order is
    about the same problem.
    """
    at = from_us(clock())
    async with connection.transaction():
        row = await _row_of(connection, new, actor)
        made = await store.insert_order(connection, row, at=at)
        if made is None:
            await _refuse_second(connection, row.problem or "")
        order_id, number = made
        first = store.Record(order_id, number, 1, "create", None, State.DRAFT, actor, at)
        await store.record(connection, first)
        await prepare(connection, order_id, at=at)
        return await queries.get_order(connection, number)


async def _row_of(connection: Connection, new: NewOrder, actor: str) -> store.OrderRow:
    found = await store.hold_asset(connection, new.asset)
    if found is None:
        raise NotFound("asset", new.asset)
    asset_id, asset = found
    if asset.retired:
        raise AssetRetired(asset.tag)
    urgency, why = _urgency(new, asset, actor)
    return store.OrderRow(
        asset_id=asset_id,
        type=new.type,
        origin=Origin.PERSON,
        title=new.title,
        description=new.description,
        failure_mode=new.failure_mode,
        job_plan=new.job_plan,
        priority=urgency,
        priority_reason=why,
        severity=None,
        problem=problem_of(asset.tag, new.failure_mode) if new.failure_mode else None,
        evidence=None,
        created_by=actor,
    )


def _urgency(new: NewOrder, asset: AssetFacts, actor: str) -> tuple[int, str]:
    if new.priority is not None:
        return new.priority, f"Priority {new.priority}: given by {actor}."
    urgency, _ = priority(asset.criticality, Severity.MEDIUM)
    return urgency, (
        f"Priority {urgency}: the asset has criticality {asset.criticality}; "
        "nobody gave a priority, so the severity is taken as medium."
    )


async def _refuse_second(connection: Connection, problem: str) -> NoReturn:
    present = await store.hold_order_of_problem(connection, problem)
    raise ProblemOpen(problem, present.number if present else "another order")
