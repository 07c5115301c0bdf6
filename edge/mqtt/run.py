"""Messages in a row, in columns: of many small ones, an object each costs more than their numbers."""

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from edge.errors import SourceLost
from edge.mqtt.payload import Message


@dataclass(slots=True)
class Run:
    """Messages in the order of a stream, in columns of one length; times of receipt are in µs."""

    topics: list[str] = field(default_factory=list)
    received_us: list[int] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)
    last: int = 0
    """The sequence in the stream of the last one."""

    def __len__(self) -> int:
        return len(self.topics)

    def add(self, message: Message, sequence: int) -> None:
        """Add one message, never a retained or repeated one."""
        self.topics.append(message.topic)
        self.received_us.append(message.received_us)
        self.payloads.append(message.payload)
        self.last = sequence

    def extend(self, later: "Run") -> None:
        """Add those of another run."""
        if later:
            self.topics += later.topics
            self.received_us += later.received_us
            self.payloads += later.payloads
            self.last = later.last

    def parts(self, most: int) -> Iterator["Run"]:
        """The same messages in runs of up to `most`; `last` is that of the whole."""
        for start in range(0, len(self), most):
            some = slice(start, start + most)
            yield Run(
                self.topics[some], self.received_us[some], self.payloads[some], last=self.last
            )

    def messages(self) -> Iterator[Message]:
        """One by one."""
        return map(Message, self.topics, self.payloads, self.received_us)


class Runs:
    """What came over one connection and waits to be taken."""

    def __init__(self) -> None:
        self.waiting = 0
        """Messages."""
        self._runs: deque[Run] = deque()
        self._news = asyncio.Event()
        self._end: SourceLost | None = None

    def add(self, run: Run) -> None:
        """Add messages, in their order."""
        if run and self._end is None:
            self._runs.append(run)
            self.waiting += len(run)
            self._news.set()

    def end(self, reason: SourceLost) -> None:
        """No more will come; what is there can still be taken. The first reason stands."""
        self._end = self._end or reason
        self._news.set()

    async def take(self, most: int) -> Run:
        """Runs together, up to `most` messages or a single run.

        Raises the reason of the end after the last.
        """
        while not self._runs:
            if self._end is not None:
                raise self._end
            self._news.clear()
            await self._news.wait()
        taken = self._runs.popleft()
        while self._runs and len(taken) + len(self._runs[0]) <= most:
            taken.extend(self._runs.popleft())
        self.waiting -= len(taken)
        return taken

    @property
    def ended(self) -> bool:
        """Is the connection gone?"""
        return self._end is not None
