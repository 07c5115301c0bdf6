"""The board for dispatch: open work in columns, given to people by a menu or by dragging."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.access.roles import Permission
from api.guard import Reader
from api.pages.places import load_places
from api.pages.render import render
from api.services import ConnectionOf, ServicesOf
from config.clock import from_us
from config.database import Connection
from maintenance.assignment.board import (
    ROUND_THE_CLOCK,
    BoardOrder,
    Holder,
    board_orders,
    holders,
)

router = APIRouter(include_in_schema=False)

_SHOWN = 500
_STATES = ("draft", "approved", "scheduled", "in_progress", "on_hold")


class Columns(StrEnum):
    """What the columns of the board are."""

    PEOPLE = "people"
    STATES = "states"


Site = Annotated[str | None, Query(max_length=64)]


@router.get("/dispatch")
async def get_dispatch(
    request: Request,
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Reader,
    by: Columns = Columns.PEOPLE,
    site: Site = None,
) -> Response:
    """Everything that is open, by whom it is given to or by its state."""
    places = await load_places(connection)
    context = await _board(connection, services.clock(), by, site)
    may_assign = caller.may(Permission.APPROVE)
    return render(
        request,
        "dispatch.html",
        caller=caller,
        places=places,
        zone=places.zone(site) if site else places.main_zone,
        may_assign=may_assign,
        **context,
    )


@router.get("/dispatch/board")
async def get_board(
    request: Request,
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Reader,
    by: Columns = Columns.PEOPLE,
    site: Site = None,
) -> Response:
    """The columns alone, for the page that is open."""
    places = await load_places(connection)
    return render(
        request,
        "parts/board.html",
        caller=caller,
        places=places,
        zone=places.zone(site) if site else places.main_zone,
        may_assign=caller.may(Permission.APPROVE),
        **await _board(connection, services.clock(), by, site),
    )


async def _board(
    connection: Connection, now_us: int, by: Columns, site: str | None
) -> dict[str, Any]:
    orders = await board_orders(connection, site=site, limit=_SHOWN + 1)
    people = await holders(connection, at=from_us(now_us), site=site)
    shown = orders[:_SHOWN]
    columns = _by_state(shown) if by is Columns.STATES else _by_person(shown, people)
    return {
        "columns": columns,
        "people": people,
        "by": by,
        "site": site,
        "more": len(orders) > _SHOWN,
        "count": len(shown),
        "round_the_clock": ROUND_THE_CLOCK,
    }


def _by_state(orders: Sequence[BoardOrder]) -> list[dict[str, Any]]:
    return [
        {
            "key": state,
            "name": state.replace("_", " ").capitalize(),
            "holder": None,
            "orders": [order for order in orders if order.state == state],
        }
        for state in _STATES
    ]


def _by_person(orders: Sequence[BoardOrder], people: Sequence[Holder]) -> list[dict[str, Any]]:
    """A column for work that nobody has, then one for each who can have it, then for others."""
    known = {holder.code: holder for holder in people}
    strangers = sorted({order.assignee for order in orders if order.assignee} - known.keys())
    keys: list[str | None] = [None, *known, *strangers]
    return [
        {
            "key": key or "",
            "name": known[key].name if key in known else (key or "Nobody yet"),
            "holder": known.get(key) if key else None,
            "orders": [order for order in orders if order.assignee == key],
        }
        for key in keys
    ]
