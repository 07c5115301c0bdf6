"""Fills from a server's own history what variables told while we did not watch them.

From where on is known before a variable is watched for the first time, and on disk: so the gap of an
edge that was killed in its first second is filled as any other.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from asyncua import ua
from asyncua.client.ua_session import UaSession
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.uaerrors import UaStatusCodeError

from edge.opcua.history import Overlap, Row, offers, pages
from edge.opcua.items import Item, portions
from edge.opcua.memory import Memory
from edge.opcua.source import OpcuaSource
from edge.opcua.values import us_of

Put = Callable[[Sequence[Row]], Awaitable[None]]
"""Puts rows into the log, and returns once it has them."""


class Filling:
    """The gaps of one session, with what history has told already in `overlap`."""

    def __init__(
        self, session: UaSession, source: OpcuaSource, memory: Memory, overlap: Overlap, put: Put
    ) -> None:
        self._session = session
        self._source = source
        self._memory = memory
        self._overlap = overlap
        self._put = put
        self._lacking: set[str] = set()
        self._begun: set[str] = set()

    async def prepare(self, items: Iterable[Item], portion: int) -> None:
        """Learn which variables have a history and from where on it is ours, before they are watched.

        One that the server lacks is prepared again when it may be there.
        """
        self._begun.clear()
        looked_us, self._memory.looked_us = self._memory.looked_us, self._memory.clock()
        wanted = [item for item in items if item.node is not None and item.is_variable]
        if not wanted or not self._source.history_us:
            return
        for some in portions(wanted, portion):
            await self._learn(some)
        new = [item for item in wanted if self._is_new(item.name)]
        for some in portions(new, portion):
            await self._begin(some, looked_us)
        if new:
            await self._memory.keep_positions()

    async def prepare_late(self, items: Iterable[Item], portion: int) -> None:
        """Prepare those that were lacking a moment ago, and are watched by now."""
        late = [item for item in items if item.watched and item.name in self._lacking]
        if late:
            await self.prepare(late, portion)

    async def fill(self, items: Iterable[Item]) -> None:
        """Put what the server's history has of each since the last reading that the log has."""
        stored = self._memory.stored
        for item in items if self._source.history_us else ():
            if item.name in stored.positions and item.name not in self._lacking | self._begun:
                await self._fill(item)

    async def _learn(self, items: Sequence[Item]) -> None:
        kept = self._memory.stored.kept
        for item, offered in zip(items, await offers(self._session, items), strict=True):
            if offered is None:
                self._lacking.add(item.name)
                continue
            self._lacking.discard(item.name)
            (kept.add if offered else kept.discard)(item.name)

    def _is_new(self, tag: str) -> bool:
        stored = self._memory.stored
        return tag in stored.kept and tag not in stored.last_us and tag not in self._lacking

    async def _begin(self, items: Sequence[Item], looked_us: int | None) -> None:
        """Say that histories are ours from the present values on.

        What is there for the first time, and was not when we looked last, is ours from then on.
        """
        nodes = [item.node for item in items if item.node is not None]
        values = await self._session.read_attributes(nodes, AttributeIds.Value)
        for item, value in zip(items, values, strict=True):
            last_us = self._before(value)
            if looked_us is None:
                self._begun.add(item.name)
            else:
                last_us = min(last_us, looked_us)
            self._memory.stored.last_us[item.name] = last_us

    def _before(self, value: ua.DataValue) -> int:
        """The last moment that is not ours, by the server's clock where that can be believed."""
        limits, now = self._source.clock_limits, self._memory.clock()
        told = us_of(value.SourceTimestamp) or us_of(value.ServerTimestamp) or now
        if limits.allow(told, now):
            return told - 1
        # What has long stood still is stored with another time than its own.
        return min(told, now)

    async def _fill(self, item: Item) -> None:
        memory, tag, now = self._memory, item.name, self._memory.clock()
        last_us = memory.stored.last_us
        start_us = max(last_us[tag] + 1, now - self._source.history_us)
        end_us = now + self._source.clock_ahead_us
        if start_us >= end_us:
            return
        # What comes live may begin with the last reading that the log has, and with a page at most.
        told = [last_us[tag]]
        try:
            async for rows in pages(self._session, item, start_us=start_us, end_us=end_us):
                await self._put(rows)
                last_us[tag] = rows[-1][1]
                told = [ts for _, ts, _, _ in rows] + told[-1:]
        except UaStatusCodeError as error:
            memory.health.note(f"history of {tag}", str(error))
        else:
            self._overlap.told(tag, told)
            memory.health.note(f"history of {tag}", "")
