"""Calendars of working time."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import AwareDatetime

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.page import Page
from api.bodies.people import CalendarBody, IntervalBody, WorkingTimeBody
from api.errors import PreconditionInvalid, PreconditionMissing, RangeInvalid
from api.guard import Reader, require
from api.problems import documented
from api.services import ConnectionOf
from api.v1.changing import IfMatch, expected, tag
from config.database import Connection
from maintenance.calendars.file import CalendarShape
from maintenance.calendars.queries import CurrentCalendar, get_calendar, list_calendars
from maintenance.calendars.service import retire_calendar, save_calendar
from maintenance.calendars.working_time import working_spans
from maintenance.errors import KeptInFiles, NotFound, StaleVersion

router = APIRouter(prefix="/api/v1/calendars", tags=["People and calendars"])

Keeper = Annotated[Caller, Depends(require(Permission.KEEP_PEOPLE))]
Code = Annotated[str, Path(description="Code of the calendar.", examples=["two-shift"])]

_LONGEST_DAYS = 400


@router.get("", summary="List calendars")
async def get_calendars(connection: ConnectionOf, _: Reader) -> Page[CalendarBody]:
    """Those that may be chosen, as they count now, by code."""
    return Page(items=[CalendarBody.of(each) for each in await list_calendars(connection)])


@router.get("/{code}", summary="One calendar", responses=documented(NotFound))
async def get_one(
    connection: ConnectionOf, _: Reader, code: Code, response: Response
) -> CalendarBody:
    """As it counts now. The ETag is its version."""
    found = await _existing(connection, code)
    tag(response, found.version)
    return CalendarBody.of(found)


@router.put(
    "/{code}",
    summary="Make or change a calendar",
    responses=documented(
        NotFound, KeptInFiles, StaleVersion, PreconditionMissing, PreconditionInvalid
    ),
)
async def put_calendar(
    connection: ConnectionOf,
    _: Keeper,
    code: Code,
    wanted: CalendarShape,
    response: Response,
    if_match: IfMatch = None,
) -> CalendarBody:
    """A change is a new version, which counts from now; what was measured before stays."""
    present = await _find(connection, code)
    version = expected(present.version if present else None, if_match)
    calendar = wanted.model_copy(update={"code": code}).definition()
    await save_calendar(connection, calendar, expected_version=version)
    found = await _existing(connection, code)
    tag(response, found.version)
    return CalendarBody.of(found)


@router.post(
    "/{code}/retire", summary="Retire a calendar", responses=documented(NotFound, KeptInFiles)
)
async def post_retire(connection: ConnectionOf, _: Keeper, code: Code) -> CalendarBody:
    """It can no longer be chosen; who has it keeps it."""
    found = await _existing(connection, code)
    await retire_calendar(connection, code)
    return CalendarBody.of(found)


@router.get(
    "/{code}/working-time",
    summary="Working time between two moments",
    responses=documented(NotFound, RangeInvalid),
)
async def get_working_time(
    connection: ConnectionOf,
    _: Reader,
    code: Code,
    start: Annotated[AwareDatetime, Query(examples=["2026-03-02T00:00:00+01:00"])],
    end: Annotated[AwareDatetime, Query(examples=["2026-03-09T00:00:00+01:00"])],
) -> WorkingTimeBody:
    """By the version of the calendar that was in force at each moment."""
    if not start < end or (end - start).days > _LONGEST_DAYS:
        raise RangeInvalid(f"end has to be after start, by no more than {_LONGEST_DAYS} days")
    spans = list(working_spans(await get_calendar(connection, code), start, end))
    return WorkingTimeBody(
        seconds=sum(span.seconds for span in spans),
        intervals=[IntervalBody.model_validate(span) for span in spans],
    )


async def _find(connection: Connection, code: str) -> CurrentCalendar | None:
    found = await list_calendars(connection)
    return next((each for each in found if each.calendar.code == code), None)


async def _existing(connection: Connection, code: str) -> CurrentCalendar:
    found = await _find(connection, code)
    if found is None:
        raise NotFound("calendar", code)
    return found
