"""What came and waits for the log, bounded and in order."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from edge.errors import SourceLost
from edge.mqtt.payload import Message


class Delivery(NamedTuple):
    """A message and what its acknowledgement names; quality of service 0 has none."""

    message: Message
    mid: int
    qos: int
    repeated: bool = False
    """Does the broker say that it may have sent this before (DUP)?"""


class Inbox:
    """Deliveries of one connection. Whoever fills it stops while it is full."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._deliveries: deque[Delivery] = deque()
        self._unacknowledged: set[int] = set()
        self._news = asyncio.Event()
        self._end: SourceLost | None = None

    def add(self, deliveries: Sequence[Delivery]) -> None:
        """Add deliveries, in their order.

        A repeated message whose first delivery is still on its way to the log is left out: both
        have the same identity, and one acknowledgement serves them.
        """
        if self._end is not None or not deliveries:
            return
        for delivery in deliveries:
            if delivery.qos:
                if delivery.mid in self._unacknowledged:
                    continue
                self._unacknowledged.add(delivery.mid)
            self._deliveries.append(delivery)
        self._news.set()

    def end(self, reason: SourceLost) -> None:
        """No more will come; what is there can still be taken. The first reason stands."""
        self._end = self._end or reason
        self._news.set()

    async def take(self, most: int) -> list[Delivery]:
        """Up to `most` deliveries, at least one. Raises the reason of the end after the last."""
        while not self._deliveries:
            if self._end is not None:
                raise self._end
            self._news.clear()
            await self._news.wait()
        if len(self._deliveries) <= most:
            taken = list(self._deliveries)
            self._deliveries.clear()
            return taken
        return [self._deliveries.popleft() for _ in range(most)]

    @property
    def full(self) -> bool:
        """Has the broker to wait?"""
        return len(self._deliveries) >= self._limit

    @property
    def room(self) -> int:
        """How many more it takes."""
        return max(0, self._limit - len(self._deliveries))

    @property
    def ended(self) -> bool:
        """Is the connection gone?"""
        return self._end is not None

    def acknowledged(self, deliveries: Sequence[Delivery]) -> None:
        """The broker may use these identities again."""
        self._unacknowledged.difference_update(delivery.mid for delivery in deliveries)
