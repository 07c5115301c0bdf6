"""Commands on job plans: one function, one transaction (in a caller's: a savepoint of it)."""

from collections.abc import Sequence
from datetime import datetime

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from config.difference import Difference, Stored, compare
from maintenance.errors import CodeTaken, KeptInFiles, NotFound, PlanUnknown, StaleVersion
from maintenance.job_plans import queries, store
from maintenance.job_plans.permits import permits_of_words
from maintenance.job_plans.plan import JobPlan, KeptIn, PlanKind
from maintenance.orders import permit_store
from maintenance.orders.work_order import WorkOrder

ACTOR = "job plan"
"""Who requires the permits that a job plan names."""

_FILES = "files"
_ALL = 1_000_000


async def save_plan(
    connection: Connection,
    plan: JobPlan,
    *,
    actor: str,
    expected_version: int | None = None,
    clock: ClockUs = now_us,
) -> queries.PlanVersion:
    """Make a plan, or a new version of it where something differs from the current one.

    `expected_version` is the one that the caller read, 0 where there was none; None takes any.
    Orders keep the version that they have. Raises `KeptInFiles`, `StaleVersion`, and `CodeTaken`
    where the code is that of another kind.
    """
    async with connection.transaction():
        if expected_version is not None:
            await _check_version(connection, plan.code, expected_version)
        made = (actor, from_us(clock()))
        await _write(connection, plan, kept_in=KeptIn.DATABASE, made=made)
        return await queries.current_plan(connection, plan.code)


async def retire_plan(connection: Connection, code: str, *, clock: ClockUs = now_us) -> None:
    """Let no new order have a plan. Raises `NotFound` and `KeptInFiles`."""
    async with connection.transaction():
        held = await store.hold_plan(connection, code)
        if held is None:
            raise NotFound("job plan", code)
        if held[2] is KeptIn.FILES:
            raise KeptInFiles("job plan", code)
        await store.retire_plans(connection, [code], at=from_us(clock()))


async def hold_plan(connection: Connection, code: str) -> None:
    """Let nobody else change or use the plan so in the transaction. Raises `NotFound`."""
    if await store.hold_plan(connection, code) is None:
        raise NotFound("job plan", code)


async def apply_plans(
    connection: Connection,
    wanted: Sequence[JobPlan],
    *,
    kind: PlanKind,
    clock: ClockUs = now_us,
) -> Difference[JobPlan]:
    """Bring the plans of a kind in line with the files; what is kept in the database alone stays."""
    async with connection.transaction():
        names = {plan.code for plan in wanted}
        stored = await queries.list_plans(connection, kind, retired=True, limit=_ALL)
        present = {
            one.plan.code: Stored(one.plan, one.retired)
            for one in stored
            if one.kept_in is KeptIn.FILES or one.plan.code in names
        }
        difference = compare(kind.replace("_", " "), {each.code: each for each in wanted}, present)
        at = from_us(clock())
        for plan in wanted:
            await _write(connection, plan, kept_in=KeptIn.FILES, made=(_FILES, at))
        await store.retire_plans(connection, list(difference.retire), at=at)
        return difference


async def prepare_job_plan(connection: Connection, order: WorkOrder, at: datetime) -> None:
    """Give a new order the current version of its job plan, its permits, and copies of its steps.

    Work does not start before the permits are issued; one that this work does not need is withdrawn.
    Minutes and craft are set where they are empty. Raises `PlanUnknown`.
    """
    if order.job_plan is None:
        return
    version_id = await store.freeze_version(connection, order.id, order.job_plan, at=at)
    if version_id is None:
        raise PlanUnknown(order.job_plan)
    await store.copy_steps(connection, order.id, version_id)
    plan = await queries.needs_of_order(connection, order.id)
    for permit in permits_of_words(plan.permits if plan else ()):
        await permit_store.insert_permit(connection, order, permit, actor=ACTOR, at=at)


async def _check_version(connection: Connection, code: str, expected: int) -> None:
    held = await store.hold_plan(connection, code)
    present = held[3] if held else 0
    if present != expected:
        raise StaleVersion(code, expected=expected, present=present)


async def _write(
    connection: Connection, plan: JobPlan, *, kept_in: KeptIn, made: tuple[str, datetime]
) -> None:
    made_id = await store.insert_plan(connection, plan, kept_in)
    if made_id is not None:
        await store.insert_version(connection, made_id, plan, version=1, made=made)
        return
    held = await store.hold_plan(connection, plan.code)
    if held is None:
        raise NotFound("job plan", plan.code)
    if held[1] != plan.kind:
        raise CodeTaken(plan.code, str(held[1]).replace("_", " "))
    plan_id, _, present_in, version, retired = held
    if present_in is KeptIn.FILES and kept_in is not KeptIn.FILES:
        raise KeptInFiles("job plan", plan.code)
    changed = (await queries.current_plan(connection, plan.code)).plan != plan
    if changed:
        version += 1
        await store.insert_version(connection, plan_id, plan, version=version, made=made)
    if changed or retired or present_in is not kept_in:
        await store.renew_plan(connection, plan_id, version=version, kept_in=kept_in)
