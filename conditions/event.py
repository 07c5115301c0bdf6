"""Condition events: one for each problem of an asset, from its raise to its clearing."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any


class Severity(IntEnum):
    """How bad a condition is; higher is worse."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def label(self) -> str:
        """The name that rule files and pages use."""
        return self.name.lower()


class ChangeKind(StrEnum):
    """What became of an event."""

    RAISED = "raised"
    ESCALATED = "escalated"
    DEESCALATED = "deescalated"
    CLEARED = "cleared"


class Silence(StrEnum):
    """What keeps an event from being annunciated (ISA-18.2); it is evaluated all the same."""

    SHELVED = "shelved"
    """Put aside by a person, for a time or once."""
    SUPPRESSED = "suppressed"
    """By design: an asset's state, an event above it, hours of the week."""
    OUT_OF_SERVICE = "out_of_service"
    """Taken out by a person until it is returned."""


class EventState(StrEnum):
    """Does the condition still hold?"""

    ACTIVE = "active"
    CLEARED = "cleared"


class Recurrence(StrEnum):
    """What an event asks for whose problem was worked on a short while ago."""

    COOLDOWN = "cooldown"
    """Nothing, until the cooldown is over."""
    REOPEN = "reopen"
    """That the order of that work is taken up again, as long as the site lets it be."""
    NEW = "new"
    """An order of its own."""


@dataclass(frozen=True, slots=True)
class WorkOrderRequest:
    """The work that a rule asks for: its EN 13306 type, and how long it is not asked for again.

    `due` is "eta" where the work is due when the rule's value, a time in s, will have run out.
    """

    type: str
    job_plan: str | None
    cooldown_s: float
    due: str | None = None
    recurrence: Recurrence = Recurrence.COOLDOWN


@dataclass(frozen=True, slots=True)
class ConditionEvent:
    """One problem of one asset as it stands; times are event times in UTC.

    `rule` is `asset_class/rule_id`, or `alarm/CODE` for a device's alarm without a rule. `onset` is
    when the condition first held, `raised_at` when it had held long enough. Without a `work_order`
    the event asks for no work. `value` is in the unit that the evidence names. `latched`: it cleared
    and waits for a reset. `chattering`: it is at least the third of its rule and asset in a minute.
    """

    id: int
    key: str
    rule: str
    asset_id: int
    asset: str
    failure_mode: str
    state: EventState
    severity: Severity
    peak_severity: Severity
    message: str
    onset: datetime
    raised_at: datetime
    changed_at: datetime
    cleared_at: datetime | None
    value: float | None
    work_order: WorkOrderRequest | None
    evidence: dict[str, Any]
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    latched: bool = False
    silenced: tuple[Silence, ...] = ()
    silenced_why: str = ""
    chattering: bool = False

    @property
    def open(self) -> bool:
        """Does the condition hold, or does the event wait for a reset?"""
        return self.state is EventState.ACTIVE or self.latched


# OPC UA Part 9 severities 1 to 1000, in the bands that OPC UA A&C names low to urgent.
_BANDS = ((900, Severity.CRITICAL), (667, Severity.HIGH), (334, Severity.MEDIUM))


def alarm_severity(severity: int) -> Severity:
    """The severity of a device's alarm from OPC UA's 1 to 1000."""
    return next((band for least, band in _BANDS if severity >= least), Severity.LOW)


def event_key(rule: str, asset: str, failure_mode: str, onset_us: int) -> str:
    """Identity of an event: the same after any replay, so that it is raised once."""
    text = "\x1f".join((rule, asset, failure_mode, str(onset_us)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
