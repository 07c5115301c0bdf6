"""Condition events: what was found, who has seen it, and what is done about its annunciation."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.event import (
    AcknowledgeBody,
    EventBody,
    EventDetail,
    EventQuery,
    HistoryBody,
    ResetBody,
    ShelveBody,
    UnshelveBody,
    severity_of,
)
from api.bodies.page import Page, cut, decode_cursor
from api.errors import CursorInvalid
from api.guard import Reader, require
from api.problems import documented
from api.services import ConnectionOf, ServicesOf
from conditions.alarm_service import Saying, acknowledge, reset, shelve, unshelve
from conditions.errors import (
    EventClosed,
    EventNotFound,
    NotShelved,
    ResetRefused,
    ShelfTooLong,
)
from conditions.event import ConditionEvent
from conditions.event_queries import Before, EventFilter, find_events, get_event, history_of
from config.clock import from_us, to_us

router = APIRouter(prefix="/api/v1/condition-events", tags=["Condition events"])

Id = Annotated[int, Path(ge=1, le=2**63 - 1, description="Id of the event.", examples=[1])]
Acknowledger = Annotated[Caller, Depends(require(Permission.ACKNOWLEDGE))]
Shelver = Annotated[Caller, Depends(require(Permission.SHELVE))]


@router.get("", summary="List condition events", responses=documented(CursorInvalid))
async def get_events(
    connection: ConnectionOf, _: Reader, query: Annotated[EventQuery, Query()]
) -> Page[EventBody]:
    """Latest raise first, or the worst first."""
    wanted = EventFilter(
        state=query.state,
        asset=query.asset,
        rule=query.rule,
        severity=severity_of(query.severity),
        open=query.open,
        below=query.below,
        flags=frozenset(query.flag),
    )
    found = await find_events(
        connection,
        wanted,
        order=query.order,
        before=event_before(query.cursor),
        limit=query.limit + 1,
    )
    page, following = cut(found, query.limit, event_key)
    return Page(items=[EventBody.of(event) for event in page], next=following)


@router.get("/{event_id}", summary="One condition event", responses=documented(EventNotFound))
async def get_one(connection: ConnectionOf, _: Reader, event_id: Id) -> EventDetail:
    """With the rule as it stood and the readings that caused the event."""
    return EventDetail.of(await get_event(connection, event_id))


@router.get(
    "/{event_id}/history",
    summary="History of a condition event",
    responses=documented(EventNotFound),
)
async def get_history(connection: ConnectionOf, _: Reader, event_id: Id) -> Page[HistoryBody]:
    """What the engine found, what people did, what the clock ended; oldest first."""
    await get_event(connection, event_id)
    return Page(items=[HistoryBody.of(entry) for entry in await history_of(connection, event_id)])


@router.post(
    "/{event_id}/acknowledge",
    summary="Acknowledge a condition event",
    responses=documented(EventNotFound),
)
async def post_acknowledge(
    connection: ConnectionOf,
    caller: Acknowledger,
    event_id: Id,
    said: AcknowledgeBody | None = None,
) -> EventDetail:
    """Note that somebody has seen it. Who was first stays; asking again changes nothing."""
    await acknowledge(connection, event_id, Saying(caller.name, said.comment if said else ""))
    return EventDetail.of(await get_event(connection, event_id))


@router.post(
    "/{event_id}/shelve",
    summary="Shelve a condition event",
    responses=documented(EventNotFound, EventClosed, ShelfTooLong),
)
async def post_shelve(
    connection: ConnectionOf, services: ServicesOf, caller: Shelver, event_id: Id, said: ShelveBody
) -> EventDetail:
    """Put it aside: it is evaluated, and nobody is told. Again: the shelf is renewed."""
    now = from_us(services.clock())
    await shelve(
        connection,
        event_id,
        Saying(caller.name, said.reason),
        now=now,
        until=_end_of(said, now),
        one_shot=said.one_shot,
    )
    return EventDetail.of(await get_event(connection, event_id))


@router.post(
    "/{event_id}/unshelve",
    summary="Unshelve a condition event",
    responses=documented(EventNotFound, NotShelved),
)
async def post_unshelve(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Shelver,
    event_id: Id,
    said: UnshelveBody | None = None,
) -> EventDetail:
    """If it is still active it is annunciated now, and has to be acknowledged."""
    saying = Saying(caller.name, said.reason if said else "")
    await unshelve(connection, event_id, saying, now=from_us(services.clock()))
    return EventDetail.of(await get_event(connection, event_id))


@router.post(
    "/{event_id}/reset",
    summary="Reset a latched condition event",
    responses=documented(EventNotFound, ResetRefused),
)
async def post_reset(
    connection: ConnectionOf, caller: Acknowledger, event_id: Id, said: ResetBody | None = None
) -> EventDetail:
    """Possible once it has returned to normal and was acknowledged."""
    await reset(connection, event_id, Saying(caller.name, said.reason if said else ""))
    return EventDetail.of(await get_event(connection, event_id))


def event_key(event: ConditionEvent) -> list[int]:
    """The key of an event in the lists."""
    return [event.severity, to_us(event.raised_at), event.id]


def event_before(cursor: str | None) -> Before | None:
    """The key inside a cursor of events. Raises `CursorInvalid`."""
    key = decode_cursor(cursor, int, int, int)
    return None if key is None else (key[0], from_us(key[1]), key[2])


def _end_of(said: ShelveBody, now: datetime) -> datetime | None:
    return said.until if said.for_s is None else now + timedelta(seconds=said.for_s)
