"""One subscription in one session, acknowledged only after the log has what it brought.

What was published is acknowledged with the next request to publish, and that one is sent only after
the log has it. Where the log fails the session is closed over it, and the server keeps what was not
acknowledged or tells the present values to the next subscription.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.uaerrors import UaStatusCodeError

from config.diagnostics import logger
from edge.collector import Sink
from edge.errors import SourceLost
from edge.opcua.browsing import MOST_NODES, Found, find
from edge.opcua.filling import Filling
from edge.opcua.history import Overlap, Row
from edge.opcua.items import Item, Items, node_id, portions
from edge.opcua.limits import limits_of
from edge.opcua.memory import Memory
from edge.opcua.paths import tag_of
from edge.opcua.publication import Numbering, Unreadable
from edge.opcua.publishing import subscribe
from edge.opcua.reader import Read, Reader
from edge.opcua.session import Session
from edge.opcua.source import OpcuaSource
from edge.opcua.status import is_gone
from edge.opcua.watching import Watcher
from edge.reading import Quality, ReadingBatch, Reason, quality_code
from edge.rejected import Rejected

_REST = 9
_CUT_SHORT = f"more than {MOST_NODES} nodes lie below its **. Write more of the path before it"
_CONFIGURATION = quality_code(Quality.BAD, Reason.CONFIGURATION)

log = logger(__name__)


class Subscription:
    """Watches the wanted nodes and puts what the server tells of them."""

    def __init__(self, session: Session, source: OpcuaSource, memory: Memory, sink: Sink) -> None:
        self._client = session.client
        self._session = session.client.uaclient.session
        self._source = source
        self._memory = memory
        self._sink = sink
        self._items = Items(source)
        for tag, wanted in memory.browsed.items():
            self._items.remember(tag, wanted)
        self._overlap = Overlap()
        self._numbering = Numbering()
        self._reader = Reader(
            self._items,
            self._overlap,
            memory.health,
            memory.stamps,
            memory.alarms,
            memory.clock,
            source.clock_limits,
        )
        self._filling = Filling(self._session, source, memory, self._overlap, self._put)
        self._in_order = asyncio.Lock()
        self._silence_s = 0.0
        self._heard = 0.0
        self._busy = False
        self._stale_alarms = True
        self._browse_at = 0.0

    async def open(self) -> None:
        """Make the subscription, watch every node that there is, and refresh the alarms."""
        every_ms = self._source.publish_every_us / 1000
        self._publishing = await subscribe(self._client, every_ms=every_ms)
        self._limits = await limits_of(self._session, self._source.items_per_call)
        self._watcher = Watcher(
            self._session, self._publishing.id, self._limits, self._memory.health
        )
        self._silence_s = 2 * self._publishing.keepalive_s + self._source.timeout_us / 1e6
        await self._take_up(await self._find_missing())
        await self._refresh()
        self._heard = asyncio.get_running_loop().time()

    async def take(self) -> None:
        """Put what is published into the log, until cancelled. Raises what ends the session."""
        while True:
            publication = await self._publishing.next()
            self._busy = True
            missed = self._numbering.missed(publication)
            self._memory.health.missed += missed
            async with self._in_order:
                read = self._reader.read(publication.notifications, goes_on=publication.goes_on)
                self._stale_alarms |= read.refresh or missed > 0
                await self._keep(read)
                self._memory.stored.last_us.update(read.last_us)
            self._busy, self._heard = False, asyncio.get_running_loop().time()

    def check_heard(self) -> None:
        """Raises `SourceLost` where the server has been silent beyond its keep-alive."""
        silent_s = asyncio.get_running_loop().time() - self._heard
        if not self._busy and silent_s > self._silence_s:
            raise SourceLost(f"the subscription has been silent for {silent_s:.0f} s")

    async def reconcile(self) -> None:
        """Find out which watched nodes are gone, and watch those that are there again.

        Not every server says that it deleted a node, and none watches it again by itself. Alarms that
        may have changed unheard are asked for here, so that a flood of them is not answered by more.
        """
        watched = [item for item in self._items if item.watched]
        for some in portions(watched, self._limits.read):
            nodes = [item.node for item in some if item.node is not None]
            results = await self._session.read_attributes(nodes, AttributeIds.NodeClass)
            for item, result in zip(some, results, strict=True):
                if result.StatusCode is not None and is_gone(result.StatusCode.value):
                    item.watched, item.problem = False, result.StatusCode.name
        await self._take_up(await self._find_missing())
        await self._refresh()

    async def _find_missing(self) -> list[Item]:
        """The items that are not watched, each with its node where the server has it."""
        await self._browse()
        missing = [item for item in self._items if not item.watched]
        if any(item.text for item in missing):
            namespaces = await self._client.get_namespace_array()
            for item in missing:
                if item.text:
                    item.node = node_id(item.text, namespaces)
                    item.problem = "" if item.node else "the server has no such namespace"
        return missing

    async def _take_up(self, missing: Sequence[Item]) -> None:
        """Watch what is there, and fill what it told while it was not watched."""
        await self._filling.prepare(missing, self._limits.read)
        # The long part of a gap is read first, so that the server's queues need not hold on.
        await self._filling.fill(missing)
        # What is published from here on waits for the rest, which is older.
        async with self._in_order:
            await self._watch(missing)
            await self._filling.prepare_late(missing, self._limits.read)
            await self._filling.fill([item for item in missing if item.watched])

    async def _watch(self, missing: Sequence[Item]) -> None:
        """Watch items whose node there is; those that cannot be are told once."""
        await self._watcher.watch([item for item in missing if item.node is not None])
        self._stale_alarms |= any(item.watched and not item.is_variable for item in missing)
        await self._tell_missing()

    async def _browse(self) -> None:
        """Find the nodes of the browse paths; what no longer is where it was, is missing."""
        wanted = [node for node in self._source.nodes if node.browse is not None]
        began = asyncio.get_running_loop().time()
        if not wanted or began < self._browse_at:
            return
        finding = await find(self._session, wanted, self._limits.browse)
        ended = asyncio.get_running_loop().time()
        # A large address space costs a small controller much: a tenth of the time is enough.
        self._browse_at = ended + _REST * (ended - began)
        problems: dict[str, list[str]] = {f"browse {node.browse}": [] for node in wanted}
        for path in finding.cut_short:
            problems[f"browse {path}"].append(_CUT_SHORT)
        named: dict[str, Found] = {}
        for found in finding.found:
            try:
                self._name(found, named)
            except ValueError as error:
                said = str(error).replace(" | ", ". ")
                problems[f"browse {found.wanted.browse}"].append(said)
        if finding.complete:
            gone = [item for item in self._items.browsed() if item.name not in named]
            await self._watcher.forget(gone)
        self._tell_paths(problems, {f"browse {each.wanted.browse}" for each in finding.found})

    def _name(self, found: Found, named: dict[str, Found]) -> None:
        """Give a node that was found its tag. Raises `ValueError` where that cannot be."""
        tag = tag_of(found.wanted.tag, found.stands_for)
        if tag in named or not self._items.find(tag, found.node, found.wanted):
            raise ValueError(f"{tag} is the tag of another node already")
        named[tag] = found
        self._memory.browsed[tag] = found.wanted

    def _tell_paths(self, problems: Mapping[str, Sequence[str]], leading: Collection[str]) -> None:
        health = self._memory.health
        for path, told in problems.items():
            health.note(path, "; ".join(sorted(told)[:3]))
            if path in leading:
                health.device_back(path)
            else:
                health.device_lost(path, "it leads to no variable")

    async def _tell_missing(self) -> None:
        """Put one bad reading for each variable that the server lacks, when it begins to."""
        health = self._memory.health
        rows: list[Row] = []
        for item in self._items:
            if item.watched:
                health.device_back(item.name)
            elif health.device_lost(item.name, item.problem) and item.is_variable:
                ts = self._memory.stamps.next(item.name, self._memory.clock())
                rows.append((item.name, ts, float("nan"), _CONFIGURATION))
        await self._put(rows)

    async def _refresh(self) -> None:
        """Have the server tell the alarms that are active, where that is news.

        Many servers do not offer it.
        """
        if not self._source.alarms or not self._stale_alarms:
            return
        self._stale_alarms = False
        request = ua.CallMethodRequest(
            ObjectId=ua.NodeId(ua.Int32(ObjectIds.ConditionType)),
            MethodId=ua.NodeId(ua.Int32(ObjectIds.ConditionType_ConditionRefresh)),
            InputArguments=[ua.Variant(self._publishing.id, ua.VariantType.UInt32)],
        )
        try:
            (result,) = await self._session.call([request])
            offered = result.StatusCode.is_good()
        except UaStatusCodeError:
            offered = False
        log.debug("alarms refreshed", source=self._source.name, offered=offered)

    async def _keep(self, read: Read) -> None:
        health = self._memory.health
        if read.unreadable:
            await self._sink.set_aside([self._rejected(each) for each in read.unreadable])
            health.rejected += len(read.unreadable)
        if len(read.readings) or read.alarms:
            alarms = tuple(read.alarms)
            await self._sink.put(read.readings, alarms)
            health.count(read.readings, alarms)

    def _rejected(self, unreadable: Unreadable) -> Rejected:
        name, now = self._source.name, self._memory.clock()
        return Rejected(name, "notification", unreadable.problem, unreadable.body, now)

    async def _put(self, rows: Sequence[Row]) -> None:
        await self._keep(Read(ReadingBatch.from_rows(rows)))
