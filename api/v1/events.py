"""Condition events: what was found, and who has seen it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.event import EventBody, EventDetail, EventQuery, severity_of
from api.bodies.page import Page, cut, decode_cursor
from api.errors import CursorInvalid
from api.guard import Reader, require
from api.problems import documented
from api.services import ConnectionOf
from conditions.errors import EventNotFound
from conditions.queries import EventFilter, find_events, get_event
from conditions.service import acknowledge
from config.clock import from_us, to_us

router = APIRouter(prefix="/api/v1/condition-events", tags=["Condition events"])

Id = Annotated[int, Path(ge=1, le=2**63 - 1, description="Id of the event.", examples=[1])]


@router.get("", summary="List condition events", responses=documented(CursorInvalid))
async def get_events(
    connection: ConnectionOf, _: Reader, query: Annotated[EventQuery, Query()]
) -> Page[EventBody]:
    """Latest raise first."""
    key = decode_cursor(query.cursor, int, int)
    wanted = EventFilter(
        state=query.state,
        asset=query.asset,
        rule=query.rule,
        severity=severity_of(query.severity),
    )
    before = (from_us(key[0]), key[1]) if key else None
    found = await find_events(connection, wanted, before=before, limit=query.limit + 1)
    page, following = cut(found, query.limit, lambda event: [to_us(event.raised_at), event.id])
    return Page(items=[EventBody.of(event) for event in page], next=following)


@router.get("/{event_id}", summary="One condition event", responses=documented(EventNotFound))
async def get_one(connection: ConnectionOf, _: Reader, event_id: Id) -> EventDetail:
    """With the rule as it stood and the readings that caused the event."""
    return EventDetail.of(await get_event(connection, event_id))


@router.post(
    "/{event_id}/acknowledge",
    summary="Acknowledge a condition event",
    responses=documented(EventNotFound),
)
async def post_acknowledge(
    connection: ConnectionOf,
    caller: Annotated[Caller, Depends(require(Permission.ACKNOWLEDGE))],
    event_id: Id,
) -> EventDetail:
    """Note that somebody has seen it. Who was first stays; asking again changes nothing."""
    await acknowledge(connection, event_id, caller.name)
    return EventDetail.of(await get_event(connection, event_id))
