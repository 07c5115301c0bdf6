"""What people found: failure reports in the codes of ISO 14224."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from maintenance.commands.recording import Step, as_expected, recorded
from maintenance.errors import CodeUnknown, RequirementMissing, TransitionRefused
from maintenance.orders import failure_codes, failure_store, store
from maintenance.orders.failure_report import FailureFound
from maintenance.orders.transitions import allowed_transitions
from maintenance.orders.work_order import Particulars, State, WorkOrder

_TAKES_NONE = frozenset({State.CLOSED, State.CANCELLED})


async def report_failure(
    connection: Connection,
    number: str,
    found: FailureFound,
    *,
    expected_version: int,
    given: Particulars,
    clock: ClockUs = now_us,
) -> WorkOrder:
    """Say, or say anew, how an item failed and what was done.

    Raises `NotFound`, `StaleVersion`, `CodeUnknown`, `RequirementMissing` for times that cannot be,
    and `TransitionRefused` where the order is final.
    """
    at = from_us(clock())
    async with connection.transaction():
        order = await as_expected(connection, number, expected_version)
        if order.state in _TAKES_NONE:
            raise TransitionRefused(
                number, action="report", state=order.state, allowed=allowed_transitions(order)
            )
        details = await keep_found(connection, order, found, actor=given.actor, at=at)
        version = await store.touch(connection, order, at=at)
        step = Step("report_failure", order.state, given, details)
        return await recorded(connection, order, version, step, at)


async def keep_found(
    connection: Connection, order: WorkOrder, found: FailureFound, *, actor: str, at: datetime
) -> dict[str, Any]:
    """Write a report about a held order; gives what the audit trail says of it.

    Raises `CodeUnknown`, `RequirementMissing`.
    """
    _check_times(order, found, at)
    codes = await failure_codes.codes_of_asset(connection, order.asset_id)
    for kind, code in found.codes().items():
        known = [one.code for one in codes if one.kind is kind]
        if code not in known:
            raise CodeUnknown(f"failure {kind}", code, known=known)
    before = await failure_codes.failure_report_of(connection, order)
    await failure_store.keep_report(connection, order, found, actor=actor, at=at)
    return {"failure": {"from": _told(before.found) if before else None, "to": _told(found)}}


def _check_times(order: WorkOrder, found: FailureFound, at: datetime) -> None:
    failed = found.failed_at or order.failed_at
    restored = found.restored_at or order.restored_at
    for name, moment in (("failed_at", found.failed_at), ("restored_at", found.restored_at)):
        if moment is not None and moment > at:
            raise _impossible(order, name, "it lies in the future")
    if failed is not None and restored is not None and restored < failed:
        raise _impossible(order, "restored_at", "an item is restored after it failed")


def _impossible(order: WorkOrder, name: str, message: str) -> RequirementMissing:
    return RequirementMissing(order.number, action="report", field=name, message=message)


def _told(found: FailureFound) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(found).items()
        if value not in (None, "")
    }
