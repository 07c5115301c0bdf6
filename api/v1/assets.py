"""Assets of the register, and what is going on with each."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime

from api.bodies.asset import (
    AssetBody,
    AssetQuery,
    AssetThenBody,
    WarrantyBody,
)
from api.bodies.attachment import AttachmentBody
from api.bodies.downtime import DowntimeBody
from api.bodies.event import EventBody
from api.bodies.order import OrderBody
from api.bodies.page import LARGEST_PAGE, Page, cut, decode_cursor
from api.bodies.point import LatestBody, PointBody, PointWithLatest
from api.entity_tag import etag
from api.errors import (
    CursorInvalid,
    ResourceMissing,
)
from api.guard import Reader
from api.problems import documented
from api.services import ConnectionOf, ServicesOf
from conditions.event import EventState
from conditions.event_queries import EventFilter, find_events
from config.clock import from_us
from config.database import Connection
from ingest.history.latest import latest
from ingest.point import Point
from ingest.points import find_points
from maintenance.attachments.attachment import Subject, SubjectKind
from maintenance.attachments.queries import attachments_of
from maintenance.orders.list_query import OrderFilters, find_orders
from maintenance.orders.work_order import OPEN_STATES
from maintenance.register.asset import Asset
from maintenance.register.downtime.queries import open_downtime
from maintenance.register.history import asset_at
from maintenance.register.queries import AssetFilters, children, get_asset, list_assets
from maintenance.register.warranty import warranty_of

router = APIRouter(prefix="/api/v1/assets", tags=["Assets"])

Tag = Annotated[str, Path(description="Tag of the asset.", examples=["P-101"])]


class AssetDetail(AssetBody):
    """An asset with what hangs on it: parts, points, open events, open orders."""

    children: list[AssetBody]
    points: list[PointWithLatest]
    open_events: list[EventBody]
    open_orders: list[OrderBody]
    documents: list[AttachmentBody]
    down: DowntimeBody | None
    """The downtime that has not ended."""
    warranty: WarrantyBody | None
    """The warranty that holds now."""


@router.get("", summary="List assets", responses=documented(CursorInvalid))
async def get_assets(
    connection: ConnectionOf, _: Reader, query: Annotated[AssetQuery, Query()]
) -> Page[AssetBody]:
    """By tag. Retired assets are left out, unless they are asked for."""
    after = decode_cursor(query.cursor, str)
    filters = AssetFilters(
        site=query.site,
        asset_class=query.asset_class,
        parent=query.parent,
        location=query.location,
        subtree=query.subtree,
        criticality=query.criticality,
        operating_state=query.operating_state,
        words=query.q,
        roots=query.roots,
        retired=query.retired,
    )
    found = await list_assets(
        connection, filters, after=after[0] if after else None, limit=query.limit + 1
    )
    page, following = cut(found, query.limit, lambda asset: [asset.tag])
    return Page(items=[AssetBody.model_validate(item) for item in page], next=following)


@router.get("/{tag}", summary="One asset", responses=documented(ResourceMissing))
async def get_one(
    connection: ConnectionOf, services: ServicesOf, _: Reader, tag: Tag, response: Response
) -> AssetDetail:
    """With its parts, its points with their latest reading, its open events and orders.

    The ETag is its version.
    """
    asset = await existing_asset(connection, tag)
    response.headers["ETag"] = etag(asset.version)
    down = await open_downtime(connection, asset.id)
    warranty = await warranty_of(connection, asset.id, from_us(services.clock()))
    return AssetDetail(
        **AssetBody.model_validate(asset).model_dump(),
        children=[AssetBody.model_validate(item) for item in await children(connection, tag)],
        points=await points_of(connection, tag),
        open_events=await open_events_of(connection, tag),
        open_orders=await open_orders_of(connection, tag),
        documents=await documents_of(connection, asset),
        down=DowntimeBody.model_validate(down) if down else None,
        warranty=WarrantyBody.of(warranty) if warranty else None,
    )


@router.get("/{tag}/then", summary="An asset as it was", responses=documented(ResourceMissing))
async def get_then(
    connection: ConnectionOf,
    _: Reader,
    tag: Tag,
    as_of: Annotated[AwareDatetime, Query(description="When.", examples=["2026-01-01T00:00:00Z"])],
) -> AssetThenBody:
    """Where it stood at a moment, how critical it was, its state, and the parts that it had."""
    asset = await existing_asset(connection, tag)
    then = await asset_at(connection, asset.id, as_of)
    if then is None:
        raise ResourceMissing(f"{tag} was not in the register at {as_of.isoformat()}")
    return AssetThenBody.of(then, as_of)


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


@router.get(
    "/{tag}/documents",
    summary="Documents and photos of an asset",
    responses=documented(ResourceMissing),
)
async def get_documents(connection: ConnectionOf, _: Reader, tag: Tag) -> Page[AttachmentBody]:
    """In the order in which they were attached; `/attachments` takes new ones."""
    return Page(items=await documents_of(connection, await existing_asset(connection, tag)))


async def documents_of(connection: Connection, asset: Asset) -> list[AttachmentBody]:
    """The files of an asset."""
    found = await attachments_of(connection, Subject(SubjectKind.ASSET, asset.id))
    return [AttachmentBody.of(each) for each in found]


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
