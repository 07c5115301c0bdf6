"""Maintenance plans in plant files, and what is wrong between them and the rest of the files."""

from collections.abc import Iterator, Sequence

from config.database import Connection
from config.documents import Problem
from config.suggestion import did_you_mean
from maintenance.plans.file import PlanShape
from maintenance.plans.service import apply_plans
from oilcan.plant.entries import Declared, Placed
from oilcan.plant.section import Applied, Known, Section


async def apply_maintenance_plans(connection: Connection, entries: Sequence[PlanShape]) -> Applied:
    """Bring maintenance plans in line with the files."""
    difference = await apply_plans(connection, entries)
    return Applied(difference.changes, difference.unchanged)


def plan_problems(
    entries: Sequence[Placed[PlanShape]], declared: Declared, known: Known
) -> Iterator[Problem]:
    """Assets, classes, sites, meters, calendars and job plans that the files do not have."""
    for entry in entries:
        yield from _of_assets(entry, declared)
        yield from _of_meter(entry, declared)
        shape = entry.shape
        yield from _unknown(entry, ("calendar",), shape.calendar, known.get("calendars"))
        yield from _unknown(
            entry, ("work", "job_plan"), shape.work.job_plan, known.get("job_plans")
        )


def _of_assets(entry: Placed[PlanShape], declared: Declared) -> Iterator[Problem]:
    wanted = entry.shape.applies_to
    for what, names, there in (
        ("assets", wanted.assets, declared.assets),
        ("classes", wanted.classes, frozenset(declared.roles)),
        ("sites", wanted.sites, declared.sites),
    ):
        for index, name in enumerate(names):
            yield from _unknown(entry, ("applies_to", what, index), name, there)


def _of_meter(entry: Placed[PlanShape], declared: Declared) -> Iterator[Problem]:
    meter = entry.shape.meter
    for asset_class in entry.shape.applies_to.classes if meter else ():
        roles = declared.roles.get(asset_class)
        if meter is not None and roles is not None and meter.meter not in roles:
            message = f"class {asset_class} has no role {meter.meter!r}"
            yield entry.problem(("meter", "meter"), message, did_you_mean(meter.meter, roles))


def _unknown(
    entry: Placed[PlanShape],
    path: tuple[str | int, ...],
    name: str | None,
    there: frozenset[str] | None,
) -> Iterator[Problem]:
    """A problem where a name is given that nothing has."""
    if name is not None and name not in (there or frozenset()):
        what = str(path[-1] if isinstance(path[-1], str) else path[-2]).replace("_", " ")
        remedy = did_you_mean(name, there or (), otherwise="Add it to the plant's files")
        yield entry.problem(path, f"{name!r} is not among the {what} of the files", remedy)


MAINTENANCE_PLANS = Section(
    "maintenance_plans",
    PlanShape,
    "maintenance plan",
    "code",
    apply_maintenance_plans,
    plan_problems,
)
