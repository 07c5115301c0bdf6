"""A site's policy of work in plant files."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, model_validator

from conditions.event import Severity
from maintenance.orders.priority import LEAST_URGENT, MOST_URGENT
from maintenance.orders.work_order import OrderType, Origin
from maintenance.orders.work_policy import (
    DEFAULT_POLICY,
    AutomaticApproval,
    Demand,
    Who,
    WorkPolicy,
)
from maintenance.register.file import FileShape

SeverityLabel = Literal["low", "medium", "high", "critical"]


class PriorityMatrixShape(FileShape):
    """Priorities by criticality of the asset and severity of the condition; 1 is the most urgent."""

    name: str = Field(
        min_length=1,
        max_length=100,
        description="What an order's reason calls it.",
        examples=["boiler house"],
    )
    priorities: dict[Literal["A", "B", "C"], dict[SeverityLabel, int]] = Field(
        description="Criticality, then severity, then the priority, 1 to 5; every pair of them.",
        examples=[{"A": {"critical": 1, "high": 2, "medium": 3, "low": 4}}],
    )

    @model_validator(mode="after")
    def _is_whole(self) -> "PriorityMatrixShape":
        for criticality in ("A", "B", "C"):
            given = self.priorities.get(criticality, {})
            row = {str(label): urgency for label, urgency in given.items()}
            for severity in Severity:
                found = row.get(severity.label)
                if found is None or not MOST_URGENT <= found <= LEAST_URGENT:
                    raise ValueError(
                        f"{criticality} and {severity.label} have no priority from 1 to 5 | "
                        "Give each criticality a priority for each severity"
                    )
        return self


class AutomaticApprovalShape(FileShape):
    """Orders that nobody has to approve; what is left out fits every order."""

    types: list[OrderType] = Field(
        default_factory=list, description="Types of maintenance.", examples=[["inspection"]]
    )
    priorities: list[int] = Field(
        default_factory=list, description="Priorities, 1 to 5.", examples=[[1]]
    )
    origins: list[Origin] = Field(
        default_factory=list, description="What asked for the work.", examples=[["plan"]]
    )

    def rule(self) -> AutomaticApproval:
        """As the domain has it."""
        return AutomaticApproval(
            frozenset(self.types), frozenset(self.priorities), frozenset(self.origins)
        )


class WorkPolicyShape(FileShape):
    """What a site asks of its work."""

    site: str = Field(
        description="Code of the site; `*`: every site that has no policy of its own.",
        examples=["north"],
    )
    reopen_days: int = Field(
        default=DEFAULT_POLICY.reopen_within.days,
        ge=0,
        le=3650,
        description="Days after its completion within which an order may be reopened.",
        examples=[14],
    )
    reviewer: Who = Field(
        default=DEFAULT_POLICY.reviewer,
        description="Who closes an order: anyone, or another than those who carried it out.",
        examples=["another"],
    )
    isolation_verifier: Who = Field(
        default=DEFAULT_POLICY.isolation_verifier,
        description="Who verifies an isolation: anyone, or another than who applied it.",
        examples=["anyone"],
    )
    failure_report: Demand = Field(
        default=DEFAULT_POLICY.failure_report,
        description="Whether a corrective order needs a failure report to be completed.",
        examples=["required"],
    )
    automatic_approval: list[AutomaticApprovalShape] = Field(
        default_factory=list,
        description="Orders that nobody has to approve.",
        examples=[[{"types": ["inspection"]}]],
    )
    priority_matrix: PriorityMatrixShape | None = Field(
        default=None, description="Left out: Oilcan's own, called `default`."
    )

    def definition(self) -> WorkPolicy:
        """As the domain has it."""
        matrix = self.priority_matrix
        return WorkPolicy(
            site=self.site,
            reopen_within=timedelta(days=self.reopen_days),
            reviewer=self.reviewer,
            isolation_verifier=self.isolation_verifier,
            failure_report=self.failure_report,
            automatic_approval=tuple(one.rule() for one in self.automatic_approval),
            matrix=_matrix(matrix) if matrix else DEFAULT_POLICY.matrix,
            matrix_name=matrix.name if matrix else DEFAULT_POLICY.matrix_name,
        )


def _matrix(shape: PriorityMatrixShape) -> dict[str, dict[Severity, int]]:
    return {
        criticality: {Severity[label.upper()]: urgency for label, urgency in row.items()}
        for criticality, row in shape.priorities.items()
    }
