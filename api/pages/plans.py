"""The pages of preventive work: all plans, one with its calendar, and the load of the next year."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import yaml
from fastapi import APIRouter, Path, Query, Request, Response

from api.access.roles import Permission
from api.bodies.page import cut, decode_cursor
from api.guard import Reader
from api.pages.places import Places, load_places
from api.pages.render import render
from api.services import ConnectionOf, ServicesOf
from config.clock import from_us
from config.database import Connection
from maintenance.plans.load import CraftWeek
from maintenance.plans.load_forecast import load_forecast
from maintenance.plans.plan import Occurrence, OccurrenceState
from maintenance.plans.queries import (
    Entry,
    OccurrenceFilter,
    calendar_of,
    changes_of,
    find_occurrences,
    find_plans,
    get_plan,
    occurrences_of_order,
)

router = APIRouter(include_in_schema=False)

_ON_A_PAGE = 100
_SHOWN = 20
_MOST_IN_A_YEAR = 400
_SETTLED = frozenset(OccurrenceState) - {OccurrenceState.FORECAST}

Cursor = Annotated[str | None, Query(max_length=300)]


@dataclass(frozen=True, slots=True)
class Month:
    """A month of a calendar, in the time of each entry's site."""

    name: str
    entries: Sequence[tuple[datetime, Entry]]


@router.get("/plans")
async def get_plans_page(
    request: Request, connection: ConnectionOf, caller: Reader, cursor: Cursor = None
) -> Response:
    """Every plan with what is due next and what keeps it from being due."""
    after = decode_cursor(cursor, str)
    found = await find_plans(connection, after=after[0] if after else "", limit=_ON_A_PAGE + 1)
    plans, following = cut(found, _ON_A_PAGE, lambda plan: [plan.code])
    return render(
        request,
        "plans.html",
        caller=caller,
        places=await load_places(connection),
        plans=plans,
        cursor=cursor,
        following=following,
    )


@router.get("/plan-load")
async def get_load_page(
    request: Request,
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Reader,
    site: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """Hours of preventive work by week and craft, against what people can give."""
    today = from_us(services.clock()).date()
    weeks = await load_forecast(connection, first=today, site=site or None)
    return render(
        request,
        "plan_load.html",
        caller=caller,
        places=await load_places(connection),
        site=site,
        busy=[week for week in weeks if week.pieces],
        chart=_chart(weeks),
    )


@router.get("/plans/{code}")
async def get_plan_page(
    request: Request,
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Reader,
    code: Annotated[str, Path(max_length=100)],
) -> Response:
    """A plan as it is written, its year, and what became of the work before."""
    now = from_us(services.clock())
    plan = await get_plan(connection, code)
    places = await load_places(connection)
    entries = await calendar_of(connection, code, first=now, last=now + timedelta(days=366))
    return render(
        request,
        "plan.html",
        caller=caller,
        places=places,
        plan=plan,
        text=yaml.safe_dump(plan.shape.as_json(), sort_keys=False, allow_unicode=True, width=88),
        months=_months(entries[:_MOST_IN_A_YEAR], places),
        more=len(entries) > _MOST_IN_A_YEAR,
        before=await _before(connection, code, now),
        changes=await changes_of(connection, code, limit=_SHOWN),
        may_plan=caller.may(Permission.KEEP_PLANS),
    )


async def plan_of_order(connection: Connection, order_id: int) -> dict[str, Any]:
    """What the page of an order says of the plan's work that it is for."""
    return {"planned_work": await occurrences_of_order(connection, order_id)}


async def _before(connection: Connection, code: str, now: datetime) -> list[Occurrence]:
    """The last pieces of work that something became of, newest first."""
    wanted = OccurrenceFilter(
        code, states=_SETTLED, first=now - timedelta(days=366), last=now + timedelta(days=31)
    )
    found = await find_occurrences(connection, wanted, limit=5_000)
    return found[: -_SHOWN - 1 : -1]


def _months(entries: Sequence[Entry], places: Places) -> list[Month]:
    local = [
        (entry.due_at.astimezone(ZoneInfo(places.zone(entry.site))), entry) for entry in entries
    ]
    return [
        Month(name, list(found))
        for name, found in groupby(local, key=lambda each: f"{each[0]:%B %Y}")
    ]


def _chart(weeks: Sequence[CraftWeek]) -> list[dict[str, Any]]:
    """A series of each craft: hours of work and of capacity by week."""
    return [
        {
            "craft": craft or "no craft named",
            "weeks": [week.week.isoformat() for week in series],
            "hours": [round(week.minutes / 60, 2) for week in series],
            "capacity": [round(week.capacity_minutes / 60, 2) for week in series],
        }
        for craft, found in groupby(weeks, key=lambda week: week.craft)
        for series in [list(found)]
    ]
