"""A sink that remembers, for the tests of collectors."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from edge.collector import Collector, Sink
from edge.reading import AlarmBatch, ReadingBatch, SensorAlarm
from edge.rejected import Rejected

Collecting = Callable[[Collector, Sink], AbstractAsyncContextManager[None]]
"""The fixture `collecting`: run a collector, again after each loss, until the block's end."""

Row = tuple[str, int, float, int]


class Memory:
    """A sink that remembers what was put; while `closed` it keeps `put` waiting."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.alarms: list[SensorAlarm] = []
        self.rejected: list[Rejected] = []
        self.open = asyncio.Event()
        self.open.set()
        self._news = asyncio.Condition()

    async def put(self, readings: ReadingBatch, alarms: AlarmBatch = ()) -> None:
        await self.open.wait()
        self.rows += [
            (readings.tags[index], ts, value, quality)
            for index, ts, value, quality in zip(
                readings.tag_index.tolist(),
                readings.ts.tolist(),
                readings.value.tolist(),
                readings.quality.tolist(),
                strict=True,
            )
        ]
        self.alarms += alarms
        async with self._news:
            self._news.notify_all()

    async def set_aside(self, rejected: Sequence[Rejected]) -> None:
        await self.open.wait()
        self.rejected += rejected
        async with self._news:
            self._news.notify_all()

    async def until(self, seen: Callable[["Memory"], bool], timeout: float = 30.0) -> None:
        """Wait until what was put fits."""
        async with asyncio.timeout(timeout), self._news:
            await self._news.wait_for(lambda: seen(self))

    def of(self, tag: str) -> list[Row]:
        return [row for row in self.rows if row[0] == tag]

    def values(self, tag: str) -> list[float]:
        return [row[2] for row in self.of(tag)]
