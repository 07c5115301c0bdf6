"""Tries a source: connects once, keeps what it gives for a while, and publishes nothing."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from config.clock import ClockUs, now_us
from config.tasks import end_tasks
from edge.collector import Collector
from edge.errors import SourceLost
from edge.health import State
from edge.reading import AlarmBatch, ReadingBatch, SensorAlarm
from edge.rejected import Rejected

_PATIENCE_S = 20.0
_LOOK_EVERY_S = 0.02
_ALARMS = 1_000
_REJECTED = 1_000
_TAGS = 10_000


@dataclass(slots=True)
class Trial:
    """What a source gave. It is the sink of its collector, and its whole memory."""

    latest: dict[str, tuple[int, float, int]] = field(default_factory=dict)
    """Time in µs, value and quality byte of each tag's last reading."""
    received_us: dict[str, int] = field(default_factory=dict)
    """When each tag's last reading came."""
    readings: Counter[str] = field(default_factory=Counter)
    alarms: list[SensorAlarm] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    error: str = ""
    """Why it could not be connected, or was lost."""
    clock: ClockUs = now_us

    async def put(self, readings: ReadingBatch, alarms: AlarmBatch = ()) -> None:
        """Remember the last of each tag; see `edge.collector.Sink`."""
        rows = zip(
            readings.tag_index.tolist(),
            readings.ts.tolist(),
            readings.value.tolist(),
            readings.quality.tolist(),
            strict=True,
        )
        received_us = self.clock()
        for index, ts, value, quality in rows:
            tag = readings.tags[index]
            if tag in self.latest or len(self.latest) < _TAGS:
                self.latest[tag] = ts, value, quality
                self.received_us[tag] = received_us
                self.readings[tag] += 1
        self.alarms += alarms[: max(0, _ALARMS - len(self.alarms))]

    async def set_aside(self, rejected: Sequence[Rejected]) -> None:
        """Remember the first of them; see `edge.collector.Sink`."""
        self.rejected += rejected[: max(0, _REJECTED - len(self.rejected))]


async def try_source(collector: Collector, *, seconds: float) -> Trial:
    """What the collector reads in `seconds` from when it is connected, or why it does not."""
    trial = Trial()
    task = asyncio.create_task(collector.run(trial))
    try:
        connected = await _wait(
            task, _PATIENCE_S, lambda: collector.health().state is State.CONNECTED
        )
        if connected:
            await _wait(task, seconds)
        elif not task.done():
            trial.error = f"no answer within {_PATIENCE_S:g} s"
    finally:
        lost = await _end(task)
    trial.error = trial.error or lost
    return trial


async def _wait(
    task: asyncio.Task[None], seconds: float, enough: Callable[[], bool] = lambda: False
) -> bool:
    """Wait until it is enough; False where time or the task ended before."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not task.done() and loop.time() < end:
        if enough():
            return True
        await asyncio.wait([task], timeout=min(_LOOK_EVERY_S, end - loop.time()))
    return enough()


async def _end(task: asyncio.Task[None]) -> str:
    """End the task; what it was lost by, or nothing."""
    await end_tasks([task])
    error = None if task.cancelled() else task.exception()
    if error is None:
        return ""
    return str(error) if isinstance(error, SourceLost) else f"defect: {error!r}"
