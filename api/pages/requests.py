"""The planner's pages of work requests: the list to be triaged, and one request."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.access.roles import Permission
from api.bodies.page import cut, decode_cursor
from api.guard import Reader
from api.pages.places import load_places
from api.pages.render import render
from api.services import ConnectionOf, ServicesOf
from api.v1.requests import may_answer
from config.clock import from_us
from maintenance.attachments.attachment import Subject, SubjectKind
from maintenance.attachments.queries import attachments_of
from maintenance.requests.intake import COLUMNS
from maintenance.requests.mail.queries import count_kept
from maintenance.requests.queries import (
    RequestFilters,
    changes_of,
    count_by_state,
    find_requests,
    get_request,
)
from maintenance.requests.request import RequestState
from maintenance.requests.service import order_of
from maintenance.requests.similar import Asked, find_similar
from maintenance.requests.standing import standing

router = APIRouter(include_in_schema=False)

_ON_A_PAGE = 50


class Show(StrEnum):
    """Which ones the list holds."""

    NEW = "new"
    ALL = "all"


@router.get("/requests")
async def get_requests(
    request: Request,
    connection: ConnectionOf,
    caller: Reader,
    show: Show = Show.NEW,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Requests, newest first; those that nobody has triaged, or all."""
    after = decode_cursor(cursor, int)
    states = frozenset({RequestState.NEW}) if show is Show.NEW else frozenset[RequestState]()
    found = await find_requests(
        connection,
        RequestFilters(states=states),
        after=after[0] if after else None,
        limit=_ON_A_PAGE + 1,
    )
    shown, following = cut(found, _ON_A_PAGE, lambda each: [each.id])
    return render(
        request,
        "requests.html",
        caller=caller,
        places=await load_places(connection),
        requests=shown,
        counts=await count_by_state(connection),
        may_import=caller.may(Permission.APPROVE),
        columns=COLUMNS,
        kept_mails=await count_kept(connection) if caller.may(Permission.APPROVE) else 0,
        show=show,
        following=following,
    )


@router.get("/requests/{number}")
async def get_request_page(
    request: Request, connection: ConnectionOf, services: ServicesOf, caller: Reader, number: str
) -> Response:
    """A request with its files, what may be the same, and what may be done with it."""
    found = await get_request(connection, number)
    places = await load_places(connection)
    order = await order_of(connection, found)
    told = f"{found.title} {found.description}"
    asked = Asked(told, found.asset, found.failure_mode, but=found.number)
    is_new = found.state is RequestState.NEW
    now = from_us(services.clock())
    return render(
        request,
        "request.html",
        caller=caller,
        places=places,
        zone=places.zone(found.site) if found.site else places.main_zone,
        found=found,
        order=order,
        standing=standing(found, order),
        changes=await changes_of(connection, found),
        files=await attachments_of(connection, Subject(SubjectKind.REQUEST, found.id)),
        similar=await find_similar(connection, asked, now=now) if is_new else [],
        may_triage=is_new and caller.may(Permission.APPROVE),
        may_answer=may_answer(caller, found),
        may_comment=caller.may(Permission.CREATE),
    )
