"""Sections of plant files about how work is done: job plans."""

from collections.abc import Iterator, Sequence

from config.database import Connection
from config.documents import Problem
from config.suggestion import did_you_mean
from maintenance.job_plans.file import JobPlanShape
from maintenance.job_plans.plan import PlanKind
from maintenance.job_plans.service import apply_plans
from oilcan.plant.entries import Declared, Placed
from oilcan.plant.section import Applied, Known, Section


async def apply_job_plans(connection: Connection, entries: Sequence[JobPlanShape]) -> Applied:
    """Bring job plans in line with the files."""
    wanted = [entry.to_domain() for entry in entries]
    difference = await apply_plans(connection, wanted, kind=PlanKind.JOB_PLAN)
    return Applied(difference.changes, difference.unchanged)


def job_plan_problems(
    entries: Sequence[Placed[JobPlanShape]], declared: Declared, _: Known
) -> Iterator[Problem]:
    """Classes and roles that the files do not have."""
    for entry in entries:
        asset_class = entry.shape.asset_class
        if asset_class is None:
            continue
        if asset_class not in declared.roles:
            message = f"there is no asset class {asset_class!r}"
            remedy = did_you_mean(asset_class, declared.roles)
            yield entry.problem(("asset_class",), message, remedy)
            continue
        roles = declared.roles[asset_class]
        for index, step in enumerate(entry.shape.steps):
            if step.point is not None and step.point not in roles:
                message = f"class {asset_class} has no role {step.point!r}"
                yield entry.problem(
                    ("steps", index, "point"), message, did_you_mean(step.point, roles)
                )


JOB_PLAN_SECTIONS: tuple[Section, ...] = (
    Section("job_plans", JobPlanShape, "job plan", "code", apply_job_plans, job_plan_problems),
)
