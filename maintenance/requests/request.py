"""A work request: what somebody asks for, whatever the channel, and its life. Pure.

new -> accepted | rejected | duplicate    by a planner
new -> withdrawn                          by the requester
accepted, duplicate -> new                not fixed, and too late to reopen the order
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

TITLE_LENGTH = 200
TEXT_LENGTH = 10_000


class Channel(StrEnum):
    """How a request came."""

    PORTAL = "portal"
    API = "api"
    EMAIL = "email"
    CSV = "csv"


class Urgency(StrEnum):
    """How urgent it is in the eyes of the requester; the priority of work is the planner's."""

    DANGER = "danger"
    """Somebody may be hurt, or the surroundings harmed."""
    STOPPED = "stopped"
    """The machine does not do its work."""
    NORMAL = "normal"
    MINOR = "minor"


class RequestState(StrEnum):
    """Where a request is in its life."""

    NEW = "new"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"
    WITHDRAWN = "withdrawn"


class RequestAction(StrEnum):
    """What moves a request from one state to another."""

    ACCEPT = "accept"
    REJECT = "reject"
    JOIN = "join"
    WITHDRAW = "withdraw"
    RETURN = "return"
    """Not fixed, and its order is not reopened: somebody has to look at it again."""


SOURCES: Mapping[RequestAction, frozenset[RequestState]] = MappingProxyType(
    {
        RequestAction.ACCEPT: frozenset({RequestState.NEW}),
        RequestAction.REJECT: frozenset({RequestState.NEW}),
        RequestAction.JOIN: frozenset({RequestState.NEW}),
        RequestAction.WITHDRAW: frozenset({RequestState.NEW}),
        RequestAction.RETURN: frozenset({RequestState.ACCEPTED, RequestState.DUPLICATE}),
    }
)
"""From where each action leads on."""


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request as it comes in.

    Asset by tag, location by site and code; where neither is known, `place` says where in the
    requester's own words. `external_id` names it in its channel, and leads to one request only.
    """

    title: str
    channel: Channel
    description: str = ""
    asset: str | None = None
    site: str | None = None
    location: str | None = None
    place: str = ""
    failure_mode: str | None = None
    urgency: Urgency = Urgency.NORMAL
    contact: str = ""
    external_id: str | None = None
    follow_hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class WorkRequest:
    """A request as it stands; `version` counts its changes from 1.

    `work_order` is the number of the order that it led to or joined, also by the request that it
    is a duplicate of (`duplicate_of`, a number).
    """

    id: int
    number: str
    asset_id: int | None
    asset: str | None
    asset_name: str | None
    site: str | None
    location: str | None
    location_name: str | None
    place: str
    title: str
    description: str
    failure_mode: str | None
    urgency: Urgency
    requester: str
    contact: str
    channel: Channel
    external_id: str | None
    state: RequestState
    version: int
    reason: str
    triaged_by: str | None
    triaged_at: datetime | None
    work_order: str | None
    duplicate_of: str | None
    fixed: bool | None
    answered_at: datetime | None
    rating: int | None
    remark: str
    rated_at: datetime | None
    created_at: datetime
    updated_at: datetime


def allowed_actions(state: RequestState) -> tuple[RequestAction, ...]:
    """What a planner or the requester may do with it next."""
    return tuple(
        action
        for action in RequestAction
        if state in SOURCES[action] and action is not RequestAction.RETURN
    )
