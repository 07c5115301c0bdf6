"""A write command as the database has it, and what is known of its outcome. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

LOST_AFTER = timedelta(minutes=1)
"""So long after it expired a command without an outcome is no longer under way."""


class WriteState(StrEnum):
    """How far a command has come."""

    SENT = "sent"
    """On its way to the edge; no answer yet."""
    CONFIRMED = "confirmed"
    """The device accepted it, and reads back what was written."""
    UNCONFIRMED = "unconfirmed"
    """The device accepted it, but reads back something else, or cannot be read."""
    REFUSED = "refused"
    """Nothing was written; the message says by whom it was refused and why."""
    UNKNOWN = "unknown"
    """It may or may not have been carried out: look at the device."""


@dataclass(frozen=True, slots=True)
class NewWrite:
    """What somebody asks for: a value for a point, in the point's unit."""

    value: float
    reason: str
    valid_for_s: float


@dataclass(frozen=True, slots=True)
class Write:
    """A command with its outcome; `outcome` is None while there is none."""

    id: int
    command: UUID
    tag: str
    value: float
    unit: str
    actor: str
    reason: str
    asked_at: datetime
    expires_at: datetime
    outcome: str | None = None
    message: str = ""
    edge: str = ""
    source: str = ""
    registers: tuple[int, ...] = ()
    read_back: float | None = None
    answered_at: datetime | None = None

    def state(self, now: datetime) -> WriteState:
        """How far it has come; one whose outcome was lost on the way is unknown."""
        if self.outcome is not None:
            return WriteState(self.outcome)
        lost = now > self.expires_at + LOST_AFTER
        return WriteState.UNKNOWN if lost else WriteState.SENT
