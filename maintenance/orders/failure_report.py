"""What failed and what was done about it, in the codes of ISO 14224. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CodeKind(StrEnum):
    """What a code speaks of (ISO 14224)."""

    MODE = "mode"
    """How the failure shows."""
    MECHANISM = "mechanism"
    """What the material or the part went through."""
    CAUSE = "cause"
    """What led to it."""
    DETECTION = "detection"
    """How it was found."""
    ACTIVITY = "activity"
    """What was done."""


@dataclass(frozen=True, slots=True)
class FailureCode:
    """A code that reports may use; without an `asset_class` it is for every class."""

    kind: CodeKind
    code: str
    name: str
    asset_class: str | None = None


@dataclass(frozen=True, slots=True)
class FailureFound:
    """What people found: codes, and when the item failed and could work again."""

    failure_mode: str
    mechanism: str | None = None
    cause: str | None = None
    detection_method: str | None = None
    activity: str | None = None
    remark: str = ""
    failed_at: datetime | None = None
    restored_at: datetime | None = None

    def codes(self) -> dict[CodeKind, str]:
        """The codes that were given, by kind."""
        given = {
            CodeKind.MODE: self.failure_mode,
            CodeKind.MECHANISM: self.mechanism,
            CodeKind.CAUSE: self.cause,
            CodeKind.DETECTION: self.detection_method,
            CodeKind.ACTIVITY: self.activity,
        }
        return {kind: code for kind, code in given.items() if code is not None}


@dataclass(frozen=True, slots=True)
class FailureReport:
    """What was found, by whom and when."""

    found: FailureFound
    reported_by: str
    reported_at: datetime
