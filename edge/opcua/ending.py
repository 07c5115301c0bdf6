"""Why a session has to end: the first reason that anyone gives."""

import asyncio


class Ending:
    """Waited for by the one who owns the session, given by whoever notices first."""

    def __init__(self) -> None:
        self._given = asyncio.Event()
        self._reason: Exception | None = None

    def because(self, reason: Exception) -> None:
        """Give a reason; a later one does not count."""
        self._reason = self._reason or reason
        self._given.set()

    async def wait(self, seconds: float) -> None:
        """Return after `seconds`; raises the reason as soon as there is one."""
        try:
            async with asyncio.timeout(seconds):
                await self._given.wait()
        except TimeoutError:
            return
        if self._reason is not None:
            raise self._reason
