"""A mail that a person has to look at. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class KeptState(StrEnum):
    """Where a mail that was kept aside is."""

    WAITING = "waiting"
    TAKEN = "taken"
    """It was read after all, and became a request or a comment."""
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class KeptMail:
    """A mail that could not be taken, and why. `size` in bytes; `request` is what it became."""

    id: int
    sender: str
    subject: str
    reason: str
    size: int
    is_whole: bool
    state: KeptState
    request: str | None
    kept_at: datetime
    settled_at: datetime | None
    settled_by: str | None


class Outcome(StrEnum):
    """What came of reading a mail."""

    REQUEST = "request"
    COMMENT = "comment"
    IGNORED = "ignored"
    KEPT = "kept"
    KNOWN = "known"
    """It was read before."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a mail, the request that it led to, and the reason where it led to none."""

    outcome: Outcome
    request: str | None = None
    reason: str = ""
