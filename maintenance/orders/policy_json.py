"""A site's policy in its JSON form, as the database keeps it. Pure."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from conditions.event import Severity
from maintenance.orders.work_order import OrderType, Origin
from maintenance.orders.work_policy import (
    DEFAULT_POLICY,
    AutomaticApproval,
    Demand,
    Who,
    WorkPolicy,
)


def policy_of_json(raw: Mapping[str, Any] | None) -> WorkPolicy:
    """The policy; what it does not say is as in `DEFAULT_POLICY`, and None is that itself."""
    if raw is None:
        return DEFAULT_POLICY
    matrix = raw.get("priority_matrix")
    return WorkPolicy(
        site=raw["site"],
        reopen_within=timedelta(days=raw["reopen_days"]),
        reviewer=Who(raw["reviewer"]),
        isolation_verifier=Who(raw["isolation_verifier"]),
        failure_report=Demand(raw["failure_report"]),
        automatic_approval=tuple(_approval(rule) for rule in raw["automatic_approval"]),
        matrix=_matrix(matrix["priorities"]) if matrix else DEFAULT_POLICY.matrix,
        matrix_name=matrix["name"] if matrix else DEFAULT_POLICY.matrix_name,
    )


def json_of_policy(policy: WorkPolicy) -> dict[str, Any]:
    """The policy as JSON, every field said."""
    return {
        "site": policy.site,
        "reopen_days": policy.reopen_within.days,
        "reviewer": policy.reviewer.value,
        "isolation_verifier": policy.isolation_verifier.value,
        "failure_report": policy.failure_report.value,
        "automatic_approval": [
            {
                "types": sorted(rule.types),
                "priorities": sorted(rule.priorities),
                "origins": sorted(rule.origins),
            }
            for rule in policy.automatic_approval
        ],
        "priority_matrix": {
            "name": policy.matrix_name,
            "priorities": {
                criticality: {severity.label: urgency for severity, urgency in row.items()}
                for criticality, row in policy.matrix.items()
            },
        },
    }


def _approval(raw: Mapping[str, Any]) -> AutomaticApproval:
    return AutomaticApproval(
        types=frozenset(OrderType(one) for one in raw["types"]),
        priorities=frozenset(raw["priorities"]),
        origins=frozenset(Origin(one) for one in raw["origins"]),
    )


def _matrix(raw: Mapping[str, Mapping[str, int]]) -> dict[str, dict[Severity, int]]:
    return {
        criticality: {Severity[label.upper()]: urgency for label, urgency in row.items()}
        for criticality, row in raw.items()
    }
