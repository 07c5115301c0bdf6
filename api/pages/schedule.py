"""The page of a week: what is planned on which day, against what each craft can give."""

from datetime import date, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response

from api.access.roles import Permission
from api.guard import Reader
from api.pages.places import load_places
from api.pages.render import render
from api.services import ConnectionOf, ServicesOf
from config.clock import from_us
from maintenance.assignment.board import WeekSchedule, week_schedule

router = APIRouter(include_in_schema=False)

_WEEK = timedelta(days=7)


@router.get("/schedule")
async def get_schedule(
    request: Request,
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Reader,
    site: Annotated[str | None, Query(max_length=64)] = None,
    week: date | None = None,
) -> Response:
    """The week of a day at a site; without them, this week at the first site."""
    places = await load_places(connection)
    chosen = site or next(iter(places.sites), None)
    shown = None
    zone = places.zone(chosen) if chosen else "UTC"
    today = from_us(services.clock()).astimezone(ZoneInfo(zone)).date()
    if chosen is not None:
        shown = await week_schedule(connection, chosen, week or today)
    return render(
        request,
        "schedule.html",
        caller=caller,
        places=places,
        zone=zone,
        today=today,
        site=chosen,
        shown=shown,
        days=_days(shown, ZoneInfo(zone)) if shown else [],
        before=shown.week.monday - _WEEK if shown else None,
        after=shown.week.monday + _WEEK if shown else None,
        may_freeze=caller.may(Permission.KEEP_PEOPLE),
    )


def _days(shown: WeekSchedule, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Each day with its orders, capacities, and the numbers of orders that do not fit."""
    wrong = {number for each in shown.conflicts for number in each.orders if each.day is None}
    return [
        {
            "day": day,
            "orders": [
                {
                    "order": order,
                    "from": order.start.astimezone(zone),
                    "to": order.finish.astimezone(zone),
                    "wrong": order.number in wrong,
                }
                for order in shown.orders
                if order.start.astimezone(zone).date()
                <= day
                <= order.finish.astimezone(zone).date()
            ],
            "capacity": [
                each
                for each in shown.capacity
                if each.day == day and (each.capacity_minutes or each.planned_minutes)
            ],
        }
        for day in (shown.week.monday + timedelta(days=number) for number in range(7))
    ]
