"""The pages of all work orders, and of what runs behind them."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.access.roles import Permission
from api.bodies.page import cut, decode_cursor
from api.guard import Reader
from api.pages.places import load_places
from api.pages.render import render
from api.plant_counts import plant_counts
from api.services import ConnectionOf, ServicesOf, current_problems
from ingest.dead_letters import LetterFilter, LetterState, find_dead_letters
from ingest.unknown import unknown_tags
from maintenance.orders.list_query import OrderFilters, find_orders
from maintenance.orders.work_order import OPEN_STATES

router = APIRouter(include_in_schema=False)

_ON_A_PAGE = 50
_SHOWN = 20


class Show(StrEnum):
    """Which ones a list holds."""

    OPEN = "open"
    ALL = "all"


Cursor = Annotated[str | None, Query(max_length=200)]


@router.get("/work-orders")
async def get_orders(
    request: Request,
    connection: ConnectionOf,
    caller: Reader,
    show: Show = Show.OPEN,
    cursor: Cursor = None,
) -> Response:
    """Work orders, newest first."""
    after = decode_cursor(cursor, int)
    found = await find_orders(
        connection,
        OrderFilters(states=OPEN_STATES if show is Show.OPEN else frozenset()),
        after=after[0] if after else None,
        limit=_ON_A_PAGE + 1,
    )
    orders, following = cut(found, _ON_A_PAGE, lambda order: [order.id])
    return render(
        request,
        "orders.html",
        caller=caller,
        places=await load_places(connection),
        orders=orders,
        show=show,
        cursor=cursor,
        following=following,
    )


@router.get("/system")
async def get_system(
    request: Request, connection: ConnectionOf, services: ServicesOf, caller: Reader
) -> Response:
    """Every role and source, tags without a point, what could not be stored."""
    return render(
        request,
        "system.html",
        caller=caller,
        places=await load_places(connection),
        roles=services.board.roles(),
        unknown=await unknown_tags(connection, limit=_SHOWN),
        letters=await find_dead_letters(connection, LetterFilter(LetterState.OPEN), limit=_SHOWN),
        counts=await plant_counts(connection),
        problems=current_problems(services),
        may_settle=caller.may(Permission.ADMINISTER),
    )
