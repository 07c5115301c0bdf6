"""Readings of a point: raw, by buckets of time, for a chart, and by state."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import pyarrow as pa
from fastapi import APIRouter, Header, Query, Response

from api.bodies.page import decode_cursor, encode_cursor
from api.bodies.readings import (
    BucketedReadings,
    ChartReadings,
    Format,
    RangeQuery,
    RawReadings,
    Readings,
    ReadingsQuery,
    StatesBody,
    Zone,
)
from api.errors import CursorInvalid, RangeInvalid, ResourceMissing
from api.guard import Reader
from api.problems import documented
from api.services import ConnectionOf, Services, ServicesOf
from api.tables import MEDIA_TYPES, TIME, send_columns, send_table, wanted_format
from api.v1.points import Tag, existing_point
from config.clock import to_us
from config.database import Connection
from config.durations import parse_duration
from edge.reading import Float64s, Int64s
from ingest.history.buckets import Buckets
from ingest.history.chart import chart
from ingest.history.counter import Counter
from ingest.history.edges import DAY_US, HOUR_US, day_edges, even_edges
from ingest.history.raw import CHUNK_ROWS, raw
from ingest.history.state_history import states
from ingest.history.summed import Policy, bucketed, counted, default_policy
from ingest.history.zone import zone_of
from ingest.point import Point, PointKind

router = APIRouter(prefix="/api/v1/points", tags=["Points"])

_MOST_BUCKETS = 10_000
_LONGEST_GAP_US = 400 * DAY_US
_LAST_US = 7_258_118_400_000_000

_RAW = pa.schema([("ts", TIME), ("value", pa.float64()), ("quality", pa.uint8())])
_LINE = pa.schema([("ts", TIME), ("value", pa.float64())])
_NUMBERS = ("avg", "time_avg", "covered_s", "min", "max", "first", "last", "increase")
_BUCKETS = pa.schema(
    [("ts", TIME), ("count", pa.int64()), *((name, pa.float64()) for name in _NUMBERS)]
)
_TABLES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            media_type: {"schema": {"type": "string", "format": "binary"}}
            for form, media_type in MEDIA_TYPES.items()
            if form is not Format.JSON
        }
    }
}


@router.get(
    "/{tag}/readings",
    summary="Readings of a point",
    response_model=Readings,
    responses=documented(ResourceMissing, RangeInvalid, CursorInvalid) | _TABLES,
)
async def get_readings(
    connection: ConnectionOf,
    services: ServicesOf,
    _: Reader,
    tag: Tag,
    query: Annotated[ReadingsQuery, Query()],
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Any:
    """Raw ones in (start, end]; with `width` summed up by buckets, with `pixels` as a chart's line.

    In columns and in time order. JSON has raw readings in pages; CSV, Arrow and Parquet have all of
    the range, sent while they are read.
    """
    point = await existing_point(connection, tag)
    bounds = window(query, services.clock(), query.cursor)
    form = wanted_format(query.format, accept)
    if query.pixels is not None:
        return await _line(connection, point, bounds, query.pixels, form)
    if query.width is not None:
        return await _buckets(connection, point, bounds, query, form)
    if form is not Format.JSON:
        return send_table(_raw_batches(services, point, bounds), _RAW, form=form, name=tag)
    series = await raw(
        connection, point.id, start_us=bounds[0], end_us=bounds[1], limit=query.limit
    )
    following = encode_cursor(int(series.ts[-1])) if len(series) == query.limit else None
    return send_columns(RawReadings.of(point.tag, point.unit, series, following))


@router.get(
    "/{tag}/states",
    summary="Time of a point in each of its states",
    responses=documented(ResourceMissing, RangeInvalid),
)
async def get_states(
    connection: ConnectionOf,
    services: ServicesOf,
    _: Reader,
    tag: Tag,
    query: Annotated[RangeQuery, Query()],
) -> StatesBody:
    """How long it stood at each value in [start, end), and how often it came there.

    A value lasts until the next reading that counts, unless that is further away than `max_gap`.
    """
    point = await existing_point(connection, tag)
    start_us, end_us = window(query, services.clock())
    policy = await _policy(connection, query)
    found = await states(connection, point.id, start_us=start_us, end_us=end_us, policy=policy)
    return StatesBody.of(point.tag, point.unit, end_us - start_us, found)


def window(query: RangeQuery, now: int, cursor: str | None = None) -> tuple[int, int]:
    """Start and end in µs; a cursor moves the start on. Raises `RangeInvalid`, `CursorInvalid`."""
    for moment in (query.start, query.end):
        if moment is not None and moment.tzinfo is None:
            raise RangeInvalid("a time needs a zone: 2026-05-04T06:00:00Z")
    end_us = now if query.end is None else to_us(query.end)
    start_us = end_us - HOUR_US if query.start is None else to_us(query.start)
    if start_us >= end_us:
        raise RangeInvalid("start has to be before end")
    if start_us < 0 or end_us > _LAST_US:
        raise RangeInvalid("readings lie between 1970 and 2200")
    after = decode_cursor(cursor, int)
    return (max(start_us, after[0]) if after else start_us), end_us


def bucket_width(text: str, range_us: int) -> int:
    """A width in µs. Raises `RangeInvalid` where it is none or makes too many buckets."""
    width_us = _duration("width", text)
    if width_us <= 0 or range_us / width_us > _MOST_BUCKETS:
        raise RangeInvalid(f"at most {_MOST_BUCKETS} buckets: take a wider one or a shorter range")
    return width_us


async def _line(
    connection: Connection, point: Point, bounds: tuple[int, int], pixels: int, form: Format
) -> Response:
    start_us, end_us = bounds
    line = await chart(connection, point.id, start_us=start_us, end_us=end_us, pixels=pixels)
    if form is Format.JSON:
        return send_columns(ChartReadings.of(point.tag, point.unit, line))
    batch = pa.record_batch([_times(line.ts), _numbers(line.value)], schema=_LINE)
    return send_table(_one(batch), _LINE, form=form, name=point.tag)


async def _buckets(
    connection: Connection,
    point: Point,
    bounds: tuple[int, int],
    query: ReadingsQuery,
    form: Format,
) -> Response:
    width_us = bucket_width(query.width or "", bounds[1] - bounds[0])
    edges = await _edges(connection, point, bounds, width_us, query.zone)
    policy = await _policy(connection, query)
    rises: Float64s | None = None
    if point.kind is PointKind.COUNTER:
        counter = Counter(point.rollover, point.resolution, point.jitter)
        found, rises = await counted(connection, point.id, edges, counter=counter, policy=policy)
    else:
        found = await bucketed(connection, point.id, edges, policy=policy)
    if form is Format.JSON:
        return send_columns(BucketedReadings.of((point.tag, point.unit, width_us), found, rises))
    return send_table(_one(_batch(found, rises)), _BUCKETS, form=form, name=point.tag)


async def _edges(
    connection: Connection, point: Point, bounds: tuple[int, int], width_us: int, zone: Zone
) -> Int64s:
    start_us, end_us = bounds
    if zone is Zone.UTC:
        return even_edges(start_us, end_us, width_us)
    if width_us % DAY_US:
        raise RangeInvalid("width: buckets in the time zone of the site are full days: 1d, 7d")
    days, site = width_us // DAY_US, await zone_of(connection, point.id)
    return day_edges(start_us, end_us, days=days, zone=site)


async def _policy(connection: Connection, query: RangeQuery) -> Policy:
    default = await default_policy(connection)
    gap_us = default.gap_us if query.max_gap is None else _duration("max_gap", query.max_gap)
    if gap_us > _LONGEST_GAP_US:
        raise RangeInvalid("max_gap: at most 400d")
    return Policy(gap_us, query.counts.believed)


def _duration(name: str, text: str) -> int:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise RangeInvalid(f"{name}: {str(error).replace(' | ', '. ')}") from error


async def _raw_batches(
    services: Services, point: Point, bounds: tuple[int, int]
) -> AsyncIterator[Any]:
    """All readings, a chunk at a time; between chunks no connection is held for a slow caller."""
    start_us, end_us = bounds
    while True:
        async with services.database.connection() as connection:
            chunk = await raw(
                connection, point.id, start_us=start_us, end_us=end_us, limit=CHUNK_ROWS
            )
        columns = [_times(chunk.ts), _numbers(chunk.value), pa.array(chunk.quality)]
        yield pa.record_batch(columns, schema=_RAW)
        if len(chunk) < CHUNK_ROWS:
            return
        start_us = int(chunk.ts[-1])


async def _one(batch: Any) -> AsyncIterator[Any]:
    yield batch


def _batch(buckets: Buckets, rises: Float64s | None) -> Any:
    numbers = [
        buckets.avg,
        buckets.time_avg,
        buckets.covered,
        buckets.min,
        buckets.max,
        buckets.first,
        buckets.last,
    ]
    nothing = pa.nulls(len(buckets), pa.float64())
    return pa.record_batch(
        [
            _times(buckets.ts),
            pa.array(buckets.count),
            *(_numbers(column) for column in numbers),
            nothing if rises is None else _numbers(rises),
        ],
        schema=_BUCKETS,
    )


def _times(column: Int64s) -> Any:
    return pa.array(column.view("M8[us]"), TIME)


def _numbers(column: Float64s) -> Any:
    return pa.array(column, from_pandas=True)
