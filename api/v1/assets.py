"""Assets of the register, and what is going on with each."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.bodies.asset import AssetBody, AssetQuery
from api.bodies.event import EventBody
from api.bodies.order import OrderBody
from api.bodies.page import LARGEST_PAGE, Page, cut, decode_cursor
from api.bodies.point import LatestBody, PointBody, PointWithLatest
from api.errors import CursorInvalid, ResourceMissing
from api.guard import Reader
from api.problems import documented
from api.services import ConnectionOf
from conditions.event import EventState
from conditions.event_queries import EventFilter, find_events
from config.database import Connection
from ingest.history.latest import latest
from ingest.point import Point
from ingest.points import find_points
from maintenance.orders.queries import OrderFilters, find_orders
from maintenance.orders.work_order import OPEN_STATES
from maintenance.register.asset import Asset
from maintenance.register.queries import children, get_asset, list_assets

router = APIRouter(prefix="/api/v1/assets", tags=["Assets"])

Tag = Annotated[str, Path(description="Tag of the asset.", examples=["P-101"])]


class AssetDetail(AssetBody):
    """An asset with what hangs on it: parts, points, open events, open orders."""

    children: list[AssetBody]
    points: list[PointWithLatest]
    open_events: list[EventBody]
    open_orders: list[OrderBody]


@router.get("", summary="List assets", responses=documented(CursorInvalid))
async def get_assets(
    connection: ConnectionOf, _: Reader, query: Annotated[AssetQuery, Query()]
) -> Page[AssetBody]:
    """By tag. Retired assets are left out."""
    after = decode_cursor(query.cursor, str)
    found = await list_assets(
        connection,
        site=query.site,
        asset_class=query.asset_class,
        parent=query.parent,
        after=after[0] if after else "",
        limit=query.limit + 1,
    )
    page, following = cut(found, query.limit, lambda asset: [asset.tag])
    return Page(items=[AssetBody.model_validate(item) for item in page], next=following)


@router.get("/{tag}", summary="One asset", responses=documented(ResourceMissing))
async def get_one(connection: ConnectionOf, _: Reader, tag: Tag) -> AssetDetail:
    """With its parts, its points with their latest reading, its open events and orders."""
    asset = await existing_asset(connection, tag)
    return AssetDetail(
        **AssetBody.model_validate(asset).model_dump(),
        children=[AssetBody.model_validate(item) for item in await children(connection, tag)],
        points=await points_of(connection, tag),
        open_events=await open_events_of(connection, tag),
        open_orders=await open_orders_of(connection, tag),
    )


@router.get("/{tag}/points", summary="Points of an asset", responses=documented(ResourceMissing))
async def get_points(connection: ConnectionOf, _: Reader, tag: Tag) -> Page[PointWithLatest]:
    """All of them, each with its latest reading."""
    await existing_asset(connection, tag)
    return Page(items=await points_of(connection, tag))


@router.get(
    "/{tag}/condition-events",
    summary="Open events of an asset",
    responses=documented(ResourceMissing),
)
async def get_events(connection: ConnectionOf, _: Reader, tag: Tag) -> Page[EventBody]:
    """Those that still hold, newest first; the whole history is in `/condition-events`."""
    await existing_asset(connection, tag)
    return Page(items=await open_events_of(connection, tag))


@router.get(
    "/{tag}/work-orders",
    summary="Open work orders of an asset",
    responses=documented(ResourceMissing),
)
async def get_orders(connection: ConnectionOf, _: Reader, tag: Tag) -> Page[OrderBody]:
    """Those with work still to be done, newest first; the whole history is in `/work-orders`."""
    await existing_asset(connection, tag)
    return Page(items=await open_orders_of(connection, tag))


async def existing_asset(connection: Connection, tag: str) -> Asset:
    """The asset of a tag. Raises `ResourceMissing`."""
    asset = await get_asset(connection, tag)
    if asset is None:
        raise ResourceMissing(f"there is no asset {tag!r}")
    return asset


async def points_of(connection: Connection, tag: str) -> list[PointWithLatest]:
    """The points of an asset with their latest readings."""
    return await with_latest(
        connection, await find_points(connection, asset=tag, limit=LARGEST_PAGE)
    )


async def with_latest(connection: Connection, points: list[Point]) -> list[PointWithLatest]:
    """Points with their latest readings, one query for all."""
    readings = await latest(connection, [point.id for point in points])
    return [
        PointWithLatest(
            **PointBody.model_validate(point).model_dump(),
            latest=LatestBody.of(readings[point.id]) if point.id in readings else None,
        )
        for point in points
    ]


async def open_events_of(connection: Connection, tag: str) -> list[EventBody]:
    """Events of an asset that still hold."""
    filters = EventFilter(state=EventState.ACTIVE, asset=tag)
    return [
        EventBody.of(event) for event in await find_events(connection, filters, limit=LARGEST_PAGE)
    ]


async def open_orders_of(connection: Connection, tag: str) -> list[OrderBody]:
    """Orders of an asset with work still to be done."""
    filters = OrderFilters(states=OPEN_STATES, asset=tag)
    return [
        OrderBody.of(order) for order in await find_orders(connection, filters, limit=LARGEST_PAGE)
    ]
