"""The event loop drives paho: in large pieces, bounded, and whatever a broker sends is borne."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, closing
from typing import Any

import pytest

from edge.errors import SourceLost
from edge.mqtt.callbacks import Callbacks
from edge.mqtt.client import new_client
from edge.mqtt.connection import Connection
from edge.mqtt.inbox import Inbox
from edge.mqtt.source import MqttSource, Stay

CONNACK, SUBACK = b"\x20\x02\x00\x00", b"\x90\x03\x00\x01\x01"
PUBACK, FAREWELL = 0x40, b"\xe0\x00"
Behaviour = Callable[["Broker"], Coroutine[Any, Any, None]]


class Broker:
    """The broker's end of one connection, byte by byte as the test says."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def accept(self) -> None:
        """Let the client in and confirm its subscription."""
        await self.packet()
        await self.send(CONNACK)
        await self.packet()
        await self.send(SUBACK)

    async def packet(self) -> tuple[int, bytes]:
        """The next packet, none longer than 127 bytes: its first byte and its content."""
        head, length = await self._reader.readexactly(2)
        return head, await self._reader.readexactly(length)

    async def piece(self) -> bytes:
        """What comes in one piece."""
        return await self._reader.read(65_536)

    async def until_farewell(self) -> bytes:
        """Everything up to DISCONNECT; then the connection is closed."""
        return await self._reader.readuntil(FAREWELL)

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()


def publication(mid: int, payload: bytes = b"1", head: int = 0x32) -> bytes:
    body = struct.pack("!H", 3) + b"a/b" + struct.pack("!H", mid) + payload
    return bytes([head, len(body)]) + body


@asynccontextmanager
async def connected(behave: Behaviour, *, limit: int = 100) -> AsyncIterator[Connection]:
    """A connection to a broker that behaves so, until the end of the block."""
    tasks: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            tasks.append(asyncio.create_task(behave(Broker(reader, writer))))
            await tasks[0]

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    topics = [{"filter": "a/b", "payload": "plain", "tag": "A.b"}]
    source = MqttSource.model_validate(
        {"type": "mqtt", "name": "m", "connect": f"mqtt://127.0.0.1:{port}", "topics": topics}
    )
    inbox = Inbox(limit=limit)
    client = new_client(source, Stay.LASTING)
    Callbacks(source, inbox, lambda _: None, clock=lambda: 0, state=None).bind(client)
    connection = Connection(client, inbox)
    try:
        async with asyncio.timeout(20):
            await connection.open(source)
            yield connection
    finally:
        await connection.close()
        server.close()
        async with asyncio.timeout(20):
            await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_group_of_acknowledgements_leaves_in_one_piece_in_order_of_arrival() -> None:
    pieces: list[bytes] = []

    async def behave(broker: Broker) -> None:
        await broker.accept()
        await broker.send(b"".join(publication(mid) for mid in range(1, 51)))
        pieces.append(await broker.piece())

    async with connected(behave) as connection:
        taken = [*await connection.take(100)]
        while len(taken) < 50:
            taken += await connection.take(100)
        assert await connection.acknowledge(taken)
        while not pieces:  # noqa: ASYNC110 - what the other end sees
            await asyncio.sleep(0.01)
    assert pieces[0] == b"".join(struct.pack("!BBH", PUBACK, 2, mid) for mid in range(1, 51))


async def test_a_message_in_many_small_pieces_is_one_message() -> None:
    async def behave(broker: Broker) -> None:
        await broker.accept()
        for byte in publication(1, b"12.5"):
            await broker.send(bytes([byte]))
            await asyncio.sleep(0)
        await broker.until_farewell()

    async with connected(behave) as connection:
        (delivery,) = await connection.take(100)
    assert delivery.message.payload == b"12.5"


async def test_a_full_inbox_stops_receiving_and_goes_on_where_it_stopped() -> None:
    count, sent = 5_000, asyncio.Event()

    async def behave(broker: Broker) -> None:
        await broker.accept()
        # Quality of service 0: nothing else would hold the broker up.
        await broker.send(b"".join(b"\x30\x0a\x00\x03a/b%05d" % n for n in range(count)))
        sent.set()
        await broker.until_farewell()

    async with connected(behave, limit=10) as connection:
        payloads: list[int] = []
        while len(payloads) < count:
            taken = await connection.take(100)
            assert len(taken) <= 10
            payloads += [int(each.message.payload) for each in taken]
    assert sent.is_set()
    assert payloads == list(range(count))


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\xf0\x00",  # no packet of this version
        b"\x32\xff\xff\xff\xff\xff\xff",  # a length without end
        b"\x32\x01\x00",  # a publication without a topic
        b"\x32\x04\x00\x09ab",  # a topic longer than its packet
        b"\x36\x09\x00\x03a/b\x00\x01\x311",  # quality of service 3
        b"\x20\x00",  # another answer to the connection, of no content
    ],
)
async def test_what_is_not_mqtt_ends_the_connection_and_nothing_else(nonsense: bytes) -> None:
    async def behave(broker: Broker) -> None:
        await broker.accept()
        await broker.send(publication(1) + nonsense)
        await broker.piece()

    async with connected(behave) as connection:
        assert [each.mid for each in await connection.take(100)] == [1]
        with pytest.raises(SourceLost):
            await connection.take(100)


async def test_a_broken_connection_is_noticed_before_anything_is_acknowledged() -> None:
    async def behave(broker: Broker) -> None:
        await broker.accept()
        await broker.send(publication(1))

    async with connected(behave) as connection:
        taken = await connection.take(100)
        with pytest.raises(SourceLost, match="ended"):
            await connection.take(100)
        assert not await connection.acknowledge(taken)


async def test_what_was_acknowledged_leaves_before_the_farewell() -> None:
    last: list[bytes] = []

    async def behave(broker: Broker) -> None:
        await broker.accept()
        await broker.send(publication(1))
        last.append(await broker.until_farewell())

    async with connected(behave) as connection:
        await connection.acknowledge(await connection.take(100))
    assert b"".join(last) == b"\x40\x02\x00\x01\xe0\x00"


async def test_a_stop_in_the_middle_acknowledges_what_the_log_has() -> None:
    last: list[bytes] = []

    async def behave(broker: Broker) -> None:
        await broker.accept()
        await broker.send(publication(1))
        last.append(await broker.until_farewell())

    async with connected(behave) as connection:
        taken = await connection.take(100)
        task = asyncio.create_task(connection.acknowledge(taken))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert b"".join(last).startswith(b"\x40\x02\x00\x01")
