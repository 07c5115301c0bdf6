"""How a command reads a request that it is about to change, and writes down that it did."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from config.database import Connection
from maintenance.errors import StaleVersion, TransitionRefused
from maintenance.requests import queries, store
from maintenance.requests.request import (
    SOURCES,
    RequestAction,
    RequestState,
    WorkRequest,
    allowed_actions,
)


@dataclass(frozen=True, slots=True)
class Step:
    """What the audit trail says of one change; without a target the state stays."""

    action: str
    actor: str
    at: datetime
    target: RequestState | None = None
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


async def as_expected(
    connection: Connection, number: str, expected_version: int | None
) -> WorkRequest:
    """The request, held. Raises `NotFound`, and `StaleVersion` where it is not what was read."""
    request = await queries.get_request_for_change(connection, number)
    if expected_version is not None and request.version != expected_version:
        raise StaleVersion(number, expected=expected_version, present=request.version)
    return request


def check(request: WorkRequest, action: RequestAction) -> None:
    """Raise `TransitionRefused` unless the request's state lets the action happen."""
    if request.state not in SOURCES[action]:
        raise TransitionRefused(
            request.number,
            action=action,
            state=request.state,
            allowed=allowed_actions(request.state),
        )


async def recorded(
    connection: Connection, request: WorkRequest, version: int | None, step: Step
) -> WorkRequest:
    """The request after its change, written down; someone else was faster without a version."""
    if version is None:
        present = await queries.request_by_id(connection, request.id)
        raise StaleVersion(request.number, expected=request.version, present=present.version)
    await store.record(
        connection,
        store.Record(
            id=request.id,
            version=version,
            action=step.action,
            from_state=request.state,
            to_state=step.target or request.state,
            actor=step.actor,
            at=step.at,
            reason=step.reason,
            details=dict(step.details),
        ),
    )
    return await queries.request_by_id(connection, request.id)


async def take_duplicates_along(
    connection: Connection, request: WorkRequest, step: Step, *, first: int | None = None
) -> None:
    """What happens to a request happens to its duplicates: each changes, and is written down."""
    assert step.target is not None  # noqa: S101 - every caller gives one
    moved = await store.move_duplicates(
        connection, request, step.target, first=first, reason=step.reason, at=step.at
    )
    for identity, version in moved:
        change = store.Record(
            id=identity,
            version=version,
            action=step.action,
            from_state=RequestState.DUPLICATE,
            to_state=step.target,
            actor=step.actor,
            at=step.at,
            reason=step.reason,
            details={"with": request.number},
        )
        await store.record(connection, change)
