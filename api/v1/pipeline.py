"""The way of a reading from outside: who runs, what could not be placed or stored."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.bodies.page import LARGEST_PAGE, Page, PageQuery, cut, decode_cursor
from api.bodies.pipeline import (
    DeadLetterBody,
    DeadLetterCount,
    FiguresBody,
    PlantStatus,
    RoleBody,
    UnknownTagBody,
)
from api.errors import CursorInvalid
from api.guard import Reader
from api.problems import documented
from api.services import ConnectionOf, ServicesOf
from ingest.dead_letters import count_dead_letters, find_dead_letters
from ingest.unknown import unknown_tags

router = APIRouter(prefix="/api/v1", tags=["Pipeline"])


@router.get("/status", summary="State of roles and sources")
async def get_status(services: ServicesOf, _: Reader) -> PlantStatus:
    """What every process last said about itself, and the plant's figures."""
    return PlantStatus(
        database=services.database.reachable,
        log=services.log.connected,
        figures=FiguresBody.model_validate(services.board.figures()),
        roles=[RoleBody.of(state) for state in services.board.roles()],
    )


@router.get("/unknown-tags", summary="Tags without a point")
async def get_unknown_tags(
    connection: ConnectionOf,
    _: Reader,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 100,
) -> Page[UnknownTagBody]:
    """Those heard last first. Their readings are kept and bound as soon as a point is there."""
    found = await unknown_tags(connection, limit=limit)
    return Page(items=[UnknownTagBody.model_validate(tag) for tag in found])


@router.get(
    "/dead-letters", summary="What could not be stored", responses=documented(CursorInvalid)
)
async def get_dead_letters(
    connection: ConnectionOf, _: Reader, query: Annotated[PageQuery, Query()]
) -> Page[DeadLetterBody]:
    """Newest first, each with the reason."""
    before = decode_cursor(query.cursor, int)
    found = await find_dead_letters(
        connection, before=before[0] if before else None, limit=query.limit + 1
    )
    page, following = cut(found, query.limit, lambda letter: [letter.id])
    return Page(items=[DeadLetterBody.model_validate(letter) for letter in page], next=following)


@router.get("/dead-letters/count", summary="How much could not be stored")
async def get_dead_letter_count(connection: ConnectionOf, _: Reader) -> DeadLetterCount:
    """How many dead letters are kept."""
    return DeadLetterCount(count=await count_dead_letters(connection))
