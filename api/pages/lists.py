"""The pages of all work orders, and of what runs behind them."""

from fastapi import APIRouter, Request, Response

from api.access.roles import Permission
from api.guard import Reader
from api.pages.places import load_places
from api.pages.render import render
from api.plant_counts import plant_counts
from api.services import ConnectionOf, ServicesOf, current_problems
from ingest.dead_letters import LetterFilter, LetterState, find_dead_letters
from ingest.unknown import unknown_by_source, unknown_tags

router = APIRouter(include_in_schema=False)

_SHOWN = 20


@router.get("/system")
async def get_system(
    request: Request, connection: ConnectionOf, services: ServicesOf, caller: Reader
) -> Response:
    """Every role and source, tags without a point, what could not be stored."""
    return render(
        request,
        "system.html",
        caller=caller,
        places=await load_places(connection),
        roles=services.board.roles(),
        unknown=await unknown_tags(connection, limit=_SHOWN),
        unknown_by_source=await unknown_by_source(connection),
        letters=await find_dead_letters(connection, LetterFilter(LetterState.OPEN), limit=_SHOWN),
        counts=await plant_counts(connection),
        problems=current_problems(services),
        may_settle=caller.may(Permission.ADMINISTER),
    )
