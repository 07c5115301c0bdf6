"""The pages of all work orders, and of one that is to be made."""

from enum import StrEnum
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field, field_validator

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.page import cut, decode_cursor
from api.guard import Reader, require
from api.pages.places import load_places
from api.pages.render import render
from api.services import ConnectionOf, ServicesOf
from config.clock import from_us
from maintenance.orders.list_query import OrderFilters, find_orders
from maintenance.orders.work_order import OPEN_STATES, OrderType, State

router = APIRouter(include_in_schema=False)

_ON_A_PAGE = 50


class Show(StrEnum):
    """Which ones a list holds."""

    OPEN = "open"
    ALL = "all"


NAMES_OF_FILTERS: Final = {
    "state": "State",
    "type": "Type",
    "priority": "Priority",
    "site": "Site",
    "asset": "Asset",
    "below": "Asset and its parts",
    "assignee": "Assigned to",
    "overdue": "Overdue",
    "at_risk": "Service level at risk",
}
"""What the list's filters are called on the page, without the words that are looked for."""


class OrdersAsked(BaseModel):
    """What the form above the list asks for; what is empty does not filter."""

    show: Show = Show.OPEN
    state: State | None = None
    site: str | None = Field(default=None, max_length=100)
    type: OrderType | None = None
    priority: int | None = Field(default=None, ge=1, le=5)
    assignee: str | None = Field(default=None, max_length=100)
    asset: str | None = Field(default=None, max_length=100)
    below: str | None = Field(default=None, max_length=100)
    overdue: bool = False
    at_risk: bool = False
    text: str | None = Field(default=None, max_length=200)
    cursor: str | None = Field(default=None, max_length=200)

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_nothing(cls, value: object) -> object:
        return None if value == "" else value

    def query(self, **changed: str | None) -> str:
        """The address's query with some of it changed, without the place in the list."""
        asked = self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        asked.pop("cursor", None)
        asked |= {name: value for name, value in changed.items() if value is not None}
        return urlencode(asked)

    @property
    def chosen(self) -> dict[str, str | int | bool]:
        """The filters in use, by name."""
        asked = self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        return {name: asked[name] for name in NAMES_OF_FILTERS if name in asked}

    def without(self, name: str) -> str:
        """The address's query with one filter less."""
        return self.model_copy(update={name: type(self).model_fields[name].default}).query()


@router.get("/work-orders")
async def get_orders(
    request: Request,
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Reader,
    asked: Annotated[OrdersAsked, Query()],
) -> Response:
    """Work orders, newest first."""
    after = decode_cursor(asked.cursor, int)
    now = from_us(services.clock())
    shown = OPEN_STATES if asked.show is Show.OPEN else frozenset[State]()
    filters = OrderFilters(
        states=frozenset({asked.state}) if asked.state else shown,
        site=asked.site,
        type=asked.type,
        priority=asked.priority,
        assignee=asked.assignee,
        asset=asked.asset,
        below=asked.below,
        overdue_at=now if asked.overdue else None,
        at_risk_at=now if asked.at_risk else None,
        words=asked.text,
    )
    found = await find_orders(
        connection, filters, after=after[0] if after else None, limit=_ON_A_PAGE + 1
    )
    orders, following = cut(found, _ON_A_PAGE, lambda order: [order.id])
    return render(
        request,
        "orders.html",
        caller=caller,
        places=await load_places(connection),
        orders=orders,
        asked=asked,
        following=following,
        states=list(State),
        types=list(OrderType),
        names_of_filters=NAMES_OF_FILTERS,
        may_create=caller.may(Permission.CREATE),
        may_plan=caller.may(Permission.APPROVE),
    )


@router.get("/work-orders/new")
async def get_new_order(
    request: Request,
    connection: ConnectionOf,
    caller: Annotated[Caller, Depends(require(Permission.CREATE))],
    asset: Annotated[str, Query(max_length=100)] = "",
    follows: Annotated[str, Query(max_length=30)] = "",
    parent: Annotated[str, Query(max_length=30)] = "",
) -> Response:
    """The form that an order is made with."""
    return render(
        request,
        "new-order.html",
        caller=caller,
        places=await load_places(connection),
        asset=asset,
        follows=follows,
        parent=parent,
        types=list(OrderType),
    )
