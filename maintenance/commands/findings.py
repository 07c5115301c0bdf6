"""What a failed step leads to: one order about what was seen, or a place in the one that is open.

Each step leads to one order at most, however often it fails or is sent.
"""

from datetime import datetime
from typing import Any

from conditions.event import Severity
from config.database import Connection
from maintenance.commands.preparation import prepare
from maintenance.job_plans import step_store
from maintenance.job_plans.judgement import limits_in_words
from maintenance.job_plans.order_step import OrderStep
from maintenance.orders import queries, store
from maintenance.orders.priority import priority
from maintenance.orders.work_order import OrderType, Origin, State, WorkOrder, problem_of
from maintenance.register.asset import AssetFacts

_TITLE = 200
_SEVERITY = Severity.MEDIUM


async def follow_finding(
    connection: Connection, source: WorkOrder, step: OrderStep, *, result_id: int, at: datetime
) -> None:
    """Raise an order about a failed step, or join the open one about the same problem.

    Nothing follows where the step has led to an order before, where the source itself is about the
    problem, and where the asset has been retired meanwhile. Runs in the caller's transaction.
    """
    problem = problem_of_step(source, step)
    # Asked before anything is held: two recordings at one order would wait for each other.
    if step.follow_up is not None or problem == source.problem:
        return
    found = await store.hold_asset(connection, step.asset)
    if found is None or found[1].retired:
        return
    while True:
        open_order = await _open_order(connection, problem)
        if open_order is not None:
            await _join(connection, source, step, open_order, result_id=result_id, at=at)
            return
        if await _raise(connection, source, step, found, result_id=result_id, at=at):
            return


def problem_of_step(source: WorkOrder, step: OrderStep) -> str:
    """The problem that a failed step means.

    By its failure mode it is the one that rules and people speak of; else the step's own, whichever
    order finds it.
    """
    what = step.failure_mode or f"step/{source.job_plan or source.number}/{step.key}"
    return problem_of(step.asset, what)


def seen(step: OrderStep) -> str:
    """What was seen at a step, in a few words."""
    result = step.result
    if result is None:
        return "nothing"
    if result.value is not None:
        unit = "" if step.unit in {None, "1"} else f" {step.unit}"
        return f"{result.value:g}{unit}"
    return result.said or result.note


def describe(source: WorkOrder, step: OrderStep) -> str:
    """What whoever gets the follow-up has to know: step, what was seen, limits, who, photos."""
    result = step.result
    lines = [f"Found at {source.number}, step {step.position}: {step.text}", f"Seen: {seen(step)}"]
    if limits := limits_in_words(step):
        lines.append(f"Limits: {limits}")
    if result is not None:
        lines.append(f"By {result.actor}, {result.at:%Y-%m-%d %H:%M} UTC")
        lines += [f"Note: {result.note}"] if result.note else []
        lines += [f"Photo: {photo}" for photo in result.photos]
    if step.place:
        lines.append(f"Place: {step.place}")
    return "\n".join(lines)


def _details(source: WorkOrder, step: OrderStep) -> dict[str, Any]:
    result = step.result
    return {
        "from": source.number,
        "step": step.text,
        "position": step.position,
        "seen": seen(step),
        "limits": limits_in_words(step),
        "photos": list(result.photos) if result else [],
    }


async def _open_order(connection: Connection, problem: str) -> WorkOrder | None:
    latest = await store.hold_order_of_problem(connection, problem)
    return latest if latest is not None and latest.is_open else None


async def _join(
    connection: Connection,
    source: WorkOrder,
    step: OrderStep,
    order: WorkOrder,
    *,
    result_id: int,
    at: datetime,
) -> None:
    version = await store.touch(connection, order, at=at)
    change = store.Record(
        order_id=order.id,
        number=order.number,
        version=version,
        action="join",
        from_state=order.state,
        to_state=order.state,
        actor=_finder(step),
        at=at,
        reason=describe(source, step),
        details=_details(source, step),
    )
    await store.record(connection, change)
    await step_store.insert_finding(
        connection, step, order, result_id=result_id, relation="joined", at=at
    )


async def _raise(
    connection: Connection,
    source: WorkOrder,
    step: OrderStep,
    asset: tuple[int, AssetFacts],
    *,
    result_id: int,
    at: datetime,
) -> bool:
    """Make the order; False where the problem has an open one by now."""
    made = await store.insert_order(connection, _row_of(source, step, asset), at=at)
    if made is None:
        return False
    order_id, number = made
    first = store.Record(
        order_id,
        number,
        1,
        "create",
        None,
        State.DRAFT,
        _finder(step),
        at,
        details=_details(source, step),
    )
    await store.record(connection, first)
    await prepare(connection, order_id, at=at)
    order = await queries.get_order(connection, number)
    await step_store.insert_finding(
        connection, step, order, result_id=result_id, relation="raised", at=at
    )
    return True


def _row_of(source: WorkOrder, step: OrderStep, asset: tuple[int, AssetFacts]) -> store.OrderRow:
    urgency, _ = priority(asset[1].criticality, _SEVERITY)
    return store.OrderRow(
        asset_id=asset[0],
        type=OrderType.CORRECTIVE,
        origin=Origin.STEP,
        title=f"{step.asset}: {step.text}: {seen(step)}"[:_TITLE],
        description=describe(source, step),
        failure_mode=step.failure_mode,
        job_plan=None,
        priority=urgency,
        priority_reason=(
            f"Priority {urgency}: the asset has criticality {asset[1].criticality} "
            "and a failed step counts as medium."
        ),
        severity=None,
        problem=problem_of_step(source, step),
        evidence=None,
        created_by=_finder(step),
        follows_id=source.id,
    )


def _finder(step: OrderStep) -> str:
    return step.result.actor if step.result else "steps"
