"""The pages of alarms: the list of events, what is silenced, and how well the alarms serve."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.page import LARGEST_PAGE, cut
from api.bodies.performance import PerformanceQuery
from api.guard import Reader
from api.pages.places import load_places
from api.pages.render import render
from api.services import ConnectionOf, ServicesOf
from api.v1.events import event_before, event_key
from api.v1.performance import figures_of, open_groups, period_of
from conditions.alarm_queries import (
    find_outages,
    find_shelves,
    find_silence_changes,
    find_suppressions,
)
from conditions.alarm_service import LONGEST_SHELF
from conditions.event import Severity
from conditions.event_queries import (
    EventFilter,
    EventFlag,
    EventOrder,
    count_events,
    find_events,
)
from conditions.rule_queries import find_rules
from conditions.suppression import SuppressionKind
from config.clock import from_us
from config.database import Connection
from maintenance.register.asset import OperatingState

router = APIRouter(include_in_schema=False)

_ON_A_PAGE = 50
_ON_RECORD = 20
_MOST_RULES = 500
_GROUPS = 5
_HOUR = timedelta(hours=1)
_LENGTHS = (_HOUR, 8 * _HOUR, 24 * _HOUR, 7 * 24 * _HOUR)


class Show(StrEnum):
    """Which events the list holds."""

    OPEN = "open"
    UNSEEN = "unseen"
    SILENCED = "silenced"
    LATCHED = "latched"
    ALL = "all"


class Span(StrEnum):
    """How far back the page of alarm performance looks."""

    DAY = "1"
    WEEK = "7"
    MONTH = "30"
    QUARTER = "90"


class Chosen(BaseModel):
    """What the page of alarm performance is asked for."""

    days: Span = Span.WEEK
    below: str = ""
    operators: int = Field(default=1, ge=1, le=1000)


_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_WANTED: Mapping[Show, EventFilter] = MappingProxyType(
    {
        Show.OPEN: EventFilter(open=True, flags=frozenset({EventFlag.ANNUNCIATED})),
        Show.UNSEEN: EventFilter(
            open=True, flags=frozenset({EventFlag.ANNUNCIATED, EventFlag.UNACKNOWLEDGED})
        ),
        Show.SILENCED: EventFilter(open=True, silenced=True),
        Show.LATCHED: EventFilter(open=True, flags=frozenset({EventFlag.LATCHED})),
        Show.ALL: EventFilter(),
    }
)


def shelf_lengths(severity: Severity) -> list[timedelta]:
    """The times for which an event of a severity may be shelved, as a page offers them."""
    return [length for length in _LENGTHS if length <= LONGEST_SHELF[severity]]


@router.get("/condition-events")
async def get_events(
    request: Request,
    connection: ConnectionOf,
    caller: Reader,
    show: Show = Show.OPEN,
    order: EventOrder = EventOrder.RAISED,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Condition events with their flags, and those that may have one cause."""
    context = await _events(connection, show, order, cursor)
    return await _page(request, connection, "events.html", caller, context)


@router.get("/condition-events/rows")
async def get_rows(
    request: Request,
    connection: ConnectionOf,
    caller: Reader,
    show: Show = Show.OPEN,
    order: EventOrder = EventOrder.RAISED,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """The same list without its page, for the page that is open."""
    context = await _events(connection, show, order, cursor)
    return await _page(request, connection, "parts/alarms.html", caller, context)


@router.get("/alarm-silences")
async def get_silences(
    request: Request, connection: ConnectionOf, services: ServicesOf, caller: Reader
) -> Response:
    """What is shelved, out of service and suppressed at present, by whom and why; and who ended it."""
    context = {
        "today": from_us(services.clock()).date(),
        "changes": await find_silence_changes(connection, limit=_ON_RECORD),
        "rules": [one.rule for one in await find_rules(connection, limit=_MOST_RULES)],
        "kinds": list(SuppressionKind),
        "states": list(OperatingState),
        "weekdays": _WEEKDAYS,
        "shelves": await find_shelves(connection, limit=LARGEST_PAGE),
        "outages": await find_outages(connection, limit=LARGEST_PAGE),
        "suppressions": await find_suppressions(connection, limit=LARGEST_PAGE),
        "may_shelve": caller.may(Permission.SHELVE),
        "may_silence": caller.may(Permission.SILENCE),
    }
    return await _page(request, connection, "silences.html", caller, context)


@router.get("/alarm-performance")
async def get_performance(
    request: Request,
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Reader,
    chosen: Annotated[Chosen, Query()],
) -> Response:
    """Alarm performance of the last days, each figure with its formula and its rows."""
    now = from_us(services.clock())
    asked = PerformanceQuery(
        start=now - timedelta(days=int(chosen.days)),
        end=now,
        below=chosen.below or None,
        operators=chosen.operators,
    )
    start, end = period_of(asked, now)
    figures = await figures_of(connection, start, end, asked)
    context = {
        "shown": figures,
        "start": start,
        "end": end,
        "chosen": chosen,
        "spans": list(Span),
    }
    return await _page(request, connection, "performance.html", caller, context)


async def _events(
    connection: Connection, show: Show, order: EventOrder, cursor: str | None
) -> dict[str, Any]:
    found = await find_events(
        connection,
        _WANTED[show],
        order=order,
        before=event_before(cursor),
        limit=_ON_A_PAGE + 1,
    )
    events, following = cut(found, _ON_A_PAGE, event_key)
    groups = [] if cursor else await open_groups(connection)
    return {
        "events": events,
        "following": following,
        "cursor": cursor,
        "show": show,
        "shows": list(Show),
        "order": order,
        "counts": await count_events(connection),
        "groups": [group for group in groups if len(group.events) > 1][:_GROUPS],
    }


async def _page(
    request: Request,
    connection: Connection,
    template: str,
    caller: Caller,
    context: Mapping[str, Any],
) -> Response:
    places = await load_places(connection)
    return render(request, template, caller=caller, places=places, zone=places.main_zone, **context)
