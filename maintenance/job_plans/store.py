"""SQL writes of job plans and of the steps that orders carry; transactions are the service's."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final, LiteralString

from psycopg.types.json import Jsonb

from config.database import Connection, fetch_one
from maintenance.job_plans.plan import JobPlan, KeptIn
from maintenance.job_plans.step_json import parts_to_json, steps_to_json

HOLD_PLAN: Final[LiteralString] = """
SELECT id, kind, kept_in, current_version, retired_at IS NOT NULL
FROM job_plan WHERE code = %(code)s FOR UPDATE
"""

INSERT_PLAN: Final[LiteralString] = """
INSERT INTO job_plan (code, kind, kept_in) VALUES (%(code)s, %(kind)s, %(kept_in)s)
ON CONFLICT (code) DO NOTHING RETURNING id
"""

RENEW_PLAN: Final[LiteralString] = """
UPDATE job_plan SET current_version = %(version)s, kept_in = %(kept_in)s, retired_at = NULL
WHERE id = %(id)s
"""

INSERT_VERSION: Final[LiteralString] = """
INSERT INTO job_plan_version (
    job_plan_id, version, name, description, asset_class, asset, estimated_minutes, crafts, skills,
    permits, tools, parts, steps, made_by, made_at
) VALUES (
    %(job_plan_id)s, %(version)s, %(name)s, %(description)s, %(asset_class)s, %(asset)s,
    %(estimated_minutes)s, %(crafts)s, %(skills)s, %(permits)s, %(tools)s, %(parts)s, %(steps)s,
    %(made_by)s, %(made_at)s
)
"""

RETIRE_PLANS: Final[LiteralString] = """
UPDATE job_plan SET retired_at = %(at)s WHERE code = ANY (%(codes)s) AND retired_at IS NULL
"""

# A plan that is retired is given to no new order. The row is held, so that what is copied below is
# the version that is frozen here.
FREEZE_VERSION: Final[LiteralString] = """
INSERT INTO work_order_job_plan (work_order_id, job_plan_version_id, frozen_at)
SELECT %(order_id)s, v.id, %(at)s
FROM job_plan plan
JOIN job_plan_version v ON v.job_plan_id = plan.id AND v.version = plan.current_version
WHERE plan.code = %(code)s AND plan.retired_at IS NULL
ON CONFLICT (work_order_id) DO NOTHING
RETURNING job_plan_version_id
"""

# A step of a round stands at its stop's asset, any other at the order's.
COPY_STEPS: Final[LiteralString] = """
INSERT INTO work_order_step (
    work_order_id, position, key, kind, text, hint, required, on_fail, failure_mode, asset_id, stop,
    place, unit, low_reject, low_alert, high_alert, high_reject, choices, failing, point
)
SELECT o.id, step.position, given->>'key', given->>'kind', given->>'text', given->>'hint',
       (given->>'required')::boolean, given->>'on_fail', given->>'failure_mode', asset.id,
       (given->>'stop')::smallint, given->>'place', given->>'unit',
       (given#>>'{limits,low_reject}')::double precision,
       (given#>>'{limits,low_alert}')::double precision,
       (given#>>'{limits,high_alert}')::double precision,
       (given#>>'{limits,high_reject}')::double precision,
       ARRAY(SELECT jsonb_array_elements_text(given->'choices')),
       ARRAY(SELECT jsonb_array_elements_text(given->'failing')),
       point.tag
FROM work_order o
JOIN job_plan_version v ON v.id = %(version_id)s
CROSS JOIN LATERAL jsonb_array_elements(v.steps) WITH ORDINALITY AS step (given, position)
JOIN asset ON CASE WHEN given->>'asset' IS NULL THEN asset.id = o.asset_id
                   ELSE asset.tag = given->>'asset' END
LEFT JOIN point ON point.asset_id = asset.id AND point.role = given->>'point'
               AND point.retired_at IS NULL
WHERE o.id = %(order_id)s
"""

# Part of making the order: its version is still the first one.
SET_PLANNED: Final[LiteralString] = """
UPDATE work_order o
SET estimated_minutes = coalesce(o.estimated_minutes, v.estimated_minutes),
    craft = coalesce(o.craft, v.crafts[1])
FROM job_plan_version v
WHERE o.id = %(order_id)s AND v.id = %(version_id)s
"""


async def hold_plan(connection: Connection, code: str) -> tuple[int, str, KeptIn, int, bool] | None:
    """Id, kind, where it is kept, current version and whether it is retired; held."""
    row = await fetch_one(connection, HOLD_PLAN, {"code": code})
    return (row[0], row[1], KeptIn(row[2]), row[3], row[4]) if row else None


async def insert_plan(connection: Connection, plan: JobPlan, kept_in: KeptIn) -> int | None:
    """Id of the new plan, without a version yet; None if there is one of that code."""
    given = {"code": plan.code, "kind": plan.kind.value, "kept_in": kept_in.value}
    row = await fetch_one(connection, INSERT_PLAN, given)
    return int(row[0]) if row else None


async def renew_plan(
    connection: Connection, plan_id: int, *, version: int, kept_in: KeptIn
) -> None:
    """Make a version the current one; a retired plan is back."""
    given = {"id": plan_id, "version": version, "kept_in": kept_in.value}
    await connection.execute(RENEW_PLAN, given)


async def insert_version(
    connection: Connection, plan_id: int, plan: JobPlan, *, version: int, made: tuple[str, datetime]
) -> None:
    """Write a version; `made` says by whom and when."""
    await connection.execute(
        INSERT_VERSION,
        {
            **_columns(plan),
            "job_plan_id": plan_id,
            "version": version,
            "made_by": made[0],
            "made_at": made[1],
        },
    )


async def retire_plans(connection: Connection, codes: list[str], *, at: datetime) -> None:
    """Retire plans by code; the orders that have them keep them."""
    await connection.execute(RETIRE_PLANS, {"codes": codes, "at": at})


async def freeze_version(
    connection: Connection, order_id: int, code: str, *, at: datetime
) -> int | None:
    """Id of the version that the order has from now on; None if there is no such plan in use."""
    row = await fetch_one(
        connection, FREEZE_VERSION, {"order_id": order_id, "code": code, "at": at}
    )
    return int(row[0]) if row else None


async def copy_steps(connection: Connection, order_id: int, version_id: int) -> None:
    """Give a new order the steps of its version, and its minutes and craft where it has none."""
    given = {"order_id": order_id, "version_id": version_id}
    await connection.execute(COPY_STEPS, given)
    await connection.execute(SET_PLANNED, given)


def _columns(plan: JobPlan) -> Mapping[str, Any]:
    plain = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(plan).items()
    }
    return plain | {
        "parts": Jsonb(parts_to_json(plan.parts)),
        "steps": Jsonb(steps_to_json(plan.steps)),
    }
