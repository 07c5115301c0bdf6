"""The NATS client as a process that runs for months needs it.

Three things of nats-py 2.16 do not hold there. It waits with `asyncio.wait_for`, which before Python
3.12 loses a cancellation that comes together with an answer (CPython issue 86296): the task that was
told to end goes on for ever. A reconnection that loses its cancellation alike brings a closed client
back to life. And a server that complains, as while it starts, closes the client for good.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.protocol.parser import PERMISSIONS_ERR

from config.tasks import end_tasks

AnswerT = TypeVar("AnswerT")


async def unless_cancelled(answer: Awaitable[AnswerT]) -> AnswerT:
    """Await an answer, or its error; a cancellation that came meanwhile is raised, also where lost."""
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        return await answer
    finally:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError


class LogClient(Client):
    """A client that ends when it is told to, and only then."""

    async def publish(
        self,
        subject: str,
        payload: bytes = b"",
        reply: str = "",
        headers: dict[str, Any] | None = None,
    ) -> None:
        """Send; where much waits to be sent, the library swallows a cancellation here too."""
        await unless_cancelled(super().publish(subject, payload, reply, headers))

    async def request(
        self,
        subject: str,
        payload: bytes = b"",
        timeout: float = 0.5,
        old_style: bool = False,
        headers: dict[str, Any] | None = None,
    ) -> Msg:
        """Ask and wait for the answer."""
        return await unless_cancelled(
            super().request(subject, payload, timeout, old_style, headers)
        )

    async def close(self) -> None:
        """Close for certain: no reconnection outlives it, and neither does what it holds."""
        try:
            while (task := self._reconnection_task) is not None and not task.done():
                await end_tasks([task])
        finally:
            # Without the queue it has not begun to connect.
            if self._flush_queue is not None:
                await self._close_once()

    async def _close_once(self) -> None:
        try:
            await super().close()
        except OSError:
            # The library ends halfway where what was still to be sent is refused; it is gone now.
            self._status = Client.DISCONNECTED
            await super().close()

    async def _process_err(self, err_msg: str) -> None:
        """What the server complains of ends a connection, never the client."""
        if PERMISSIONS_ERR in err_msg.lower():
            await super()._process_err(err_msg)
        else:
            await self._process_op_err(NatsError(f"nats: {err_msg}"))
