"""Alarm performance of a period, and the open events in groups."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from api.bodies.performance import (
    FigureBody,
    GroupBody,
    GroupsBody,
    PerformanceBody,
    PerformanceQuery,
)
from api.errors import RangeInvalid
from api.guard import Reader
from api.problems import documented
from api.services import ConnectionOf, ServicesOf
from conditions.alarm_performance import Figure, Period, performance
from conditions.annunciation_queries import annunciations
from conditions.event_queries import EventFilter, find_events
from conditions.facts import load_places
from conditions.flood import EventGroup, group
from config.clock import from_us, to_us
from config.database import Connection

router = APIRouter(prefix="/api/v1", tags=["Alarms"])

_WEEK = timedelta(days=7)
_LONGEST = timedelta(days=366)
_MOST_ALARMS = 200_000
_MOST_EVENTS = 2_000


@router.get(
    "/alarm-performance",
    summary="Alarm performance of a period",
    responses=documented(RangeInvalid),
)
async def get_performance(
    connection: ConnectionOf,
    services: ServicesOf,
    _: Reader,
    query: Annotated[PerformanceQuery, Query()],
) -> PerformanceBody:
    """By ISA-18.2 and EEMUA 191: each figure with its formula, its exclusions, and its rows."""
    start, end = period_of(query, from_us(services.clock()))
    figures = await figures_of(connection, start, end, query)
    shown = [FigureBody.model_validate(figure) for figure in figures]
    return PerformanceBody(start=start, end=end, figures=shown)


@router.get("/condition-event-groups", summary="Open events in groups")
async def get_groups(connection: ConnectionOf, _: Reader) -> GroupsBody:
    """Those that began within ten minutes of each other on parts of one asset, largest first."""
    return GroupsBody(items=[GroupBody.of(one) for one in await open_groups(connection)])


def period_of(query: PerformanceQuery, now: datetime) -> tuple[datetime, datetime]:
    """Start and end of what is asked for. Raises `RangeInvalid`."""
    end = query.end or now
    start = query.start or end - _WEEK
    if not timedelta() < end - start <= _LONGEST:
        raise RangeInvalid(f"at most {_LONGEST.days} days, start before end")
    return start, end


async def figures_of(
    connection: Connection, start: datetime, end: datetime, query: PerformanceQuery
) -> list[Figure]:
    """The figures of a period. Raises `RangeInvalid`."""
    found = await annunciations(connection, start, end, below=query.below, limit=_MOST_ALARMS + 1)
    if len(found) > _MOST_ALARMS:
        raise RangeInvalid(f"more than {_MOST_ALARMS} alarms: ask for a shorter period")
    period = Period(to_us(start), to_us(end))
    return performance(found, period, operators=query.operators)


async def open_groups(connection: Connection) -> list[EventGroup]:
    """The open events in groups."""
    events = await find_events(connection, EventFilter(open=True), limit=_MOST_EVENTS)
    return group(events, await load_places(connection, {event.asset_id for event in events}))
