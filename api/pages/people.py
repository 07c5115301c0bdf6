"""The pages of people and teams, and of calendars."""

from datetime import timedelta

from fastapi import APIRouter, Request, Response

from api.access.roles import Permission
from api.guard import Reader
from api.pages.places import load_places
from api.pages.render import render
from api.services import ConnectionOf, ServicesOf
from config.clock import from_us
from maintenance.assignment.board import ROUND_THE_CLOCK, holders
from maintenance.calendars.queries import histories, list_calendars
from maintenance.calendars.working_time import closed_because, next_working
from maintenance.people.queries import absences, list_teams, staff_entries

router = APIRouter(include_in_schema=False)

_DAYS_AHEAD = 366


@router.get("/people")
async def get_people(
    request: Request, connection: ConnectionOf, services: ServicesOf, caller: Reader
) -> Response:
    """Who works, what they can do, who is there, how much they have to do."""
    now = from_us(services.clock())
    places = await load_places(connection)
    return render(
        request,
        "people.html",
        caller=caller,
        places=places,
        zone=places.main_zone,
        today=now.date(),
        soon=now.date() + timedelta(days=60),
        entries=await staff_entries(connection),
        holders={each.code: each for each in await holders(connection, at=now)},
        absences=await absences(connection, start=now),
        teams=await list_teams(connection),
        round_the_clock=ROUND_THE_CLOCK,
        may_keep=caller.may(Permission.KEEP_PEOPLE),
    )


@router.get("/calendars")
async def get_calendars(
    request: Request, connection: ConnectionOf, services: ServicesOf, caller: Reader
) -> Response:
    """Shifts, the days on which nobody works in the year to come, and whether anybody does now."""
    now = from_us(services.clock())
    known = await histories(connection)
    calendars = await list_calendars(connection)
    days = [now.date() + timedelta(days=ahead) for ahead in range(_DAYS_AHEAD)]
    free = {
        each.calendar.code: [
            (day, why) for day in days if (why := closed_because(each.calendar, day)) is not None
        ]
        for each in calendars
    }
    return render(
        request,
        "calendars.html",
        caller=caller,
        places=await load_places(connection),
        calendars=calendars,
        working={code: next_working(history, now) for code, history in known.items()},
        free=free,
    )
