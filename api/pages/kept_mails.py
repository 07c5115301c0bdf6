"""The page of mails that could not be made requests."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.access.caller import Caller
from api.access.roles import Permission
from api.guard import require
from api.pages.places import load_places
from api.pages.render import render
from api.services import ConnectionOf
from maintenance.requests.mail.queries import find_kept

router = APIRouter(include_in_schema=False)

_SHOWN = 100


@router.get("/kept-mails")
async def get_kept_mails(
    request: Request,
    connection: ConnectionOf,
    caller: Annotated[Caller, Depends(require(Permission.APPROVE))],
) -> Response:
    """Those that wait, newest first; as they are settled, older ones come up."""
    return render(
        request,
        "kept-mails.html",
        caller=caller,
        places=await load_places(connection),
        mails=await find_kept(connection, limit=_SHOWN),
    )
