"""Maintenance plans: preventive work, what it has ahead, and the load of the next year."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from pydantic import AwareDatetime

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.maintenance_plan import (
    DoneBody,
    EntryBody,
    LoadBody,
    OccurrenceBody,
    OccurrenceQuery,
    PlanBody,
    PlanChangeBody,
    PlanQuery,
    ReasonBody,
)
from api.bodies.page import Page, cut, decode_cursor
from api.entity_tag import etag, version_of
from api.errors import (
    CursorInvalid,
    IdempotencyKeyInFlight,
    IdempotencyKeyReused,
    PreconditionInvalid,
    PreconditionMissing,
    RangeInvalid,
)
from api.guard import Reader, require
from api.idempotency import Answer, once
from api.problems import documented
from api.services import ConnectionOf, ServicesOf
from api.v1.repeatable import IdempotencyKey
from config.clock import from_us
from maintenance.errors import (
    AssetRetired,
    KeptInFiles,
    NotFound,
    OccurrenceSettled,
    RequirementMissing,
    StaleVersion,
    TooEarly,
)
from maintenance.plans.file import PlanShape
from maintenance.plans.load_forecast import load_forecast
from maintenance.plans.plan import Occurrence
from maintenance.plans.preview import preview
from maintenance.plans.queries import (
    OccurrenceFilter,
    calendar_of,
    changes_of,
    find_occurrences,
    find_plans,
    get_occurrence,
    get_plan,
)
from maintenance.plans.service import (
    Ahead,
    Said,
    complete_occurrence,
    pause_plan,
    release_occurrence,
    resume_plan,
    retire_plan,
    save_plan,
    skip_occurrence,
)

router = APIRouter(prefix="/api/v1/maintenance-plans", tags=["Maintenance plans"])

Code = Annotated[str, Path(description="Code of the plan.", examples=["pump-grease"])]
Keeper = Annotated[Caller, Depends(require(Permission.KEEP_PLANS))]
Days = Annotated[int, Query(ge=1, le=1_100, description="How many days ahead.")]

_LONGEST = timedelta(days=1_100)
_NO_DATE = "infinity"


@dataclass(frozen=True, slots=True)
class Held:
    """A plan as a caller read it: its code, and its ETag then."""

    code: Code
    if_match: Annotated[
        str | None, Header(description="The plan's ETag as it was read.", examples=['"3"'])
    ] = None


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of work that a plan has ahead."""

    code: Code
    number: Annotated[int, Path(ge=1, le=2**63 - 1, description="Id of the occurrence.")]

    @property
    def ahead(self) -> Ahead:
        """In the words of the domain."""
        return Ahead(self.code, self.number)


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when; left out: the year from now on."""

    first: Annotated[AwareDatetime | None, Query(description="Due at or after it.")] = None
    last: Annotated[AwareDatetime | None, Query(description="Due before it.")] = None

    def bounds(self, now: datetime) -> tuple[datetime, datetime]:
        """First and last moment. Raises `RangeInvalid`."""
        first = self.first or now
        last = self.last or first + timedelta(days=366)
        if not first < last <= first + _LONGEST:
            raise RangeInvalid("first has to be before last, by 1100 days at most")
        return first, last


@router.get("", summary="List maintenance plans", responses=documented(CursorInvalid))
async def get_plans(
    connection: ConnectionOf, _: Reader, query: Annotated[PlanQuery, Query()]
) -> Page[PlanBody]:
    """By code; retired ones are left out."""
    after = decode_cursor(query.cursor, str)
    found = await find_plans(
        connection, asset=query.asset, after=after[0] if after else "", limit=query.limit + 1
    )
    page, following = cut(found, query.limit, lambda plan: [plan.code])
    return Page(items=[PlanBody.of(plan) for plan in page], next=following)


@router.post(
    "",
    status_code=201,
    summary="Make a maintenance plan",
    responses=documented(StaleVersion, KeptInFiles, IdempotencyKeyInFlight, IdempotencyKeyReused),
)
async def post_plan(
    connection: ConnectionOf,
    caller: Keeper,
    new: PlanShape,
    response: Response,
    key: IdempotencyKey = None,
) -> PlanBody:
    """Its work is due from now on. Try it before with a calendar preview."""

    async def make() -> Answer:
        await save_plan(connection, new, actor=caller.name)
        made = PlanBody.of(await get_plan(connection, new.code))
        return Answer(201, made.model_dump(mode="json", by_alias=True))

    request = new.model_dump_json().encode()
    answer = await once(connection, caller.identity, key, request, make)
    body = PlanBody.model_validate(answer.body)
    response.headers["ETag"] = etag(body.version)
    response.headers["Location"] = f"{router.prefix}/{body.code}"
    return body


@router.post("/calendar-preview", summary="Calendar of a plan that is not saved")
async def post_preview(
    connection: ConnectionOf, _: Keeper, plan: PlanShape, days: Days = 366
) -> Page[EntryBody]:
    """What would be due in the next days if it were saved now. Nothing is kept."""
    found = await preview(connection, plan, days=days)
    return Page(items=[EntryBody.model_validate(entry) for entry in found])


@router.get("/calendar", summary="Calendar of all plans", responses=documented(RangeInvalid))
async def get_calendar_of_all(
    connection: ConnectionOf, services: ServicesOf, _: Reader, span: Annotated[Span, Depends()]
) -> Page[EntryBody]:
    """By due date: occurrences, and what would come after them. At most 5,000 of each."""
    first, last = span.bounds(from_us(services.clock()))
    found = await calendar_of(connection, None, first=first, last=last)
    return Page(items=[EntryBody.model_validate(entry) for entry in found])


@router.get("/load-forecast", summary="Load of the next year by week and craft")
async def get_load(
    connection: ConnectionOf,
    services: ServicesOf,
    _: Reader,
    site: Annotated[str | None, Query(description="Code of a site; left out: all.")] = None,
    weeks: Annotated[int, Query(ge=1, le=156, description="How many weeks ahead.")] = 53,
) -> Page[LoadBody]:
    """Minutes of preventive work that is due, against those that people of the craft work."""
    today = from_us(services.clock()).date()
    found = await load_forecast(connection, first=today, weeks=weeks, site=site)
    return Page(items=[LoadBody.of(week) for week in found])


@router.get("/{code}", summary="One maintenance plan", responses=documented(NotFound))
async def get_one(connection: ConnectionOf, _: Reader, code: Code, response: Response) -> PlanBody:
    """As it is written and as it stands. The ETag is its version."""
    plan = await get_plan(connection, code)
    response.headers["ETag"] = etag(plan.version)
    return PlanBody.of(plan)


@router.put(
    "/{code}",
    summary="Change a maintenance plan",
    responses=documented(
        NotFound,
        StaleVersion,
        KeptInFiles,
        RequirementMissing,
        PreconditionMissing,
        PreconditionInvalid,
    ),
)
async def put_plan(
    connection: ConnectionOf,
    caller: Keeper,
    held: Annotated[Held, Depends()],
    changed: PlanShape,
    response: Response,
) -> PlanBody:
    """What it has ahead follows; what was decided stays. `If-Match` holds the ETag that was read."""
    if changed.code != held.code:
        message = f"the code stays {held.code}"
        raise RequirementMissing(held.code, action="change", field="code", message=message)
    await get_plan(connection, held.code)
    version = version_of(held.if_match)
    await save_plan(connection, changed, actor=caller.name, expected_version=version)
    return await get_one(connection, caller, held.code, response)


@router.post(
    "/{code}/retirement",
    summary="Retire a maintenance plan",
    responses=documented(NotFound, KeptInFiles),
)
async def post_retirement(
    connection: ConnectionOf, caller: Keeper, code: Code, said: ReasonBody
) -> PlanBody:
    """It has nothing ahead any more; orders that it made stay."""
    await retire_plan(connection, code, actor=caller.name, reason=said.reason)
    return PlanBody.of(await get_plan(connection, code))


@router.post("/{code}/pause", summary="Pause a plan", responses=documented(NotFound))
async def post_pause(
    connection: ConnectionOf, caller: Keeper, code: Code, said: ReasonBody
) -> PlanBody:
    """What comes due meanwhile is skipped, with that reason."""
    await pause_plan(connection, code, actor=caller.name, reason=said.reason)
    return PlanBody.of(await get_plan(connection, code))


@router.post("/{code}/resume", summary="Let a paused plan go on", responses=documented(NotFound))
async def post_resume(connection: ConnectionOf, caller: Keeper, code: Code) -> PlanBody:
    """What comes due from now on becomes orders again."""
    await resume_plan(connection, code, actor=caller.name)
    return PlanBody.of(await get_plan(connection, code))


@router.get("/{code}/changes", summary="Story of a plan", responses=documented(NotFound))
async def get_changes(connection: ConnectionOf, _: Reader, code: Code) -> Page[PlanChangeBody]:
    """Its last hundred changes and decisions of people, newest first."""
    await get_plan(connection, code)
    found = await changes_of(connection, code)
    return Page(items=[PlanChangeBody.model_validate(change) for change in found])


@router.get(
    "/{code}/calendar",
    summary="Calendar of a plan",
    responses=documented(NotFound, RangeInvalid),
)
async def get_calendar(
    connection: ConnectionOf,
    services: ServicesOf,
    _: Reader,
    code: Code,
    span: Annotated[Span, Depends()],
) -> Page[EntryBody]:
    """By due date: its occurrences, and what would come after them."""
    first, last = span.bounds(from_us(services.clock()))
    await get_plan(connection, code)
    found = await calendar_of(connection, code, first=first, last=last)
    return Page(items=[EntryBody.model_validate(entry) for entry in found])


@router.get(
    "/{code}/occurrences",
    summary="Occurrences of a plan",
    responses=documented(NotFound, CursorInvalid),
)
async def get_occurrences(
    connection: ConnectionOf,
    _: Reader,
    code: Code,
    query: Annotated[OccurrenceQuery, Query()],
) -> Page[OccurrenceBody]:
    """By due date; those without a date come last."""
    await get_plan(connection, code)
    after = decode_cursor(query.cursor, str, int)
    wanted = OccurrenceFilter(code, query.asset, frozenset(query.state), query.first, query.last)
    found = await find_occurrences(
        connection,
        wanted,
        after=(after[0], after[1]) if after else ("-infinity", 0),
        limit=query.limit + 1,
    )
    page, following = cut(found, query.limit, _place)
    return Page(items=[OccurrenceBody.model_validate(each) for each in page], next=following)


@router.post(
    "/{code}/occurrences/{number}/skip",
    summary="Skip work that is ahead",
    responses=documented(NotFound, OccurrenceSettled),
)
async def post_skip(
    connection: ConnectionOf, caller: Keeper, piece: Annotated[Piece, Depends()], said: ReasonBody
) -> OccurrenceBody:
    """It is not asked for again; a floating plan goes on from its date."""
    await skip_occurrence(connection, piece.ahead, Said(caller.name, said.reason))
    return await _body(connection, piece)


@router.post(
    "/{code}/occurrences/{number}/release",
    summary="Make the order of work that is ahead",
    responses=documented(NotFound, OccurrenceSettled, AssetRetired),
)
async def post_release(
    connection: ConnectionOf, caller: Keeper, piece: Annotated[Piece, Depends()]
) -> OccurrenceBody:
    """Now, whenever it is due. Sent again it is refused, and makes no second order."""
    await release_occurrence(connection, piece.ahead, Said(caller.name))
    return await _body(connection, piece)


@router.post(
    "/{code}/occurrences/{number}/completion",
    summary="Note that work ahead was done",
    responses=documented(NotFound, OccurrenceSettled, TooEarly),
)
async def post_completion(
    connection: ConnectionOf, caller: Keeper, piece: Annotated[Piece, Depends()], said: DoneBody
) -> OccurrenceBody:
    """Without an order of its own, such as with a shutdown; it is not asked for again."""
    done = Said(caller.name, said.reason)
    await complete_occurrence(connection, piece.ahead, done, done_at=said.done_at)
    return await _body(connection, piece)


async def _body(connection: ConnectionOf, piece: Piece) -> OccurrenceBody:
    found = await get_occurrence(connection, piece.code, piece.number)
    return OccurrenceBody.model_validate(found)


def _place(found: Occurrence) -> list[int | str]:
    return [found.due_at.isoformat() if found.due_at else _NO_DATE, found.id]
