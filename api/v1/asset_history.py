"""What became of an asset: every change, where it stood, how it was, how critical it was."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from api.bodies.asset import (
    AssetChangeBody,
    CriticalityBody,
    PlacementBody,
    StateSegmentBody,
)
from api.bodies.page import LARGEST_PAGE, Page, PageQuery, cut, decode_cursor
from api.errors import CursorInvalid, ResourceMissing
from api.guard import Reader
from api.problems import documented
from api.services import ConnectionOf
from api.v1.assets import Tag, existing_asset
from maintenance.register.history import (
    changes_of_asset,
    criticalities_of,
    placements_of,
    states_of,
)

router = APIRouter(prefix="/api/v1/assets/{tag}", tags=["History of assets"])


class ChangeQuery(PageQuery):
    """Which page of the audit trail is wanted."""


@router.get(
    "/changes",
    summary="Audit trail of an asset",
    responses=documented(ResourceMissing, CursorInvalid),
)
async def get_changes(
    connection: ConnectionOf, _: Reader, tag: Tag, query: Annotated[ChangeQuery, Query()]
) -> Page[AssetChangeBody]:
    """Who changed what, when and why; latest first."""
    asset = await existing_asset(connection, tag)
    after = decode_cursor(query.cursor, int)
    found = await changes_of_asset(
        connection, asset.id, after=after[0] if after else None, limit=query.limit + 1
    )
    page, following = cut(found, query.limit, lambda change: [change.id])
    return Page(items=[AssetChangeBody.model_validate(each) for each in page], next=following)


@router.get("/placements", summary="Where an asset stood", responses=documented(ResourceMissing))
async def get_placements(connection: ConnectionOf, _: Reader, tag: Tag) -> Page[PlacementBody]:
    """Each place with the time that it stood there; latest first."""
    asset = await existing_asset(connection, tag)
    found = await placements_of(connection, asset.id)
    return Page(items=[PlacementBody.model_validate(each) for each in found])


@router.get("/states", summary="States an asset was in", responses=documented(ResourceMissing))
async def get_states(
    connection: ConnectionOf,
    _: Reader,
    tag: Tag,
    start: Annotated[AwareDatetime | None, Query(description="Not over before this.")] = None,
    end: Annotated[AwareDatetime | None, Query(description="Begun before this.")] = None,
) -> Page[StateSegmentBody]:
    """Segments of operating state (EN 13306) that touch the time, whole; the latest 500."""
    asset = await existing_asset(connection, tag)
    found = await states_of(connection, asset.id, start=start, end=end, limit=LARGEST_PAGE)
    return Page(items=[StateSegmentBody.model_validate(each) for each in found])


@router.get(
    "/criticalities", summary="How critical an asset was", responses=documented(ResourceMissing)
)
async def get_criticalities(connection: ConnectionOf, _: Reader, tag: Tag) -> Page[CriticalityBody]:
    """Each with its time and its reason; latest first."""
    asset = await existing_asset(connection, tag)
    found = await criticalities_of(connection, asset.id)
    return Page(items=[CriticalityBody.model_validate(each) for each in found])
