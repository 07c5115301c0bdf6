"""The page of the codes that orders use: reasons for holds, and failure codes of ISO 14224."""

from fastapi import APIRouter, Request, Response

from api.guard import Reader
from api.pages.places import load_places
from api.pages.render import render
from api.services import ConnectionOf
from maintenance.orders.code_use import failure_code_use, hold_reason_use
from maintenance.orders.failure_report import CodeKind

router = APIRouter(include_in_schema=False)

_NAMES = (
    (CodeKind.MODE, "Failure modes", "how it shows"),
    (CodeKind.MECHANISM, "Mechanisms", "what the part went through"),
    (CodeKind.CAUSE, "Causes", "what led to it"),
    (CodeKind.DETECTION, "Detection", "how it was found"),
    (CodeKind.ACTIVITY, "Activities", "what was done: the remedy"),
)


@router.get("/codes")
async def get_codes(request: Request, connection: ConnectionOf, caller: Reader) -> Response:
    """Every code with how often it is used."""
    codes = await failure_code_use(connection)
    kinds = [
        (name, what, [one for one in codes if one.kind is kind]) for kind, name, what in _NAMES
    ]
    return render(
        request,
        "codes.html",
        caller=caller,
        places=await load_places(connection),
        reasons=await hold_reason_use(connection),
        kinds=kinds,
    )
