"""Maintenance plans in plant files."""

from pathlib import Path

import pytest

from config.database import Connection
from maintenance.errors import KeptInFiles
from maintenance.plans.file import PlanShape
from maintenance.plans.service import apply_plans, retire_plan, save_plan
from oilcan.plant.documents import read_documents
from oilcan.plant.entries import declared
from oilcan.plant.plan_sections import MAINTENANCE_PLANS
from oilcan.plant.sections import read_sections

PLANT = """
sites: [{code: S, name: S}]
asset_classes: [{code: pump, name: Pump, roles: {hours: {unit: h, kind: counter}}}]
assets: [{tag: P-1, name: Pump, class: pump, site: S}]
maintenance_plans:
"""


def problems(tmp_path: Path, plan: str) -> list[str]:
    """What is wrong with a plan that begins on line 6."""
    (tmp_path / "plant.yaml").write_text(f"{PLANT}  - {{code: a, name: A, {plan}}}\n")
    documents = read_documents(tmp_path).documents
    _, found = read_sections(documents, declared(documents), [MAINTENANCE_PLANS])
    return [problem.explain() for problem in found]


WEEKLY = "time: {rule: FREQ=WEEKLY, start: 2026-01-05}"


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        (f"applies_to: {{assets: [P-2]}}, {WEEKLY}", "'P-2' is not among the assets"),
        (f"applies_to: {{classes: [pmp]}}, {WEEKLY}", "Did you mean 'pump'?"),
        (f"applies_to: {{}}, {WEEKLY}", "names no assets"),
        (f"applies_to: {{sites: [S]}}, {WEEKLY}, calendar: none", "among the calendar"),
        ("applies_to: {sites: [S]}", "nothing makes it due"),
        ("applies_to: {sites: [S]}, time: {rule: HOURLY, start: 2026-01-05}", "no recurrence rule"),
        ("applies_to: {sites: [S]}, time: {rule: FREQ=DAILY, start: 2026-01-05T06:00Z}", "zone"),
        ("applies_to: {classes: [pump]}, meter: {meter: hour, every: 5}", "Did you mean 'hours'?"),
        (f"applies_to: {{sites: [S]}}, lead: 90s, {WEEKLY}", "whole number of minutes"),
    ],
)
def test_a_mistake_in_a_plan_is_told_with_place_and_remedy(
    tmp_path: Path, plan: str, told: str
) -> None:
    (found,) = problems(tmp_path, plan)
    assert told in found
    assert "plant.yaml:6" in found


def test_a_plan_without_mistakes_is_read(tmp_path: Path) -> None:
    assert problems(tmp_path, f"applies_to: {{classes: [pump]}}, {WEEKLY}") == []


def plan(code: str, name: str = "A plan") -> PlanShape:
    return PlanShape.model_validate(
        {
            "code": code,
            "name": name,
            "applies_to": {"sites": ["S"]},
            "time": {"rule": "FREQ=WEEKLY", "start": "2026-01-05"},
        }
    )


async def test_files_retire_what_they_kept_and_leave_what_was_made_over_the_api(
    connection: Connection,
) -> None:
    await save_plan(connection, plan("mine"), actor="kim")
    first = await apply_plans(connection, [plan("a"), plan("b")])
    again = await apply_plans(connection, [plan("a"), plan("b")])
    last = await apply_plans(connection, [plan("a", "Another name")])
    assert [change.kind for change in first.changes] == ["added", "added"]
    assert again.changes == ()
    assert [(change.kind, change.key) for change in last.changes] == [
        ("changed", "a"),
        ("retired", "b"),
    ]


async def test_what_files_keep_is_not_changed_over_the_api(connection: Connection) -> None:
    await apply_plans(connection, [plan("a")])
    with pytest.raises(KeptInFiles):
        await save_plan(connection, plan("a"), actor="kim", expected_version=1)
    with pytest.raises(KeptInFiles):
        await retire_plan(connection, "a", actor="kim", reason="gone")
