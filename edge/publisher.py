"""From collectors to the log: one message in flight for each partition, the rest waits and joins it.

What waits while a message is on its way goes together into the next one (group commit), so a slow
disk makes larger messages, not a longer queue. A message is repeated with the same identity until
the log confirms; nothing overtakes it.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from nats.aio.client import Client

from config.errors import LogUnavailable
from config.log import BatchId, Kind, publish
from config.partition import asset_of, partition_of
from config.retry import backoff_s
from config.tasks import run_together
from edge.outage import Outage
from edge.reading import AlarmBatch, ReadingBatch
from edge.rejected import Rejected
from edge.wire import SourceRows, encode_alarms, encode_readings, encode_rejects

_ALARM_ROWS = 500
# Each payload is cut at 64 KiB, so that these make a message of half a MiB at most.
_REJECT_ROWS = 8
_NO_READINGS = ReadingBatch.from_rows(())
_HEADER_BYTES = 4_096
_CONFIRM_S = 2.0
_LONGEST_WAIT_S = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of what is held in memory and of one message."""

    message_rows: int = 50_000
    message_bytes: int = 4 * 1024**2
    waiting_rows: int = 200_000
    """Rows waiting in one partition before `put` waits too."""


@dataclass(slots=True)
class Counts:
    """What the log has taken since the start."""

    readings: int = 0
    alarms: int = 0
    rejects: int = 0
    batches: int = 0
    bytes: int = 0


@dataclass(slots=True)
class _Put:
    """What one `put` gave to one partition."""

    readings: ReadingBatch
    alarms: AlarmBatch
    rejects: tuple[Rejected, ...]
    done: asyncio.Future[None] = field(repr=False)

    @property
    def rows(self) -> int:
        return len(self.readings) + len(self.alarms) + sum(one.weight for one in self.rejects)


class Publisher:
    """The sink of an edge. `run` has to be running for `put` to return."""

    def __init__(
        self,
        client: Client,
        *,
        edge: str,
        session: str,
        partitions: int = 1,
        limits: Limits | None = None,
        log_name: str = "the log",
    ) -> None:
        self.counts = Counts()
        self.outage = Outage(log_name)
        self._lanes: list[_Lane] = []
        for partition in range(partitions):
            last = BatchId(edge, session, 0)
            appender = _Appender(client, partition, last, self.outage)
            self._lanes.append(_Lane(appender, limits or Limits(), self.counts))

    async def run(self) -> None:
        """Publish what is put, until cancelled."""
        await run_together([lane.run() for lane in self._lanes])

    async def put(self, readings: ReadingBatch, alarms: AlarmBatch = ()) -> None:
        """Give readings and alarms to the log; see `edge.collector.Sink`."""
        parts = split(readings, alarms, len(self._lanes))
        if len(parts) == 1:
            partition, some, few = parts[0]
            await self._lanes[partition].put(some, few)
            return
        async with asyncio.TaskGroup() as group:
            for partition, some, few in parts:
                group.create_task(self._lanes[partition].put(some, few))

    async def set_aside(self, rejected: Sequence[Rejected]) -> None:
        """Give what could not be read to the log; see `edge.collector.Sink`."""
        parts: dict[int, list[Rejected]] = {}
        for one in rejected:
            parts.setdefault(partition_of(one.source, len(self._lanes)), []).append(one)
        if len(parts) == 1:
            [(partition, some)] = parts.items()
            await self._lanes[partition].put(_NO_READINGS, (), tuple(some))
            return
        async with asyncio.TaskGroup() as group:
            for partition, some in parts.items():
                group.create_task(self._lanes[partition].put(_NO_READINGS, (), tuple(some)))

    @property
    def waiting_rows(self) -> int:
        """Rows that the log has not confirmed."""
        return sum(lane.rows for lane in self._lanes)

    @property
    def problem(self) -> str:
        """Why the log does not take anything at present, or nothing."""
        return self.outage.problem


class _Appender:
    """Appends to one partition of the log, in order, each record under an identity of its own."""

    def __init__(self, client: Client, partition: int, last: BatchId, outage: Outage) -> None:
        self.partition = partition
        self._client = client
        self._js = client.jetstream()
        self._last = last
        self._outage = outage

    @property
    def max_bytes(self) -> int:
        """The largest record that the server takes."""
        return int(self._client.max_payload) - _HEADER_BYTES

    async def append(self, kind: Kind, data: bytes) -> None:
        """Return once the record is on the log's disk; repeats it until then."""
        batch = replace(self._last, sequence=self._last.sequence + 1)
        for failures in itertools.count():
            try:
                await publish(self._js, kind, self.partition, batch, data, timeout_s=_CONFIRM_S)
                break
            except LogUnavailable as error:
                self._outage.begins(self.partition, error)
                await asyncio.sleep(backoff_s(failures, longest=_LONGEST_WAIT_S))
        self._outage.ends(self.partition)
        self._last = batch


class _Lane:
    """One partition's queue, and the task that empties it."""

    def __init__(self, appender: _Appender, limits: Limits, counts: Counts) -> None:
        self.rows = 0
        self._appender = appender
        self._limits = limits
        self._counts = counts
        self._waiting: deque[_Put] = deque()
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        # A fair lock, so that what was put first also goes in first when there is room.
        self._door = asyncio.Lock()

    async def put(
        self, readings: ReadingBatch, alarms: AlarmBatch, rejects: tuple[Rejected, ...] = ()
    ) -> None:
        """Queue, and return once the log has it."""
        entry = _Put(readings, alarms, rejects, asyncio.get_running_loop().create_future())
        async with self._door:
            while self.rows >= self._limits.waiting_rows:
                self._room.clear()
                await self._room.wait()
            self.rows += entry.rows
            self._waiting.append(entry)
            self._wake.set()
        await entry.done

    async def run(self) -> None:
        """Publish what is queued, until cancelled."""
        while True:
            while not self._waiting:
                self._wake.clear()
                await self._wake.wait()
            group = self._take()
            await self._deliver(group)
            self.rows -= sum(entry.rows for entry in group)
            self._room.set()

    def _take(self) -> list[_Put]:
        """The puts that go together: at least one, then as many as one message holds."""
        group = [self._waiting.popleft()]
        rows = group[0].rows
        while self._waiting and rows + self._waiting[0].rows <= self._limits.message_rows:
            group.append(self._waiting.popleft())
            rows += group[-1].rows
        return group

    async def _deliver(self, group: Sequence[_Put]) -> None:
        """Append a group; a put that cannot be written raises, and the others go without it."""
        readings = ReadingBatch.concatenate([entry.readings for entry in group])
        alarms = tuple(alarm for entry in group for alarm in entry.alarms)
        rejects = tuple(one for entry in group for one in entry.rejects)
        try:
            sources = joined([(entry.readings.source, len(entry.readings)) for entry in group])
            records = [(Kind.READINGS, data) for data in self._encode(readings, sources)]
            records += [(Kind.ALARMS, data) for data in _encode_alarms(alarms)]
            records += [(Kind.REJECTS, data) for data in _encode_rejects(rejects)]
        except (ValueError, TypeError) as error:
            await self._deliver_alone(group, error)
            return
        for kind, data in records:
            await self._appender.append(kind, data)
            self._counts.batches += 1
            self._counts.bytes += len(data)
        self._counts.readings += len(readings)
        self._counts.alarms += len(alarms)
        self._counts.rejects += len(rejects)
        for entry in group:
            _settle(entry.done, None)

    async def _deliver_alone(self, group: Sequence[_Put], error: Exception) -> None:
        if len(group) == 1:
            _settle(group[0].done, error)
            return
        for entry in group:
            await self._deliver([entry])

    def _encode(self, readings: ReadingBatch, sources: Sequence[SourceRows]) -> Iterator[bytes]:
        """The readings as messages within the bounds, halved until they fit."""
        if not len(readings):
            return
        if len(readings) <= self._limits.message_rows:
            data = encode_readings(readings, sources)
            most = min(self._limits.message_bytes, self._appender.max_bytes)
            if len(data) <= most or len(readings) == 1:
                yield data
                return
        half = len(readings) // 2
        rows = np.arange(len(readings))
        first, second = cut(sources, half)
        yield from self._encode(with_used_tags(readings.take(rows[:half])), first)
        yield from self._encode(with_used_tags(readings.take(rows[half:])), second)


def split(
    readings: ReadingBatch, alarms: AlarmBatch, partitions: int
) -> list[tuple[int, ReadingBatch, AlarmBatch]]:
    """(partition, readings, alarms) for each partition that any of them belong to, in order."""
    if partitions == 1:
        return [(0, readings, alarms)] if len(readings) or alarms else []
    of_tag = np.array([partition_of(asset_of(tag), partitions) for tag in readings.tags], np.int32)
    of_row = of_tag[readings.tag_index]
    of_alarm = [partition_of(alarm.asset, partitions) for alarm in alarms]
    return [
        (
            partition,
            with_used_tags(readings.take(of_row == partition)),
            tuple(alarm for alarm, of in zip(alarms, of_alarm, strict=True) if of == partition),
        )
        for partition in sorted({*np.unique(of_row).tolist(), *of_alarm})
    ]


def joined(sources: Sequence[SourceRows]) -> list[SourceRows]:
    """The same, without those of no rows, and each once where it follows upon itself."""
    named = [(name, rows) for name, rows in sources if rows]
    return [
        (name, sum(rows for _, rows in run))
        for name, run in itertools.groupby(named, key=lambda one: one[0])
    ]


def cut(sources: Sequence[SourceRows], rows: int) -> tuple[list[SourceRows], list[SourceRows]]:
    """The sources of the first `rows` rows, and those of the rest."""
    first, second = [], []
    for name, count in sources:
        before = min(count, rows)
        rows -= before
        first.append((name, before))
        second.append((name, count - before))
    return joined(first), joined(second)


def with_used_tags(readings: ReadingBatch) -> ReadingBatch:
    """The same readings, holding only the tags that they use."""
    used, index = np.unique(readings.tag_index, return_inverse=True)
    tags = tuple(readings.tags[place] for place in used.tolist())
    return replace(readings, tags=tags, tag_index=index.astype(np.int32))


def _encode_alarms(alarms: AlarmBatch) -> Iterator[bytes]:
    for start in range(0, len(alarms), _ALARM_ROWS):
        yield encode_alarms(alarms[start : start + _ALARM_ROWS])


def _encode_rejects(rejects: Sequence[Rejected]) -> Iterator[bytes]:
    for start in range(0, len(rejects), _REJECT_ROWS):
        yield encode_rejects(rejects[start : start + _REJECT_ROWS])


def _settle(done: asyncio.Future[None], outcome: Exception | None) -> None:
    # A put whose caller was cancelled has its future cancelled too.
    if done.done():
        return
    if outcome is None:
        done.set_result(None)
    else:
        done.set_exception(outcome)
