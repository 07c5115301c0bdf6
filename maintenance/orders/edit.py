"""What people may change of an order beside its state. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from maintenance.errors import RequirementMissing, TransitionRefused
from maintenance.orders.transitions import allowed_transitions
from maintenance.orders.work_order import FINAL_STATES, Particulars, State, WorkOrder

EDITABLE = (
    "title",
    "description",
    "type",
    "priority",
    "planned_start",
    "planned_finish",
    "due_at",
    "estimated_minutes",
    "craft",
    "team",
    "failed_at",
    "restored_at",
)
"""Fields that an edit may name."""

_NEVER_EMPTY = frozenset({"title", "description", "type", "priority"})


def edited(order: WorkOrder, changes: Mapping[str, Any], given: Particulars) -> WorkOrder:
    """The order with the changes; what they do not name stays, and None empties a field.

    Raises `TransitionRefused` where the order is final, `RequirementMissing` for what cannot be.
    """
    if order.state in FINAL_STATES:
        raise TransitionRefused(
            order.number, action="edit", state=order.state, allowed=allowed_transitions(order)
        )
    for name in changes:
        if changes[name] is None and name in _NEVER_EMPTY:
            raise _refused(order, name, f"{name} cannot be empty")
    after = replace(order, **{name: changes[name] for name in EDITABLE if name in changes})
    if after.priority != order.priority:
        after = replace(after, priority_reason=_reason(order, after, given))
    _check_times(after)
    return after


def difference(before: WorkOrder, after: WorkOrder) -> dict[str, dict[str, Any]]:
    """Field -> what it was and what it became, as the audit trail keeps it."""
    return {
        name: {"from": _told(getattr(before, name)), "to": _told(getattr(after, name))}
        for name in EDITABLE
        if getattr(before, name) != getattr(after, name)
    }


def _reason(order: WorkOrder, after: WorkOrder, given: Particulars) -> str:
    if not given.reason.strip():
        raise _refused(order, "reason", "another priority needs a reason")
    return f"Priority {after.priority}: given by {given.actor}: {given.reason.strip()}"


def _check_times(after: WorkOrder) -> None:
    if after.state is State.SCHEDULED and after.planned_start is None:
        raise _refused(after, "planned_start", "it is scheduled: say when it is to begin")
    spans = (("planned_start", "planned_finish"), ("failed_at", "restored_at"))
    for first, last in spans:
        begin, end = getattr(after, first), getattr(after, last)
        if begin is not None and end is not None and end < begin:
            raise _refused(after, last, f"{last} lies before {first}")


def _refused(order: WorkOrder, name: str, message: str) -> RequirementMissing:
    return RequirementMissing(order.number, action="edit", field=name, message=message)


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
