"""Changes in the database, told to every open page: LISTEN once, hand out to many."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from config.database import listen
from config.errors import DatabaseUnavailable
from config.retry import keep_running
from config.tasks import run_together

_QUIET_S = 30.0
_KEPT = 200


class Topic(StrEnum):
    """What may change while a page is open; the names of the database's channels."""

    WORK_ORDER = "work_order"
    CONDITION_EVENT = "condition_event"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something of a topic changed; without an id, any of it may have."""

    topic: Topic
    id: str


class Feed:
    """Hands every notice to every subscriber; a slow one loses the oldest, never the newest."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._subscribers: set[asyncio.Queue[Notice]] = set()

    async def keep_listening(self) -> None:
        """Listen to all topics until cancelled."""
        await run_together([self._keep_listening_to(topic) for topic in Topic])

    async def _keep_listening_to(self, topic: Topic) -> None:
        async def follow() -> None:
            async for payload in listen(self._database_url, topic, timeout_s=_QUIET_S):
                # None says that we hear from now on. What changed before is not known: pages look
                # at everything again. The Nones of quiet times cost next to nothing.
                self.tell(Notice(topic, payload or ""))

        await keep_running(follow, name=f"changes of {topic}", heals=(DatabaseUnavailable,))

    def tell(self, notice: Notice) -> None:
        """Hand a notice to every subscriber."""
        for queue in self._subscribers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(notice)

    @contextmanager
    def subscribe(self) -> Iterator[asyncio.Queue[Notice]]:
        """A queue that gets every notice until the block ends."""
        queue: asyncio.Queue[Notice] = asyncio.Queue(_KEPT)
        self._subscribers.add(queue)
        try:
            yield queue
        finally:
            self._subscribers.discard(queue)
