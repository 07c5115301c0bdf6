"""From the network thread to the event loop, in batches and bounded."""

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from edge.errors import SourceLost
from edge.mqtt.payload import Message


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message and what its acknowledgement names; quality of service 0 has none."""

    message: Message
    mid: int
    qos: int


class Inbox:
    """Deliveries of one connection. Full, it holds up the network thread, and so the broker."""

    def __init__(self, *, limit: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._limit = limit
        self._deliveries: deque[Delivery] = deque()
        self._unacknowledged: set[int] = set()
        self._changed = threading.Condition()
        self._news = asyncio.Event()
        self._end: SourceLost | None = None

    def add(self, delivery: Delivery) -> None:
        """From the network thread: wait for room, then add.

        A repeated message whose first delivery is still on its way to the log is left out: both
        have the same identity, and one acknowledgement serves them.
        """
        with self._changed:
            self._changed.wait_for(lambda: len(self._deliveries) < self._limit or self._end)
            if self._end is not None or delivery.mid in self._unacknowledged:
                return
            if delivery.qos:
                self._unacknowledged.add(delivery.mid)
            self._deliveries.append(delivery)
            first = len(self._deliveries) == 1
        if first:
            self._tell()

    def end(self, reason: SourceLost) -> None:
        """From any thread: no more will come; what is there can still be taken."""
        with self._changed:
            self._end = self._end or reason
            self._changed.notify_all()
        self._tell()

    async def take(self, most: int) -> list[Delivery]:
        """Up to `most` deliveries, at least one. Raises the reason of the end after the last."""
        while True:
            await self._news.wait()
            with self._changed:
                count = min(most, len(self._deliveries))
                taken = [self._deliveries.popleft() for _ in range(count)]
                if not self._deliveries and self._end is None:
                    self._news.clear()
                self._changed.notify_all()
                if not taken and self._end is not None:
                    raise self._end
            if taken:
                return taken

    @property
    def ended(self) -> bool:
        """Is the connection gone?"""
        return self._end is not None

    def acknowledged(self, deliveries: Sequence[Delivery]) -> None:
        """The broker may use these identities again."""
        with self._changed:
            self._unacknowledged.difference_update(delivery.mid for delivery in deliveries)

    def _tell(self) -> None:
        # The loop may have ended before the network thread did.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._news.set)
