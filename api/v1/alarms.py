"""What keeps alarms silent: shelves, what is out of service, suppressions by design; and counts."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.alarm import (
    CountsBody,
    EndBody,
    IdBody,
    NewOutageBody,
    NewSuppressionBody,
    OutageBody,
    ShelfBody,
    SilenceChangeBody,
    SilenceQuery,
    SuppressionBody,
)
from api.bodies.page import Page, PageQuery, cut, decode_cursor
from api.errors import CursorInvalid, IdempotencyKeyInFlight, IdempotencyKeyReused
from api.guard import Reader, require
from api.problems import documented
from api.services import ConnectionOf, ServicesOf
from api.v1.repeatable import IdempotencyKey, repeatable
from conditions import alarm_service
from conditions.alarm_queries import (
    find_outages,
    find_shelves,
    find_silence_changes,
    find_suppressions,
)
from conditions.alarm_service import Saying
from conditions.errors import AlreadyOutOfService, AssetUnknown, NotInForce, RuleUnknown
from conditions.event_queries import count_events
from config.clock import from_us

router = APIRouter(prefix="/api/v1", tags=["Alarms"])

Silencer = Annotated[Caller, Depends(require(Permission.SILENCE))]
Id = Annotated[int, Path(ge=1, le=2**63 - 1, examples=[1])]


@router.get("/alarm-counts", summary="Open events by their flags")
async def get_counts(connection: ConnectionOf, _: Reader) -> CountsBody:
    """What is before people, and what is kept from them."""
    return CountsBody.model_validate(await count_events(connection))


@router.get("/alarm-shelves", summary="List shelves", responses=documented(CursorInvalid))
async def get_shelves(
    connection: ConnectionOf, _: Reader, query: Annotated[SilenceQuery, Query()]
) -> Page[ShelfBody]:
    """Those in force, newest first; shelve and unshelve by an event."""
    found = await find_shelves(
        connection, ended=query.ended, before=_before(query), limit=query.limit + 1
    )
    page, following = cut(found, query.limit, lambda shelf: [shelf.id])
    return Page(items=[ShelfBody.model_validate(shelf) for shelf in page], next=following)


@router.get(
    "/alarm-outages", summary="List what is out of service", responses=documented(CursorInvalid)
)
async def get_outages(
    connection: ConnectionOf, _: Reader, query: Annotated[SilenceQuery, Query()]
) -> Page[OutageBody]:
    """Newest first."""
    found = await find_outages(
        connection, ended=query.ended, before=_before(query), limit=query.limit + 1
    )
    page, following = cut(found, query.limit, lambda outage: [outage.id])
    return Page(items=[OutageBody.model_validate(outage) for outage in page], next=following)


@router.post(
    "/alarm-outages",
    status_code=201,
    summary="Take alarms out of service",
    responses=documented(
        AssetUnknown,
        RuleUnknown,
        AlreadyOutOfService,
        IdempotencyKeyInFlight,
        IdempotencyKeyReused,
    ),
)
async def post_outage(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Silencer,
    new: NewOutageBody,
    key: IdempotencyKey = None,
) -> IdBody:
    """Those of an asset and its parts, or of one rule on it, until they are returned."""

    async def make() -> IdBody:
        made = await alarm_service.take_out_of_service(
            connection,
            new.asset,
            new.rule,
            Saying(caller.name, new.reason),
            now=from_us(services.clock()),
        )
        return IdBody(id=made)

    return await repeatable(connection, caller, key, ("alarm-outages", new), make)


@router.post(
    "/alarm-outages/{outage_id}/return",
    summary="Return alarms to service",
    responses=documented(NotInForce),
)
async def post_return(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Silencer,
    outage_id: Id,
    said: EndBody | None = None,
) -> IdBody:
    """What is still active is annunciated now."""
    saying = Saying(caller.name, said.reason if said else "")
    now = from_us(services.clock())
    await alarm_service.return_to_service(connection, outage_id, saying, now=now)
    return IdBody(id=outage_id)


@router.get("/alarm-suppressions", summary="List suppressions", responses=documented(CursorInvalid))
async def get_suppressions(
    connection: ConnectionOf, _: Reader, query: Annotated[SilenceQuery, Query()]
) -> Page[SuppressionBody]:
    """Newest first. Besides these, rules say their own, and maintenance always suppresses."""
    found = await find_suppressions(
        connection, ended=query.ended, before=_before(query), limit=query.limit + 1
    )
    page, following = cut(found, query.limit, lambda one: [one.id])
    return Page(items=[SuppressionBody.model_validate(one) for one in page], next=following)


@router.post(
    "/alarm-suppressions",
    status_code=201,
    summary="Suppress alarms by design",
    responses=documented(AssetUnknown, RuleUnknown, IdempotencyKeyInFlight, IdempotencyKeyReused),
)
async def post_suppression(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Silencer,
    new: NewSuppressionBody,
    key: IdempotencyKey = None,
) -> IdBody:
    """While an event above is active, an asset is in a state, or in a window of local time."""

    async def make() -> IdBody:
        made = await alarm_service.suppress(
            connection,
            new.to_domain(),
            Saying(caller.name, new.reason),
            asset=new.asset,
            rule=new.rule,
            now=from_us(services.clock()),
        )
        return IdBody(id=made)

    return await repeatable(connection, caller, key, ("alarm-suppressions", new), make)


@router.post(
    "/alarm-suppressions/{suppression_id}/end",
    summary="End a suppression",
    responses=documented(NotInForce),
)
async def post_end(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Silencer,
    suppression_id: Id,
    said: EndBody | None = None,
) -> IdBody:
    """What is still active is annunciated now."""
    saying = Saying(caller.name, said.reason if said else "")
    now = from_us(services.clock())
    await alarm_service.end_suppression(connection, suppression_id, saying, now=now)
    return IdBody(id=suppression_id)


@router.get(
    "/alarm-silence-changes",
    summary="What was done about silences",
    responses=documented(CursorInvalid),
)
async def get_changes(
    connection: ConnectionOf, _: Reader, query: Annotated[PageQuery, Query()]
) -> Page[SilenceChangeBody]:
    """Newest first: who shelved, suppressed or took out of service what, who ended it, and why."""
    found = await find_silence_changes(connection, before=_before(query), limit=query.limit + 1)
    page, following = cut(found, query.limit, lambda one: [one.id])
    return Page(items=[SilenceChangeBody.model_validate(one) for one in page], next=following)


def _before(query: PageQuery) -> int | None:
    key = decode_cursor(query.cursor, int)
    return key[0] if key else None
