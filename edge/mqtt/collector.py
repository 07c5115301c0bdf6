"""Takes what devices publish, and acknowledges it to the broker once the log has it on disk.

A connection fills an inbox, which is emptied in batches. Each run is one connection with a client
of its own, so an acknowledgement never goes to a later connection. The session stays at the broker,
which keeps what comes while we are away.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import paho.mqtt.client as paho

from config.clock import ClockUs, now_us
from config.diagnostics import logger
from edge.collector import Sink
from edge.errors import SourceLost
from edge.filter import Report
from edge.health import Health
from edge.mqtt.callbacks import Callbacks, announce
from edge.mqtt.client import new_client
from edge.mqtt.connection import Connection
from edge.mqtt.inbox import Delivery, Inbox
from edge.mqtt.payload import Message
from edge.mqtt.reader import Findings, TopicReader
from edge.mqtt.receipts import Receipts
from edge.mqtt.redelivery import Redelivery
from edge.mqtt.retained import Retained
from edge.mqtt.source import MqttSource, Stay
from edge.reading import ReadingBatch
from edge.sparkplug.state import HostState

_BATCH = 5_000
_OTHERS_TURN = 500
_INBOX = 20_000
_TOPICS_SAID = 1_000

log = logger(__name__)


class MqttCollector:
    """One MQTT source."""

    def __init__(
        self,
        source: MqttSource,
        *,
        clock: ClockUs = now_us,
        stay: Stay = Stay.LASTING,
        receipts: Path | None = None,
    ) -> None:
        """`receipts` is the file that remembers over a restart when messages were received."""
        self._source = source
        self._stay = stay
        self._clock = clock
        self._health = Health(source.name)
        self._receipts = Receipts(receipts, source)
        self._reader = TopicReader(source, newest_us=self._receipts.newest_us)
        self._redelivery = Redelivery(source.receive_maximum)
        self._health.clocks = self._reader.clocks
        self._retained = Retained()
        self._redelivered = 0
        self._said: set[str] = set()
        self._state: HostState | None = None

    @property
    def name(self) -> str:
        """The source's name."""
        return self._source.name

    def health(self) -> Health:
        """How it goes, over all runs."""
        return self._health

    def report_of(self, tag: str) -> Report | None:
        """What is news of one of its points."""
        return self._reader.report_of(tag)

    async def run(self, sink: Sink) -> None:
        """Take messages until cancelled. Raises `SourceLost` when the connection ends."""
        inbox = Inbox(limit=_INBOX)
        async with self._connected(inbox) as (client, connection):
            try:
                while True:
                    deliveries = await self._next(connection)
                    await self._put(sink, self._new(deliveries), client)
                    await self._acknowledge(connection, deliveries)
            except SourceLost:
                found = Findings()
                self._reader.lost(self._clock(), found)
                await self._keep(sink, found)
                raise

    async def _next(self, connection: Connection) -> list[Delivery]:
        """What came, or nothing once something else is due."""
        try:
            async with asyncio.timeout(self._reader.due_s(self._clock())):
                return await connection.take(_BATCH)
        except TimeoutError:
            return []

    def _new(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """The deliveries that the log does not have yet, or that it knows by their time."""
        now = asyncio.get_running_loop().time()
        new = [
            delivery
            for delivery in deliveries
            if not self._redelivery.is_known(delivery, now)
            and not self._retained.is_known(delivery.message)
        ]
        return [self._dated(each) if each.repeated else each for each in new]

    def _dated(self, delivery: Delivery) -> Delivery:
        """A repeated delivery with the time of its first receipt, where that is known."""
        received_us = self._receipts.received_us(delivery)
        if received_us is None:
            self._redelivered += 1
            return delivery
        message = delivery.message._replace(received_us=received_us, again=True)
        return delivery._replace(message=message)

    async def _acknowledge(self, connection: Connection, deliveries: Sequence[Delivery]) -> None:
        owed = [delivery for delivery in deliveries if delivery.qos]
        self._redelivery.held(owed, asyncio.get_running_loop().time(), self._clock())
        if await connection.acknowledge(owed):
            self._redelivery.acknowledged(owed)
            return
        for delivery in owed:
            self._redelivery.keep(delivery)

    async def _put(self, sink: Sink, deliveries: Sequence[Delivery], client: paho.Client) -> None:
        found, received_us = await self._understood(deliveries, client)
        for command in found.commands if self._stay is Stay.LASTING else ():
            client.publish(command.topic, command.payload, qos=0)
        # Before the log may have it: whatever kills us between, its repetition is known.
        self._receipts.keep(deliveries, received_us)
        async with self._receipts.reaching_disk():
            await self._keep(sink, found)
        self._retained.keep([delivery.message for delivery in deliveries])

    async def _understood(
        self, deliveries: Sequence[Delivery], client: paho.Client | None = None
    ) -> tuple[Findings, list[int]]:
        """What messages hold, and the time of receipt that each was given."""
        found = Findings()
        received_us: list[int] = []
        for count, delivery in enumerate(deliveries, start=1):
            received_us.append(self._reader.read(delivery.message, found))
            if client is not None:
                self._deny_absence(client, delivery.message)
            if not count % _OTHERS_TURN:
                await asyncio.sleep(0)
        self._complete(found)
        return found, received_us

    def _complete(self, found: Findings) -> None:
        """Add what is due without a message, and tell of problems."""
        self._reader.tick(self._clock(), found)
        for topic, problem in found.problems:
            self._reject(topic, problem)

    def _deny_absence(self, client: paho.Client, message: Message) -> None:
        """Say that we are there where a message says that we are not."""
        if self._state is not None and self._state.is_denied_by(message.topic, message.payload):
            announce(client, self._state)

    def _counts(self) -> dict[str, float]:
        """Metrics of this protocol alone."""
        return {"redelivered_total": float(self._redelivered), **self._reader.counts()}

    async def _keep(
        self, sink: Sink, found: Findings, columns: Sequence[ReadingBatch] = ()
    ) -> None:
        """Return once the log has everything; `columns` are of messages before what was found."""
        self._tell_devices(found)
        self._health.counts = self._counts()
        rest = [ReadingBatch.from_rows(found.rows)] if found.rows or not columns else []
        readings, alarms = ReadingBatch.concatenate([*columns, *rest]), tuple(found.alarms)
        if len(readings) or alarms:
            await sink.put(readings, alarms)
            self._health.count(readings, alarms)
        if found.rejected:
            await sink.set_aside(found.rejected)

    @asynccontextmanager
    async def _connected(self, inbox: Inbox) -> AsyncIterator[tuple[paho.Client, Connection]]:
        """A connection that fills `inbox` until the block's end."""
        client = new_client(self._source, self._stay)
        host_id = self._source.host_id if self._stay is Stay.LASTING else None
        self._state = state = HostState(host_id, self._clock()) if host_id is not None else None
        if state is not None:
            client.will_set(state.topic, state.will(), qos=1, retain=True)
        callbacks = Callbacks(
            self._source,
            inbox,
            accepted=self._accepted,
            established=self._established,
            state=state,
        )
        callbacks.bind(client)
        connection = Connection(client, inbox, self._clock)
        await connection.open(self._source)
        try:
            yield client, connection
        finally:
            inbox.end(SourceLost("stopped"))
            if state is not None:
                client.publish(state.topic, state.farewell(self._clock()), qos=1, retain=True)
            await connection.close()

    def _accepted(self, session_kept: bool) -> None:
        now = asyncio.get_running_loop().time()
        self._redelivery.connected(now, session_kept=session_kept)
        self._receipts.connected(session_kept=session_kept)

    def _established(self) -> None:
        self._reader.connected(self._clock())
        self._health.connected()

    def _tell_devices(self, found: Findings) -> None:
        for node, reason in found.nodes:
            if reason is None:
                self._health.device_back(node)
            else:
                self._health.device_lost(node, reason)

    def _reject(self, topic: str, problem: str) -> None:
        """Count, and say once for each topic."""
        self._health.rejected += 1
        if topic not in self._said and len(self._said) < _TOPICS_SAID:
            self._said.add(topic)
            log.warning("payload rejected", source=self.name, topic=topic, problem=problem)
