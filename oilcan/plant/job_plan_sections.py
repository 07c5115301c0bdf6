"""Sections of plant files about how work is done: job plans and inspection rounds."""

from collections.abc import Iterator, Sequence

from config.database import Connection
from config.documents import Problem
from config.suggestion import did_you_mean
from maintenance.job_plans.file import JobPlanShape, StopShape
from maintenance.job_plans.plan import PlanKind
from maintenance.job_plans.service import apply_plans
from maintenance.rounds.file import RoundShape
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


async def apply_rounds(connection: Connection, entries: Sequence[RoundShape]) -> Applied:
    """Bring inspection rounds in line with the files."""
    wanted = [entry.to_domain() for entry in entries]
    difference = await apply_plans(connection, wanted, kind=PlanKind.ROUND)
    return Applied(difference.changes, difference.unchanged)


def round_problems(
    entries: Sequence[Placed[RoundShape]], declared: Declared, known: Known
) -> Iterator[Problem]:
    """Assets and points that the files do not have, and codes that a job plan has."""
    for entry in entries:
        shape = entry.shape
        if shape.code in known["job_plans"]:
            message = f"{shape.code} is the code of a job plan too"
            yield entry.problem(("code",), message, "Orders name both as their plan: rename one")
        if shape.asset not in declared.assets:
            remedy = did_you_mean(shape.asset, declared.assets)
            yield entry.problem(("asset",), f"there is no asset {shape.asset!r}", remedy)
        for index, stop in enumerate(shape.stops):
            yield from _stop_problems(entry, index, stop, declared)


def _stop_problems(
    entry: Placed[RoundShape], index: int, stop: StopShape, declared: Declared
) -> Iterator[Problem]:
    if stop.asset not in declared.assets:
        remedy = did_you_mean(stop.asset, declared.assets)
        yield entry.problem(("stops", index, "asset"), f"there is no asset {stop.asset!r}", remedy)
        return
    for place, step in enumerate(stop.steps):
        tag = f"{stop.asset}.{step.point}"
        if step.point is not None and tag not in declared.points:
            remedy = did_you_mean(tag, declared.points)
            path = ("stops", index, "steps", place, "point")
            yield entry.problem(path, f"there is no point {tag}", remedy)


JOB_PLAN_SECTIONS: tuple[Section, ...] = (
    Section("job_plans", JobPlanShape, "job plan", "code", apply_job_plans, job_plan_problems),
    Section("rounds", RoundShape, "round", "code", apply_rounds, round_problems),
)
