"""Planned work for calendar programs (iCalendar, RFC 5545), at an address that only its owner knows."""

from collections.abc import Sequence
from datetime import timedelta

from fastapi import APIRouter, Request, Response
from icalendar import Calendar, Event

from api.services import ConnectionOf, ServicesOf
from config.clock import from_us
from maintenance.assignment.board import OwnWork, holder_of_feed, work_of_holder

router = APIRouter(include_in_schema=False)

_KEPT = timedelta(days=90)


@router.get("/feeds/{token}/work.ics")
async def get_feed(
    request: Request, connection: ConnectionOf, services: ServicesOf, token: str
) -> Response:
    """The planned work of a person, vendor or team: of the last 90 days, and all that comes."""
    holder = await holder_of_feed(connection, token)
    since = from_us(services.clock()) - _KEPT
    work = await work_of_holder(connection, holder, since=since)
    body = calendar_of(holder, work, address=str(request.base_url))
    return Response(body, media_type="text/calendar; charset=utf-8")


def calendar_of(holder: str, work: Sequence[OwnWork], *, address: str) -> bytes:
    """Orders as events; the same order keeps its UID, and a change of it counts up."""
    calendar = Calendar()
    calendar.add("prodid", "-//Oilcan//Work orders//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", f"Work of {holder}")
    for order in work:
        calendar.add_component(_event(order, address))
    body: bytes = calendar.to_ical()
    return body


def _event(order: OwnWork, address: str) -> Event:
    event = Event()
    event.add("uid", f"{order.number}@oilcan")
    event.add("summary", f"P{order.priority} {order.asset}: {order.title}")
    event.add("dtstart", order.start)
    event.add("dtend", order.finish)
    event.add("dtstamp", order.updated_at)
    event.add("last-modified", order.updated_at)
    event.add("sequence", order.version)
    event.add("location", f"{order.asset} {order.asset_name}")
    event.add("url", f"{address}work-orders/{order.number}")
    words = [
        order.description,
        f"{order.number}, {order.state.replace('_', ' ')}, {order.assignee}",
    ]
    event.add("description", "\n".join(filter(None, words)))
    return event
