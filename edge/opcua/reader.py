"""Turns what a server publishes of a subscription into readings and alarms."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from asyncua import ua

from config.clock import ClockUs
from edge.errors import SourceLost
from edge.opcua.alarms import AlarmReader, event_of
from edge.opcua.changes import Changes
from edge.opcua.health import OpcuaHealth
from edge.opcua.history import Overlap
from edge.opcua.items import Items
from edge.opcua.publication import Notification, Unreadable
from edge.opcua.source import OpcuaAlarms
from edge.opcua.status import is_gone, overflowed
from edge.opcua.values import (
    NO_TIME,
    Bools,
    Timing,
    newest_of,
    own_times_of,
    qualities_of,
    times_of,
)
from edge.reading import Int64s, Quality, ReadingBatch, SensorAlarm
from edge.stamps import ClockLimits, Stamps

Indices = npt.NDArray[np.intp]


@dataclass(slots=True)
class Read:
    """What notifications said, and those that could not be read."""

    readings: ReadingBatch
    last_us: dict[str, int] = field(default_factory=dict)
    """The time of the last reading of each tag by the source's own clock, where it has one."""
    alarms: list[SensorAlarm] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    refresh: bool = False
    """May the server have more to tell of its alarms than it told?"""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the notifications of one subscription, whose handles are those of its items."""

    items: Items
    overlap: Overlap
    health: OpcuaHealth
    stamps: Stamps
    alarms: AlarmReader
    clock: ClockUs
    limits: ClockLimits
    _events: Counter[int] = field(default_factory=Counter)
    """How many events of each handle came at once."""

    def read(self, notifications: Sequence[Notification], *, goes_on: bool = False) -> Read:
        """What a publication says, or the first part of one that goes on.

        Raises `SourceLost` where the server says that the subscription has ended.
        """
        timing = Timing(self.clock(), self.limits)
        batches: list[ReadingBatch] = []
        read = Read(ReadingBatch.from_rows([]))
        for each in notifications:
            if isinstance(each, np.ndarray):
                batches.append(self._readings(each, timing, read))
            elif isinstance(each, ua.EventNotificationList):
                self._tell_events(each.Events, timing, read)
            elif isinstance(each, ua.StatusChangeNotification):
                raise SourceLost(f"the server ended the subscription: {each.Status.name}")
            else:
                read.unreadable.append(each)
        if not goes_on:
            self._events.clear()
        read.readings = ReadingBatch.concatenate(batches)
        return read

    def _readings(self, changes: Changes, timing: Timing, read: Read) -> ReadingBatch:
        changes = changes[self.items.are_variables(changes["handle"])]
        handles, first_at, index = np.unique(
            changes["handle"], return_index=True, return_inverse=True
        )
        names, first = self._tell(handles.tolist(), first_at, len(changes))
        self._notice(changes)
        own = own_times_of(changes)
        read.last_us.update(_last_us(names, index, own))
        # The first notification tells of a change that may be long ago.
        if (newest_us := newest_of(changes[~first])) is not None:
            self.health.clocks.saw("", newest_us, timing.received_us)
        quality = qualities_of(changes)
        times, server = times_of(changes, quality, timing, first=first)
        value = np.where(quality < Quality.BAD, changes["value"], np.nan)
        batch = ReadingBatch(names, index.astype(np.int32), times, value, quality)
        self._stamp(batch, np.where(server == NO_TIME, timing.received_us, server))
        return batch.take(self._news(batch, own)) if len(self.overlap) else batch

    def _tell(
        self, handles: Sequence[int], first_at: Indices, length: int
    ) -> tuple[tuple[str, ...], Bools]:
        """The tags of handles, and which of `length` changes tells an item's present value."""
        items = [self.items[handle] for handle in handles]
        first = np.zeros(length, np.bool_)
        first[first_at[[not item.told for item in items]]] = True
        for item in items:
            item.told = True
        return tuple(item.name for item in items), first

    def _notice(self, changes: Changes) -> None:
        """What a status says beside the quality."""
        for change in changes[changes["status"] != 0]:
            status = int(change["status"])
            if is_gone(status):
                # The node was deleted; it is looked for again at the next reconciliation.
                item = self.items[int(change["handle"])]
                item.watched, item.problem = False, ua.StatusCode(ua.UInt32(status)).name
            if overflowed(status):
                self.health.gaps += 1

    def _stamp(self, batch: ReadingBatch, received: Int64s) -> None:
        """Give the readings without a time that of the server or of receipt."""
        for row in np.flatnonzero(batch.ts == NO_TIME).tolist():
            tag = batch.tags[batch.tag_index[row]]
            batch.ts[row] = self.stamps.next(tag, int(received[row]))

    def _news(self, batch: ReadingBatch, own: Int64s) -> Bools:
        """What history has not told already, by the source's own times."""
        rows = zip(batch.tag_index.tolist(), own.tolist(), strict=True)
        return np.array(
            [us == NO_TIME or self.overlap.is_new(batch.tags[index], us) for index, us in rows],
            np.bool_,
        )

    def _tell_events(self, events: Sequence[ua.EventFieldList], timing: Timing, read: Read) -> None:
        for each in events:
            origin = self.items.alarms(each.ClientHandle)
            if origin is None:
                continue
            event = event_of(each.EventFields)
            if event.is_overflow:
                self._lost_some(origin)
            read.refresh |= event.asks_for_refresh
            read.alarms += self.alarms.read(event, origin, timing)
        # Few servers say that a queue ran over. One that comes full may have done so.
        self._events.update(each.ClientHandle for each in events)
        for handle, count in self._events.items():
            if (origin := self.items.alarms(handle)) and count >= self.items[handle].queue > 1:
                self._lost_some(origin)
                read.refresh = True

    def _lost_some(self, origin: OpcuaAlarms) -> None:
        self.alarms.lost_some(origin)
        self.health.overflows += 1


def _last_us(names: Sequence[str], index: Indices, own: Int64s) -> dict[str, int]:
    """The last of its own times of each tag that has one; `index` is that of its name."""
    last = np.zeros(len(names), np.intp)
    # Of places that are the same, the last one counts.
    last[index] = np.arange(len(index))
    times = own[last].tolist()
    return {name: us for name, us in zip(names, times, strict=True) if us > NO_TIME}
