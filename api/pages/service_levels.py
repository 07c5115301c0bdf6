"""The page of service levels, and what an order's page shows of them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.access.roles import Permission
from api.guard import Reader
from api.pages.places import load_places
from api.pages.render import render
from api.services import ConnectionOf, ServicesOf
from config.clock import from_us
from config.database import Connection
from maintenance.assignment.queries import decisions_of
from maintenance.orders.work_order import WorkOrder
from maintenance.sla import queries
from maintenance.sla.service import service_level

router = APIRouter(include_in_schema=False)

_SHOWN = 100


@router.get("/service-levels")
async def get_service_levels(
    request: Request,
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Reader,
    site: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """Orders that run out of time, and what was agreed."""
    now = from_us(services.clock())
    places = await load_places(connection)
    warned, breached = await queries.count_at_risk(connection, now=now)
    return render(
        request,
        "service-levels.html",
        caller=caller,
        places=places,
        zone=places.main_zone,
        at_risk=await queries.orders_at_risk(connection, now=now, site=site, limit=_SHOWN),
        warned=warned,
        breached=breached,
        agreements=await queries.list_agreements(connection),
        may_keep=caller.may(Permission.KEEP_PEOPLE),
    )


async def assignment_and_level(
    connection: Connection, order: WorkOrder, now_us: int
) -> dict[str, Any]:
    """What the parts `assignment.html` and `service-level.html` of an order's page show."""
    decisions = await decisions_of(connection, order.id)
    return {
        "level": await service_level(connection, order.id, at=from_us(now_us)),
        "notices": await queries.notices_of(connection, order.id),
        "decision": decisions[0] if decisions else None,
    }
