"""What could not be stored or read: listed, looked at, put again, given up."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.dead_letter import (
    DeadLetterBody,
    DeadLetterCount,
    DeadLetterDetail,
    DeadLetterQuery,
    DiscardBody,
    RetriedBody,
)
from api.bodies.page import Page, cut, decode_cursor
from api.errors import CursorInvalid
from api.guard import Reader, require
from api.problems import documented
from api.services import ConnectionOf, ServicesOf
from ingest.dead_letter_service import discard_dead_letter, retry_dead_letter
from ingest.dead_letters import count_dead_letters, find_dead_letters, get_dead_letter
from ingest.errors import (
    DeadLetterMissing,
    DeadLetterSettled,
    DiscardReasonMissing,
    RetryRefused,
)

router = APIRouter(prefix="/api/v1/dead-letters", tags=["Pipeline"])

Letter = Annotated[int, Path(ge=1, le=2**63 - 1, description="Its number.", examples=[17])]
Keeper = Annotated[Caller, Depends(require(Permission.ADMINISTER))]


@router.get("", summary="What could not be stored", responses=documented(CursorInvalid))
async def get_dead_letters(
    connection: ConnectionOf, _: Reader, query: Annotated[DeadLetterQuery, Query()]
) -> Page[DeadLetterBody]:
    """Newest first, each with the reason and what became of it."""
    before = decode_cursor(query.cursor, int)
    found = await find_dead_letters(
        connection, query.filter, before=before[0] if before else None, limit=query.limit + 1
    )
    page, following = cut(found, query.limit, lambda letter: [letter.id])
    return Page(items=[DeadLetterBody.model_validate(letter) for letter in page], next=following)


@router.get("/count", summary="How much could not be stored")
async def get_dead_letter_count(connection: ConnectionOf, _: Reader) -> DeadLetterCount:
    """How many dead letters wait for somebody."""
    return DeadLetterCount(count=await count_dead_letters(connection))


@router.get("/{letter}", summary="One dead letter", responses=documented(DeadLetterMissing))
async def get_one(connection: ConnectionOf, _: Reader, letter: Letter) -> DeadLetterDetail:
    """With what it holds: its rows, or the payload as it came."""
    return DeadLetterDetail.of(*await get_dead_letter(connection, letter))


@router.post(
    "/{letter}/retry",
    summary="Store a dead letter after all",
    responses=documented(DeadLetterMissing, DeadLetterSettled, RetryRefused),
)
async def post_retry(
    connection: ConnectionOf, services: ServicesOf, caller: Keeper, letter: Letter
) -> RetriedBody:
    """All of its rows or none, once; what is there already stays as it is."""
    retried = await retry_dead_letter(connection, letter, by=caller.name, span=services.span())
    return RetriedBody.model_validate(retried)


@router.post(
    "/{letter}/discard",
    summary="Give a dead letter up",
    responses=documented(DeadLetterMissing, DeadLetterSettled, DiscardReasonMissing),
)
async def post_discard(
    connection: ConnectionOf, caller: Keeper, letter: Letter, said: DiscardBody
) -> DeadLetterDetail:
    """It stays to be looked at, with who gave it up, when and why, until it is too old."""
    await discard_dead_letter(connection, letter, by=caller.name, reason=said.reason)
    return DeadLetterDetail.of(*await get_dead_letter(connection, letter))
