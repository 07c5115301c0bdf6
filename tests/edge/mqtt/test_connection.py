"""The event loop drives paho: in large pieces, bounded, and whatever a broker sends is borne."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from edge.errors import SourceLost
from edge.mqtt.callbacks import Callbacks
from edge.mqtt.client import new_client
from edge.mqtt.connection import Connection
from edge.mqtt.inbox import Inbox
from edge.mqtt.source import Stay
from tests.edge.mqtt.broker import PUBACK, Behaviour, Broker, publication, serving


@asynccontextmanager
async def connected(behave: Behaviour, *, limit: int = 100) -> AsyncIterator[Connection]:
    """A connection to a broker that behaves so, until the end of the block."""
    inbox = Inbox(limit=limit)
    async with serving(behave) as source:
        client = new_client(source, Stay.LASTING)
        Callbacks(
            source,
            inbox,
            accepted=lambda _: None,
            established=lambda: None,
            state=None,
        ).bind(client)
        connection = Connection(client, inbox, lambda: 0)
        try:
            async with asyncio.timeout(20):
                await connection.open(source)
                yield connection
        finally:
            await connection.close()


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
