"""Work requests: report, look for what is known already, triage, answer."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Response

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.page import Page, cut, decode_cursor
from api.bodies.request import (
    ConfirmationBody,
    DecisionBody,
    IntakeBody,
    IntakeQuery,
    JoinBody,
    NewRequestBody,
    RatingBody,
    RejectionBody,
    RequestBody,
    RequestChangeBody,
    RequestCommentBody,
    RequestQuery,
    SimilarBody,
    SimilarQuery,
)
from api.entity_tag import etag, version_of
from api.errors import (
    CursorInvalid,
    IdempotencyKeyInFlight,
    IdempotencyKeyReused,
    NotPermitted,
    PreconditionInvalid,
    PreconditionMissing,
)
from api.guard import Reader, require
from api.idempotency import Answer, once
from api.problems import documented
from api.services import ConnectionOf, ServicesOf
from api.v1.repeatable import IdempotencyKey
from config.clock import from_us
from maintenance.errors import (
    AssetRetired,
    CodeUnknown,
    ImportRefused,
    JoinRefused,
    NotFound,
    RequirementMissing,
    StaleVersion,
    TransitionRefused,
)
from maintenance.requests import service, triage
from maintenance.requests.intake import take_in
from maintenance.requests.queries import RequestFilters, changes_of, find_requests, get_request
from maintenance.requests.request import Channel, NewRequest, WorkRequest
from maintenance.requests.similar import Asked, find_similar

router = APIRouter(prefix="/api/v1/requests", tags=["Work requests"])

Number = Annotated[str, Path(description="Number of the request.", examples=["WR-000001"])]
Requester = Annotated[Caller, Depends(require(Permission.CREATE))]
Planner = Annotated[Caller, Depends(require(Permission.APPROVE))]

_TRIAGE = documented(
    NotFound, StaleVersion, TransitionRefused, PreconditionMissing, PreconditionInvalid
)


@dataclass(frozen=True, slots=True)
class Held:
    """A request as a caller read it: its number, and its ETag then."""

    number: Number
    if_match: Annotated[
        str | None, Header(description="The request's ETag as it was read.", examples=['"1"'])
    ] = None


HeldOf = Annotated[Held, Depends()]


@router.get("", summary="List work requests", responses=documented(CursorInvalid))
async def get_requests(
    connection: ConnectionOf, _: Reader, query: Annotated[RequestQuery, Query()]
) -> Page[RequestBody]:
    """Newest first."""
    after = decode_cursor(query.cursor, int)
    filters = RequestFilters(
        states=frozenset(query.state),
        channel=query.channel,
        asset=query.asset,
        requester=query.requester,
    )
    found = await find_requests(
        connection, filters, after=after[0] if after else None, limit=query.limit + 1
    )
    page, following = cut(found, query.limit, lambda request: [request.id])
    return Page(items=[RequestBody.of(request) for request in page], next=following)


@router.post(
    "",
    status_code=201,
    summary="Report a fault",
    responses=documented(
        NotFound, CodeUnknown, RequirementMissing, IdempotencyKeyInFlight, IdempotencyKeyReused
    ),
)
async def post_request(
    connection: ConnectionOf,
    caller: Requester,
    new: NewRequestBody,
    response: Response,
    key: IdempotencyKey = None,
) -> RequestBody:
    """A new request; one whose `external_id` came before is given back as it stands."""

    async def create() -> Answer:
        wanted = NewRequest(**new.model_dump(), channel=Channel.API)
        reported = await service.report(connection, wanted, actor=caller.name)
        body = RequestBody.of(reported.request).model_dump(mode="json")
        return Answer(201 if reported.is_new else 200, body)

    request = new.model_dump_json().encode()
    kept_as = None if key is None else f"request:{key}"
    answer = await once(connection, caller.identity, kept_as, request, create)
    body = RequestBody.model_validate(answer.body)
    response.status_code = answer.status
    response.headers["ETag"] = etag(body.version)
    response.headers["Location"] = f"{router.prefix}/{body.number}"
    return body


@router.post("/import", summary="Take in a file of requests", responses=documented(ImportRefused))
async def post_import(
    connection: ConnectionOf,
    caller: Planner,
    query: Annotated[IntakeQuery, Query()],
    text: Annotated[
        str,
        Body(
            media_type="text/csv",
            max_length=5_000_000,
            examples=["external_id,title,asset\n7,Seal drips,P-101\n"],
        ),
    ],
) -> IntakeBody:
    """CSV with a header: all rows or none; a row that came before is the same request."""
    taken = await take_in(connection, text, actor=caller.name, dry_run=query.dry_run)
    return IntakeBody(new=taken.new, made=list(taken.made), known=list(taken.known))


@router.get("/similar", summary="What may be the same problem")
async def get_similar(
    connection: ConnectionOf,
    services: ServicesOf,
    _: Reader,
    query: Annotated[SimilarQuery, Query()],
) -> Page[SimilarBody]:
    """Open orders and new requests at the asset, its parts and what it is a part of, with why."""
    asked = Asked(query.text, query.asset, query.failure_mode, query.but)
    found = await find_similar(connection, asked, now=from_us(services.clock()))
    return Page(items=[SimilarBody.model_validate(each) for each in found])


@router.get("/{number}", summary="One work request", responses=documented(NotFound))
async def get_one(
    connection: ConnectionOf, _: Reader, number: Number, response: Response
) -> RequestBody:
    """As it stands. The ETag is its version."""
    return _body(await get_request(connection, number), response)


@router.get("/{number}/changes", summary="Audit trail of a request", responses=documented(NotFound))
async def get_changes(
    connection: ConnectionOf, _: Reader, number: Number
) -> Page[RequestChangeBody]:
    """Every change that was made to it, oldest first."""
    changes = await changes_of(connection, await get_request(connection, number))
    return Page(items=[RequestChangeBody.model_validate(change) for change in changes])


@router.post(
    "/{number}/accept",
    summary="Make work of a request",
    responses=_TRIAGE | documented(NotFound, RequirementMissing, AssetRetired, JoinRefused),
)
async def post_accept(
    connection: ConnectionOf,
    caller: Planner,
    held: HeldOf,
    response: Response,
    said: DecisionBody | None = None,
) -> RequestBody:
    """It joins the open order of the same problem, else becomes one of its own."""
    decision = triage.Decision(**(said or DecisionBody()).model_dump())
    version = version_of(held.if_match)
    request = await triage.accept(
        connection, held.number, decision, expected_version=version, actor=caller.name
    )
    return _body(request, response)


@router.post(
    "/{number}/reject",
    summary="Decline a request",
    responses=_TRIAGE | documented(RequirementMissing, TransitionRefused),
)
async def post_reject(
    connection: ConnectionOf,
    caller: Planner,
    held: HeldOf,
    said: RejectionBody,
    response: Response,
) -> RequestBody:
    """With a reason, which the requester reads; its duplicates are declined with it."""
    version = version_of(held.if_match)
    request = await triage.reject(
        connection, held.number, said.reason, expected_version=version, actor=caller.name
    )
    return _body(request, response)


@router.post(
    "/{number}/join",
    summary="Say that a request is a duplicate",
    responses=_TRIAGE | documented(JoinRefused, TransitionRefused),
)
async def post_join(
    connection: ConnectionOf, caller: Planner, held: HeldOf, said: JoinBody, response: Response
) -> RequestBody:
    """Of another request or of an open order: its requester follows that."""
    version = version_of(held.if_match)
    request = await triage.join(
        connection, held.number, said.first, expected_version=version, actor=caller.name
    )
    return _body(request, response)


@router.post(
    "/{number}/comments",
    status_code=201,
    summary="Add a word to a request",
    responses=documented(NotFound, RequirementMissing),
)
async def post_comment(
    connection: ConnectionOf,
    caller: Requester,
    number: Number,
    said: RequestCommentBody,
    response: Response,
) -> RequestBody:
    """The requester and whoever works on its order read it."""
    return _body(await service.comment(connection, number, said.text, actor=caller.name), response)


@router.post(
    "/{number}/withdraw",
    summary="Take a request back",
    responses=documented(NotFound, TransitionRefused),
)
async def post_withdraw(
    connection: ConnectionOf, caller: Requester, number: Number, response: Response
) -> RequestBody:
    """By the requester, or a planner; possible until it is triaged."""
    await _demand_own(connection, number, caller)
    return _body(await service.withdraw(connection, number, actor=caller.name), response)


@router.post(
    "/{number}/confirm",
    summary="Say whether the work helped",
    responses=documented(NotFound, RequirementMissing),
)
async def post_confirm(
    connection: ConnectionOf,
    caller: Requester,
    number: Number,
    said: ConfirmationBody,
    response: Response,
) -> RequestBody:
    """By the requester, or a planner who was told; where it did not help, the order is reopened."""
    await _demand_own(connection, number, caller)
    request = await service.confirm(
        connection, number, fixed=said.fixed, remark=said.remark, actor=caller.name
    )
    return _body(request, response)


@router.post(
    "/{number}/rate",
    summary="Rate the work",
    responses=documented(NotFound, RequirementMissing),
)
async def post_rate(
    connection: ConnectionOf,
    caller: Requester,
    number: Number,
    said: RatingBody,
    response: Response,
) -> RequestBody:
    """1 to 5, by the requester, or a planner who was told; rated again, the last one stands."""
    await _demand_own(connection, number, caller)
    request = await service.rate(
        connection, number, said.rating, remark=said.remark, actor=caller.name
    )
    return _body(request, response)


def may_answer(caller: Caller, request: WorkRequest) -> bool:
    """Whether a caller speaks for the requester: it is them, or a planner whom they told."""
    return caller.name == request.requester or caller.may(Permission.APPROVE)


async def _demand_own(connection: ConnectionOf, number: str, caller: Caller) -> None:
    if not may_answer(caller, await get_request(connection, number)):
        raise NotPermitted(f"{number} is somebody else's: ask them, or a planner")


def _body(request: WorkRequest, response: Response) -> RequestBody:
    response.headers["ETag"] = etag(request.version)
    return RequestBody.of(request)
