"""Changes as they happen, as server-sent events for open pages."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter
from fastapi.sse import EventSourceResponse, ServerSentEvent

from api.bodies.pipeline import FiguresBody
from api.guard import Reader
from api.live.feed import Notice
from api.services import Services, ServicesOf
from config.status import EVERY_S

router = APIRouter(prefix="/api/v1", tags=["Stream"])

_RETRY_MS = 2000


@router.get("/stream", summary="Changes as they happen", response_class=EventSourceResponse)
async def get_stream(services: ServicesOf, _: Reader) -> AsyncIterator[ServerSentEvent]:
    """Events `work_order` and `condition_event` with an id, and `status` each second.

    An empty id means that any may have changed. What happened while a client was away is not told
    again: after connecting it has to look for itself.
    """
    with services.feed.subscribe() as notices:
        yield ServerSentEvent(event="status", data=_status(services), retry=_RETRY_MS)
        while True:
            for notice in await _waiting(notices):
                yield ServerSentEvent(event=notice.topic, data={"id": notice.id})
            yield ServerSentEvent(event="status", data=_status(services))


async def _waiting(notices: asyncio.Queue[Notice]) -> list[Notice]:
    """The notices that have come, once there is one or a second has passed; each of them once."""
    try:
        async with asyncio.timeout(EVERY_S):
            found = [await notices.get()]
    except TimeoutError:
        return []
    while not notices.empty():
        found.append(notices.get_nowait())
    return list(dict.fromkeys(found))


def _status(services: Services) -> dict[str, object]:
    figures = FiguresBody.model_validate(services.board.figures()).model_dump()
    return {**figures, "database": services.database.reachable, "log": services.log.connected}
