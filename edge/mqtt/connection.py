"""One connection to a broker: a paho client that the event loop drives, without a thread.

paho stays the protocol: it opens the session, subscribes, publishes, keeps alive and calls back. What
devices publish goes past it (`edge.mqtt.packets`), and so do the acknowledgements, a thousand in one
system call.
"""

import asyncio
import ssl
import struct
from collections.abc import Sequence

from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.exception import MQTTException

from config.clock import ClockUs
from edge.errors import SourceLost, SourceRefused
from edge.mqtt.client import StreamClient, tls_context
from edge.mqtt.inbox import Delivery, Inbox
from edge.mqtt.packets import acknowledgements
from edge.mqtt.source import MqttSource, Version
from edge.mqtt.stream import BrokerStream

_CONNECT_S = 5.0
_FAREWELL_S = 1.0
_ALIVE_S = 1.0
_TURNS = 3
# What paho raises where a packet is not what it says.
_NONSENSE = (MQTTException, struct.error, LookupError, ValueError)


class Connection:
    """Fills `inbox` with what `client` is sent, until the connection ends."""

    def __init__(self, client: StreamClient, inbox: Inbox, clock: ClockUs) -> None:
        self._client = client
        self._inbox = inbox
        self._clock = clock
        self._five = False
        self._stream = BrokerStream(self._read, self._ended)
        self._loop = asyncio.get_running_loop()
        self._paused = False
        self._timer: asyncio.TimerHandle | None = None

    async def open(self, source: MqttSource) -> None:
        """Connect. Raises `SourceLost` where the broker cannot be reached."""
        address = source.address
        self._five = source.version is Version.V5
        secured = tls_context(source) if address.scheme == "mqtts" else None
        try:
            async with asyncio.timeout(_CONNECT_S):
                await self._loop.create_connection(
                    lambda: self._stream,
                    address.host,
                    address.port,
                    ssl=secured,
                )
        except ssl.SSLError as error:
            raise SourceRefused(f"cannot connect to the broker: {error}") from error
        except OSError as error:
            why = error if str(error) else "no answer in time"
            raise SourceLost(f"cannot connect to the broker: {why}") from error
        self._client.on_socket_register_write = self._write_soon
        self._client.connect_over(self._stream)
        self._keep_alive()

    async def take(self, most: int) -> list[Delivery]:
        """Up to `most` deliveries; see `Inbox.take`."""
        taken = await self._inbox.take(most)
        if self._paused and not self._inbox.full:
            self._paused = False
            self._stream.resume()
            self._loop.call_soon(self._read)
        return taken

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> bool:
        """Tell the broker that these, of quality of service 1, are kept; False where it is gone."""
        told = False
        try:
            # A connection that broke while the log was busy is noticed in the turns that follow.
            for _ in range(_TURNS):
                await asyncio.sleep(0)
        finally:
            # Also when we are stopped just now: what is not told comes again.
            told = self._tell(deliveries)
        return told

    def _tell(self, deliveries: Sequence[Delivery]) -> bool:
        if self._inbox.ended:
            return False
        # First ours: once the broker knows, it may use an identity for another message.
        self._inbox.acknowledged(deliveries)
        if deliveries:
            self._stream.send(acknowledgements(delivery.mid for delivery in deliveries))
            self._write_soon()
        return True

    async def close(self) -> None:
        """Say farewell, with everything that was published before."""
        if self._timer is not None:
            self._timer.cancel()
        self._stream.leave()
        self._client.disconnect()
        self._write()
        await self._stream.gone(within_s=_FAREWELL_S)

    def _read(self) -> None:
        """Take in what was received, as far as there is room for it."""
        try:
            while True:
                self._inbox.add(self._publications())
                # Only now paho's turn: a publication for which there is no room is not its to read.
                if self._inbox.full or not self._stream.show_packet():
                    break
                if self._client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                    return
        except _NONSENSE as error:
            self._inbox.end(SourceLost(f"the broker sends what is not MQTT: {error}"))
            self._stream.close()
            return
        if self._inbox.full and not self._paused:
            self._paused = True
            self._stream.pause()

    def _publications(self) -> list[Delivery]:
        return self._stream.take_publications(
            self._inbox.room, five=self._five, received_us=self._clock()
        )

    def _write_soon(self, *_: object) -> None:
        self._loop.call_soon(self._write)

    def _write(self) -> None:
        self._client.loop_write()
        self._stream.flush()

    def _keep_alive(self) -> None:
        """Have paho send its pings, and notice when none is answered."""
        self._client.loop_misc()
        self._timer = self._loop.call_later(_ALIVE_S, self._keep_alive)

    def _ended(self, error: Exception | None) -> None:
        why = f": {error}" if error is not None else ""
        self._inbox.end(SourceLost(f"the connection to the broker ended{why}"))
