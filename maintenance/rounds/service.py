"""Commands on rounds: walk one, and tell what a walk missed."""

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from config.settings import Settings
from maintenance.commands.creation import NewOrder, create_order
from maintenance.commands.service import change_state
from maintenance.errors import NotFound, PlanUnknown
from maintenance.job_plans import queries as job_plans
from maintenance.job_plans.plan import JobPlan, PlanKind
from maintenance.job_plans.service import hold_plan, save_plan
from maintenance.orders.queries import get_order_for_change
from maintenance.orders.work_order import SOURCES, Action, OrderType, Particulars, WorkOrder
from maintenance.register.queries import get_asset
from maintenance.rounds import queries, store
from maintenance.rounds.round import missed_of, stops_of


async def save_round(
    connection: Connection,
    plan: JobPlan,
    *,
    actor: str,
    expected_version: int | None = None,
    clock: ClockUs = now_us,
) -> job_plans.PlanVersion:
    """Make a round, or a new version of it; every asset on its way is in the register.

    Raises `NotFound` for an asset that is not, and what `save_plan` raises.
    """
    async with connection.transaction():
        for tag in dict.fromkeys([plan.asset or "", *(step.asset or "" for step in plan.steps)]):
            if await get_asset(connection, tag) is None:
                raise NotFound("asset", tag)
        return await save_plan(
            connection, plan, actor=actor, expected_version=expected_version, clock=clock
        )


async def start_round(
    connection: Connection, code: str, *, actor: str, clock: ClockUs = now_us
) -> WorkOrder:
    """Begin a walk: an inspection order, started; the walk that is not over where there is one.

    So a walk that a plan has asked for is the one that begins.

    Raises `NotFound` for a round that there is not, `PlanUnknown` for a retired one, and
    `AssetRetired`.
    """
    async with connection.transaction():
        await hold_plan(connection, code)
        version = await job_plans.current_plan(connection, code)
        plan = version.plan
        if plan.kind is not PlanKind.ROUND or plan.asset is None:
            raise NotFound("round", code)
        if version.retired:
            raise PlanUnknown(code)
        present = await queries.open_walk(connection, code)
        if present is not None:
            order = await get_order_for_change(connection, present)
        else:
            new = NewOrder(
                plan.asset, OrderType.INSPECTION, plan.name, plan.description, job_plan=code
            )
            order = await create_order(connection, new, actor=actor, clock=clock)
        return await _begun(connection, order, actor=actor, clock=clock)


async def _begun(
    connection: Connection, order: WorkOrder, *, actor: str, clock: ClockUs
) -> WorkOrder:
    """Bring an order under way that is not; one that is stays as it is."""
    for action in (Action.APPROVE, Action.START):
        if order.state in SOURCES[action]:
            order = await change_state(
                connection,
                order.number,
                action,
                expected_version=order.version,
                given=Particulars(actor, "the round begins"),
                clock=clock,
            )
    return order


async def report_missed(connection: Connection, _: Settings, clock: ClockUs) -> None:
    """Tell of each walk that is over what nobody looked at, once."""
    for walk in await queries.walks_to_report(connection):
        steps = await job_plans.steps_of_order(connection, walk[0])
        await store.insert_report(
            connection,
            walk,
            stops=len(stops_of(steps)),
            missed=missed_of(steps),
            at=from_us(clock()),
        )
