"""The connection to the log: hears the roles' statuses, sends ours, and asks an edge something."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from nats.errors import Error as NatsError
from nats.errors import NoRespondersError

from api.live.status_board import StatusBoard
from config.errors import LogUnavailable
from config.log import close_log, connect_log
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

    async def request(self, subject: str, data: bytes, *, timeout_s: float) -> bytes:
        """The answer of whoever listens to a subject.

        Raises `LogUnavailable` where nobody can have heard it, and `TimeoutError` where somebody may
        have: no answer came in time, or the connection was lost meanwhile.
        """
        client = self._client
        if client is None or not client.is_connected:
            raise LogUnavailable("the log server cannot be reached")
        try:
            return bytes((await client.request(subject, data, timeout=timeout_s)).data)
        except NoRespondersError as error:
            raise LogUnavailable("the edge no longer listens") from error
        except (NatsError, TimeoutError, OSError) as error:
            raise TimeoutError(f"no answer within {timeout_s:g} s") from error

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
            await close_log(client)
