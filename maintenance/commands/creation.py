"""How an order that a person asks for comes into being."""

from dataclasses import dataclass
from datetime import datetime

from conditions.event import Severity
from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from maintenance.commands.preparation import prepare
from maintenance.errors import AssetRetired, FamilyRefused, NotFound, ProblemOpen
from maintenance.orders import queries, store
from maintenance.orders.policy_queries import policy_of_asset
from maintenance.orders.priority import priority
from maintenance.orders.work_order import (
    OPEN_STATES,
    OrderType,
    Origin,
    State,
    WorkOrder,
    problem_of,
)
from maintenance.orders.work_policy import WorkPolicy
from maintenance.register.asset import AssetFacts


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order that a person asks for, or a program for one.

    With a failure mode it is about that problem of the asset: later events of it join the order.
    Without a priority, the asset's criticality gives one. `parent` and `follows` are numbers: the
    larger work that it is a part of, and the order that left it to be done. Where `origin_key` names
    what it came from (`step:17`), that leads to one order only.
    """

    asset: str
    type: OrderType
    title: str
    description: str = ""
    failure_mode: str | None = None
    job_plan: str | None = None
    priority: int | None = None
    origin: Origin = Origin.PERSON
    origin_key: str | None = None
    parent: str | None = None
    follows: str | None = None
    planned_start: datetime | None = None
    planned_finish: datetime | None = None
    due_at: datetime | None = None
    estimated_minutes: int | None = None
    craft: str | None = None
    team: str | None = None
    failed_at: datetime | None = None


async def create_order(
    connection: Connection, new: NewOrder, *, actor: str, clock: ClockUs = now_us
) -> WorkOrder:
    """Make a draft order; gives the one that there is where its `origin_key` has led to one.

    Raises `NotFound` for an unknown asset or order, `AssetRetired`, `FamilyRefused` where the
    larger work is done, and `ProblemOpen` where an open order is about the same problem.
    """
    at = from_us(clock())
    async with connection.transaction():
        row = await _row_of(connection, new, actor)
        made = await store.insert_order(connection, row, at=at)
        if made is None:
            return await _present(connection, row)
        order_id, number = made
        details = {
            name: value
            for name, value in (("parent", new.parent), ("follows", new.follows))
            if value is not None
        }
        first = store.Record(
            order_id, number, 1, "create", None, State.DRAFT, actor, at, details=details
        )
        await store.record(connection, first)
        await prepare(connection, order_id, at=at)
        return await queries.get_order(connection, number)


async def _row_of(connection: Connection, new: NewOrder, actor: str) -> store.OrderRow:
    parent_id = await _parent(connection, new.parent)
    follows_id = await _followed(connection, new.follows)
    found = await store.hold_asset(connection, new.asset)
    if found is None:
        raise NotFound("asset", new.asset)
    asset_id, asset = found
    if asset.retired:
        raise AssetRetired(asset.tag)
    policy = await policy_of_asset(connection, asset_id)
    urgency, why = _urgency(new, asset, policy, actor)
    followed = new.follows is not None and new.origin is Origin.PERSON
    return store.OrderRow(
        asset_id=asset_id,
        type=new.type,
        origin=Origin.ORDER if followed else new.origin,
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
        parent_id=parent_id,
        follows_id=follows_id,
        planned_start=new.planned_start,
        planned_finish=new.planned_finish,
        due_at=new.due_at,
        estimated_minutes=new.estimated_minutes,
        craft=new.craft,
        team=new.team,
        failed_at=new.failed_at,
        origin_key=new.origin_key,
    )


async def _parent(connection: Connection, number: str | None) -> int | None:
    """The larger work, which stays as it is while a part is added. It has to be open."""
    if number is None:
        return None
    found = await store.share_order(connection, number)
    if found is None:
        raise NotFound("work order", number)
    parent_id, state = found
    if state not in OPEN_STATES:
        raise FamilyRefused(f"{number} is {state}: it takes no further part")
    return parent_id


async def _followed(connection: Connection, number: str | None) -> int | None:
    return None if number is None else (await queries.get_order(connection, number)).id


def _urgency(new: NewOrder, asset: AssetFacts, policy: WorkPolicy, actor: str) -> tuple[int, str]:
    if new.priority is not None:
        return new.priority, f"Priority {new.priority}: given by {actor}."
    urgency, _ = priority(asset.criticality, Severity.MEDIUM, policy.matrix)
    return urgency, (
        f"Priority {urgency}: the asset has criticality {asset.criticality}; "
        "nobody gave a priority, so the severity is taken as medium "
        f"(matrix {policy.matrix_name})."
    )


async def _present(connection: Connection, row: store.OrderRow) -> WorkOrder:
    """The order that stands in the way of a new one: its own, made before, or its problem's."""
    if row.origin_key is not None:
        order = await queries.order_of_origin(connection, row.origin_key)
        if order is not None:
            return order
    problem = row.problem or ""
    present = await store.hold_order_of_problem(connection, problem)
    raise ProblemOpen(problem, present.number if present else "another order")
