"""Reads of job plans, and of what an order has from its own.

For other rooms: `parts_of_order`, `skills_of_order`, `needs_of_order`, `steps_of_order`, `progress`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

from psycopg.rows import dict_row

from config.database import Connection
from maintenance.errors import NotFound
from maintenance.job_plans.order_step import OrderStep, Outcome, Progress, StepResult, progress_of
from maintenance.job_plans.plan import (
    JobPlan,
    KeptIn,
    Limits,
    OnFail,
    PlanKind,
    PlannedPart,
    StepKind,
)
from maintenance.job_plans.step_json import parts_from_json, steps_from_json

Row = Mapping[str, Any]

PLAN_VERSIONS: Final[LiteralString] = """
SELECT plan.code, plan.kind, plan.kept_in, plan.retired_at IS NOT NULL AS retired,
       v.version, v.version = plan.current_version AS is_current, v.name, v.description,
       v.asset_class, v.asset, v.estimated_minutes, v.crafts, v.skills, v.permits, v.tools,
       v.parts, v.steps, v.made_by, v.made_at
FROM job_plan plan
JOIN job_plan_version v ON v.job_plan_id = plan.id
"""

CURRENT_PLANS: Final[LiteralString] = (
    PLAN_VERSIONS
    + """
WHERE v.version = plan.current_version AND plan.kind = %(kind)s
  AND (%(retired)s OR plan.retired_at IS NULL)
  AND (%(asset_class)s::text IS NULL OR v.asset_class IS NULL OR v.asset_class = %(asset_class)s)
  AND plan.code > %(after)s
ORDER BY plan.code
LIMIT %(limit)s
"""
)

VERSIONS_OF_PLAN: Final[LiteralString] = (
    PLAN_VERSIONS + " WHERE plan.code = %(code)s ORDER BY v.version DESC"
)

PLAN_OF_ORDER: Final[LiteralString] = (
    PLAN_VERSIONS
    + """
JOIN work_order_job_plan frozen ON frozen.job_plan_version_id = v.id
WHERE frozen.work_order_id = %(order_id)s
"""
)

STEPS: Final[LiteralString] = """
SELECT step.id, step.work_order_id AS order_id, step.position, step.key, step.kind, step.text,
       step.hint, step.required, step.on_fail, step.failure_mode, step.asset_id,
       asset.tag AS asset, asset.name AS asset_name, step.revision, step.outcome, step.stop,
       step.place, step.unit, step.low_reject, step.low_alert, step.high_alert, step.high_reject,
       step.choices, step.failing, step.point,
       found.number AS follow_up,
       result.outcome AS result_outcome, result.value, result.said, result.photos, result.note,
       result.reason, result.actor, result.at, result.recorded_at
FROM work_order_step step
JOIN asset ON asset.id = step.asset_id
LEFT JOIN work_order_step_result result
       ON result.step_id = step.id AND result.revision = step.revision
LEFT JOIN work_order_step_finding finding ON finding.step_id = step.id
LEFT JOIN work_order found ON found.id = finding.order_id
"""

STEPS_OF_ORDER: Final[LiteralString] = (
    STEPS + " WHERE step.work_order_id = %(order_id)s ORDER BY step.position"
)

RESULTS_OF_STEP: Final[LiteralString] = """
SELECT revision, outcome, value, said, photos, note, reason, actor, at, recorded_at
FROM work_order_step_result WHERE step_id = %(step_id)s ORDER BY revision
"""


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """A version of a job plan or round, who made it and when; `current` is what new orders get."""

    plan: JobPlan
    version: int
    current: bool
    kept_in: KeptIn
    retired: bool
    made_by: str
    made_at: datetime


async def list_plans(
    connection: Connection,
    kind: PlanKind = PlanKind.JOB_PLAN,
    *,
    asset_class: str | None = None,
    retired: bool = False,
    after: str = "",
    limit: int = 100,
) -> list[PlanVersion]:
    """Current versions by code; those for any class count for every `asset_class`."""
    given = {
        "kind": kind.value,
        "asset_class": asset_class,
        "retired": retired,
        "after": after,
        "limit": limit,
    }
    return [_version(row) for row in await _rows(connection, CURRENT_PLANS, given)]


async def versions_of(connection: Connection, code: str) -> list[PlanVersion]:
    """Every version of a plan, newest first. Raises `NotFound`."""
    found = [_version(row) for row in await _rows(connection, VERSIONS_OF_PLAN, {"code": code})]
    if not found:
        raise NotFound("job plan", code)
    return found


async def current_plan(connection: Connection, code: str) -> PlanVersion:
    """The version of a plan that a new order gets. Raises `NotFound`."""
    return next(one for one in await versions_of(connection, code) if one.current)


async def needs_of_order(connection: Connection, order_id: int) -> JobPlan | None:
    """The plan, in the version that the order was made with; None where it has none."""
    rows = await _rows(connection, PLAN_OF_ORDER, {"order_id": order_id})
    return _version(rows[0]).plan if rows else None


async def version_of_order(connection: Connection, order_id: int) -> PlanVersion | None:
    """The version of a plan that the order was made with; None where it has none."""
    rows = await _rows(connection, PLAN_OF_ORDER, {"order_id": order_id})
    return _version(rows[0]) if rows else None


async def parts_of_order(connection: Connection, order_id: int) -> tuple[PlannedPart, ...]:
    """The parts that the order's job plan asks for."""
    plan = await needs_of_order(connection, order_id)
    return plan.parts if plan else ()


async def skills_of_order(connection: Connection, order_id: int) -> tuple[str, ...]:
    """The skills and certificates that the order's job plan asks for."""
    plan = await needs_of_order(connection, order_id)
    return plan.skills if plan else ()


async def steps_of_order(connection: Connection, order_id: int) -> tuple[OrderStep, ...]:
    """The order's steps in their order, each with its newest result."""
    rows = await _rows(connection, STEPS_OF_ORDER, {"order_id": order_id})
    return tuple(map(step_of_row, rows))


async def progress(connection: Connection, order_id: int) -> Progress:
    """How far the order's steps are, and what still holds it up."""
    return progress_of(await steps_of_order(connection, order_id))


async def results_of_step(connection: Connection, step_id: int) -> list[StepResult]:
    """Everything that was recorded at a step, oldest first."""
    rows = await _rows(connection, RESULTS_OF_STEP, {"step_id": step_id})
    return [result_of_row(row) for row in rows]


def step_of_row(row: Row) -> OrderStep:
    """A step from a row with the columns of `STEPS`."""
    return OrderStep(
        id=row["id"],
        order_id=row["order_id"],
        position=row["position"],
        key=row["key"],
        kind=StepKind(row["kind"]),
        text=row["text"],
        hint=row["hint"],
        required=row["required"],
        on_fail=OnFail(row["on_fail"]),
        failure_mode=row["failure_mode"],
        asset_id=row["asset_id"],
        asset=row["asset"],
        asset_name=row["asset_name"],
        revision=row["revision"],
        outcome=Outcome(row["outcome"]),
        stop=row["stop"],
        place=row["place"],
        unit=row["unit"],
        limits=Limits(row["low_reject"], row["low_alert"], row["high_alert"], row["high_reject"]),
        choices=tuple(row["choices"]),
        failing=tuple(row["failing"]),
        point=row["point"],
        result=result_of_row({**row, "outcome": row["result_outcome"]}) if row["actor"] else None,
        follow_up=row["follow_up"],
    )


def result_of_row(row: Row) -> StepResult:
    """A result from a row with the columns of `RESULTS_OF_STEP`."""
    return StepResult(
        revision=row["revision"],
        outcome=Outcome(row["outcome"]),
        value=row["value"],
        said=row["said"],
        photos=tuple(row["photos"]),
        note=row["note"],
        reason=row["reason"],
        actor=row["actor"],
        at=row["at"],
        recorded_at=row["recorded_at"],
    )


def plan_of_row(row: Row) -> JobPlan:
    """A plan from a row with the columns of `PLAN_VERSIONS`."""
    return JobPlan(
        code=row["code"],
        name=row["name"],
        kind=PlanKind(row["kind"]),
        description=row["description"],
        asset_class=row["asset_class"],
        asset=row["asset"],
        estimated_minutes=row["estimated_minutes"],
        crafts=tuple(row["crafts"]),
        skills=tuple(row["skills"]),
        permits=tuple(row["permits"]),
        tools=tuple(row["tools"]),
        parts=parts_from_json(row["parts"]),
        steps=steps_from_json(row["steps"]),
    )


def _version(row: Row) -> PlanVersion:
    return PlanVersion(
        plan=plan_of_row(row),
        version=row["version"],
        current=row["is_current"],
        kept_in=KeptIn(row["kept_in"]),
        retired=row["retired"],
        made_by=row["made_by"],
        made_at=row["made_at"],
    )


async def _rows(connection: Connection, sql: LiteralString, given: Row) -> Sequence[Row]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(sql, given)
        return await cursor.fetchall()
