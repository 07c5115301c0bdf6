"""The connection to the log, used for one thing: hearing the roles' statuses and sending ours."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from api.live.status_board import StatusBoard
from config.log import connect_log
from config.retry import keep_running
from config.status import EVERY_S, Status, send_status, watch_status

if TYPE_CHECKING:
    from nats.aio.client import Client


class LogLink:
    """Listens to statuses for as long as it runs; the log may come and go."""

    def __init__(self, url: str, board: StatusBoard, own: Callable[[], Status]) -> None:
        self._url = url
        self._board = board
        self._own = own
        self._client: Client | None = None

    @property
    def connected(self) -> bool:
        """Does the log answer at present?"""
        return self._client is not None and self._client.is_connected

    async def keep_listening(self) -> None:
        """Listen until cancelled."""
        await keep_running(self._listen, name="statuses of the roles")

    async def _listen(self) -> None:
        client = await connect_log(self._url, name="oilcan serve")
        self._client = client
        try:
            await watch_status(client, self._board.take)
            while True:
                await send_status(client, self._own())
                await asyncio.sleep(EVERY_S)
        finally:
            self._client = None
            await client.close()
