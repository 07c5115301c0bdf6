"""What is recorded of an asset: downtime, and warranties."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from api.access.caller import Caller
from api.access.roles import Permission
from api.attached import find_subject
from api.bodies.asset import NewWarrantyBody, ReasonBody, WarrantyBody
from api.bodies.downtime import DowntimeBody, DowntimeQuery, EndBody, NewDowntimeBody
from api.bodies.page import Page, cut, decode_cursor
from api.errors import CursorInvalid, ResourceMissing
from api.guard import Reader, require
from api.problems import documented
from api.services import ConnectionOf, ServicesOf
from api.v1.asset_edits import Keeper, by_of
from api.v1.assets import Tag, existing_asset
from config.clock import from_us, to_us
from config.database import Connection
from maintenance.attachments.attachment import SubjectKind
from maintenance.errors import DowntimeEnded, DowntimeOverlaps, NotFound, RegisterConflict
from maintenance.register.downtime.interval import Downtime, NewDowntime
from maintenance.register.downtime.queries import downtimes_of, get_downtime
from maintenance.register.downtime.service import (
    end_downtime,
    record_downtime,
    withdraw_downtime,
)
from maintenance.register.editing import add_warranty, withdraw_warranty
from maintenance.register.warranty import warranties_of

router = APIRouter(prefix="/api/v1/assets/{tag}", tags=["Downtime and warranties"])

Worker = Annotated[Caller, Depends(require(Permission.WORK))]
Id = Annotated[int, Path(ge=1, le=2**63 - 1, description="As the list says it.")]


@router.get(
    "/downtimes",
    summary="Downtime of an asset",
    responses=documented(ResourceMissing, CursorInvalid),
)
async def get_downtimes(
    connection: ConnectionOf, _: Reader, tag: Tag, query: Annotated[DowntimeQuery, Query()]
) -> Page[DowntimeBody]:
    """Its own intervals, latest first; what stands above or below it has its own."""
    asset = await existing_asset(connection, tag)
    after = decode_cursor(query.cursor, int)
    found = await downtimes_of(
        connection,
        asset.id,
        start=query.start,
        end=query.end,
        before=from_us(after[0]) if after else None,
        limit=query.limit + 1,
    )
    page, following = cut(found, query.limit, lambda each: [to_us(each.started_at)])
    return Page(items=[DowntimeBody.model_validate(each) for each in page], next=following)


@router.post(
    "/downtimes",
    status_code=201,
    summary="Record that an asset is down, or was",
    responses=documented(ResourceMissing, DowntimeOverlaps, RegisterConflict),
)
async def post_downtime(
    connection: ConnectionOf, services: ServicesOf, caller: Worker, tag: Tag, new: NewDowntimeBody
) -> DowntimeBody:
    """An asset is down only once: intervals never overlap, and so a second sending is refused."""
    asset = await existing_asset(connection, tag)
    at = from_us(services.clock())
    order = (
        await find_subject(connection, SubjectKind.ORDER, new.work_order)
        if new.work_order
        else None
    )
    made = await record_downtime(
        connection,
        NewDowntime(
            asset.id,
            new.kind,
            new.started_at or at,
            new.ended_at,
            new.reason,
            order.id if order else None,
        ),
        actor=caller.name,
        at=at,
    )
    return DowntimeBody.model_validate(made)


@router.post(
    "/downtimes/{downtime_id}/end",
    summary="Say that an asset can work again",
    responses=documented(ResourceMissing, NotFound, DowntimeEnded, RegisterConflict),
)
async def post_end(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Worker,
    tag: Tag,
    downtime_id: Id,
    said: EndBody | None = None,
) -> DowntimeBody:
    """Now, or at a time before."""
    await _own(connection, tag, downtime_id)
    at = from_us(services.clock())
    ended_at = said.ended_at if said and said.ended_at else at
    ended = await end_downtime(connection, downtime_id, ended_at=ended_at, actor=caller.name, at=at)
    return DowntimeBody.model_validate(ended)


@router.post(
    "/downtimes/{downtime_id}/withdraw",
    summary="Take back a downtime that was recorded by mistake",
    responses=documented(ResourceMissing, NotFound),
)
async def post_withdraw(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Worker,
    tag: Tag,
    downtime_id: Id,
    said: ReasonBody,
) -> DowntimeBody:
    """It stays in the database with who and why, and counts for nothing."""
    present = await _own(connection, tag, downtime_id)
    at = from_us(services.clock())
    await withdraw_downtime(connection, downtime_id, reason=said.reason, actor=caller.name, at=at)
    return DowntimeBody.model_validate(present)


@router.get("/warranties", summary="Warranties of an asset", responses=documented(ResourceMissing))
async def get_warranties(connection: ConnectionOf, _: Reader, tag: Tag) -> Page[WarrantyBody]:
    """Those that are over too; the one that ends last first."""
    asset = await existing_asset(connection, tag)
    found = await warranties_of(connection, asset.id)
    return Page(items=[WarrantyBody.of(each) for each in found])


@router.post(
    "/warranties",
    status_code=201,
    summary="Note a warranty",
    responses=documented(NotFound, RegisterConflict),
)
async def post_warranty(
    connection: ConnectionOf, services: ServicesOf, caller: Keeper, tag: Tag, new: NewWarrantyBody
) -> WarrantyBody:
    """Orders for an asset under warranty say so."""
    made = await add_warranty(connection, tag, new.to_domain(), by=by_of(caller, services))
    asset = await existing_asset(connection, tag)
    found = await warranties_of(connection, asset.id)
    return WarrantyBody.of(next(each for each in found if each.id == made))


@router.post(
    "/warranties/{warranty_id}/withdraw",
    summary="Take a warranty back",
    responses=documented(NotFound, ResourceMissing),
)
async def post_withdraw_warranty(
    connection: ConnectionOf, services: ServicesOf, caller: Keeper, tag: Tag, warranty_id: Id
) -> Page[WarrantyBody]:
    """One that plant files keep is taken back there. Gives those that are left."""
    await withdraw_warranty(connection, tag, warranty_id, by=by_of(caller, services))
    return await get_warranties(connection, caller, tag)


async def _own(connection: Connection, tag: str, downtime_id: int) -> Downtime:
    """A downtime of this very asset. Raises `ResourceMissing`, `NotFound`."""
    asset = await existing_asset(connection, tag)
    downtime = await get_downtime(connection, downtime_id)
    if downtime.asset_id != asset.id:
        raise ResourceMissing(f"{tag} has no downtime {downtime_id}")
    return downtime
