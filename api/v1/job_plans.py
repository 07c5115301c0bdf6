"""Job plans: how work is done, in versions."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Response

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.job_plan import JobPlanBody, JobPlanQuery
from api.bodies.page import Page, cut, decode_cursor
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
from api.v1.repeatable import IdempotencyKey
from maintenance.errors import CodeTaken, KeptInFiles, NotFound, StaleVersion, StepValueInvalid
from maintenance.job_plans.file import JobPlanShape
from maintenance.job_plans.plan import PlanKind
from maintenance.job_plans.queries import current_plan, list_plans, versions_of
from maintenance.job_plans.service import retire_plan, save_plan

router = APIRouter(prefix="/api/v1/job-plans", tags=["Job plans"])

Code = Annotated[str, Path(description="Code of the job plan.", examples=["inspect-bearing"])]
Keeper = Annotated[Caller, Depends(require(Permission.KEEP_JOB_PLANS))]
IfMatch = Annotated[
    str | None, Header(description="The plan's ETag as it was read.", examples=['"3"'])
]
DryRun = Annotated[bool, Query(description="Say what would be, and change nothing.")]


@dataclass(frozen=True, slots=True)
class Held:
    """A plan as a caller read it: its code, and its ETag then."""

    code: Code
    if_match: IfMatch = None


@router.get("", summary="List job plans", responses=documented(CursorInvalid))
async def get_plans(
    connection: ConnectionOf, _: Reader, query: Annotated[JobPlanQuery, Query()]
) -> Page[JobPlanBody]:
    """The current version of each, by code. Retired ones are left out."""
    after = decode_cursor(query.cursor, str)
    found = await list_plans(
        connection,
        PlanKind.JOB_PLAN,
        asset_class=query.asset_class,
        after=after[0] if after else "",
        limit=query.limit + 1,
    )
    page, following = cut(found, query.limit, lambda one: [one.plan.code])
    return Page(items=[JobPlanBody.of(one) for one in page], next=following)


@router.post(
    "",
    status_code=201,
    summary="Make a job plan",
    responses=documented(
        StaleVersion, KeptInFiles, CodeTaken, IdempotencyKeyInFlight, IdempotencyKeyReused
    ),
)
async def post_plan(
    connection: ConnectionOf,
    caller: Keeper,
    new: JobPlanShape,
    response: Response,
    *,
    key: IdempotencyKey = None,
    dry_run: DryRun = False,
) -> JobPlanBody:
    """Its version 1. Steps that do not fit their kind are refused, each with what would be right."""

    async def make() -> Answer:
        async with connection.transaction(force_rollback=dry_run):
            made = await save_plan(
                connection, new.to_domain(), actor=caller.name, expected_version=0
            )
        return Answer(201, JobPlanBody.of(made).model_dump(mode="json"))

    request = new.model_dump_json().encode()
    answer = await once(connection, caller.identity, None if dry_run else key, request, make)
    body = JobPlanBody.model_validate(answer.body)
    response.headers["ETag"] = etag(body.version)
    response.headers["Location"] = f"{router.prefix}/{body.code}"
    return body


@router.get("/{code}", summary="One job plan", responses=documented(NotFound))
async def get_plan(
    connection: ConnectionOf, _: Reader, code: Code, response: Response
) -> JobPlanBody:
    """Its current version, the one that a new order gets."""
    found = await current_plan(connection, code)
    if found.plan.kind is not PlanKind.JOB_PLAN:
        raise NotFound("job plan", code)
    response.headers["ETag"] = etag(found.version)
    return JobPlanBody.of(found)


@router.get("/{code}/versions", summary="Versions of a job plan", responses=documented(NotFound))
async def get_versions(connection: ConnectionOf, _: Reader, code: Code) -> Page[JobPlanBody]:
    """Newest first; none of them ever changes."""
    found = await versions_of(connection, code)
    return Page(items=[JobPlanBody.of(one) for one in found if one.plan.kind is PlanKind.JOB_PLAN])


@router.put(
    "/{code}",
    summary="Change a job plan",
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
async def put_plan(
    connection: ConnectionOf,
    caller: Keeper,
    held: Annotated[Held, Depends()],
    changed: JobPlanShape,
    response: Response,
    *,
    dry_run: DryRun = False,
) -> JobPlanBody:
    """A new version, where something differs. Orders keep the version that they began with."""
    if changed.code != held.code:
        raise StepValueInvalid("code", f"the code stays {held.code}")
    await current_plan(connection, held.code)
    async with connection.transaction(force_rollback=dry_run):
        made = await save_plan(
            connection,
            changed.to_domain(),
            actor=caller.name,
            expected_version=version_of(held.if_match),
        )
    response.headers["ETag"] = etag(made.version)
    return JobPlanBody.of(made)


@router.post(
    "/{code}/retirement", summary="Retire a job plan", responses=documented(NotFound, KeptInFiles)
)
async def post_retirement(connection: ConnectionOf, _: Keeper, code: Code) -> JobPlanBody:
    """No new order gets it any more; those that have it keep it."""
    await retire_plan(connection, code)
    return JobPlanBody.of(await current_plan(connection, code))
