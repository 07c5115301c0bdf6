"""Takes what devices publish, and acknowledges it to the broker once the log has it on disk.

paho's network thread fills an inbox; the event loop empties it in batches. Each run is one
connection with a client of its own, so an acknowledgement never goes to a later connection. The
session stays at the broker, which keeps what comes while we are away.
"""

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import paho.mqtt.client as paho
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from config.clock import ClockUs, now_us
from config.diagnostics import logger
from edge.collector import Sink
from edge.errors import SourceLost, SourceRefused
from edge.filter import Report
from edge.health import Health
from edge.mqtt.client import new_client
from edge.mqtt.inbox import Delivery, Inbox
from edge.mqtt.payload import Message
from edge.mqtt.reader import Findings, TopicReader
from edge.mqtt.redelivery import Redelivery
from edge.mqtt.retained import Retained
from edge.mqtt.source import MqttSource, Stay, Version
from edge.mqtt.topics import parse_pattern, widest
from edge.reading import ReadingBatch
from edge.sparkplug.state import HostState

_BATCH = 5_000
_INBOX = 20_000
_TOPICS_SAID = 1_000

log = logger(__name__)


class MqttCollector:
    """One MQTT source."""

    def __init__(
        self, source: MqttSource, *, clock: ClockUs = now_us, stay: Stay = Stay.LASTING
    ) -> None:
        self._source = source
        self._stay = stay
        self._clock = clock
        self._health = Health(source.name)
        self._reader = TopicReader(source)
        self._redelivery = Redelivery()
        self._retained = Retained()
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
        async with self._connected(inbox) as client:
            try:
                while True:
                    deliveries = await self._next(inbox)
                    await self._put(sink, self._new(deliveries), client)
                    self._acknowledge(client, inbox, deliveries)
            except SourceLost:
                found = Findings()
                self._reader.lost(self._clock(), found)
                await self._keep(sink, found)
                raise

    async def _next(self, inbox: Inbox) -> list[Delivery]:
        """What came, or nothing once something else is due."""
        try:
            async with asyncio.timeout(self._reader.due_s(self._clock())):
                return await inbox.take(_BATCH)
        except TimeoutError:
            return []

    def _new(self, deliveries: Sequence[Delivery]) -> list[Message]:
        """The messages that the log does not have yet."""
        now = asyncio.get_running_loop().time()
        return [
            delivery.message
            for delivery in deliveries
            if not self._redelivery.is_known(delivery.message, now)
            and not self._retained.is_known(delivery.message)
        ]

    def _acknowledge(
        self, client: paho.Client, inbox: Inbox, deliveries: Sequence[Delivery]
    ) -> None:
        # First ours: once the broker knows, it may use the identity for another message.
        inbox.acknowledged(deliveries)
        for delivery in deliveries:
            if not delivery.qos:
                continue
            if inbox.ended:
                self._redelivery.keep(delivery.message)
            else:
                client.ack(delivery.mid, delivery.qos)

    async def _put(self, sink: Sink, messages: Sequence[Message], client: paho.Client) -> None:
        found = Findings()
        for message in messages:
            self._reader.read(message, found)
            if self._state is not None and self._state.is_denied_by(message.topic, message.payload):
                _announce(client, self._state)
        self._reader.tick(self._clock(), found)
        for topic, problem in found.problems:
            self._reject(topic, problem)
        for command in found.commands if self._stay is Stay.LASTING else ():
            client.publish(command.topic, command.payload, qos=0)
        await self._keep(sink, found)
        self._retained.keep(messages)

    async def _keep(self, sink: Sink, found: Findings) -> None:
        """Return once the log has everything."""
        self._tell_devices(found)
        self._health.counts = self._reader.counts()
        readings, alarms = ReadingBatch.from_rows(found.rows), tuple(found.alarms)
        if len(readings) or alarms:
            await sink.put(readings, alarms)
            self._health.count(readings, alarms)

    @asynccontextmanager
    async def _connected(self, inbox: Inbox) -> AsyncIterator[paho.Client]:
        """A client whose own thread connects and fills `inbox` until the block's end."""
        client = new_client(self._source, self._stay)
        host_id = self._source.host_id if self._stay is Stay.LASTING else None
        self._state = state = HostState(host_id, self._clock()) if host_id is not None else None
        if state is not None:
            client.will_set(state.topic, state.will(), qos=1, retain=True)
        _Callbacks(self._source, inbox, self._established, self._clock, state).bind(client)
        client.loop_start()
        try:
            yield client
        finally:
            inbox.end(SourceLost("stopped"))
            if state is not None:
                client.publish(state.topic, state.farewell(self._clock()), qos=1, retain=True)
            client.disconnect()
            await asyncio.to_thread(client.loop_stop)

    def _established(self, session_kept: bool) -> None:
        now = asyncio.get_running_loop().time()
        self._redelivery.connected(now, session_kept=session_kept)
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


def _announce(client: paho.Client, state: HostState) -> None:
    client.publish(state.topic, state.online(), qos=1, retain=True)


class _Callbacks:
    """What the network thread calls. Nothing here may raise: it would end that thread."""

    def __init__(
        self,
        source: MqttSource,
        inbox: Inbox,
        established: Callable[[bool], None],
        clock: ClockUs,
        state: HostState | None,
    ) -> None:
        filters = [parse_pattern(topic.filter).filter for topic in source.topics]
        self._filters = widest([*filters, *([] if state is None else [state.topic])])
        self._state = state
        self._version = source.version
        self._inbox = inbox
        self._established = established
        self._session_kept = False
        self._clock = clock
        self._loop = asyncio.get_running_loop()

    def bind(self, client: paho.Client) -> None:
        """Have the client call these."""
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect

    def _on_connect(
        self,
        client: paho.Client,
        _userdata: object,
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        if reason.is_failure:
            self._inbox.end(SourceRefused(f"the broker refuses us: {reason}"))
        else:
            self._session_kept = bool(flags.session_present)
            if self._version is Version.V5:
                client.subscribe([(each, SubscribeOptions(qos=1)) for each in self._filters])
            else:
                client.subscribe([(each, 1) for each in self._filters])

    def _on_connect_fail(self, _client: paho.Client, _userdata: object) -> None:
        # paho calls this from where it caught the error, and does not pass it on.
        error = sys.exception()
        why = f": {error}" if error is not None else ""
        kind = SourceRefused if isinstance(error, ssl.SSLError) else SourceLost
        self._inbox.end(kind(f"cannot connect to the broker{why}"))

    def _on_subscribe(
        self,
        client: paho.Client,
        _userdata: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: object,
    ) -> None:
        refused = [
            each for each, reason in zip(self._filters, reasons, strict=False) if reason.is_failure
        ]
        if refused:
            self._inbox.end(SourceRefused(f"the broker refuses {', '.join(refused)}"))
            return
        if self._state is not None:
            _announce(client, self._state)
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._established, self._session_kept)

    def _on_message(
        self, _client: paho.Client, _userdata: object, message: paho.MQTTMessage
    ) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            # No pattern matches it; it only has to be acknowledged.
            topic = ""
        held = Message(topic, bytes(message.payload), self._clock(), retained=message.retain)
        self._inbox.add(Delivery(held, message.mid, message.qos))

    def _on_disconnect(
        self,
        _client: paho.Client,
        _userdata: object,
        _flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        self._inbox.end(SourceLost(f"the connection to the broker ended: {reason}"))
