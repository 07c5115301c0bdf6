"""Inspection rounds: routes, and the walks along them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.job_plan import RoundBody
from api.bodies.order import OrderBody
from api.bodies.page import Page, PageQuery, cut, decode_cursor
from api.bodies.walk import WalkBody
from api.entity_tag import etag, version_of
from api.errors import (
    CursorInvalid,
    IdempotencyKeyInFlight,
    IdempotencyKeyReused,
    PreconditionInvalid,
    PreconditionMissing,
)
from api.guard import Reader, require
from api.idempotency import Answer, once
from api.problems import documented
from api.services import ConnectionOf
from api.v1.job_plans import DryRun, Held, Keeper
from api.v1.repeatable import IdempotencyKey
from config.database import Connection
from maintenance.errors import (
    AssetRetired,
    CodeTaken,
    KeptInFiles,
    NotFound,
    PlanUnknown,
    StaleVersion,
    StepValueInvalid,
)
from maintenance.job_plans.plan import PlanKind
from maintenance.job_plans.queries import PlanVersion, current_plan, list_plans, versions_of
from maintenance.job_plans.service import retire_plan
from maintenance.rounds.file import RoundShape
from maintenance.rounds.queries import walks_of
from maintenance.rounds.service import save_round, start_round

router = APIRouter(prefix="/api/v1/rounds", tags=["Inspection rounds"])

Code = Annotated[str, Path(description="Code of the round.", examples=["morning-round"])]


@router.get("", summary="List inspection rounds", responses=documented(CursorInvalid))
async def get_rounds(
    connection: ConnectionOf, _: Reader, query: Annotated[PageQuery, Query()]
) -> Page[RoundBody]:
    """The current version of each, by code. Retired ones are left out."""
    after = decode_cursor(query.cursor, str)
    found = await list_plans(
        connection, PlanKind.ROUND, after=after[0] if after else "", limit=query.limit + 1
    )
    page, following = cut(found, query.limit, lambda one: [one.plan.code])
    return Page(items=[RoundBody.of(one) for one in page], next=following)


@router.post(
    "",
    status_code=201,
    summary="Make an inspection round",
    responses=documented(
        NotFound, StaleVersion, KeptInFiles, CodeTaken, IdempotencyKeyInFlight, IdempotencyKeyReused
    ),
)
async def post_round(
    connection: ConnectionOf,
    caller: Keeper,
    new: RoundShape,
    response: Response,
    *,
    key: IdempotencyKey = None,
    dry_run: DryRun = False,
) -> RoundBody:
    """Its version 1. Every asset on its way has to be in the register."""

    async def make() -> Answer:
        async with connection.transaction(force_rollback=dry_run):
            made = await save_round(
                connection, new.to_domain(), actor=caller.name, expected_version=0
            )
        return Answer(201, RoundBody.of(made).model_dump(mode="json"))

    request = new.model_dump_json().encode()
    answer = await once(connection, caller.identity, None if dry_run else key, request, make)
    body = RoundBody.model_validate(answer.body)
    response.headers["ETag"] = etag(body.version)
    response.headers["Location"] = f"{router.prefix}/{body.code}"
    return body


@router.get("/{code}", summary="One inspection round", responses=documented(NotFound))
async def get_round(
    connection: ConnectionOf, _: Reader, code: Code, response: Response
) -> RoundBody:
    """Its current version, the one that is walked next."""
    found = await _existing(connection, code)
    response.headers["ETag"] = etag(found.version)
    return RoundBody.of(found)


@router.get("/{code}/versions", summary="Versions of a round", responses=documented(NotFound))
async def get_versions(connection: ConnectionOf, _: Reader, code: Code) -> Page[RoundBody]:
    """Newest first; none of them ever changes."""
    await _existing(connection, code)
    return Page(items=[RoundBody.of(one) for one in await versions_of(connection, code)])


@router.put(
    "/{code}",
    summary="Change an inspection round",
    responses=documented(
        NotFound,
        StaleVersion,
        KeptInFiles,
        CodeTaken,
        StepValueInvalid,
        PreconditionMissing,
        PreconditionInvalid,
    ),
)
async def put_round(
    connection: ConnectionOf,
    caller: Keeper,
    held: Annotated[Held, Depends()],
    changed: RoundShape,
    response: Response,
    *,
    dry_run: DryRun = False,
) -> RoundBody:
    """A new version, where something differs. A walk that has begun keeps its own."""
    if changed.code != held.code:
        raise StepValueInvalid("code", f"the code stays {held.code}")
    await _existing(connection, held.code)
    async with connection.transaction(force_rollback=dry_run):
        made = await save_round(
            connection,
            changed.to_domain(),
            actor=caller.name,
            expected_version=version_of(held.if_match),
        )
    response.headers["ETag"] = etag(made.version)
    return RoundBody.of(made)


@router.post(
    "/{code}/retirement", summary="Retire a round", responses=documented(NotFound, KeptInFiles)
)
async def post_retirement(connection: ConnectionOf, _: Keeper, code: Code) -> RoundBody:
    """It is walked no more; the walks that were made stay."""
    await _existing(connection, code)
    await retire_plan(connection, code)
    return RoundBody.of(await current_plan(connection, code))


@router.post(
    "/{code}/walks",
    status_code=201,
    summary="Begin a walk",
    responses=documented(NotFound, PlanUnknown, AssetRetired),
)
async def post_walk(
    connection: ConnectionOf,
    caller: Annotated[Caller, Depends(require(Permission.WORK))],
    code: Code,
    response: Response,
) -> OrderBody:
    """An inspection order in progress, with the steps of every stop.

    While a walk is not over, it is that one: asking twice begins one.
    """
    order = await start_round(connection, code, actor=caller.name)
    response.headers["ETag"] = etag(order.version)
    response.headers["Location"] = f"/api/v1/work-orders/{order.number}"
    return OrderBody.of(order)


@router.get("/{code}/walks", summary="Walks of a round", responses=documented(NotFound))
async def get_walks(connection: ConnectionOf, _: Reader, code: Code) -> Page[WalkBody]:
    """The newest hundred, newest first, each with what it missed."""
    await _existing(connection, code)
    walks = await walks_of(connection, code, limit=100)
    return Page(items=[WalkBody.model_validate(walk) for walk in walks])


async def _existing(connection: Connection, code: str) -> PlanVersion:
    found = await current_plan(connection, code)
    if found.plan.kind is not PlanKind.ROUND:
        raise NotFound("round", code)
    return found
