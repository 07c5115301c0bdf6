"""What a site asks of its work: approval, review, reopening, priorities. Pure, and data."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from maintenance.orders.priority import DEFAULT_MATRIX, DEFAULT_NAME, PriorityMatrix
from maintenance.orders.work_order import OrderType, Origin, WorkOrder

EVERY_SITE = "*"
"""The policy of all sites that have none of their own."""


class Who(StrEnum):
    """Who may do what follows on another's work."""

    ANYONE = "anyone"
    ANOTHER = "another"
    """Somebody who had no hand in it."""


class Demand(StrEnum):
    """Whether something has to be there."""

    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class AutomaticApproval:
    """Orders that fit are approved as soon as they are made; an empty set fits every order."""

    types: frozenset[OrderType] = frozenset()
    priorities: frozenset[int] = frozenset()
    origins: frozenset[Origin] = frozenset()

    def fits(self, order: WorkOrder) -> bool:
        """Whether the order is one of them."""
        return (
            (not self.types or order.type in self.types)
            and (not self.priorities or order.priority in self.priorities)
            and (not self.origins or order.origin in self.origins)
        )


@dataclass(frozen=True, slots=True)
class WorkPolicy:
    """A site's policy; each field's default is what holds where nobody said otherwise."""

    site: str = EVERY_SITE
    reopen_within: timedelta = timedelta(days=7)
    reviewer: Who = Who.ANYONE
    isolation_verifier: Who = Who.ANOTHER
    failure_report: Demand = Demand.OPTIONAL
    automatic_approval: tuple[AutomaticApproval, ...] = ()
    matrix: PriorityMatrix = field(default_factory=lambda: DEFAULT_MATRIX)
    matrix_name: str = DEFAULT_NAME

    def approves(self, order: WorkOrder) -> bool:
        """Whether the order needs no person's approval."""
        return any(rule.fits(order) for rule in self.automatic_approval)


DEFAULT_POLICY = WorkPolicy()
