"""Steps and parts as the JSON of a stored version. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from maintenance.job_plans.plan import Limits, OnFail, PlannedPart, Step, StepKind


def steps_to_json(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """The steps with every field."""
    return [asdict(step) for step in steps]


def steps_from_json(rows: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """The steps that `steps_to_json` wrote."""
    return tuple(map(_step, rows))


def parts_to_json(parts: Sequence[PlannedPart]) -> list[dict[str, str]]:
    """The parts, quantities as text so that no digit is lost."""
    return [{"part": one.part, "quantity": str(one.quantity), "unit": one.unit} for one in parts]


def parts_from_json(rows: Sequence[Mapping[str, str]]) -> tuple[PlannedPart, ...]:
    """The parts that `parts_to_json` wrote."""
    return tuple(PlannedPart(row["part"], Decimal(row["quantity"]), row["unit"]) for row in rows)


def _step(row: Mapping[str, Any]) -> Step:
    fields = dict(row)
    fields["kind"] = StepKind(fields["kind"])
    fields["on_fail"] = OnFail(fields["on_fail"])
    fields["limits"] = Limits(**fields["limits"])
    fields["choices"] = tuple(fields["choices"])
    fields["failing"] = tuple(fields["failing"])
    return Step(**fields)
