"""The first page: the plant's pulse, its assets, open events, open work orders."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from api.access.caller import Caller
from api.bodies.point import quality
from api.errors import ResourceMissing
from api.guard import Reader
from api.pages.places import Places, load_places
from api.pages.render import render
from api.services import ConnectionOf
from conditions.event import ConditionEvent
from conditions.event_queries import EventFilter, EventFlag, count_open_events, find_events
from config.clock import from_us
from config.database import Connection
from ingest.history.latest import Latest, latest
from ingest.point import Point
from ingest.points import load_points
from maintenance.orders.list_query import OrderFilters, find_orders
from maintenance.orders.queries import count_by_state
from maintenance.orders.work_order import OPEN_STATES, WorkOrder
from maintenance.register.asset import Asset
from maintenance.register.queries import list_assets

router = APIRouter(include_in_schema=False)

_SHOWN = 200
# What is silenced alarms nobody; the page of events has it.
_ANNUNCIATED = EventFilter(open=True, flags=frozenset({EventFlag.ANNUNCIATED}))
_MOST_ASSETS = 500
# A value that has not changed hands for this long is shown as old.
_OLD_AFTER_S = 60.0


@dataclass(frozen=True, slots=True)
class Value:
    """The latest reading of a point, as a card shows it."""

    point: Point
    value: float | None
    quality: str
    at: datetime | None
    old: bool


@dataclass(frozen=True, slots=True)
class Card:
    """One asset at a glance; `severity` is that of its worst open event, 0 without any."""

    asset: Asset
    severity: int
    events: int
    orders: int
    values: Sequence[Value]

    @property
    def silent(self) -> bool:
        """Has it points, and none of them speaks?"""
        return bool(self.values) and all(value.old for value in self.values)


@dataclass(frozen=True, slots=True)
class Group:
    """The cards of one location."""

    name: str
    cards: Sequence[Card]


@router.get("/")
async def get_overview(request: Request, connection: ConnectionOf, caller: Reader) -> Response:
    """Everything at a glance."""
    context = {
        **await _assets(request, connection),
        **await _events(connection),
        **await _orders(connection),
    }
    return await _render(request, connection, "overview.html", caller, context)


@router.get("/parts/{part}")
async def get_part(
    request: Request,
    connection: ConnectionOf,
    caller: Reader,
    part: Annotated[str, Path(pattern="^(assets|events|orders)$")],
) -> Response:
    """One part of the overview, for the page that is open."""
    if part == "assets":
        context = await _assets(request, connection)
    elif part == "events":
        context = await _events(connection)
    elif part == "orders":
        context = await _orders(connection)
    else:
        raise ResourceMissing(f"there is no part {part!r}")
    return await _render(request, connection, f"parts/{part}.html", caller, context)


async def _render(
    request: Request,
    connection: Connection,
    template: str,
    caller: Caller,
    context: Mapping[str, Any],
) -> Response:
    places = await load_places(connection)
    return render(request, template, caller=caller, places=places, **context)


async def _orders(connection: Connection) -> dict[str, Any]:
    orders = await find_orders(connection, OrderFilters(states=OPEN_STATES), limit=_SHOWN)
    counts = await count_by_state(connection)
    return {
        "orders": sorted(orders, key=lambda order: (order.priority, -order.id)),
        "open_orders": sum(counts[state] for state in OPEN_STATES),
    }


async def _events(connection: Connection) -> dict[str, Any]:
    events = await find_events(connection, _ANNUNCIATED, limit=_SHOWN)
    return {
        "events": sorted(events, key=lambda event: -event.severity),
        "open_events": await count_open_events(connection),
    }


async def _assets(request: Request, connection: Connection) -> dict[str, Any]:
    services = request.app.state.services
    assets = await list_assets(connection, limit=_MOST_ASSETS)
    points = await load_points(connection)
    readings = await latest(connection, [point.id for point in points])
    events = await find_events(connection, _ANNUNCIATED, limit=_SHOWN)
    orders = await find_orders(connection, OrderFilters(states=OPEN_STATES), limit=_SHOWN)
    values = values_of(points, readings, services.clock())
    cards = [card(asset, values, events, orders) for asset in assets]
    return {"groups": group(cards, await load_places(connection))}


def values_of(
    points: Iterable[Point], readings: Mapping[int, Latest], now_us: int
) -> dict[str, list[Value]]:
    """The latest values of points by asset tag."""
    found: dict[str, list[Value]] = {}
    for point in points:
        reading = readings.get(point.id)
        found.setdefault(point.asset, []).append(_value(point, reading, now_us))
    return found


def _value(point: Point, reading: Latest | None, now_us: int) -> Value:
    if reading is None:
        return Value(point, None, "none", None, old=True)
    ts_us, value, code = reading
    old = (now_us - ts_us) / 1e6 > _OLD_AFTER_S
    return Value(point, value, quality(code), from_us(ts_us), old=old)


def card(
    asset: Asset,
    values: Mapping[str, Sequence[Value]],
    events: Iterable[ConditionEvent],
    orders: Iterable[WorkOrder],
) -> Card:
    """An asset with what concerns it."""
    own = [event.severity for event in events if event.asset_id == asset.id]
    return Card(
        asset=asset,
        severity=max(own, default=0),
        events=len(own),
        orders=sum(order.asset_id == asset.id for order in orders),
        values=values.get(asset.tag, ()),
    )


def group(cards: Iterable[Card], places: Places) -> list[Group]:
    """Cards by location, in the order of the locations' names; in each the worst first."""

    def place(one: Card) -> str:
        return places.name_of(one.asset)

    ordered = sorted(cards, key=lambda one: (place(one), -one.severity, one.asset.tag))
    return [Group(name, list(found)) for name, found in groupby(ordered, key=place)]
