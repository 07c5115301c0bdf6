"""The pages of one work order, one condition event, one asset."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from api.access.roles import Permission
from api.bodies.page import LARGEST_PAGE
from api.guard import Reader
from api.pages.alarms import shelf_lengths
from api.pages.meters import meters_of
from api.pages.order_page import order_context
from api.pages.overview import values_of
from api.pages.places import load_places
from api.pages.plans import plan_of_order
from api.pages.register import register_context
from api.pages.render import render
from api.pages.service_levels import assignment_and_level
from api.pages.stock import stock_of_order
from api.pages.work import work_of_order
from api.services import ConnectionOf, ServicesOf
from api.v1.assets import existing_asset
from conditions.event_queries import EventFilter, find_events, get_event, history_of
from config.clock import from_us
from config.database import Connection
from ingest.history.latest import latest
from ingest.points import find_points
from maintenance.orders.list_query import OrderFilters, find_orders
from maintenance.orders.queries import (
    changes_of,
    events_of,
    evidence_of,
    get_order,
    order_of_event,
)
from maintenance.register.queries import children
from maintenance.register.warranty import warranty_of

router = APIRouter(include_in_schema=False)

_SHOWN = 20


@router.get("/work-orders/{number}")
async def get_order_page(
    request: Request,
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Reader,
    number: str,
) -> Response:
    """An order with its evidence, its story, and what may be done next."""
    order = await get_order(connection, number)
    asset = await existing_asset(connection, order.asset)
    places = await load_places(connection)
    return render(
        request,
        "order.html",
        caller=caller,
        places=places,
        zone=places.zone(asset.site),
        order=order,
        asset=asset,
        evidence=await evidence_of(connection, order),
        **await stock_of_order(connection, order, caller),
        changes=await changes_of(connection, order),
        events=await events_of(connection, order),
        **await assignment_and_level(connection, order, services.clock()),
        **await work_of_order(connection, order),
        # Who answers for the fault is decided by when it came.
        warranty=await warranty_of(connection, asset.id, order.failed_at or order.created_at),
        **await plan_of_order(connection, order.id),
        **await order_context(connection, order, caller, from_us(services.clock())),
    )


@router.get("/condition-events/{event_id}")
async def get_event_page(
    request: Request,
    connection: ConnectionOf,
    caller: Reader,
    event_id: Annotated[int, Path(ge=1, le=2**63 - 1)],
) -> Response:
    """An event with the readings that caused it and the order that it led to."""
    event = await get_event(connection, event_id)
    asset = await existing_asset(connection, event.asset)
    places = await load_places(connection)
    return render(
        request,
        "event.html",
        caller=caller,
        places=places,
        zone=places.zone(asset.site),
        event=event,
        asset=asset,
        order=await order_of_event(connection, event.id),
        history=await history_of(connection, event.id),
        may_acknowledge=caller.may(Permission.ACKNOWLEDGE),
        may_shelve=caller.may(Permission.SHELVE),
        may_silence=caller.may(Permission.SILENCE),
        shelves=shelf_lengths(event.severity),
    )


@router.get("/assets/{tag}")
async def get_asset_page(
    request: Request, connection: ConnectionOf, services: ServicesOf, caller: Reader, tag: str
) -> Response:
    """An asset with its points, their history, its events and its orders."""
    asset = await existing_asset(connection, tag)
    places = await load_places(connection)
    return render(
        request,
        "asset.html",
        caller=caller,
        places=places,
        zone=places.zone(asset.site),
        asset=asset,
        **await _asset_context(connection, tag, services.clock()),
        **await register_context(connection, services, caller, asset),
    )


async def _asset_context(connection: Connection, tag: str, now_us: int) -> dict[str, Any]:
    points = await find_points(connection, asset=tag, limit=LARGEST_PAGE)
    readings = await latest(connection, [point.id for point in points])
    return {
        "meters": await meters_of(connection, points, now_us),
        "values": values_of(points, readings, now_us).get(tag, []),
        "children": await children(connection, tag),
        "events": await find_events(connection, EventFilter(asset=tag), limit=_SHOWN),
        "orders": await find_orders(connection, OrderFilters(asset=tag), limit=_SHOWN),
    }
