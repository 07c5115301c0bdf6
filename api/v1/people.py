"""People, contract vendors, teams and absences."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import AwareDatetime

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.page import Page
from api.bodies.people import (
    AbsenceBody,
    ClosedBody,
    FeedBody,
    NewAbsenceBody,
    PersonBody,
    TeamBody,
)
from api.errors import (
    IdempotencyKeyInFlight,
    IdempotencyKeyReused,
    PreconditionInvalid,
    PreconditionMissing,
)
from api.guard import Reader, require
from api.idempotency import Answer, once
from api.problems import documented
from api.services import ConnectionOf, ServicesOf
from api.v1.changing import IfMatch, expected, tag
from api.v1.repeatable import IdempotencyKey
from config.clock import from_us
from maintenance.assignment.service import close_feeds, open_feed
from maintenance.errors import CodeTaken, KeptInFiles, NotFound, StaleVersion
from maintenance.people import service
from maintenance.people.file import StaffShape, TeamShape
from maintenance.people.queries import (
    absences,
    list_teams,
    staff_entries,
    staff_entry,
    stored_staff,
    stored_teams,
)

router = APIRouter(prefix="/api/v1", tags=["People and calendars"])

Keeper = Annotated[Caller, Depends(require(Permission.KEEP_PEOPLE))]
Code = Annotated[str, Path(description="Code of the person, vendor or team.", examples=["kim"])]


@router.get("/people", summary="List people and vendors")
async def get_people(
    connection: ConnectionOf,
    caller: Reader,
    craft: Annotated[str | None, Query(examples=["mechanical"])] = None,
    site: Annotated[str | None, Query(examples=["berlin"])] = None,
) -> Page[PersonBody]:
    """Those who take work, by code; who has no site works at every one."""
    rates = caller.may(Permission.KEEP_PEOPLE)
    found = await staff_entries(connection, craft=craft, site=site)
    return Page(items=[PersonBody.of(each, with_rates=rates) for each in found])


@router.get("/people/{code}", summary="One person or vendor", responses=documented(NotFound))
async def get_person(
    connection: ConnectionOf, caller: Reader, code: Code, response: Response
) -> PersonBody:
    """A retired one too. The ETag is the version."""
    found = await staff_entry(connection, code)
    tag(response, found.version)
    return PersonBody.of(found, with_rates=caller.may(Permission.KEEP_PEOPLE))


@router.put(
    "/people/{code}",
    summary="Make or change a person or vendor",
    responses=documented(
        NotFound, CodeTaken, KeptInFiles, StaleVersion, PreconditionMissing, PreconditionInvalid
    ),
)
async def put_person(
    connection: ConnectionOf,
    _: Keeper,
    code: Code,
    wanted: StaffShape,
    response: Response,
    if_match: IfMatch = None,
) -> PersonBody:
    """Skills and rates are replaced as a whole."""
    present = (await stored_staff(connection)).get(code)
    version = expected(present.version if present else None, if_match)
    staff = wanted.model_copy(update={"code": code}).definition()
    await service.save_staff(connection, staff, expected_version=version)
    found = await staff_entry(connection, code)
    tag(response, found.version)
    return PersonBody.of(found, with_rates=True)


@router.post(
    "/people/{code}/retire",
    summary="Retire a person or vendor",
    responses=documented(NotFound, KeptInFiles),
)
async def post_retire(connection: ConnectionOf, _: Keeper, code: Code) -> PersonBody:
    """They are given no more work; what they have stays with them."""
    await service.retire_staff(connection, code)
    return PersonBody.of(await staff_entry(connection, code), with_rates=True)


@router.get(
    "/people/{code}/absences", summary="Absences of a person", responses=documented(NotFound)
)
async def get_absences(
    connection: ConnectionOf,
    services: ServicesOf,
    _: Reader,
    code: Code,
    start: Annotated[
        AwareDatetime | None, Query(description="Those that end later; left out: now.")
    ] = None,
) -> Page[AbsenceBody]:
    """Those that last or come, in order of their start."""
    await staff_entry(connection, code)
    since = start or from_us(services.clock())
    found = await absences(connection, start=since, codes=[code])
    return Page(items=[AbsenceBody.model_validate(each) for each in found.get(code, [])])


@router.post(
    "/people/{code}/absences",
    status_code=201,
    summary="Say that somebody will not be there",
    responses=documented(NotFound, IdempotencyKeyInFlight, IdempotencyKeyReused),
)
async def post_absence(
    connection: ConnectionOf,
    caller: Keeper,
    code: Code,
    new: NewAbsenceBody,
    key: IdempotencyKey = None,
) -> AbsenceBody:
    """Rules give them no work that begins then, and the schedule shows what does not fit."""

    async def create() -> Answer:
        made = await service.add_absence(
            connection, code, (new.starts_at, new.ends_at), reason=new.reason, actor=caller.name
        )
        return Answer(201, AbsenceBody.model_validate(made).model_dump(mode="json"))

    request = f"{code} {new.model_dump_json()}".encode()
    answer = await once(connection, caller.identity, key, request, create)
    return AbsenceBody.model_validate(answer.body)


@router.post(
    "/people/{code}/absences/{absence_id}/cancel",
    summary="Say that somebody is there after all",
    responses=documented(NotFound),
)
async def post_cancel(
    connection: ConnectionOf,
    services: ServicesOf,
    _: Keeper,
    code: Code,
    absence_id: Annotated[int, Path(ge=1, le=2**63 - 1, examples=[1])],
) -> Page[AbsenceBody]:
    """Gives the absences that are left."""
    await service.cancel_absence(connection, code, absence_id)
    found = await absences(connection, start=from_us(services.clock()), codes=[code])
    return Page(items=[AbsenceBody.model_validate(each) for each in found.get(code, [])])


@router.post(
    "/people/{code}/calendar-feed",
    status_code=201,
    summary="Make an address for calendar programs",
    responses=documented(NotFound),
)
async def post_feed(connection: ConnectionOf, caller: Keeper, code: Code) -> FeedBody:
    """Whoever has the address sees the planned work of the person, vendor or team (iCalendar)."""
    token = await open_feed(connection, code, actor=caller.name)
    return FeedBody(address=f"/feeds/{token}/work.ics")


@router.post(
    "/people/{code}/calendar-feed/close", summary="Close all addresses for calendar programs"
)
async def post_close_feed(connection: ConnectionOf, _: Keeper, code: Code) -> ClosedBody:
    """Those of a person, vendor or team that were made before."""
    return ClosedBody(closed=await close_feeds(connection, code))


@router.get("/teams", summary="List teams")
async def get_teams(connection: ConnectionOf, _: Reader) -> Page[TeamBody]:
    """By code, with those of their members who work."""
    return Page(items=[TeamBody.model_validate(each) for each in await list_teams(connection)])


@router.put(
    "/teams/{code}",
    summary="Make or change a team",
    responses=documented(
        NotFound, CodeTaken, KeptInFiles, StaleVersion, PreconditionMissing, PreconditionInvalid
    ),
)
async def put_team(
    connection: ConnectionOf,
    _: Keeper,
    code: Code,
    wanted: TeamShape,
    response: Response,
    if_match: IfMatch = None,
) -> TeamBody:
    """Its members are replaced as a whole."""
    present = (await stored_teams(connection)).get(code)
    version = expected(present.version if present else None, if_match)
    team = wanted.model_copy(update={"code": code}).definition()
    await service.save_team(connection, team, expected_version=version)
    kept = (await stored_teams(connection))[code]
    tag(response, kept.version)
    return TeamBody.model_validate(kept.definition)
