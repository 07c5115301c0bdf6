"""A site's policy in plant files, and in the database."""

import pytest
from pydantic import ValidationError

from conditions.event import Severity
from config.difference import ChangeKind
from maintenance.orders.file import WorkPolicyShape
from maintenance.orders.policy_queries import policies, policy_of_asset
from maintenance.orders.policy_service import apply_work_policies
from maintenance.orders.work_policy import DEFAULT_POLICY, Demand, WorkPolicy
from tests.maintenance.scene import Plant

ROW = {"critical": 1, "high": 2, "medium": 3, "low": 4}
WHOLE = {
    "site": "north",
    "reopen_days": 14,
    "reviewer": "another",
    "failure_report": "required",
    "automatic_approval": [{"types": ["inspection"], "priorities": [4]}],
    "priority_matrix": {"name": "boiler house", "priorities": {"A": ROW, "B": ROW, "C": ROW}},
}


def policy(**said: object) -> WorkPolicy:
    return WorkPolicyShape.model_validate({"site": "*", **said}).definition()


def test_what_a_file_does_not_say_is_as_by_default() -> None:
    assert policy() == DEFAULT_POLICY


def test_a_file_says_everything() -> None:
    found = policy(**WHOLE)
    assert (found.site, found.reopen_within.days, found.failure_report) == (
        "north",
        14,
        Demand.REQUIRED,
    )
    assert (found.matrix_name, found.matrix["C"][Severity.CRITICAL]) == ("boiler house", 1)


@pytest.mark.parametrize("priorities", [{"A": ROW}, {"A": ROW, "B": ROW, "C": {**ROW, "low": 6}}])
def test_a_matrix_with_a_gap_or_a_wrong_priority_is_refused(priorities: object) -> None:
    with pytest.raises(ValidationError, match="have no priority from 1 to 5"):
        policy(priority_matrix={"name": "x", "priorities": priorities})


@pytest.mark.store
async def test_files_set_change_and_take_back_policies(plant: Plant) -> None:
    connection = plant.connection
    first = await apply_work_policies(connection, [policy(**WHOLE), policy()])
    assert [change.kind for change in first.changes] == [ChangeKind.ADDED, ChangeKind.ADDED]
    asset_id = await plant.value("SELECT id FROM asset WHERE tag = 'P-101'")
    assert await policy_of_asset(connection, asset_id) == policy(**WHOLE)
    again = await apply_work_policies(connection, [policy(**WHOLE), policy()])
    assert (again.changes, again.unchanged) == ((), 2)
    await apply_work_policies(connection, [policy(reopen_days=3)])
    assert list(await policies(connection)) == ["*"]
    assert (await policy_of_asset(connection, asset_id)).reopen_within.days == 3
