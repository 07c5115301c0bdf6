"""Permits to work, and the isolations that they stand on. Pure.

A permit is required, issued, then handed back; one that is not needed after all is withdrawn before
it is issued. An isolation point is applied, verified, then removed; until the permit is handed back
it may be applied again.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from maintenance.errors import PermitRefused
from maintenance.orders.work_policy import Who


class PermitKind(StrEnum):
    """What the permit is for."""

    HOT_WORK = "hot_work"
    CONFINED_SPACE = "confined_space"
    ELECTRICAL = "electrical"
    LOCKOUT = "lockout"
    """Lock-out, tag-out of energies."""
    HEIGHT = "height"
    GENERAL = "general"


class Energy(StrEnum):
    """What an isolation point holds back."""

    ELECTRICAL = "electrical"
    HYDRAULIC = "hydraulic"
    PNEUMATIC = "pneumatic"
    MECHANICAL = "mechanical"
    THERMAL = "thermal"
    CHEMICAL = "chemical"
    GRAVITY = "gravity"
    OTHER = "other"


class PermitStep(StrEnum):
    """What becomes of a permit."""

    ISSUE = "issue"
    CLOSE = "close"
    """Hand it back."""
    WITHDRAW = "withdraw"


class IsolationStep(StrEnum):
    """What is done at an isolation point."""

    APPLY = "apply"
    VERIFY = "verify"
    REMOVE = "remove"


class PermitState(StrEnum):
    """Where a permit is."""

    REQUIRED = "required"
    ISSUED = "issued"
    EXPIRED = "expired"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class IsolationPoint:
    """A valve, breaker or other point that holds an energy back; who did what there, and when."""

    id: int
    tag: str
    energy: Energy
    method: str
    applied_by: str | None
    applied_at: datetime | None
    verified_by: str | None
    verified_at: datetime | None
    removed_by: str | None
    removed_at: datetime | None

    @property
    def in_place(self) -> bool:
        """Whether a lock hangs there."""
        return self.applied_at is not None and self.removed_at is None

    @property
    def next(self) -> IsolationStep:
        """What is to be done there next; after removal: to apply it again."""
        if not self.in_place:
            return IsolationStep.APPLY
        return IsolationStep.VERIFY if self.verified_at is None else IsolationStep.REMOVE


@dataclass(frozen=True, slots=True)
class Permit:
    """A permit that an order's work needs."""

    id: int
    kind: PermitKind
    description: str
    required_by: str
    required_at: datetime
    issued_by: str | None
    issued_at: datetime | None
    valid_until: datetime | None
    closed_by: str | None
    closed_at: datetime | None
    withdrawn_by: str | None
    withdrawn_at: datetime | None
    isolations: tuple[IsolationPoint, ...] = ()

    def state(self, now: datetime) -> PermitState:
        """Where it is, as of now."""
        if self.withdrawn_at is not None:
            return PermitState.WITHDRAWN
        if self.closed_at is not None:
            return PermitState.CLOSED
        if self.issued_at is None:
            return PermitState.REQUIRED
        expired = self.valid_until is not None and self.valid_until <= now
        return PermitState.EXPIRED if expired else PermitState.ISSUED


@dataclass(frozen=True, slots=True)
class NewIsolation:
    """A point that is to be isolated: its tag in the plant, what it holds back, and how."""

    tag: str
    energy: Energy
    method: str = ""


@dataclass(frozen=True, slots=True)
class NewPermit:
    """A permit that work is to need."""

    kind: PermitKind
    description: str = ""
    isolations: tuple[NewIsolation, ...] = ()


def check_permit_step(permit: Permit, step: PermitStep) -> None:
    """Raise `PermitRefused` unless the permit takes the step."""
    if permit.withdrawn_at is not None or permit.closed_at is not None:
        raise PermitRefused(f"permit {permit.id} is closed: require another")
    if (step is PermitStep.CLOSE) != (permit.issued_at is not None):
        was = "issued" if permit.issued_at is not None else "not issued"
        raise PermitRefused(f"permit {permit.id} is {was}: it cannot {step} now")
    hanging = [point.tag for point in permit.isolations if point.in_place]
    if step is not PermitStep.ISSUE and hanging:
        raise PermitRefused(f"remove the isolations first: {', '.join(hanging)}")


def check_isolation_step(
    permit: Permit, point: IsolationPoint, step: IsolationStep, *, actor: str, verifier: Who
) -> None:
    """Raise `PermitRefused` unless the isolation point takes the step, by that person."""
    if permit.withdrawn_at is not None or permit.closed_at is not None:
        raise PermitRefused(f"permit {permit.id} is closed: nothing is done at {point.tag}")
    if step is IsolationStep.APPLY and point.in_place:
        raise PermitRefused(f"isolation {point.tag} is applied already")
    if step is not IsolationStep.APPLY and not point.in_place:
        raise PermitRefused(f"isolation {point.tag} is not applied")
    if step is IsolationStep.VERIFY and point.verified_at is not None:
        raise PermitRefused(f"isolation {point.tag} is verified already")
    if step is IsolationStep.VERIFY and verifier is Who.ANOTHER and actor == point.applied_by:
        raise PermitRefused(f"somebody other than {actor} verifies {point.tag}, who applied it")
