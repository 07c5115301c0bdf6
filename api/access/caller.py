"""Who is asking, once that is known."""

from dataclasses import dataclass
from enum import StrEnum

from api.access.roles import Permission, Role, may


class CallerKind(StrEnum):
    """How a caller proved who it is."""

    PERSON = "person"
    """By the session cookie of our pages."""
    KEY = "key"
    """By an API key."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A person or a program; `name` is what the audit trail writes down."""

    kind: CallerKind
    id: int
    name: str
    role: Role

    @property
    def identity(self) -> str:
        """Stays the same for all requests of this caller, whatever it is renamed to."""
        return f"{self.kind}:{self.id}"

    def may(self, permission: Permission) -> bool:
        """Does the caller's role include the permission?"""
        return may(self.role, permission)
