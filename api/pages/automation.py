"""The page of automation: where messages go, what rules do, what they did, what became of messages."""

from fastapi import APIRouter, Request, Response

from api.access.roles import Permission
from api.bodies.automation import ChannelBody
from api.guard import Reader
from api.pages.places import load_places
from api.pages.render import render
from api.services import ConnectionOf
from maintenance.automation import queries
from maintenance.automation.delivery import DeliveryState

router = APIRouter(include_in_schema=False)

_SHOWN = 30
_TO_SETTLE = (DeliveryState.UNCERTAIN, DeliveryState.GIVEN_UP)


@router.get("/automation")
async def get_automation(request: Request, connection: ConnectionOf, caller: Reader) -> Response:
    """Channels and messages are shown to administrators alone."""
    administers = caller.may(Permission.ADMINISTER)
    channels = await queries.channels(connection) if administers else {}
    messages = await queries.find_deliveries(connection, limit=_SHOWN) if administers else []
    return render(
        request,
        "automation.html",
        caller=caller,
        places=await load_places(connection),
        administers=administers,
        channels=[ChannelBody.of(one) for one in channels.values() if one.retired_at is None],
        automations=list((await queries.automations(connection)).values()),
        runs=await queries.find_runs(connection, limit=_SHOWN),
        messages=messages,
        to_settle=_TO_SETTLE,
    )
