"""Points and their readings: raw, by buckets of time, and the latest."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.bodies.page import Page, cut, decode_cursor, encode_cursor
from api.bodies.point import (
    BucketedReadings,
    PointBody,
    PointQuery,
    PointWithLatest,
    RawReadings,
    Readings,
    ReadingsQuery,
)
from api.errors import CursorInvalid, RangeInvalid, ResourceMissing
from api.guard import Reader
from api.problems import documented
from api.services import ConnectionOf, ServicesOf
from api.v1.assets import with_latest
from config.clock import to_us
from config.database import Connection
from config.durations import parse_duration
from config.partition import asset_of
from ingest.history import bucketed, raw
from ingest.point import Point
from ingest.points import find_points

router = APIRouter(prefix="/api/v1/points", tags=["Points"])

_HOUR_US = 3_600_000_000
_MOST_POINTS = 10_000
_MOST_BUCKETS = 10_000

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


@router.get(
    "/{tag}/readings",
    summary="Readings of a point",
    responses=documented(ResourceMissing, RangeInvalid, CursorInvalid),
)
async def get_readings(
    connection: ConnectionOf,
    services: ServicesOf,
    _: Reader,
    tag: Tag,
    query: Annotated[ReadingsQuery, Query()],
) -> Readings:
    """Those in (start, end], in time order, in columns; with `width` summed up by buckets."""
    point = await existing_point(connection, tag)
    start_us, end_us = window(query, services.clock())
    if query.width is None:
        series = await raw(
            connection, point.id, start_us=start_us, end_us=end_us, limit=query.limit
        )
        full = len(series) == query.limit
        following = encode_cursor(int(series.ts[-1])) if full else None
        return RawReadings.of(point.tag, point.unit, series, following)
    width_us = bucket_width(query.width, end_us - start_us)
    buckets = await bucketed(
        connection, point.id, start_us=start_us, end_us=end_us, width_us=width_us
    )
    return BucketedReadings.of(point.tag, point.unit, width_us, buckets)


async def existing_point(connection: Connection, tag: str) -> Point:
    """The point of a tag. Raises `ResourceMissing`."""
    points = await find_points(connection, asset=asset_of(tag), limit=_MOST_POINTS)
    for point in points:
        if point.tag == tag:
            return point
    raise ResourceMissing(f"there is no point {tag!r}")


def window(query: ReadingsQuery, now: int) -> tuple[int, int]:
    """Start and end in µs; a cursor moves the start on. Raises `RangeInvalid`, `CursorInvalid`."""
    for moment in (query.start, query.end):
        if moment is not None and moment.tzinfo is None:
            raise RangeInvalid("a time needs a zone: 2026-05-04T06:00:00Z")
    end_us = now if query.end is None else to_us(query.end)
    start_us = end_us - _HOUR_US if query.start is None else to_us(query.start)
    if start_us >= end_us:
        raise RangeInvalid("start has to be before end")
    after = decode_cursor(query.cursor, int)
    return (max(start_us, after[0]) if after else start_us), end_us


def bucket_width(text: str, range_us: int) -> int:
    """A width in µs. Raises `RangeInvalid` where it is none or makes too many buckets."""
    try:
        width_us = parse_duration(text)
    except ValueError as error:
        raise RangeInvalid(f"width: {str(error).replace(' | ', '. ')}") from error
    if width_us <= 0 or range_us / width_us > _MOST_BUCKETS:
        raise RangeInvalid(f"at most {_MOST_BUCKETS} buckets: take a wider one or a shorter range")
    return width_us
