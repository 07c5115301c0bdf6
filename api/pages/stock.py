"""The pages of parts, of one part with its ledger, of purchases and contracts, and of costs."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.page import cut, decode_cursor
from api.guard import Reader
from api.pages.places import load_places
from api.pages.render import render
from api.services import ConnectionOf, ServicesOf
from config.clock import from_us
from config.currency import plant_currency
from config.database import Connection
from maintenance.costs.queries import RollUp, Scope, entries_of_order, in_all, roll_up, total
from maintenance.materials.part_csv import COLUMNS
from maintenance.materials.queries import (
    PartFilter,
    find_parts,
    get_part,
    issues_of_order,
    ledger_of,
    list_storerooms,
    reservations_of_order,
    reservations_of_part,
    stocks_of,
)
from maintenance.materials.service import ISSUED_IN
from maintenance.orders.work_order import State, WorkOrder
from maintenance.procurement.queries import (
    Purchase,
    find_purchases,
    find_requisitions,
    get_purchase,
    lines_of,
    list_contracts,
    receipts_of,
    work_of_order,
)

router = APIRouter(include_in_schema=False)

_ON_A_PAGE = 50
_SHOWN = 50
_YEAR = timedelta(days=365)
_ASKED = frozenset({"open", "approved"})
_RUNNING = frozenset({"draft", "sent"})

Words = Annotated[str, Query(max_length=100)]
Cursor = Annotated[str | None, Query(max_length=200)]


def money(minor: int | None) -> str:
    """Minor units as people write them, with the plant's currency."""
    if minor is None:
        return "\N{EN DASH}"
    sign = "\N{MINUS SIGN}" if minor < 0 else ""
    whole, cents = divmod(abs(minor), 100)
    return f"{sign}{whole:,}.{cents:02} {plant_currency()}".replace(",", "\u202f")


def quantity(amount: Decimal | None) -> str:
    """A quantity without zeros that say nothing."""
    return "\N{EN DASH}" if amount is None else plain(amount).replace("-", "\N{MINUS SIGN}")


def plain(amount: Decimal) -> str:
    """A quantity as a form takes it."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


_WRITTEN = {"money": money, "quantity": quantity, "plain": plain}


@router.get("/stock")
async def get_parts_page(
    request: Request,
    connection: ConnectionOf,
    caller: Reader,
    q: Words = "",
    low: bool = False,
    cursor: Cursor = None,
) -> Response:
    """Every part with what lies of it, by code."""
    after = decode_cursor(cursor, str)
    wanted = PartFilter(words=q or None, low_only=low)
    found = await find_parts(
        connection, wanted, after=after[0] if after else "", limit=_ON_A_PAGE + 1
    )
    parts, following = cut(found, _ON_A_PAGE, lambda part: [part.code])
    context = {
        "parts": parts,
        "following": following,
        "q": q,
        "low": low,
        "columns": COLUMNS,
        "may_keep": caller.may(Permission.KEEP_STOCK),
    }
    return await _page(request, connection, caller, "parts.html", context)


@router.get("/stock/{code}")
async def get_part_page(
    request: Request, connection: ConnectionOf, caller: Reader, code: str
) -> Response:
    """A part: where it lies, who waits for it, and every movement."""
    part = await get_part(connection, code)
    context = {
        "part": part,
        "stocks": await stocks_of(connection, code),
        "reservations": await reservations_of_part(connection, code),
        "entries": await ledger_of(connection, code, limit=_SHOWN),
        "may_keep": caller.may(Permission.KEEP_STOCK),
    }
    return await _page(request, connection, caller, "part.html", context)


@router.get("/procurement")
async def get_procurement_page(
    request: Request, connection: ConnectionOf, caller: Reader
) -> Response:
    """What was asked for, what is on its way, and what may be called off."""
    purchases = await find_purchases(connection, limit=_SHOWN)
    running = [await _with_lines(connection, one) for one in purchases if one.state in _RUNNING]
    context = {
        "requisitions": await find_requisitions(connection, states=_ASKED, limit=_SHOWN),
        "running": running,
        "ended": [one for one in purchases if one.state not in _RUNNING],
        "contracts": await list_contracts(connection),
        "may_buy": caller.may(Permission.PROCURE),
    }
    return await _page(request, connection, caller, "procurement.html", context)


@router.get("/purchase-orders/{number}")
async def get_purchase_page(
    request: Request, connection: ConnectionOf, caller: Reader, number: str
) -> Response:
    """A purchase order with its lines and what came of them."""
    shown = await _with_lines(connection, await get_purchase(connection, number))
    context = {**shown, "may_buy": caller.may(Permission.PROCURE)}
    return await _page(request, connection, caller, "purchase.html", context)


@router.get("/costs")
async def get_costs_page(
    request: Request,
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Reader,
    by: RollUp = RollUp.ASSET,
    asset: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """What the last year cost, by asset, class, site or month."""
    until = from_us(services.clock())
    scope = Scope(until - _YEAR, until, asset=asset or None)
    context = {
        "by": by,
        "kinds": list(RollUp),
        "asset": asset or "",
        "rows": await roll_up(connection, by, scope),
        "total": await in_all(connection, scope),
    }
    return await _page(request, connection, caller, "costs.html", context)


async def stock_of_order(
    connection: Connection, order: WorkOrder, caller: Caller
) -> dict[str, Any]:
    """What the order's page shows of parts, services and costs (`parts/stock.html`)."""
    entries = await entries_of_order(connection, order.id)
    may_work = caller.may(Permission.WORK)
    may_take = may_work and order.state in ISSUED_IN
    fitting = PartFilter(asset=order.asset)
    return {
        "stock": {
            "reservations": await reservations_of_order(connection, order.id),
            "issued": await issues_of_order(connection, order.id),
            "requisitions": await find_requisitions(connection, order_id=order.id),
            "work": await work_of_order(connection, order.id),
            "entries": entries,
            "costs": total(entries),
            "may_take": may_take,
            "may_return": may_work and order.state is not State.CANCELLED,
            "rooms": await list_storerooms(connection) if may_take else [],
            "fitting": await find_parts(connection, fitting) if may_take else [],
            **_WRITTEN,
        }
    }


async def _with_lines(connection: Connection, purchase: Purchase) -> dict[str, Any]:
    return {
        "purchase": purchase,
        "lines": await lines_of(connection, purchase),
        "receipts": await receipts_of(connection, purchase),
    }


async def _page(
    request: Request,
    connection: Connection,
    caller: Caller,
    template: str,
    context: dict[str, Any],
) -> Response:
    places = await load_places(connection)
    kept = {"places": places, "zone": places.main_zone, "currency": plant_currency()}
    given = {**kept, **_WRITTEN, **context}
    return render(request, template, caller=caller, **given)
