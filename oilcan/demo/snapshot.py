"""What the demo shows: sources, events and orders, as the API tells them."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from oilcan.demo.api_client import Api
from oilcan.demo.inventory import MACHINES

_CONNECTED = "connected"
_DONE = frozenset({"completed", "closed"})
_NEWEST = 200


@dataclass(frozen=True, slots=True)
class SourceView:
    """A source: `state` is empty while nothing has been heard of it."""

    name: str
    protocol: str
    asset: str
    state: str = ""
    message: str = ""
    readings: float = 0.0
    said_at: datetime | None = None
    rate: float = 0.0


@dataclass(frozen=True, slots=True)
class EventView:
    """A condition event."""

    id: int
    raised_at: datetime
    asset: str
    rule: str
    severity: str
    state: str
    message: str


@dataclass(frozen=True, slots=True)
class OrderView:
    """A work order."""

    number: str
    created_at: datetime
    asset: str
    title: str
    priority: int
    state: str

    @property
    def is_done(self) -> bool:
        """Has the work been carried out?"""
        return self.state in _DONE


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The plant at one moment; events and orders with the newest first."""

    sources: tuple[SourceView, ...] = ()
    events: tuple[EventView, ...] = ()
    orders: tuple[OrderView, ...] = ()
    ready: bool = False
    """Is every role alive and every source connected?"""


async def take_snapshot(api: Api, before: Snapshot) -> Snapshot:
    """Ask the API; `before` gives the counts that rates are reckoned from.

    Raises `ApiUnavailable`.
    """
    status, events, orders = await asyncio.gather(
        api.get("status"),
        api.get("condition-events", limit=_NEWEST),
        api.get("work-orders", limit=_NEWEST),
    )
    sources = sources_of(status, before)
    return Snapshot(
        sources=sources,
        events=tuple(_event(item) for item in events["items"]),
        orders=tuple(_order(item) for item in orders["items"]),
        ready=_roles_alive(status) and all(source.state == _CONNECTED for source in sources),
    )


def sources_of(status: Mapping[str, Any], before: Snapshot) -> tuple[SourceView, ...]:
    """Each machine's source, out of the API's status."""
    said = {
        name: (part, datetime.fromisoformat(role["said_at"]))
        for role in status["roles"]
        if role["role"] == "edge"
        for name, part in role["parts"].items()
    }
    earlier = {source.name: source for source in before.sources}
    views = []
    for machine in MACHINES:
        view = SourceView(machine.source, machine.protocol, machine.asset)
        if machine.source in said:
            view = _heard(view, *said[machine.source], earlier.get(machine.source))
        views.append(view)
    return tuple(views)


def _heard(
    view: SourceView, part: Mapping[str, Any], said_at: datetime, before: SourceView | None
) -> SourceView:
    readings = part["metrics"].get("readings_total", 0.0)
    return SourceView(
        view.name,
        view.protocol,
        view.asset,
        part["state"],
        part["message"],
        readings,
        said_at,
        _rate(readings, said_at, before),
    )


def _rate(readings: float, said_at: datetime, before: SourceView | None) -> float:
    """Readings a second since `before`; its own rate where nothing new was said."""
    if before is None or before.said_at is None:
        return 0.0
    seconds = (said_at - before.said_at).total_seconds()
    if seconds <= 0.0:
        return before.rate
    return max(0.0, readings - before.readings) / seconds


def _roles_alive(status: Mapping[str, Any]) -> bool:
    alive = {role["role"] for role in status["roles"] if role["alive"]}
    return {"edge", "ingest", "conditions", "maintenance"} <= alive


def _event(item: Mapping[str, Any]) -> EventView:
    return EventView(
        id=item["id"],
        raised_at=datetime.fromisoformat(item["raised_at"]),
        asset=item["asset"],
        rule=item["rule"],
        severity=item["severity"],
        state=item["state"],
        message=item["message"],
    )


def _order(item: Mapping[str, Any]) -> OrderView:
    return OrderView(
        number=item["number"],
        created_at=datetime.fromisoformat(item["created_at"]),
        asset=item["asset"],
        title=item["title"],
        priority=item["priority"],
        state=item["state"],
    )
