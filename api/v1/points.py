"""Points: one measured signal of one asset each, with its latest reading."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.bodies.page import Page, cut, decode_cursor
from api.bodies.point import PointBody, PointQuery, PointWithLatest
from api.errors import CursorInvalid, ResourceMissing
from api.guard import Reader
from api.problems import documented
from api.services import ConnectionOf
from api.v1.assets import with_latest
from config.database import Connection
from config.partition import asset_of
from ingest.point import Point
from ingest.points import find_points

router = APIRouter(prefix="/api/v1/points", tags=["Points"])

_MOST_POINTS = 10_000

Tag = Annotated[str, Path(description="Tag of the point.", examples=["P-101.de_vibration"])]


@router.get("", summary="List points", responses=documented(CursorInvalid))
async def get_points(
    connection: ConnectionOf, _: Reader, query: Annotated[PointQuery, Query()]
) -> Page[PointBody]:
    """By tag. Retired points are left out."""
    after = decode_cursor(query.cursor, str)
    found = await find_points(
        connection,
        asset=query.asset,
        after=after[0] if after else "",
        limit=query.limit + 1,
    )
    page, following = cut(found, query.limit, lambda point: [point.tag])
    return Page(items=[PointBody.model_validate(item) for item in page], next=following)


@router.get("/{tag}", summary="One point", responses=documented(ResourceMissing))
async def get_one(connection: ConnectionOf, _: Reader, tag: Tag) -> PointWithLatest:
    """With its latest reading."""
    (found,) = await with_latest(connection, [await existing_point(connection, tag)])
    return found


async def existing_point(connection: Connection, tag: str) -> Point:
    """The point of a tag. Raises `ResourceMissing`."""
    points = await find_points(connection, asset=asset_of(tag), limit=_MOST_POINTS)
    for point in points:
        if point.tag == tag:
            return point
    raise ResourceMissing(f"there is no point {tag!r}")
