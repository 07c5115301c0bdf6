"""The way of a reading from outside: who runs, what could not be placed."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.bodies.page import LARGEST_PAGE, Page
from api.bodies.pipeline import FiguresBody, PlantStatus, RoleBody, UnknownTagBody
from api.guard import Reader
from api.services import ConnectionOf, ServicesOf, current_problems
from ingest.unknown import unknown_tags

router = APIRouter(prefix="/api/v1", tags=["Pipeline"])


@router.get("/status", summary="State of roles and sources")
async def get_status(services: ServicesOf, _: Reader) -> PlantStatus:
    """What every process last said about itself, and the plant's figures."""
    return PlantStatus(
        database=services.database.reachable,
        log=services.log.connected,
        problems=current_problems(services),
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
