"""The priority matrix: whole, and monotonic both ways."""

from itertools import pairwise, product

import pytest

from conditions.event import Severity
from maintenance.orders.priority import DEFAULT_MATRIX, LEAST_URGENT, MOST_URGENT, priority


def test_the_matrix_knows_every_criticality_and_severity() -> None:
    assert set(DEFAULT_MATRIX) == {"A", "B", "C"}
    assert all(set(row) == set(Severity) for row in DEFAULT_MATRIX.values())


def test_priorities_lie_between_most_and_least_urgent() -> None:
    found = {priority(c, s)[0] for c, s in product("ABC", Severity)}
    assert found == set(range(MOST_URGENT, LEAST_URGENT + 1))


@pytest.mark.parametrize("criticality", ["A", "B", "C"])
def test_a_worse_severity_is_never_less_urgent(criticality: str) -> None:
    found = [priority(criticality, severity)[0] for severity in sorted(Severity)]
    assert all(worse <= better for better, worse in pairwise(found))


@pytest.mark.parametrize("severity", Severity)
def test_a_more_critical_asset_is_always_more_urgent_unless_both_are_least(
    severity: Severity,
) -> None:
    found = [priority(criticality, severity)[0] for criticality in "ABC"]
    assert all(more < less or less == LEAST_URGENT for more, less in pairwise(found))


def test_a_matrix_of_the_plants_own_is_used() -> None:
    assert priority("B", Severity.LOW, {"B": {Severity.LOW: 1}})[0] == 1
